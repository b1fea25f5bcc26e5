"""iChallenge-PM: fundus photographs, pathologic myopia (P = 1) or not (H high myopia, N normal = 0).

Layouts that are understood, below one folder:

* ``PALM-Training400/*.jpg`` or ``PALM-Training400/PALM-Training400/*.jpg``, ``PALM-Validation400/*.jpg`` and
  ``PALM-Validation-GT/`` with ``labels.csv`` or ``PM_Label_and_Fovea_Location.xlsx``, as the course unpacks them;
* AI Studio's ``training.zip`` (a zip in a zip), ``validation.zip`` and ``valid_gt.zip``;
* the whole PALM set as published in 2024 (doi:10.1038/s41597-024-02911-2): ``Training/Images/*.jpg``,
  ``Validation/Images/*.jpg``, ``Validation/Classification Labels.xlsx``; its ``Testing/`` is not touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from paddle_camp.data.finding.archives import unpack_near
from paddle_camp.data.finding.cache import default_cache_dir
from paddle_camp.data.finding.sources import DATASETS
from paddle_camp.data.finding.tables import read_table
from paddle_camp.data.image_set import ImageSet
from paddle_camp.data.pictures.class_folders import pictures_beside, shown
from paddle_camp.data.pictures.decoding import read_pictures
from paddle_camp.errors import DataError, one_line
from paddle_camp.preprocessing import FUNDUS

GROUPS = {"P": 1, "H": 0, "N": 0}  # the first letter of a training picture's name -> its label

TRAIN = ("PALM-Training400/PALM-Training400", "PALM-Training400", "Training/Images")
VALID = ("PALM-Validation400/PALM-Validation400", "PALM-Validation400", "Validation/Images")
TABLES = (
    "PALM-Validation-GT/labels.csv",
    "PALM-Validation-GT/PM_Label_and_Fovea_Location.xlsx",
    "Validation/Classification Labels.xlsx",
    "PM_Label_and_Fovea_Location.xlsx",
)


@dataclass(frozen=True)
class Layout:
    """Where the parts lie: two folders of pictures, and the table with the labels of the second."""

    train: Path
    valid: Path
    table: Path


def read_fundus(root: Path, part: str, image_size: int = 224, cache_dir: Path | None = None) -> ImageSet:
    """Read the training or the validation pictures.

    Args:
        root: the data set's folder, as :func:`paddle_camp.data.finding.sources.find` gives it.
        part: "train" or "valid".
        image_size: the side of the square pictures, pixels.
        cache_dir: where decoded pictures are kept; default $PADDLE_CAMP_CACHE or ``~/.cache/paddle_camp``.

    Returns:
        BGR pictures sorted by file name; ``groups`` holds P, H or N (validation: P or N, by the label). How large
        originals are shrunk, and what that changes: :func:`paddle_camp.data.pictures.decoding.decode`.

    Raises:
        DataError: a part is missing, pictures and labels do not fit together, or a file is damaged.
    """
    if part not in ("train", "valid"):
        raise ValueError(f"part is 'train' or 'valid', not {part!r}")
    layout = locate_fundus(Path(root), cache_dir)
    if part == "train":
        paths = pictures_beside(layout.train)
        groups = _groups_from_names(paths)
    else:
        paths = pictures_beside(layout.valid)
        labels = _match(paths, read_labels(layout.table), layout)
        groups = ["P" if label == 1 else "N" for label in labels]
    return ImageSet(
        images=read_pictures(paths, image_size, cache_dir),
        labels=np.array([GROUPS[group] for group in groups], np.int64),
        names=tuple(shown(path.name) for path in paths),
        groups=tuple(groups),
        kind=FUNDUS,
    )


def locate_fundus(root: Path, cache_dir: Path | None = None) -> Layout:
    """Find the three parts below ``root``, unpacking zips that are not unpacked yet.

    Raises:
        DataError: a part is missing, a folder is empty, or a zip is wrong or damaged.
    """
    cache_dir = cache_dir or default_cache_dir()
    train = _find(root, TRAIN) or _find_zipped(root, "training.zip", TRAIN, cache_dir)
    valid = _find(root, VALID) or _find_zipped(root, "validation.zip", VALID, cache_dir)
    table = _find(root, TABLES) or _find_zipped(root, "valid_gt.zip", TABLES, cache_dir)
    if train and valid and table:
        return Layout(train, valid, table)
    parts = {"PALM-Training400": train, "PALM-Validation400": valid, "PALM-Validation-GT": table}
    missing = [name for name, where in parts.items() if where is None]
    empty = [name for name in missing if (root / name).is_dir()]
    problem = f"{empty[0]} is empty or has other names in it" if empty else f"{' and '.join(missing)} missing"
    needed = "its table of labels" if missing == ["PALM-Validation-GT"] else "pictures or their zip"
    raise DataError(f"{root}: {problem}: {needed} not found; {DATASETS['ichallenge-pm'].how_to_get}")


def _find(root: Path, candidates: tuple[str, ...]) -> Path | None:
    """The first candidate that is a table, or a folder with pictures."""
    # Below root itself, inside the published PALM/ folder, or in the folder an "extract here" made of a zip's name.
    usual = [root, *(root / name for name in ("PALM", "training", "validation", "valid_gt"))]
    deeper = sorted(each for each in root.iterdir() if each.is_dir()) if root.is_dir() else []  # as some zips have it
    for base in (*usual, *deeper):
        for candidate in candidates:
            path = base / candidate
            if path.is_file() or (path.is_dir() and pictures_beside(path)):
                return path
    return None


def _find_zipped(root: Path, zip_name: str, candidates: tuple[str, ...], cache_dir: Path) -> Path | None:
    part = candidates[0].split("/")[0]  # PALM-Training400, PALM-Validation400, PALM-Validation-GT
    archive, own = root / zip_name, root / f"{part}.zip"
    if own.is_file() and not archive.is_file():  # as iChallenge names them
        base = unpack_near(own, cache_dir)
        if found := _find(base, (*candidates, *(Path(each).name for each in candidates), ".")):
            return found
        raise DataError(f"{own}: the wrong zip: it holds none of the files; download the right one")
    base = unpack_near(archive, cache_dir, part) if archive.is_file() else root
    if found := _find(base, candidates):
        return found
    inner = base / part / f"{part}.zip"
    if inner.is_file():
        unpacked = unpack_near(inner, cache_dir, ".jpg")  # holds PALM-Training400/*.jpg; copies of the set, *.jpg
        if found := (unpacked if pictures_beside(unpacked) else _find(unpacked, candidates)):
            return found
    if archive.is_file():
        raise DataError(f"{archive}: the wrong zip: its {part} holds none of the files; download the right one")
    return None


def _groups_from_names(paths: Sequence[Path]) -> list[str]:
    unknown = [path for path in paths if path.name[0] not in GROUPS]
    if unknown:
        raise DataError(
            f"{unknown[0]}: a training picture's name begins with P, H or N, which is its label; "
            f"{len(unknown)} of {len(paths)} here do not: rename or remove them"
        )
    return [path.name[0] for path in paths]


def read_labels(table: Path) -> dict[str, int]:
    """The labels of the validation pictures: file name -> 0 or 1.

    Raises:
        DataError: the table cannot be read, lacks imgName or Label, names a picture twice, or has another label.
    """
    labels: dict[str, int] = {}
    seen: set[str] = set()
    for row, (name, text) in read_table(table, ("imgName", "Label")):
        if text not in ("0", "1", "0.0", "1.0"):  # a spreadsheet may have stored a float
            raise DataError(
                f"{table}: row {row} ({one_line(name)}): the label is {one_line(text)!r}, not 0 or 1; correct the table"
            )
        if not name:
            raise DataError(f"{table}: row {row} names no picture; correct the table")
        if name.lower() in seen:
            raise DataError(f"{table}: row {row}: {one_line(name)} is listed twice; remove one of the rows")
        seen.add(name.lower())
        labels[name] = int(text[0])
    return labels


def _match(paths: Sequence[Path], labels: dict[str, int], layout: Layout) -> list[int]:
    """The labels in the order of the pictures; each picture has a label and each label its picture.

    Upper case and lower case are one: a camera writes V0001.JPG.
    """
    names: dict[str, Path] = {}
    for path in paths:
        if (other := names.setdefault(path.name.lower(), path)) is not path:
            raise DataError(
                f"{path}: {other.name} lies beside it, and {layout.table.name} has one row for both: remove one"
            )
    known = {name.lower(): label for name, label in labels.items()}
    missing = [name for name in labels if name.lower() not in names]
    if missing:
        raise DataError(
            f"{layout.valid / missing[0]}: missing, though {layout.table} lists it; {len(missing)} of {len(labels)} "
            "listed pictures are missing: unpack the validation pictures again"
        )
    unlabelled = [path for path in paths if path.name.lower() not in known]
    if unlabelled:
        raise DataError(
            f"{unlabelled[0]}: has no row in {layout.table}; {len(unlabelled)} of {len(paths)} pictures have none: "
            "remove them or complete the table"
        )
    return [known[path.name.lower()] for path in paths]
