"""VisualDL logs while a training goes on: with a stand-in that records what it is given, and with the real server."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import paddle
import pytest
from paddle import nn

import paddle_camp as camp
from paddle_camp.errors import CampError
from paddle_camp.history import History
from paddle_camp.running import visualdl
from paddle_camp.training.progress import watched_by


class Writer:
    """Records what would be on the disk: ``made`` is what was flushed."""

    made: dict[str, list] = {}

    def __init__(self, logdir):
        self.logdir, self.rows = logdir, []

    def add_scalar(self, tag, value, step):
        self.rows.append((tag, step, value))

    def flush(self):
        Writer.made[self.logdir] = list(self.rows)

    close = flush


@pytest.fixture
def written(monkeypatch):
    """Directory -> the scalars on the disk."""
    monkeypatch.setitem(sys.modules, "visualdl", SimpleNamespace(LogWriter=Writer))
    monkeypatch.setattr(Writer, "made", {})
    return Writer.made


def train(num_epochs: int = 2, keep=None, on_measure=lambda: None) -> History:
    """Four steps an epoch on eight rows, and an evaluation."""
    paddle.seed(0)
    model = nn.Linear(2, 2)
    x, y = paddle.rand([8, 2]).numpy(), [0, 1] * 4

    def probe(network):
        on_measure()
        return {}

    optimizer = paddle.optimizer.SGD(0.1, parameters=model.parameters())
    options = {"batch_size": 2, "evaluations": (x, y), "keep": keep, "probe": probe, "quiet": True}
    return camp.fit(model, optimizer, (x, y), num_epochs=num_epochs, **options)


def expected(history: History) -> list[tuple]:
    steps = [(f"step/{key}", row["step"], row[key]) for row in history.steps for key in ("loss", "learning_rate")]
    keys = ("loss", "accuracy")
    rows = [(f"{r['split']}/{k}", r["step"], r[k]) for r in history.evaluations for k in keys if k in r]
    return sorted(steps + rows)


def test_every_row_becomes_a_scalar_while_it_trains(tmp_path, written):
    logs, seen = visualdl.LiveLogs(lambda: tmp_path), []
    visualdl.require_visualdl()
    with watched_by(logs.begin):
        history = train(on_measure=lambda: seen.append(len(written[str(tmp_path / "train")])))
    epoch = 4 * 2 + 1 + 2  # scalars of the steps, the split "train", the evaluation
    assert seen == [0, epoch, 2 * epoch]  # on the disk before the next epoch begins
    assert sorted(written[str(tmp_path / "train")]) == expected(history)
    train()  # nobody watches any more
    assert len(written) == 1


def test_an_interrupted_training_leaves_its_log_and_a_resumed_one_the_whole(tmp_path, written):
    logs, runs = visualdl.LiveLogs(lambda: tmp_path), []

    def interrupt():
        runs.append(1)
        if len(runs) == 2:
            raise KeyboardInterrupt

    keep = tmp_path / "mine"
    with pytest.raises(KeyboardInterrupt), watched_by(logs.begin):
        train(keep=keep, on_measure=interrupt)
    assert {tag for tag, *_ in written[str(tmp_path / "mine")]} >= {"step/loss", "validation/accuracy"}
    with watched_by(visualdl.LiveLogs(lambda: tmp_path).begin):
        history = train(keep=keep)
    assert sorted(written[str(tmp_path / "mine")]) == expected(history)


def test_trainings_of_one_name_have_logs_of_their_own_and_others_are_written_at_the_end(tmp_path, written):
    logs = visualdl.LiveLogs(lambda: tmp_path)
    with watched_by(logs.begin):
        first, second = train(1), train(2)
    elsewhere = History([{"step": 1, "loss": 0.5, "learning_rate": 0.1}], [])
    logs.finish({"one": first, "two": second, "too early": elsewhere})
    assert sorted(written) == [str(tmp_path / name) for name in ("too-early", "train", "train-2")]
    assert written[str(tmp_path / "too-early")] == [("step/loss", 1, 0.5), ("step/learning_rate", 1, 0.1)]


def test_without_the_package_the_line_to_type_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "visualdl", None)
    with pytest.raises(CampError, match=r"pip install -e \.\[visualdl\]"):
        visualdl.require_visualdl()


def ask(port: int, what: str) -> dict:
    """What the server says; it wants to know a language."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/app/api/{what}", headers={"Accept-Language": "en"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
        return json.loads(answer.read())


def scalars(port: int, run: Path, tag: str) -> list[float]:
    """The values of a curve (the server calls a run by its directory), asked for until the server has read the log."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            data = ask(port, f"scalar/list?run={run}&tag={tag}")["data"]
            if data:
                return [row[2] for row in data]
        except OSError:  # it is starting
            pass
        time.sleep(0.5)
    raise AssertionError("the server says nothing")


def test_the_real_server_shows_the_curve_of_a_training_that_goes_on(tmp_path):
    pytest.importorskip("visualdl", reason="visualdl is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "logs").mkdir()
    where = f"--logdir={tmp_path / 'logs'}"
    code = "from visualdl.server.app import main; main()"
    command = [sys.executable, "-c", code, where, "--host=127.0.0.1", f"--port={port}"]
    server = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        seen = []
        count = iter(range(9))

        def look():
            if next(count) == 1:  # an epoch is done, another to come
                seen.extend(scalars(port, tmp_path / "logs" / "train", "step/loss"))

        with watched_by(visualdl.LiveLogs(lambda: tmp_path / "logs").begin):
            history = train(on_measure=look)
        assert seen == pytest.approx([row["loss"] for row in history.steps[:4]], rel=1e-5)
    finally:
        server.terminate()
        server.wait(30)
