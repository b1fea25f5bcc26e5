"""What tests/distributed/test_data_parallel.py starts in several processes: small trainings and their records."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import paddle_camp  # noqa: F401  (before paddle)

import numpy as np  # isort: skip
import paddle  # isort: skip
from paddle import nn  # isort: skip

from paddle_camp.distributed import collectives  # isort: skip
from paddle_camp.errors import DivergedError  # isort: skip
from paddle_camp.training.adversarial import Adversarial  # isort: skip
from paddle_camp.training.fit import CheckpointPolicy, fit, fit_task  # isort: skip
from paddle_camp.history import History  # isort: skip
from paddle_camp.models import create_model  # isort: skip
from paddle_camp.training.measuring import evaluate  # isort: skip
from paddle_camp.data.batches import ArrayBatches, Batches  # isort: skip
from tests.helpers.toys import build, toy_batches, toy_images, weights  # isort: skip

COUNT, BATCH, EPOCHS = 21, 5, 2  # the last batch has one picture: of two processes, one has none


class Watched:
    """Batches that note which pictures this process was given."""

    def __init__(self, batches):
        self.batches, self.num_samples, self.batch_size = batches, batches.num_samples, batches.batch_size
        self.seen: dict[str, list[int]] = {}  # "epoch step"; a batch may be looked at before it is trained on

    def __len__(self) -> int:
        return len(self.batches)

    def epoch(self, epoch: int = 0, start: int = 0):
        order = self.batches.order(epoch)
        for step, (images, labels) in enumerate(self.batches.epoch(epoch, start), start):
            rows, share = collectives.shard(len(labels))
            index = order[step * self.batch_size :][: len(labels)]
            self.seen[f"{epoch} {step}"] = index[rows].tolist() if share else []
            yield images, labels


def make(kind: str):
    """(model, optimizer, schedule): a linear model, the toy with batch norm, or a ResNet."""
    model, optimizer, schedule = build(boundaries=[7])
    model.dropout.p = 0.0  # its draws are each process's own
    if kind in ("linear", "options"):
        paddle.seed(0)
        model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 2))
        optimizer = paddle.optimizer.Momentum(0.05, parameters=model.parameters())
        schedule = None
    if kind == "resnet":
        paddle.seed(0)
        model, schedule = create_model("resnet18", num_classes=2, in_channels=3), None
        optimizer = paddle.optimizer.Momentum(0.001, parameters=model.parameters())
    return model, optimizer, schedule


def trouble_at_step_8(trouble: str) -> float:
    """Let this process be killed, be interrupted, or compute nonsense: a factor of the loss."""
    if trouble == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if trouble == "stopped":
        signal.raise_signal(signal.SIGINT)
    return float("nan") if trouble == "diverged" else 1.0


def main(folder: Path, name: str) -> None:
    """Train ``KIND`` or ``KIND:TROUBLE``, the trouble being the last process's alone; write NAME-RANK.{json,npz}."""
    paddle.set_device("cpu")
    world = collectives.init_process_group("cpu")
    kind, _, trouble = name.partition(":")
    model, optimizer, schedule = make(kind)
    if world.rank:  # other weights, which process 0's must replace
        model.set_state_dict({key: value + 1 for key, value in model.state_dict().items()})
    big, steps = kind == "resnet", []
    train = Watched(Batches(toy_images(30, size=64), 10, shuffle_seed=0) if big else toy_batches(COUNT, BATCH))

    def loss_fn(output, labels):
        factor = 1.0
        if model.training:
            steps.append(1)
            if len(steps) == 8 and world.rank == world.size - 1:
                factor = trouble_at_step_8(trouble)
        return nn.functional.cross_entropy(output, labels) * factor

    validation = Batches(toy_images(7, 4, 64 if big else 8), 3)  # 3, 3 and 1 pictures
    keep = CheckpointPolicy(folder / f"{name}-kept", best_on="validation", seconds=0 if trouble else 60)
    more = {"evaluations": {"validation": validation}, "keep": keep, "quiet": True, "loss_fn": loss_fn}
    if kind == "options":
        more |= {"accumulate": 2, "clip_norm": 0.5, "ema_decay": 0.9}
    record, history = {"size": world.size, "seen": train.seen, "ended": "whole"}, History()
    try:
        history = fit(model, optimizer, train, num_epochs=EPOCHS, schedule=schedule, **more)
    except (KeyboardInterrupt, DivergedError) as error:
        record["ended"] = type(error).__name__
    measured = evaluate(model, validation)
    record |= {"loss": measured.loss, "accuracy": measured.accuracy} | history.as_dict()
    (folder / f"{name}-{world.rank}.json").write_text(json.dumps(record))
    np.savez(folder / f"{name}-{world.rank}.npz", outputs=measured.outputs, **weights(model))


def train_adversarial(folder: Path, name: str) -> None:
    """Train a generator and a discriminator; write NAME-RANK.{json,npz}."""
    world = collectives.init_process_group("cpu")
    paddle.seed(world.rank)  # other weights, which process 0's must replace
    networks = nn.Linear(2, 4), nn.Linear(4, 1)
    optimizers = (paddle.optimizer.Adam(0.01, parameters=network.parameters()) for network in networks)
    task = Adversarial(*networks, *optimizers, noise=2)
    real = np.random.default_rng(0).normal(size=(COUNT, 4)).astype("float32")
    history = fit_task(task, ArrayBatches(real, None, BATCH, 0), num_epochs=2, quiet=True)
    losses = [[row["loss"], row["generator_loss"]] for row in history.steps]
    (folder / f"{name}-{world.rank}.json").write_text(json.dumps(losses))
    np.savez(folder / f"{name}-{world.rank}.npz", **weights(task.network))


if __name__ == "__main__":
    for argument in sys.argv[2:]:
        (train_adversarial if argument == "adversarial" else main)(Path(sys.argv[1]), argument)
