"""The picture of the rooms: what it draws is what the code imports."""

from __future__ import annotations

import pytest

from tests.helpers.figures import texts
from tests.test_architecture import ROOMS
from tools.draw_architecture import draw, imports, layers, needed


def test_the_arrows_are_those_of_the_code_and_the_walls_allow_them():
    arrows = imports()
    assert set(arrows) == {*ROOMS, "homework", "tools"}
    assert {"plots", "answers"} <= arrows["running"] and "networks" in arrows["models"]
    assert all(below <= ROOMS[room] for room, below in arrows.items() if room in ROOMS)
    assert "tools" not in arrows["homework"]


def test_rooms_stand_above_what_they_import():
    arrows = {"a": {"b", "c"}, "b": {"c"}, "c": set()}
    assert layers(arrows) == {"a": 2, "b": 1, "c": 0}
    assert needed(arrows) == {"a": {"b"}, "b": {"c"}, "c": set()}
    with pytest.raises(ValueError, match="a circle among a, b"):
        layers({"a": {"b"}, "b": {"a"}, "c": set()})


def test_every_room_has_its_box_and_every_arrow_is_drawn():
    figure = draw(imports())
    (axes,) = figure.axes
    assert {*ROOMS, "homework", "tools"} <= set(texts(figure))
    assert sum(text.arrow_patch is not None for text in axes.texts if hasattr(text, "arrow_patch")) == sum(
        map(len, needed(imports()).values())
    )
