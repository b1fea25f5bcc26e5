"""The manifest of a run: every file it wrote, kept right by --render and --resume, and no laundry for edited ones."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from paddle_camp.answers.answer import Answer, Predictions
from paddle_camp.commands import run
from paddle_camp.files import read_sealed
from paddle_camp.running import runner
from paddle_camp.running.catalogue import Catalogue
from paddle_camp.running.options import Options
from paddle_camp.running.runner import run_assignment

SHARES = [[0.9, 0.1], [0.2, 0.8]]


@pytest.fixture
def folder(toys: Catalogue, tmp_path: Path) -> Path:
    return run_assignment(toys, "1-1", Options(out=str(tmp_path / "runs")))[1]


def manifest(folder: Path) -> dict:
    return read_sealed(folder / "manifest.json")


def test_it_has_every_file_with_its_hash(folder):
    found = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    assert {"metrics.json", "predictions.csv", "figures/loss.png", "report.html"} < set(found)
    expected = {
        name: {"bytes": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        for name, path in found.items()
        if name not in ("manifest.json", ".lock")
    }
    assert manifest(folder)["files"] == expected
    assert manifest(folder)["headline_from_predictions"] is True


def test_it_is_written_last(toys, tmp_path, monkeypatch):
    def cut(folder, *_):
        assert json.loads((folder / "metrics.json").read_text("utf-8"))["status"] == "done"
        raise OSError("cut")

    monkeypatch.setattr(runner, "write_manifest", cut)
    with pytest.raises(OSError, match="cut"):
        run_assignment(toys, "1-1", Options(out=str(tmp_path / "runs")))
    assert not list(tmp_path.rglob("manifest.json"))
    monkeypatch.undo()  # a kill between the two is resumable
    folder = run_assignment(toys, "1-1", Options(out=str(tmp_path / "runs"), resume=""))[1]
    assert len(list((tmp_path / "runs" / "1-1").glob("2*"))) == 1 and manifest(folder)["files"]


def test_rendering_again_keeps_it_right(toys, folder):
    before = manifest(folder)["files"]
    assert run.main(toys, ["--render", str(folder)]) == 0
    assert manifest(folder)["files"] == before  # the same bytes
    (toys.assignments["1-1"].folder / "answer.md.j2").write_text("新的", encoding="utf-8")
    assert run.main(toys, ["--render", str(folder)]) == 0
    after = manifest(folder)["files"]
    assert {name for name in before if before[name] != after[name]} == {"answer.md", "report.html"}
    assert after["answer.md"]["sha256"] == hashlib.sha256((folder / "answer.md").read_bytes()).hexdigest()


def test_rendering_again_vouches_for_nothing_else(toys, folder):
    """Neither for an edited table nor for a run whose manifest is gone or damaged."""
    before = manifest(folder)["files"]["predictions.csv"]
    (folder / "predictions.csv").write_text("sample,label\n", encoding="utf-8")
    assert run.main(toys, ["--render", str(folder)]) == 0
    assert manifest(folder)["files"]["predictions.csv"] == before
    for text in ("{", '{"files": []}', "[]"):
        (folder / "manifest.json").write_text(text, encoding="utf-8")
        assert run.main(toys, ["--render", str(folder)]) == 0
        assert (folder / "manifest.json").read_text("utf-8") == text
    (folder / "manifest.json").unlink()
    assert run.main(toys, ["--render", str(folder)]) == 0
    assert not (folder / "manifest.json").exists()


def test_a_run_that_goes_on_has_none_until_it_is_done_again(toys, folder, monkeypatch):
    metrics = json.loads((folder / "metrics.json").read_text("utf-8")) | {"status": "interrupted"}
    (folder / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    page = toys.load("1-1")
    went_on = page.run

    def look(settings, context):
        assert not (folder / "manifest.json").exists()
        return went_on(settings, context)

    monkeypatch.setattr(page, "run", look)
    assert run.main(toys, ["1-1", "--resume", str(folder)]) == 0
    listed = manifest(folder)["files"]["metrics.json"]["sha256"]
    assert listed == hashlib.sha256((folder / "metrics.json").read_bytes()).hexdigest()


def test_a_link_is_not_a_file_of_the_run(toys, tmp_path, monkeypatch):
    page = toys.load("1-1")
    went_on = page.run

    def link(settings, context):
        (context.path / "outside").symlink_to("/etc/hostname")
        return went_on(settings, context)

    monkeypatch.setattr(page, "run", link)
    folder = run_assignment(toys, "1-1", Options(out=str(tmp_path / "runs")))[1]
    assert "outside" not in manifest(folder)["files"]


def test_it_says_whether_the_headline_can_be_computed_again():
    predictions = Predictions(("a", "b"), [0, 0], np.array(SHARES))
    assert Answer("t", {}, predictions=predictions).headline_from_predictions
    other = {"name": "f1", "value": 0.5}
    assert not Answer("t", {}, predictions=predictions, headline=other).headline_from_predictions
    assert not Answer("t", {}).headline_from_predictions
