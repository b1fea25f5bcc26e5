"""Runs that fail or are interrupted: what is said, the exit status, and what is kept."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import homework
from paddle_camp.commands.reporting import guarded
from tools import run_homework

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "run_homework.py"
SMALL = ("model=resnet18", "image_size=32", "num_epochs=3", "train_pictures=30", "valid_pictures=10", "batch_size=2")


def start_tiny(out: Path, *more: str, **options) -> subprocess.Popen:
    """A real run of 9-1 in a process of its own, small enough to wait for."""
    arguments = ["9-1", "--data", "synthetic", "--out", str(out), *(part for text in SMALL for part in ("-o", text))]
    return subprocess.Popen([sys.executable, SCRIPT, *arguments, *more], stderr=subprocess.PIPE, text=True, **options)


def failing(monkeypatch, tmp_path, error) -> int:
    """Run an assignment whose ``run`` raises ``error``; returns the exit status."""
    module = homework.CATALOGUE.load("9-1")

    def fail(settings, context):
        assert context.path.is_dir()  # it has begun
        raise error

    monkeypatch.setattr(module, "run", fail)
    return run_homework.main(["9-1", "--quick", "--out", str(tmp_path)])


def test_a_run_that_fails_has_status_1_and_says_so_in_its_metrics(monkeypatch, tmp_path, capsys):
    assert failing(monkeypatch, tmp_path, ZeroDivisionError("division by zero")) == 1
    assert "error: division by zero (ZeroDivisionError; --debug shows where)" in capsys.readouterr().err
    metrics = json.loads((tmp_path / "9-1" / "latest" / "metrics.json").read_text(encoding="utf-8"))
    assert (metrics["status"], metrics["error"]) == ("failed", "division by zero")


def test_a_missing_package_is_not_a_bug(monkeypatch, tmp_path, capsys):
    assert failing(monkeypatch, tmp_path, ModuleNotFoundError("No module named 'cv2'", name="cv2")) == 2
    assert "No module named 'cv2'; a package is missing, type: pip install -e .[cpu]" in capsys.readouterr().err


def test_a_full_disk_says_where_and_how_to_go_on(monkeypatch, tmp_path, capsys):
    assert failing(monkeypatch, tmp_path, OSError(errno.ENOSPC, "No space left on device", "runs/x")) == 1
    error = capsys.readouterr().err
    assert "error: no room left on the disk for runs/x: free some" in error and "go on with: " in error


def test_an_interrupted_run_has_status_130_and_says_how_to_go_on(monkeypatch, tmp_path, capsys):
    assert failing(monkeypatch, tmp_path, KeyboardInterrupt()) == 130
    path = (tmp_path / "9-1" / "latest").resolve()
    assert f"go on with: python tools/run_homework.py 9-1 --resume {path}\ninterrupted" in capsys.readouterr().err
    metrics = json.loads((tmp_path / "9-1" / "latest" / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["status"] == "interrupted"


def test_a_kill_that_can_be_heard_is_an_interrupt(tmp_path):
    """Of a sweep whose trainings are in other processes, where Paddle's handler would end this one."""
    process = start_tiny(tmp_path, "--jobs", "2", "--live")
    metrics, page = (tmp_path / "9-1" / "latest" / name for name in ("metrics.json", "live.html"))
    end = time.monotonic() + 120
    while not page.exists() and time.monotonic() < end:
        time.sleep(0.1)
    process.terminate()
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130 and said.endswith("interrupted\n") and "C++" not in said
    assert json.loads(metrics.read_text(encoding="utf-8"))["status"] == "interrupted"
    assert "已中断" in page.read_text(encoding="utf-8") and "refresh" not in page.read_text(encoding="utf-8")


def test_a_run_that_is_still_going_is_not_resumed(monkeypatch, tmp_path, capsys):
    module, statuses = homework.CATALOGUE.load("9-1"), []

    def run(settings, context):
        statuses.append(run_homework.main(["9-1", "--resume", str(context.path)]))
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "run", run)
    assert run_homework.main(["9-1", "--quick", "--data", "synthetic", "--out", str(tmp_path)]) == 130
    assert statuses == [2] and "is still going in another process" in capsys.readouterr().err


def test_ctrl_c_while_paddle_loads_is_an_interruption(capsys):
    """Paddle makes an ImportError of it and asks whether its own file exists."""

    def load():
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as error:
            raise ImportError("Can not import paddle core while this file exists: libpaddle.so") from error

    assert guarded(load, False) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_ctrl_c_through_a_broken_pipe_is_saved_all_the_same(tmp_path):
    """A Ctrl-C reaches the ``tee`` behind a run as well, and that is gone at once."""
    process = start_tiny(tmp_path)
    for line in process.stderr:
        if "epoch: 0, batch_id: 10" in line:
            break
    process.stderr.close()
    process.send_signal(signal.SIGINT)
    assert process.wait(300) == 130
    state = tmp_path / "9-1" / "latest" / "checkpoints" / "constant-0" / "last.state.json"
    assert json.loads(state.read_text(encoding="utf-8"))["state"]["step"] >= 11
    metrics = json.loads((tmp_path / "9-1" / "latest" / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["status"] == "interrupted"


@pytest.mark.skipif(os.name != "posix", reason="a pipe without a reader is seen by POSIX's poll")
def test_a_run_whose_output_nobody_reads_ends_and_can_be_resumed(tmp_path):
    """Not at its next line of results, which may come hours later."""
    process = start_tiny(tmp_path, stdout=subprocess.PIPE)
    said = []
    for line in process.stderr:
        said.append(line)
        if "epoch: 0, batch_id: 0" in line:
            process.stdout.close()
    assert process.wait(300) == 130
    assert "nobody reads the output any more\n" in said and "go on with: python tools/run_homework.py" in said[-2]
    metrics = json.loads((tmp_path / "9-1" / "latest" / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["status"] == "interrupted"


def test_an_answer_that_is_not_read_to_its_end_is_no_failure():
    reading, writing = os.pipe()
    os.close(reading)
    code = (
        "from paddle_camp.commands.reporting import unless_unread\nwith unless_unread(): print('answer\\n' * 10**5)\n"
    )
    with open(writing, "wb") as stdout:
        done = subprocess.run([sys.executable, "-c", code], stdout=stdout, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_ctrl_c_in_a_real_run_is_130_and_resumable(tmp_path):
    process = start_tiny(tmp_path)
    said = []
    for line in process.stderr:
        said.append(line)
        if "epoch: 0, batch_id: 10" in line:
            process.send_signal(signal.SIGINT)
    assert process.wait() == 130
    assert said[-2].startswith("go on with: python tools/run_homework.py 9-1 --resume")
    state = tmp_path / "9-1" / "latest" / "checkpoints" / "constant-0" / "last.state.json"
    assert json.loads(state.read_text(encoding="utf-8"))["state"]["step"] >= 11
