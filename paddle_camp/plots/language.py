"""The language of figures: Chinese, as the answers, where a font has its characters; English otherwise.

Matplotlib draws a box for a character that no font has. ``PADDLE_CAMP_FIGURES=en`` asks for English in any case.
"""

from __future__ import annotations

import functools
import os
import re
import unicodedata
from dataclasses import replace
from pathlib import Path

import matplotlib
from matplotlib import font_manager, ft2font

# Files of fonts with Chinese characters, those without serifs first: Linux, Windows, macOS.
FILES = (
    *("NotoSansCJK", "NotoSansSC", "SourceHanSans", "wqy-microhei", "wqy-zenhei", "DroidSansFallback"),
    *("msyh", "simhei", "Deng", "PingFang", "STHeiti", "Hiragino Sans GB", "Arial Unicode"),
    *("NotoSerifCJK", "SourceHanSerif", "simsun", "Songti"),
)


@functools.cache
def chinese_font() -> str | None:
    """The family of an installed font with Chinese characters, or None."""
    for file in FILES:
        paths = [path for path in _installed() if Path(path).name.lower().startswith(file.lower())]
        if paths:
            path = min(paths, key=lambda each: ("regular" not in Path(each).name.lower(), each))
            known = font_manager.fontManager
            known.addfont(path)  # it knows those only that were there when its cache was made
            # A file may hold a face for each country: the mainland's sets a comma low, Hong Kong's in the middle.
            faces = {face.name: face for face in known.ttflist if Path(face.fname) == Path(path)}
            face = faces[min(faces, key=lambda name: (not name.endswith("SC"), len(name)))]
            known.ttflist.append(replace(face, weight=700))  # else it warns that there is no bold one
            return face.name
    return None


@functools.cache
def _installed() -> tuple[str, ...]:
    return tuple(font_manager.findSystemFonts())


def in_chinese() -> bool:
    """Whether figures are in Chinese."""
    return os.environ.get("PADDLE_CAMP_FIGURES") != "en" and chinese_font() is not None


def words(english: str, chinese: str) -> str:
    """The text of a figure in its language."""
    return chinese if in_chinese() else english


def families() -> list[str]:
    """The fonts of a figure: Matplotlib's own, and for what it lacks the Chinese one."""
    own = list(matplotlib.rcParams["font.sans-serif"][:1])
    return [*own, *filter(None, [chinese_font()])]


def readable(text: str) -> str:
    """A text from outside, such as a file's name, with what no font has as its code: ``\\u773c`` for a box."""
    known = set().union(*map(_characters, families()))
    return "".join(each if each == "\n" or ord(each) in known else f"\\u{ord(each):04x}" for each in text)


@functools.cache
def _characters(family: str) -> frozenset[int]:
    """The codes of the characters that a font has."""
    return frozenset(ft2font.FT2Font(font_manager.findfont(family)).get_charmap())


def columns_of(text: str) -> int:
    """How wide a text is, in Latin letters: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)


def wrapped(text: str, width: int) -> str:
    """``text`` in lines of at most ``width`` Latin letters, broken at spaces and beside Chinese characters.

    No line begins with a closing mark or ends with an opening one.
    """
    lines, line = [], ""
    for piece in re.findall(r"[（《「]*(?:[\u2e80-\uffef]|[^\s\u2e80-\uffef]+)[）》」，。；：、！？]*|\s+", text):
        if line and columns_of(line + piece.rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        line += piece if line or not piece.isspace() else ""
    return "\n".join([*lines, line.rstrip()] if line.strip() or not lines else lines)
