"""What the command line promises of every homework, checked on the folder of a run."""

from __future__ import annotations

import contextlib
import csv
import fcntl
import io
import json
import os
import re
from pathlib import Path

import pytest

import homework as homework_package
from paddle_camp.errors import SettingError
from paddle_camp.running import outputs
from paddle_camp.running.options import Options
from tools import results, run_homework

FILES = (
    "config.json",
    "env.json",
    "metrics.json",
    "answer.json",
    "history.csv",
    "steps.csv",
    "answer.md",
    "report.html",
    "manifest.json",
)


def run(homework: str, out: Path, *arguments: str) -> tuple[Path, str]:
    """Run the command line; the run's folder, and what was printed on stderr."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        status = run_homework.main([homework, "--device", "cpu", "--out", str(out), *arguments])
    assert status == 0, said.getvalue()[-2000:]
    return (out / homework / "latest").resolve(), said.getvalue()


def shared(factory: pytest.TempPathFactory, homework: str, *arguments: str) -> Path:
    """The folder of a finished run that several files look at, and none changes: made once in a test session.

    Args:
        factory: pytest's ``tmp_path_factory``; the processes of xdist have a directory above theirs in common.
    """
    place = factory.getbasetemp()
    place = place.parent if "PYTEST_XDIST_WORKER" in os.environ else place
    out = place / "shared" / re.sub(r"[^\w.,=-]+", "_", " ".join([homework, *arguments]))
    out.mkdir(parents=True, exist_ok=True)
    with (out / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # who comes second waits, and finds it done
        latest = (out / homework / "latest").resolve()
        done = (latest / "metrics.json").is_file() and metrics_of(latest)["status"] == "done"
        return latest if done else run(homework, out, *arguments)[0]


def metrics_of(folder: Path) -> dict:
    return json.loads((folder / "metrics.json").read_text(encoding="utf-8"))


def rows_of(path: Path) -> list[dict]:
    with path.open(encoding="utf-8-sig") as stream:
        return list(csv.DictReader(stream))


def check(folder: Path, homework: str, *, data: bool = False, classifier: bool = False, sentence: bool = True) -> dict:
    """Hold the files of a finished run to the contract; returns its results.

    Args:
        data: the run used a stand-in for a data set, and must say so.
        classifier: it also leaves predictions and checkpoints.
        sentence: docs/results.md has one for what it found.
    """
    names = list(FILES)
    if classifier:
        names += ["predictions.csv", "checkpoints/model.json"]
        names += [f"checkpoints/{n}{part}" for n in ("last", "best") for part in (".pdparams", ".pdopt", ".state.json")]
    assert [name for name in names if not (folder / name).is_file()] == []
    metrics = metrics_of(folder)
    names = {"homework", "status", "data", "seed", "device", "seconds", "headline", "results"}
    assert set(metrics) - {"weights"} == names  # of a page that begins with pretrained ones
    assert (metrics["homework"], metrics["status"]) == (homework, "done")
    assert (results.in_one_line(homework, metrics) != results.NONE) == sentence
    environment = json.loads((folder / "env.json").read_text(encoding="utf-8"))
    assert environment["peak_memory"] > 100 * 2**20  # Paddle alone takes more
    answer = (folder / "answer.md").read_text(encoding="utf-8")
    assert f"# 作业{homework}:" in answer
    figures = [path for path in (folder / "figures").iterdir() if path.stem not in outputs.REPORT_ONLY]
    assert figures, "every assignment leaves a figure to post"
    assert all(f"](figures/{figure.name})" in answer for figure in figures)
    captions = re.findall(r"^图 (\d+)：\S.*\n\n!\[", answer, re.MULTILINE)
    assert [int(number) for number in captions] == list(range(1, len(figures) + 1))
    assert not re.search(r"\bnan\b|\bNone\b|\{\{|\bundefined\b", answer)
    if data:
        assert metrics["data"]["origin"] == "synthetic"
        assert "替代数据" in answer.splitlines()[0]
        assert "替代数据" in (folder / "report.html").read_text(encoding="utf-8")
    if classifier:
        rows = rows_of(folder / "predictions.csv")
        sums = [sum(float(value) for key, value in row.items() if key.startswith("probability_")) for row in rows]
        assert rows and max(abs(total - 1) for total in sums) < 1e-6
        low, high = metrics["headline"]["interval"]
        assert low <= metrics["headline"]["value"] <= high and metrics["headline"]["split"] in ("test", "validation")
    pages = [(folder / name).read_bytes() for name in ("answer.md", "report.html")]
    outputs.render_kept(folder, homework_package.CATALOGUE.load(homework))
    assert pages == [(folder / name).read_bytes() for name in ("answer.md", "report.html")]
    return metrics["results"]


def refused(homework: str, out: Path, says: str, *overrides: str, kind: type[Exception] = SettingError) -> str:
    """The message, one line that matches ``says``, with which a run on stand-in data with these settings ends."""
    with pytest.raises(kind, match=says) as caught:
        homework_package.run(homework, Options(data="synthetic", out=str(out), overrides=overrides))
    assert "\n" not in str(caught.value)
    return str(caught.value)
