"""Signs as they are published: one PPM a picture, a folder a class, and a table beside them.

* ``Final_Training/Images/00007/00012_00029.ppm``: frame 29 of track 12 of class 7, and ``GT-00007.csv`` in the same
  folder (or ``Training/00007/...``, as in the set of the competition);
* ``Final_Test/Images/00252.ppm``, and ``GT-final_test.csv`` with their classes, there or in one of the folders above;
* all of it perhaps below ``GTSRB/``, and in the publisher's zips, which are unpacked once.

The cells of the tables are separated by semicolons: ``Filename;Width;Height;Roi.X1;...;ClassId``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from paddle_camp.data.finding.archives import unpack_near
from paddle_camp.data.finding.sources import DATASETS
from paddle_camp.data.finding.tables import read_table
from paddle_camp.data.pictures.class_folders import folders_in, pictures_beside, require_file, shown
from paddle_camp.data.pictures.decoding import read_pictures
from paddle_camp.data.traffic_signs.rows import LAST, MAX_SIDE, Signs, label_of, whole_numbers
from paddle_camp.errors import DataError

COLUMNS = ("Filename", "Width", "Height", "ClassId")
GT = "GT-final_test.csv"
# What is looked for -> its places; the zips it comes in; a piece of a name that is in these.
TRAIN = (
    ("Final_Training/Images", "Training"),
    ("GTSRB_Final_Training_Images.zip", "GTSRB-Training_fixed.zip"),
    "GT-000",
)
TEST = (("Final_Test/Images",), ("GTSRB_Final_Test_Images.zip",), ".ppm")
LABELS = ((f"Final_Test/Images/{GT}", f"Final_Test/{GT}", GT), ("GTSRB_Final_Test_GT.zip",), GT)
CLASS_NAME = re.compile(r"[0-9]{1,5}")
TRAIN_NAME, TEST_NAME = re.compile(r"[0-9]{1,9}_[0-9]{1,9}\.ppm"), re.compile(r"[0-9]{1,9}\.ppm")


def read_official(root: Path, part: str, cache_dir: Path) -> Signs:
    """What the tables say of the "train" or the "test" pictures.

    Raises:
        DataError: a folder or a table is missing or damaged, a picture stands in no table, a class is unknown, or a zip
            is wrong, damaged or hostile.
    """
    if part == "test":
        folder, table = (_require(root, cache_dir, *what) for what in (TEST, LABELS))
        return _signs(folder, _rows_of(folder, table, TEST_NAME), part)
    folder = _require(root, cache_dir, *TRAIN)
    rows = []
    for place in folders_in(folder):
        if not CLASS_NAME.fullmatch(place.name) or int(place.name) > LAST:
            raise DataError(f"{shown(place)}: no class of signs, which are 00000 to {LAST:05d}; remove it")
        table = place / f"GT-{place.name}.csv"
        for path, label, size in _rows_of(place, table, TRAIN_NAME):
            if label != int(place.name):
                raise DataError(f"{shown(table)}: says class {label} of {shown(path.name)}; get the folder again")
            rows.append((path, label, size))
    return _signs(folder, rows, part)


def _require(root: Path, cache_dir: Path, places: Sequence[str], zips: Sequence[str], expect: str) -> Path:
    """The first of ``places`` that there is, unpacked from a zip if need be."""
    if found := _place_in(root, places):
        return found
    for archive in (root / name for name in zips):
        if archive.is_file():
            if found := _place_in(unpack_near(archive, cache_dir, expect), places):
                return found
            raise DataError(f"{shown(archive)}: there is no {places[0]} in it; download it again")
    raise DataError(f"{shown(root)}: no {places[0]} and no {zips[0]}; {DATASETS['gtsrb'].how_to_get}")


def _place_in(root: Path, places: Sequence[str]) -> Path | None:
    return next((path for base in (root, root / "GTSRB") for name in places if (path := base / name).exists()), None)


def _rows_of(folder: Path, table: Path, form: re.Pattern[str]) -> list[tuple[Path, int, int]]:
    """(file, label, shorter side) of every picture that lies in ``folder``."""
    rows: dict[str, tuple[Path, int, int]] = {}
    for number, (name, width, height, label) in read_table(table, COLUMNS, separator=";"):
        if not form.fullmatch(name):
            raise DataError(f"{shown(table)}: row {number}: {name!r} is no name of one of its pictures; get it again")
        if name in rows:
            raise DataError(f"{shown(table)}: row {number}: {name} stands there twice; take one out")
        sides = whole_numbers(table, number, ("Width", "Height"), (width, height), MAX_SIDE)
        rows[name] = (folder / name, label_of(table, number, label), min(sides))
    for path in pictures_beside(folder):
        require_file(path)
        if path.name not in rows:
            raise DataError(f"{shown(path)}: {table.name} does not name it; get both again, or remove it")
    missing = [path for path, _, _ in rows.values() if not path.exists()]
    if missing:
        many = f"{len(missing)} of the {len(rows)} pictures that {table.name} names are"
        raise DataError(f"{shown(missing[0])}: {many} missing, this one first; get them again")
    return list(rows.values())


def _signs(place: Path, rows: list[tuple[Path, int, int]], part: str) -> Signs:
    paths = [path for path, _, _ in rows]
    labels, sizes = (np.array([row[k] for row in rows], np.int64) for k in (1, 2))
    if part == "test":
        names, tracks = [path.name for path in paths], []
    else:
        tracks = [f"{label:02d}/{int(path.name.split('_')[0]):05d}" for path, label, _ in rows]
        names = [f"{label:02d}/{path.stem}" for path, label, _ in rows]

    def read(which: np.ndarray, image_size: int) -> np.ndarray:
        return read_pictures([paths[i] for i in which], image_size)

    return Signs(place, labels, tuple(names), tuple(tracks), sizes, read)
