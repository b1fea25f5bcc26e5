"""The picture of the rooms: what it draws is what the code imports."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from tests.test_architecture import ROOMS
from tools import draw_architecture
from tools.draw_architecture import PICTURE, draw, imports, is_current, layers, main, needed


@pytest.fixture(scope="module")
def arrows():
    return imports()


@pytest.fixture(scope="module")
def drawing(arrows):
    """(boxes: room to its extent, lines: [start, end] of each arrow), in pixels."""
    figure = draw(arrows)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    (axes,) = figure.axes
    boxes = {text.get_text(): text.get_bbox_patch().get_window_extent() for text in axes.texts if text.get_bbox_patch()}
    arrowed = [text for text in axes.texts if getattr(text, "arrow_patch", None)]
    return boxes, [axes.transData.transform([text.xyann, text.xy]) for text in arrowed]


def test_the_arrows_are_those_of_the_code_and_the_walls_allow_them(arrows):
    assert set(arrows) == {*ROOMS, "homework", "tools"}
    assert {"plots", "answers"} <= arrows["running"] and "networks" in arrows["models"]
    assert all(below <= ROOMS[room] for room, below in arrows.items() if room in ROOMS)
    assert "tools" not in arrows["homework"]


def test_every_form_of_an_import_is_an_arrow(tmp_path):
    files = {
        "paddle_camp/__init__.py": "",
        **{f"paddle_camp/{room}/__init__.py": "" for room in "abcdef"},
        "paddle_camp/a/x.py": "import paddle_camp.b.y\nfrom paddle_camp import c, errors\nfrom .z import d",
        "paddle_camp/a/z.py": "from ..e import y\ndef f():\n    from .. import f\n    import numpy",
        "homework/hw1/experiment.py": "from paddle_camp.a.x import c",
        "tools/run.py": "import homework",
    }
    for name, source in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(source)
    none = dict.fromkeys("bcdef", set())
    assert imports(tmp_path) == none | {"a": {"b", "c", "e", "f"}, "homework": {"a"}, "tools": {"homework"}}


def test_rooms_stand_above_what_they_import():
    arrows = {"a": {"b", "c"}, "b": {"c"}, "c": set()}
    assert layers(arrows) == {"a": 2, "b": 1, "c": 0}
    assert needed(arrows) == {"a": {"b"}, "b": {"c"}, "c": set()}
    with pytest.raises(ValueError, match="a circle among a, b"):
        layers({"a": {"b"}, "b": {"a"}, "c": set()})


def test_every_room_has_its_box_and_every_needed_arrow_is_drawn(drawing, arrows):
    boxes, lines = drawing
    assert set(boxes) == {*ROOMS, "homework", "tools"}
    assert len(lines) == sum(map(len, needed(arrows).values()))
    assert all(start[1] > end[1] for start, end in lines)  # every arrow points down


def test_no_box_covers_another_nor_an_arrow(drawing):
    boxes, lines = drawing
    assert [pair for pair in itertools.combinations(boxes, 2) if boxes[pair[0]].overlaps(boxes[pair[1]])] == []
    for start, end in lines:
        between = start + np.linspace(0.03, 0.97, 200)[:, None] * (end - start)
        assert [room for room, box in boxes.items() if any(box.contains(*place) for place in between)] == []


def test_the_picture_in_the_docs_is_current(arrows):
    assert is_current(PICTURE, arrows), "type: python tools/draw_architecture.py"


def test_check_says_when_the_picture_is_out_of_date(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(draw_architecture, "PICTURE", tmp_path / "architecture.png")
    assert main(["--check"]) == 1 and "out of date; type: python tools/draw" in capsys.readouterr().err
    assert main([]) == 0 and main(["--check"]) == 0
    monkeypatch.setattr(draw_architecture, "imports", lambda: {"a": {"b"}, "b": set()})
    assert main(["--check"]) == 1
