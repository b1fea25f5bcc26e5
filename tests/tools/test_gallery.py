"""The gallery: figures of recorded runs, smaller; drawn again from what it holds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import homework
from paddle_camp.files import read_json, write_json
from tests.tools.test_results import run_folder
from tools import gallery, results


def run_with_figure(folder: Path, **options) -> Path:
    """A run of 7-1 with a figure of 1500 x 900 pixels."""
    run_folder(folder, **options)
    (folder / "figures").mkdir()
    picture = np.random.default_rng(0).integers(0, 255, (9, 15, 3), np.uint8).repeat(100, axis=0).repeat(100, axis=1)
    Image.fromarray(picture).save(folder / "figures" / "positions.png")
    write_json(folder / "answer.json", {"figures": {"positions": "卷积核的位置"}})
    return folder


def test_the_page_is_what_it_holds():
    shown = read_json(results.DOCS / "gallery" / "gallery.json")
    records = read_json(results.DOCS / "results.json")["records"]
    assert (results.DOCS / "gallery.md").read_text("utf-8") == gallery.render(shown, records), "python tools/gallery.py"
    pictures = {path.stem for path in (results.DOCS / "gallery").glob("*.png")}
    assert pictures == set(shown) <= set(records) and len(pictures) >= 10
    assert all(row["figure"] == gallery.FIGURES[name] for name, row in shown.items())


def test_every_assignment_has_a_figure():
    assert list(gallery.FIGURES) == sorted(gallery.FIGURES, key=lambda name: (not name[0].isdigit(), name))
    assert set(gallery.FIGURES) == set(homework.CATALOGUE.assignments)


def test_a_recorded_run_is_shown(tmp_path):
    folder = run_with_figure(tmp_path / "run")
    assert results.main([str(folder)], docs=tmp_path) == 0
    assert gallery.main([str(folder)], docs=tmp_path) == 0
    page = (tmp_path / "gallery.md").read_text("utf-8")
    assert "convolution take? 867,041,280 of each.\n\n![卷积核的位置](gallery/7-1.png)" in page
    with Image.open(tmp_path / "gallery" / "7-1.png") as picture:
        assert picture.size == (1000, 600) and picture.mode == "P"
    assert gallery.main([], docs=tmp_path) == 0
    assert (tmp_path / "gallery.md").read_text("utf-8") == page


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"options": {"quick": True}}, "was made with --quick"),
        ({"options": {"overrides": ["num_epochs=1"]}}, "was made with -o"),
        ({"data": {"origin": "stand-in"}}, "stand-in data"),
        ({"status": "interrupted"}, "is not done"),
        ({"found": {"totals": [{"operations": [1, 2]}]}}, "is not the recorded run of 7-1: record it first"),
    ],
)
def test_what_is_no_recorded_run_is_refused(tmp_path, capsys, options, says):
    assert results.main([str(run_folder(tmp_path / "recorded"))], docs=tmp_path) == 0
    folder = run_with_figure(tmp_path / "run", **options)
    assert gallery.main([str(folder)], docs=tmp_path) == 2
    assert says in capsys.readouterr().err and not (tmp_path / "gallery").exists()


def test_a_run_without_its_figure_is_one_line(tmp_path, capsys):
    folder = run_with_figure(tmp_path / "run")
    assert results.main([str(folder)], docs=tmp_path) == 0
    (folder / "figures" / "positions.png").write_bytes(b"no picture")
    assert gallery.main([str(folder)], docs=tmp_path) == 2
    error = capsys.readouterr().err
    assert "positions.png: no figure that can be read" in error and error.count("\n") == 1
    assert json.loads((tmp_path / "results.json").read_text("utf-8"))["records"]
