"""A sweep: every cell once, finished ones kept, side by side as in turn."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import paddle
import pytest

from paddle_camp.errors import DivergedError
from paddle_camp.sweeps.sweep import run_cells


def square(number, log=None):
    if log is not None:
        with open(log, "a") as stream:
            stream.write(f"{number}\n")
    return {"square": number**2}


CELLS = {f"cell-{n}": (n,) for n in range(5)}


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_cell_once_and_its_result_kept(tmp_path, jobs, capsys):
    log = tmp_path / "log"
    results = run_cells(partial(square, log=str(log)), CELLS, tmp_path / "cells", jobs=jobs, describe=str)
    assert list(results) == list(CELLS)
    assert [result["square"] for result in results.values()] == [0, 1, 4, 9, 16]
    assert sorted(log.read_text().split()) == ["0", "1", "2", "3", "4"]
    assert json.loads((tmp_path / "cells" / "cell-3.json").read_text())["result"] == {"square": 9}
    assert "[5/5] cell-" in capsys.readouterr().err


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_interrupted_sweep_goes_on_with_the_missing_cells(tmp_path, jobs):
    log, folder = tmp_path / "log", tmp_path / "cells"
    run_cells(square, {name: CELLS[name] for name in ("cell-1", "cell-4")}, folder)
    results = run_cells(partial(square, log=str(log)), CELLS, folder, jobs=jobs)
    assert [result["square"] for result in results.values()] == [0, 1, 4, 9, 16]
    assert sorted(log.read_text().split()) == ["0", "2", "3"]


def test_a_damaged_result_is_computed_again(tmp_path):
    (tmp_path / "cell-2.json").write_text('{"square": ')
    assert run_cells(square, CELLS, tmp_path)["cell-2"] == {"square": 4}


BEATS = """
import time
from pathlib import Path
from paddle_camp.sweeps.sweep import run_cells

def beat(path):
    while True:
        Path(path).write_text("beat")
        time.sleep(0.05)

def sweep(folder):
    run_cells(beat, {name: (f"{folder}/{name}",) for name in ("first", "second")}, Path(folder), jobs=2)
"""


@pytest.mark.skipif(os.name != "posix", reason="POSIX: a process is given to another parent when its own has gone")
def test_workers_end_with_a_sweep_that_is_killed(tmp_path):
    """The run's lock is free by then: a worker that went on would write beside those of ``--resume``."""
    (tmp_path / "beats.py").write_text(BEATS)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    beats = [tmp_path / "first", tmp_path / "second"]
    code = f"import beats; beats.sweep({str(tmp_path)!r})"
    with subprocess.Popen([sys.executable, "-c", code], env=environment, stderr=subprocess.DEVNULL) as sweep:
        until(lambda: all(map(Path.exists, beats)), 120)
        sweep.kill()
    time.sleep(2)  # long enough for a worker to look ten times
    for path in beats:
        path.unlink()
    time.sleep(0.5)
    assert not any(map(Path.exists, beats))


def until(holds, seconds):
    """Wait for ``holds()``."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def which_process(number):
    return os.getpid()


@pytest.mark.parametrize("last", [None, '{"square": '])
def test_the_last_missing_cell_is_computed_as_its_siblings_were(tmp_path, last):
    """In a process of its own, with one thread: another number of threads may change the last bits."""
    run_cells(which_process, {name: CELLS[name] for name in list(CELLS)[1:]}, tmp_path)
    if last is not None:
        (tmp_path / "cell-0.json").write_text(last)  # damaged
    assert run_cells(which_process, CELLS, tmp_path, jobs=2)["cell-0"] != os.getpid()


def fail_at_three(number):
    if number == 3:
        raise ValueError("cell 3 fails")
    return number


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_reaches_the_caller_and_the_finished_cells_stay(tmp_path, jobs):
    with pytest.raises(ValueError, match="cell 3 fails"):
        run_cells(fail_at_three, CELLS, tmp_path, jobs=jobs)
    assert not (tmp_path / "cell-3.json").exists()
    if jobs == 1:  # side by side, the third may fail before the first is done
        assert (tmp_path / "cell-0.json").exists()


def diverge(number):
    raise DivergedError(number, float("nan"), "holdout")


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_divergence_is_the_same_error_from_another_process(tmp_path, jobs):
    with pytest.raises(DivergedError, match="the holdout loss became nan at step"):
        run_cells(diverge, CELLS, tmp_path, jobs=jobs)


def device_of(number):
    return paddle.get_device()


def test_the_other_processes_compute_where_this_one_does(tmp_path):
    assert set(run_cells(device_of, CELLS, tmp_path, jobs=2).values()) == {paddle.get_device()}


@pytest.mark.parametrize(
    "damage", ['{"result": {"square": 8}}', '{"result": {"square": 8}, "checksum": "0"}', "", "[1"]
)
def test_a_cell_that_is_not_as_it_was_written_is_computed_again(tmp_path, damage):
    folder = tmp_path / "cells"
    run_cells(square, CELLS, folder)
    (folder / "cell-3.json").write_text(damage, encoding="utf-8")
    log = tmp_path / "log"
    results = run_cells(partial(square, log=str(log)), CELLS, folder)
    assert [result["square"] for result in results.values()] == [0, 1, 4, 9, 16]
    assert log.read_text().split() == ["3"]
