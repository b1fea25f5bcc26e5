"""Curves as SVG: of what there is after a first epoch, and names as texts."""

from __future__ import annotations

import re

from paddle_camp.svg import STEPS, chart, colour


def test_one_point_is_a_dot_with_one_tick():
    svg = chart("a", [[[(1.0, 0.954)]], []], ["mine", "none yet"])
    assert re.findall(r'class="[xy]">([^<]*)<', svg) == ["0.954", "1", "轮（epoch）"]
    assert svg.count('class="grid"') == 1 and re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', svg) == [
        ("60.0", "206.0")
    ]


def test_a_line_goes_from_corner_to_corner_and_has_no_dot():
    svg = chart("a", [[[(0.0, 0.0), (10.0, 2.0)]]], ["mine"], STEPS)
    assert 'points="60.0,206.0 396.0,12.0"' in svg and "<circle" not in svg and "步（step）" in svg


def test_names_are_texts():
    svg = chart('"<b>"', [[[(0, 0), (1, 1)]]], ["<i>"])
    assert "<b>" not in svg and "<i>" not in svg and "&lt;i&gt;" in svg


def test_runs_have_colours_of_their_own():
    assert len({colour(index, 8) for index in range(8)}) == 8 and len({colour(index, 24) for index in range(24)}) == 24
