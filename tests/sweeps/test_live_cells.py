"""The cells of a sweep keep the records of ``--live``, in whichever process they are computed."""

from __future__ import annotations

import paddle
import pytest
from paddle import nn

import paddle_camp as camp
from paddle_camp import live
from paddle_camp.files import read_json
from paddle_camp.sweeps.sweep import run_cells


def cell(number: int) -> int:
    """Two steps on four rows."""
    paddle.seed(number)
    model = nn.Linear(2, 2)
    optimizer = paddle.optimizer.SGD(0.1, parameters=model.parameters())
    camp.fit(model, optimizer, (paddle.rand([4, 2]).numpy(), [0, 1, 0, 1]), num_epochs=1, batch_size=2, quiet=True)
    return number


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_cell_that_is_computed_is_seen_and_so_is_how_far_the_sweep_is(tmp_path, jobs):
    recording, far = live.Recording(lambda: tmp_path / "live"), []

    def note(result):
        far.append((recording.sweep.done, recording.sweep.cells, recording.sweep.first))
        return ""

    run_cells(cell, {"b": (1,)}, tmp_path / "cells")  # nobody looks
    with live.recorded(recording):
        run_cells(cell, {"a": (0,), "b": (1,), "c": (2,)}, tmp_path / "cells", jobs=jobs, describe=note)
    found = [read_json(path) for path in (tmp_path / "live").glob("*.json")]
    assert sorted((row["name"], row["cell"], row["step"], row["ended"]) for row in found) == [
        ("a", "a", 2, True),
        ("c", "c", 2, True),
    ]
    assert far == [(2, 3, 1), (3, 3, 1)] and recording.sweep is None and live.current() is None
