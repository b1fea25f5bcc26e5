"""What can happen to a file below a data set's folder: each gives a function of that folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

Spoil = Callable[[Path], None]


def edit(name: str, old: str, new: str) -> Spoil:
    """In a table or a list, the first ``old`` becomes ``new``."""

    def spoil(root: Path) -> None:
        text = (root / name).read_text()
        assert old in text
        (root / name).write_text(text.replace(old, new, 1))

    return spoil


def semicolons(name: str) -> Spoil:
    """Commas become semicolons, as a spreadsheet writes them in some countries."""

    def spoil(root: Path) -> None:
        (root / name).write_text((root / name).read_text().replace(",", ";"))

    return spoil


def first_lines(name: str, count: int) -> Spoil:
    """Only so many lines are left."""

    def spoil(root: Path) -> None:
        (root / name).write_text("".join((root / name).read_text().splitlines(keepends=True)[:count]))

    return spoil


def without(*names: str) -> Spoil:
    """Files are missing."""

    def spoil(root: Path) -> None:
        for name in names:
            (root / name).unlink()

    return spoil


def cut(name: str, keep: int = 200) -> Spoil:
    """Only the first bytes are left."""

    def spoil(root: Path) -> None:
        (root / name).write_bytes((root / name).read_bytes()[:keep])

    return spoil
