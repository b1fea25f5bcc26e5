"""What reaches the terminal: a name or a message from a file may hold characters that a terminal obeys."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable, Sequence

# Controls (ESC, BEL, CR, ...), marks that turn the direction of writing, what has no character.
_OBEYED = {"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"}


def printable(text: object) -> str:
    """``text`` with every character that a terminal would obey shown as its escape (``\\x1b``); newlines stay."""
    return "".join(
        each.encode("unicode_escape").decode() if each != "\n" and unicodedata.category(each) in _OBEYED else each
        for each in str(text)
    )


def print_loudly(line: str) -> None:
    """Print a line on stderr between two rows of stars."""
    line = printable(line)
    print(f"{'*' * len(line)}\n{line}\n{'*' * len(line)}", file=sys.stderr, flush=True)


def duration(seconds: float) -> str:
    """``< 1 ms``, ``28 ms``, ``0.4 s``, ``25 s``, ``22 min``."""
    if seconds < 0.001:
        return "< 1 ms"
    if seconds < 0.95:
        return f"{1000 * seconds:.0f} ms" if seconds < 0.0995 else f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 99.5 else f"{seconds / 60:.0f} min"


def table_lines(rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a table whose columns begin below each other; a Chinese character is as wide as two others."""
    rows = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    padded = ([cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)] for row in rows)
    return ["  ".join(row).rstrip() for row in padded]


def _width(text: str) -> int:
    return sum(1 + (unicodedata.east_asian_width(each) in "WF") for each in text)
