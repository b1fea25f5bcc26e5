"""A fork: a training that goes on from another one's checkpoint, in another way."""

from __future__ import annotations

import numpy as np

from paddle_camp.training import checkpoint
from paddle_camp.training.fit import fork
from tests.helpers.toys import same_bits, weights, without_times
from tests.training.test_fit import train


def test_a_fork_equals_training_from_the_start(tmp_path):
    """What homework 9-1 relies on: up to its boundary a decayed run is the constant run."""
    train(tmp_path / "constant")
    fork(tmp_path / "constant", 7 // 5, tmp_path / "fork")
    assert checkpoint.read_state(tmp_path / "fork", "last")["step"] == 5
    forked = train(tmp_path / "fork", boundaries=[7])
    direct = train(tmp_path / "direct", boundaries=[7])
    assert same_bits(weights(forked[0]), weights(direct[0]))
    assert without_times(forked[1].steps) == without_times(direct[1].steps)
    assert without_times(forked[1].evaluations) == without_times(direct[1].evaluations)
    best = [checkpoint.read_arrays(tmp_path / name / "best.pdparams") for name in ("fork", "direct")]
    assert same_bits(*best)


def test_a_fork_of_an_epoch_that_alone_was_kept_finds_its_best_anew(tmp_path):
    """Where the best epoch before the fork was not kept, its checkpoint cannot be copied, and is not claimed."""
    _, history = train(tmp_path / "whole", num_epochs=4, every_epoch={3})
    assert {path.name for path in (tmp_path / "whole").glob("epoch_*")} == {
        f"epoch_3{part}" for part in checkpoint.PARTS
    }
    fork(tmp_path / "whole", 3, tmp_path / "fork")
    state = checkpoint.read_state(tmp_path / "fork", "last")
    kept = state["step"] == 15 and checkpoint.exists(tmp_path / "fork", "best")
    assert kept == (state["best"]["step"] == 15) and (kept or state["best"]["step"] == 0)
    train(tmp_path / "fork", num_epochs=4)
    assert checkpoint.exists(tmp_path / "fork", "best")


def test_a_fork_begins_its_average_with_the_weights_that_it_begins_with(tmp_path):
    train(tmp_path / "constant")
    fork(tmp_path / "constant", 1, tmp_path / "fork")
    model, _ = train(tmp_path / "fork", num_epochs=1, ema_decay=0.9)  # there already: no step is left
    start = checkpoint.read_arrays(tmp_path / "constant" / "epoch_1.pdparams")
    assert same_bits(weights(model), start)
    moved, _ = train(tmp_path / "fork", num_epochs=2, ema_decay=0.9)
    raw = checkpoint.read_arrays(tmp_path / "constant" / "epoch_2.pdparams")
    far = [sum(float(np.abs(each[key] - start[key]).sum()) for key in start) for each in (weights(moved), raw)]
    assert 0 < far[0] < far[1]  # the average lags behind the weights
