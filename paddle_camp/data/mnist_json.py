"""The course's ``mnist.json.gz``, ``[train, valid, eval]`` with ``[images, labels]`` each, read piece by piece.

All of it at once takes 3 GB: a Python object for each of 55 million numbers. Here the lists without lists in them, a
picture or some labels each, are found by their brackets and become arrays one after the other.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from paddle_camp.errors import DataError, one_line

BLOCK = 1 << 20  # bytes that are read at a time
LONGEST = 1 << 23  # bytes of the text of one list, at most: the labels of a part have some 200 kB
LONGEST_VALUE = 40  # characters
MOST_SETS = 3  # train, valid, eval
KNOWN = 100_000  # values that are kept parsed, about
MOST = 1_000_000  # pictures or labels of a part, at most
SETS, PARTS, ROW, DEEPEST = 1, 2, 4, 5  # how many brackets are open: in the list of sets, a set, a picture; at most
BEGINS, ENDS = "begins", "ends"
TOGETHER = 1000  # pictures that are put into one array at a time
PIXELS = 28 * 28

Set = tuple[np.ndarray, np.ndarray]


class FormError(ValueError):
    """The text is no list of sets; says in what."""


def read_sets(path: Path) -> list[Set]:
    """Each set of the file: images float32 ``[N, 784]`` as they stand there, labels as they stand there.

    Labels may each stand in a list of their own, be texts, or be lists of ten (one-hot).

    Raises:
        DataError: the file cannot be read, or is not that.
    """
    try:
        with open(path, "rb") as file:
            zipped = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            return _sets(gzip.GzipFile(fileobj=file) if zipped else file)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read ({one_line(error)}); copy or download it again") from None
    except ValueError as error:
        raise DataError(
            f"{path}: is not the course's [train, valid, eval] ({str(error)[:80]}); copy or download it again"
        ) from None


def _sets(stream: Any) -> list[Set]:
    sets: list[tuple[_Rows, _Rows]] = []
    part = -1
    row: list[Any] = []
    for depth, values in _lists(stream):
        if values == BEGINS:
            if depth == PARTS:
                if len(sets) == MOST_SETS:
                    raise FormError(f"more than {MOST_SETS} sets")
                sets.append((_Rows(), _Rows()))
                part = -1
            elif depth == PARTS + 1:
                part += 1
        elif values == ENDS:
            if depth == ROW:
                _rows_of(sets, part).add(row)
                row = []
        elif depth > ROW:
            row += values
        elif depth == ROW:
            _rows_of(sets, part).add(values)
        elif depth == PARTS + 1:  # the labels, or no pictures at all
            part += 1
            for value in values:
                _rows_of(sets, part).add([value])
        else:
            raise FormError(f"a list of numbers where {'sets' if depth == SETS else 'images and labels'} belong")
    return [(images.array(), labels.array()) for images, labels in sets]


def _rows_of(sets: list[tuple[_Rows, _Rows]], part: int) -> _Rows:
    if not sets or part not in (0, 1):
        raise FormError("a set has images and labels, and nothing else")
    return sets[-1][part]


class _Rows:
    """Lists of one length on their way into an array."""

    def __init__(self) -> None:
        self.waiting: list[list] = []
        self.blocks: list[np.ndarray] = []
        self.count = 0

    def add(self, row: list) -> None:
        """One more row.

        Raises:
            FormError: of another length than the others, or too many.
        """
        if self.waiting and len(row) != len(self.waiting[0]):
            raise FormError(f"a list of {len(row)} beside one of {len(self.waiting[0])}")
        self.count += 1
        if self.count > MOST or len(row) > PIXELS:
            raise FormError(f"{len(row)} numbers in list {self.count:,}: more than MNIST has")
        self.waiting.append(row)
        if len(self.waiting) == TOGETHER:
            self._pack()

    def _pack(self) -> None:
        if self.waiting:
            block = np.array(self.waiting)
            if block.dtype.kind not in "iufbU":
                raise FormError("something else than numbers or texts in a list")
            self.blocks.append(block.astype(np.float32) if block.shape[1] == PIXELS else block)
            self.waiting = []

    def array(self) -> np.ndarray:
        """All rows, ``[N, length]``."""
        self._pack()
        if len({block.shape[1] for block in self.blocks}) > 1:
            raise FormError("lists of different lengths")
        return np.concatenate(self.blocks) if self.blocks else np.zeros((0, PIXELS), np.float32)


def _lists(stream: BinaryIO) -> Iterator[tuple[int, Any]]:
    """(Brackets open in it, values) of each list without lists in it; of another, when it begins and when it ends."""
    text, depth, since, is_inner = b"", 0, 0, False
    known = _Values()
    while block := stream.read(BLOCK):
        start = len(text)
        text += block
        for found in re.finditer(rb"[\[\]]", block):
            at = start + found.start()
            if found[0] == b"[":
                _only_commas(text[since:at])
                if is_inner:
                    yield depth, BEGINS
                depth, since, is_inner = depth + 1, at, True
                if depth > DEEPEST:
                    raise FormError(f"lists in {DEEPEST} others")
            else:
                if depth == 0:
                    raise FormError("more lists end than begin")
                if is_inner:
                    inside = text[since + 1 : at].strip()
                    if depth == SETS and not inside:
                        raise FormError("an empty list")
                    yield depth, [known[each] for each in inside.split(b",")] if inside else []
                else:
                    _only_commas(text[since:at])
                    yield depth, ENDS
                depth, since, is_inner = depth - 1, at + 1, False
        text, since = text[since:], 0
        if len(known) > KNOWN:
            known.clear()
        if len(text) > LONGEST:
            raise FormError(f"more than {LONGEST:,} bytes without a bracket")
    _only_commas(text)
    if depth:
        raise FormError("it ends within a list")


class _Values(dict):
    """The text of a value -> the value. MNIST has 256 of them for 55 million pixels: each is parsed once."""

    def __missing__(self, text: bytes) -> Any:
        if len(text) > LONGEST_VALUE:
            raise FormError(f"{text[:10]!r}... of {len(text):,} characters where a number belongs")
        value = self[text] = json.loads(text)
        return value


def _only_commas(text: bytes) -> None:
    """Between lists stand commas and white space; the text from a list's bracket on begins with that."""
    if rest := text.strip(b"[, \t\r\n"):
        raise FormError(f"{rest[:40]!r} between lists")
