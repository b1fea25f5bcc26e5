"""Signs on sheets: ``train/07.png`` has those of class 7, 32 x 32 pixels each, ten to a row; ``train.csv`` names them.

``train.csv`` has the columns ``class, index, track, frame, width, height, split``, ``test.csv`` has ``class, index,
file, width, height``; others may stand beside them. Picture ``index`` lies in row index // 10 and column index % 10 of
its class's sheet; ``width`` and ``height`` are those of the original picture, and ``split`` is "train", or "val" for
the tracks that are held out.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from paddle_camp.data.finding.tables import read_table
from paddle_camp.data.pictures.class_folders import shown
from paddle_camp.data.pictures.decoding import decode_full, fit_square
from paddle_camp.data.traffic_signs.rows import MAX_SIDE, Signs, label_of, whole_numbers
from paddle_camp.errors import DataError

CELL, ACROSS = 32, 10  # pixels of a picture's side; pictures in a row
TRAIN = ("class", "index", "width", "height", "track", "frame", "split")
TEST = ("class", "index", "width", "height", "file")
SPLITS = {"train": False, "val": True}  # of train.csv -> whether they are held out
MOST = 1_000_000  # pictures of a class, tracks, frames


def is_here(root: Path) -> bool:
    """Whether the sheets lie in ``root``."""
    return (root / "train.csv").is_file() or any((root / "train").glob("[0-9][0-9].png"))


def read_sheets(root: Path, part: str) -> Signs:
    """What ``PART.csv`` says of the "train" or the "test" pictures.

    Raises:
        DataError: the table is missing or damaged, or a row says what cannot be.
    """
    table = root / f"{part}.csv"
    labels, places, names, tracks, sizes, held = [], [], [], [], [], []
    seen: dict[tuple[int, int], int] = {}
    for number, (named, *cells) in read_table(table, TRAIN if part == "train" else TEST):
        label = label_of(table, number, named)
        (index,) = whole_numbers(table, number, ("index",), cells[:1], MOST)
        width, height = whole_numbers(table, number, ("width", "height"), cells[1:3], MAX_SIDE)
        if (label, index) in seen:
            raise DataError(
                f"{shown(table)}: rows {seen[label, index]} and {number} are the same picture; take one out"
            )
        seen[label, index] = number
        labels.append(label)
        places.append(index)
        sizes.append(min(width, height))
        if part == "train":
            track, frame = whole_numbers(table, number, ("track", "frame"), cells[3:5], MOST)
            if cells[5] not in SPLITS:
                raise DataError(f"{shown(table)}: row {number}: split is {cells[5]!r}, not train or val; correct it")
            tracks.append(f"{label:02d}/{track:05d}")
            names.append(f"{label:02d}/{track:05d}_{frame:05d}")
            held.append(SPLITS[cells[5]])
        else:
            names.append(shown(cells[3]))
    found = np.array(labels, np.int64), np.array(places, np.int64)

    def read(rows: np.ndarray, image_size: int) -> np.ndarray:
        return _cut_out(root / part, found[0][rows], found[1][rows], image_size)

    sides, held_out = np.array(sizes, np.int64), np.array(held, bool) if part == "train" else None
    return Signs(table, found[0], tuple(names), tuple(tracks), sides, read, held_out)


def _cut_out(folder: Path, labels: np.ndarray, places: np.ndarray, image_size: int) -> np.ndarray:
    images = np.empty((len(labels), 3, image_size, image_size), np.uint8)
    for label in np.unique(labels):
        path = folder / f"{label:02d}.png"
        sheet = decode_full(path)
        height, width = sheet.shape[:2]
        if width != ACROSS * CELL or height % CELL:
            raise DataError(f"{shown(path)}: {width} x {height} pixels are no rows of ten {CELL} x {CELL} pictures")
        rows = np.flatnonzero(labels == label)
        room = ACROSS * height // CELL
        if (most := int(places[rows].max())) >= room:
            raise DataError(f"{shown(path)}: holds {room} pictures, and the table names index {most}; copy both again")
        for row in rows:
            top, left = (CELL * each for each in divmod(int(places[row]), ACROSS))
            cell = sheet[top : top + CELL, left : left + CELL]
            images[row] = fit_square(np.ascontiguousarray(cell), image_size).transpose(2, 0, 1)
    return images
