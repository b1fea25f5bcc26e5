"""Two real processes (gloo on the CPU): every picture once, one process's curve and predictions, kills, two nodes."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from paddle_camp.training import checkpoint
from tests.helpers import contract, parallel_worker
from tests.helpers.parallel_worker import COUNT, EPOCHS

ROOT = Path(__file__).resolve().parents[2]
WORKER, TOOL = (ROOT / "tests" / "helpers" / name for name in ("parallel_worker.py", "toy_homework.py"))
# How close two processes come to one: rounding alone, and rounding that batch norm and the steps enlarge.
KINDS = {"linear": 1e-6, "options": 1e-6, "toy": 1e-4, "resnet": 2e-2}
TINY = ("model=toy", "image_size=32", "num_epochs=3", "num_seeds=1", "train_pictures=24", "valid_pictures=11")
TINY = (*TINY, "batch_size=8")
NINE_ONE = ("9-1", "--device", "cpu", "--data", "synthetic")


@contextlib.contextmanager
def started(command: list, log: Path) -> Iterator[subprocess.Popen]:
    """A process in a group of its own, all of which is ended at the end."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "env": environment}
    process = subprocess.Popen([str(part) for part in command], start_new_session=True, cwd=log.parent, **options)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()  # the launcher ends its processes, which are groups of their own
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(60)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.stdout.close()


def launcher(log: Path, *arguments: str) -> list:
    """The launcher's command, ready for a script and its arguments; processes write to ``log``."""
    launch = [sys.executable, "-W", "ignore", "-m", "paddle.distributed.launch", "--log_dir", log]
    return [*launch, *(arguments or ("--nproc_per_node", "2"))]


def two(log: Path, *script: object) -> tuple[int, str]:
    """Run a script in two processes; the launcher's exit status and what it printed."""
    with started([*launcher(log), *script], log) as process:
        said = process.communicate(timeout=600)[0]
    return process.returncode, said


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def record(folder: Path, kind: str, rank: int = 0) -> dict:
    return json.loads((folder / f"{kind}-{rank}.json").read_text())


def arrays(folder: Path, kind: str, rank: int = 0) -> dict[str, np.ndarray]:
    return dict(np.load(folder / f"{kind}-{rank}.npz"))


@pytest.fixture(scope="module")
def alone(tmp_path_factory) -> Path:
    """What one process makes of the trainings."""
    folder = tmp_path_factory.mktemp("alone")
    with started([sys.executable, WORKER, folder, *KINDS], folder / "log") as process:
        said = process.communicate(timeout=600)[0]
    assert process.returncode == 0, said
    return folder


@pytest.fixture(scope="module")
def both(tmp_path_factory) -> Path:
    """What two processes make of them."""
    folder = tmp_path_factory.mktemp("both")
    status, said = two(folder / "log", WORKER, folder, *KINDS, "toy:stopped", "toy:diverged", "adversarial")
    assert status == 0, said
    return folder


def test_every_picture_is_in_one_process_once_an_epoch(both):
    parts = [record(both, "linear", rank)["seen"] for rank in (0, 1)]
    for epoch in range(EPOCHS):
        batches = [pictures for part in parts for key, pictures in part.items() if key.startswith(f"{epoch} ")]
        assert sorted(sum(batches, [])) == list(range(COUNT))
        assert sorted(map(len, batches)) == [0, 1, *[2] * 4, *[3] * 4]  # of the last picture, one process has none


@pytest.mark.parametrize("kind", KINDS)
def test_two_processes_train_as_one(alone, both, kind):
    """The loss of each step, the predictions and the weights."""
    close = KINDS[kind]
    one, other = record(alone, kind), record(both, kind)
    assert (one["size"], other["size"]) == (1, 2)
    for rows in ("steps", "evaluations"):
        losses = [[row["loss"] for row in run[rows]] for run in (one, other)]
        np.testing.assert_allclose(*losses, rtol=close, atol=close)
    for name, value in arrays(alone, kind).items():
        np.testing.assert_allclose(arrays(both, kind)[name], value, rtol=close, atol=close, err_msg=name)


@pytest.mark.parametrize("kind", KINDS)
def test_the_processes_hold_the_same_bits(both, kind):
    first, second = arrays(both, kind, 0), arrays(both, kind, 1)
    assert first.keys() == second.keys()
    assert all(np.array_equal(first[name], second[name]) for name in first)
    one, other = record(both, kind, 0), record(both, kind, 1)
    assert (one["loss"], one["accuracy"]) == (other["loss"], other["accuracy"])
    assert [row["loss"] for row in one["steps"]] == [row["loss"] for row in other["steps"]]


