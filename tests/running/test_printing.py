"""Characters that a terminal obeys, from names and messages of strangers."""

from __future__ import annotations

import pytest

from paddle_camp.commands.reporting import report
from paddle_camp.errors import DataError
from paddle_camp.running.printing import duration, print_loudly, printable, table_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[2Jb\x07", "a\\x1b[2Jb\\x07"),  # clears the screen, rings
        ("done\rerror", "done\\rerror"),
        ("\x9b31m", "\\x9b31m"),  # CSI in one character
        ("gpj.\u202eexe", "gpj.\\u202eexe"),  # turns the direction of writing
        ("a\u2028b", "a\\u2028b"),
        ("\udc80", "\\udc80"),
        ("眼底 图片\u3000one.jpg: 0.5", "眼底 图片\u3000one.jpg: 0.5"),
        ("two\nlines", "two\nlines"),
    ],
)
def test_what_a_terminal_obeys_is_shown(text, shown):
    assert printable(text) == shown


def test_an_error_and_a_banner_are_printed_so(capsys):
    assert report(DataError("\x1b]0;title\x07.jpg: is no picture"), debug=False) == 2
    print_loudly("*** \x1b[0m ***")
    assert "\x1b" not in (said := capsys.readouterr().err)
    assert "error: \\x1b]0;title\\x07.jpg: is no picture" in said


def test_a_chinese_character_is_two_columns_wide():
    assert table_lines([("眼底", "b"), ("a", "\x1bd")]) == ["眼底  b", "a     \\x1bd"]


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.0004, "< 1 ms"), (0.028, "28 ms"), (0.4, "0.4 s"), (25, "25 s"), (1320, "22 min")]
)
def test_a_duration_has_the_unit_that_it_is_read_in(seconds, said):
    assert duration(seconds) == said
