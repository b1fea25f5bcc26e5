"""A training of the toy network, whole or killed and resumed, for the tests of what ``fit`` takes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import paddle
import pytest

from paddle_camp.training import checkpoint
from paddle_camp.training.fit import CheckpointPolicy, fit
from tests.helpers.toys import ToyNet, toy_batches

HOLDOUT = {"holdout": toy_batches(12, seed=3, shuffle=False)}


def train(folder=None, num_epochs=3, learning_rate=0.05, network=ToyNet, batches=None, **options):
    paddle.seed(0)
    model = network()
    optimizer = paddle.optimizer.Momentum(learning_rate, parameters=model.parameters())
    keep = None if folder is None else CheckpointPolicy(folder, best_on="holdout", seconds=0)
    options = {"evaluations": HOLDOUT, "quiet": True} | options
    history = fit(model, optimizer, batches or toy_batches(), num_epochs=num_epochs, keep=keep, **options)
    return model, optimizer, history


class Killed(Exception):
    pass


@contextlib.contextmanager
def killed_after(saves: int) -> Iterator[None]:
    """The training inside ends after so many checkpoints, as by a kill: nothing happens behind the last one."""
    save, left = checkpoint.save, iter(range(saves - 1, -1, -1))

    def last(*arguments):
        save(*arguments)
        if not next(left):
            raise Killed

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        patch.setattr(checkpoint, "save", last)
        yield


def resumed(folder, killed_after: int, **options):
    """The training, killed in its ``probe`` after some epochs and started again."""
    seen = []

    def probe(network):
        seen.append(1)
        if len(seen) > killed_after:
            raise Killed
        return {}

    with pytest.raises(Killed):
        train(folder, probe=probe, **options)
    return train(folder, probe=lambda network: {}, **options)
