"""What the tables of both layouts say of each picture, held to what a sign can be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from paddle_camp.data.image_set import ImageSet, rows_of_draw
from paddle_camp.data.pictures.class_folders import shown
from paddle_camp.errors import DataError
from paddle_camp.preprocessing import SIGNS

LAST = len(SIGNS.classes) - 1
MAX_SIDE = 100_000  # pixels of an original picture; a number in a table that is larger is a mistake

Read = Callable[[np.ndarray, int], np.ndarray]  # rows int64 [M], side in pixels -> uint8 [M, 3, S, S], BGR


@dataclass(frozen=True)
class Signs:
    """N pictures of a part that are not yet decoded.

    Attributes:
        place: the folder or table that faults are told of.
        labels: int64 ``[N]``.
        names: N.
        tracks: N names of tracks; none for test pictures.
        sizes: the shorter side of the original pictures, pixels: int64 ``[N]``.
        read: decodes some of them.
        held_out: which the data set itself holds out, bool ``[N]``; None: it does not say.
    """

    place: Path
    labels: np.ndarray
    names: tuple[str, ...]
    tracks: tuple[str, ...]
    sizes: np.ndarray
    read: Read
    held_out: np.ndarray | None = None

    def images(self, rows: np.ndarray, image_size: int) -> ImageSet:
        """The pictures of int64 ``[M]``, decoded.

        Raises:
            DataError: files that are missing or no whole pictures.
        """
        images = self.read(rows, image_size)
        names, tracks = (tuple(each[i] for i in rows) if each else () for each in (self.names, self.tracks))
        return ImageSet(images, self.labels[rows], names, tracks, replace(SIGNS, image_size=image_size))

    def drawn(self, count: int | None) -> np.ndarray:
        """The rows of about ``count`` pictures, each class in proportion; None: all."""
        if count is None or count >= len(self.labels):
            return np.arange(len(self.labels))
        return np.flatnonzero(rows_of_draw(self.labels, count))


def whole_numbers(table: Path, row: int, names: Sequence[str], cells: Sequence[str], most: int) -> list[int]:
    """The cells of a row as numbers from 0 to ``most``.

    Raises:
        DataError: one is none.
    """
    for name, cell in zip(names, cells, strict=True):
        if not (cell.isascii() and cell.isdigit() and len(cell) < 10 and int(cell) <= most):
            fault = f"{name} is {cell!r}, not a whole number up to {most:,}"
            raise DataError(f"{shown(table)}: row {row}: {fault}; correct it")
    return [int(cell) for cell in cells]


def label_of(table: Path, row: int, cell: str) -> int:
    """The label in a cell.

    Raises:
        DataError: there is no such class.
    """
    if not (cell.isascii() and cell.isdigit() and len(cell) < 10 and int(cell) <= LAST):
        raise DataError(f"{shown(table)}: row {row}: there is no class {cell!r}, the signs are 0 to {LAST}; correct it")
    return int(cell)


def check_parts(train: Signs, test: Signs) -> None:
    """Hold the test part's classes to those of the training part.

    Raises:
        DataError: a part is empty, training has one class only, or testing one that training has not.
    """
    for part in (train, test):
        if not len(part.labels):
            raise DataError(f"{shown(part.place)}: names no picture; get the whole data set")
    known = np.unique(train.labels)
    if len(known) < 2:
        raise DataError(f"{shown(train.place)}: all pictures are of class {known[0]}; a classifier needs two or more")
    strangers = np.setdiff1d(test.labels, known)
    if len(strangers):
        raise DataError(f"{shown(test.place)}: class {strangers[0]} has test pictures, and none to train on")