def test_an_evaluation_of_two_is_that_of_one(alone, both):
    """Of the very same weights: the checkpoint of one process, measured by two, in batches of 3, 3 and 1 pictures."""
    one, other = record(alone, "linear"), record(both, "linear")
    assert other["accuracy"] == one["accuracy"]
    assert other["loss"] == pytest.approx(one["loss"], rel=1e-6)
    assert arrays(both, "linear")["outputs"].shape == (7, 2)


def test_two_networks_against_each_other_stay_the_same_in_both_processes(both):
    """Each process draws its own noise, so that a single process cannot draw the same; weights and losses agree."""
    first, second = arrays(both, "adversarial", 0), arrays(both, "adversarial", 1)
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert record(both, "adversarial", 0) == record(both, "adversarial", 1)


def test_ctrl_c_and_a_loss_that_is_not_finite_stop_all_at_one_step(both):
    """Only one process was interrupted, only one had a NaN."""
    for trouble, error, step in (("stopped", "Interrupted", 8), ("diverged", "DivergedError", 7)):
        assert [record(both, f"toy:{trouble}", rank)["ended"] for rank in (0, 1)] == [error] * 2
        assert checkpoint.read_state(both / f"toy:{trouble}-kept", "last")["step"] == step


def test_one_is_killed_and_the_run_goes_on(alone, tmp_path):
    """With one process and with two: the same curve as if nothing had happened."""
    status, said = two(tmp_path / "log", WORKER, tmp_path, "toy:killed")
    assert status != 0
    left = (tmp_path / "log" / "workerlog.0").read_text()  # the launcher may have stopped to print it before
    assert "another process of this run is gone" in left and "--resume" in left, said + left
    kept = tmp_path / "toy:killed-kept"
    assert 5 <= checkpoint.read_state(kept, "last")["step"] <= 7  # batches 6 and 7 are saved if the kill lets it
    shutil.copytree(kept, tmp_path / "one" / "toy-kept")
    kept.rename(tmp_path / "toy-kept")
    parallel_worker.main(tmp_path / "one", "toy")
    status, said = two(tmp_path / "log", WORKER, tmp_path, "toy")
    assert status == 0, said
    for folder in (tmp_path / "one", tmp_path):
        losses = [[row["loss"] for row in record(where, "toy")["steps"]] for where in (alone, folder)]
        np.testing.assert_allclose(*losses, rtol=KINDS["toy"], atol=KINDS["toy"])


@pytest.mark.parametrize("model", ["toy", pytest.param("resnet18", marks=pytest.mark.slow)])
def test_9_1_by_two_processes_leaves_one_run(tmp_path, model):
    overrides = [part for text in (f"model={model}", *TINY[1:]) for part in ("-o", text)]
    status, said = two(tmp_path / "log", TOOL, *NINE_ONE, *overrides, "--out", tmp_path / "runs")
    assert status == 0, said
    assert said.count("homework 9-1 on cpu") == 1
    folders = [path for path in (tmp_path / "runs" / "9-1").iterdir() if not path.is_symlink()]
    assert len(folders) == 1
    metrics = json.loads((folders[0] / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["status"] == "done"
    names = ["answer.md", "report.html", "history.csv", "predictions.csv", "checkpoints/last.pdparams"]
    assert [name for name in names if not (folders[0] / name).is_file()] == []
    steps = contract.rows_of(folders[0] / "steps.csv")
    assert [int(row["samples"]) for row in steps if row["run"] == "constant, seed 0"] == [8, 8, 6] * 3
    environment = json.loads((folders[0] / "env.json").read_text(encoding="utf-8"))["environment"]
    assert environment["PADDLE_TRAINERS_NUM"] == "2"


def test_two_nodes_on_loopback(alone, tmp_path):
    nodes = ("--nnodes", "2", "--master", f"127.0.0.1:{free_port()}", "--rank")
    with contextlib.ExitStack() as stack:
        logs = [tmp_path / f"log{rank}" for rank in (0, 1)]
        processes = [
            stack.enter_context(started([*launcher(log, *nodes, str(rank)), WORKER, tmp_path, "toy"], log))
            for rank, log in enumerate(logs)
        ]
        said = [process.communicate(timeout=600)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    assert record(tmp_path, "toy")["size"] == 2
    losses = [[row["loss"] for row in record(folder, "toy")["steps"]] for folder in (alone, tmp_path)]
    np.testing.assert_allclose(*losses, rtol=KINDS["toy"], atol=KINDS["toy"])
