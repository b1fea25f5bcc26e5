"""Dogs vs. Cats: 25,000 photographs of cats (label 0) and dogs (label 1), in any of the forms that they are found in.

Elson, Douceur, Howell and Saul, "Asirra: a CAPTCHA that exploits interest-aligned manual image categorization", 2007.
Layouts that are understood, below one folder:

* Kaggle's: ``train/cat.0.jpg``, ``train/dog.0.jpg``, ..., in one folder or two (``train/train/``), perhaps a ``valid/``
  of the same kind, and ``test1/1.jpg``, ..., without labels;
* Kaggle's zips ``train.zip`` and ``test1.zip``, or ``dogs-vs-cats.zip`` with both of them in it;
* class folders, ``cats/`` and ``dogs/`` (``Cat/``, ``dog/``, ...), by themselves or in ``train/`` and ``valid/``;
* fast.ai's ``dogscats/``, Google's ``cats_and_dogs_filtered/`` and Microsoft's ``PetImages/``, which have such folders,
  and their zips.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from paddle_camp.data.finding.archives import unpack_near
from paddle_camp.data.finding.sources import DATASETS
from paddle_camp.data.image_set import ImageSet
from paddle_camp.data.pictures.class_folders import (
    PARTS,
    classes_in,
    entries,
    folders_in,
    part_folders,
    pictures_beside,
    read_labelled,
    require_file,
    shown,
)
from paddle_camp.errors import DataError
from paddle_camp.preprocessing import PICTURES

CLASSES = ("cat", "dog")  # label 0 and 1
NAMES = {"cat": 0, "cats": 0, "猫": 0, "dog": 1, "dogs": 1, "狗": 1}  # of class folders, and what names begin with
WRAPPERS = ("dogs-vs-cats", "dogscats", "cats_and_dogs_filtered", "PetImages")  # folders that the zips are made of
BOTH = "dogs-vs-cats.zip"  # Kaggle's, with train.zip and test1.zip in it
# A zip -> a piece of a name that is in it.
ZIPS = {
    "train.zip": "cat",
    BOTH: "train.zip",
    "dogscats.zip": "cat",
    "cats_and_dogs_filtered.zip": "cat",
    "kagglecatsanddogs_*.zip": "cat",
}
UNLABELLED = ("test1", "test")
MAX_NESTING = 2  # zips in zips


@dataclass(frozen=True)
class Part:
    """Files of a part, not yet decoded: N ``paths`` below ``place``, with ``labels`` int64 ``[N]``."""

    place: Path
    paths: tuple[Path, ...]
    labels: np.ndarray

    def take(self, mask: np.ndarray) -> Part:
        """Those of bool ``[N]``, in their order."""
        rows = np.flatnonzero(mask)
        return Part(self.place, tuple(self.paths[row] for row in rows), self.labels[rows])

    def read(self, image_size: int) -> ImageSet:
        """The pictures: uint8 ``[N, 3, image_size, image_size]``, BGR, the whole of each squeezed into the square.

        Raises:
            DataError: files that are no whole pictures, or more than memory.
        """
        kind = replace(PICTURES, classes=CLASSES, image_size=image_size)
        return read_labelled(self.place, self.paths, self.labels, kind)


def locate_cats_and_dogs(root: Path, cache_dir: Path) -> dict[str, Part]:
    """ "train" and, where there is one, "valid" (else a labelled ``test/``) below ``root``; zips are unpacked once.

    Raises:
        DataError: no training pictures, a class that is missing or empty, names that are neither cats nor dogs, or a
            zip that is wrong, damaged or hostile.
    """
    places = _places(root, cache_dir)
    if "train" not in places:
        raise DataError(f"{shown(root)}: no pictures of cats and dogs in it; {DATASETS['dogs-vs-cats'].how_to_get}")
    reported = places.get("valid", places.get("test"))
    found = {"train": places["train"]} | ({"valid": reported} if reported else {})
    return {part: _labelled(place) for part, place in found.items()}


def find_unlabelled(root: Path, cache_dir: Path, depth: int = 0) -> list[Path]:
    """Kaggle's pictures without labels (``test1/`` or its zip), in the order of their numbers; maybe none."""
    for base in _bases(root):
        for folder in (base / name for name in UNLABELLED):
            if folder.is_dir() and not _is_labelled(folder):
                return sorted(pictures_beside(_inner(folder)), key=_number)
    for archive in _zips(root, (*(f"{name}.zip" for name in UNLABELLED), BOTH)):
        if depth < MAX_NESTING:
            unpacked = unpack_near(archive, cache_dir, "test" if archive.name == BOTH else ".jpg")
            return find_unlabelled(unpacked, cache_dir, depth + 1) or sorted(pictures_beside(unpacked), key=_number)
    return []


def _places(root: Path, cache_dir: Path, depth: int = 0) -> dict[str, Path]:
    """Part -> its folder; "test" only where it has labels."""
    places: dict[str, Path] = {}
    for base in _bases(root):
        places = _parts_in(base) | places
        if "train" in places:
            return places
    for archive in _zips(root, ZIPS):
        if depth < MAX_NESTING:
            expect = ZIPS.get(archive.name, "cat")
            return _places(unpack_near(archive, cache_dir, expect), cache_dir, depth + 1) | places
    return places


def _bases(root: Path) -> list[Path]:
    return [root, *(root / name for name in WRAPPERS if (root / name).is_dir())]


def _zips(root: Path, patterns: Sequence[str] | dict[str, str]) -> Iterator[Path]:
    return (path for pattern in patterns for path in sorted(root.glob(pattern)) if path.is_file())


def _parts_in(base: Path) -> dict[str, Path]:
    places = {part: _inner(folder) for part, folder in part_folders(base).items()}
    if "test" in places and not _is_labelled(places["test"]):
        del places["test"]
    if "train" in places and not entries(places["train"]):  # left empty beside train.zip, perhaps
        del places["train"]
    if "train" not in places and _is_labelled(base):
        places["train"] = base
    return places


def _inner(folder: Path) -> Path:
    """``train/train/`` for ``train/``, if that is all that it is a wrapping of."""
    inner = folder / folder.name
    return inner if inner.is_dir() and not pictures_beside(folder) else folder


def _is_labelled(place: Path) -> bool:
    """Whether something in it is named cat or dog: a class folder or a picture."""
    folders = any(folder.name.lower() in NAMES for folder in folders_in(place))
    return folders or any(_label_of(path) is not None for path in pictures_beside(place))


def _label_of(path: Path) -> int | None:
    """The label of ``cat.0.jpg``; None for a name of another form."""
    begins = re.match(rf"({'|'.join(NAMES)})(?![a-z])", path.name.lower())
    return NAMES[begins[1]] if begins else None


def _number(path: Path) -> tuple[int, str]:
    digits = re.search(r"\d{1,18}", path.stem)
    return int(digits[0]) if digits else 0, path.name


def _labelled(place: Path) -> Part:
    """What lies in the folder of a part, with its labels."""
    folders = [folder for folder in folders_in(place) if folder.name.lower() not in (*PARTS, *UNLABELLED)]
    loose = pictures_beside(place)
    if loose and not any(folder.name.lower() in NAMES for folder in folders):
        paths, labels = loose, _labels_from_names(loose)
    else:
        files = {name: each for name, each in classes_in(place).items() if place / name in folders}
        _check_folders(place, files)
        by_label = sorted((NAMES[name.lower()], each) for name, each in files.items())  # cats first in any language
        paths = [path for _, each in by_label for path in each]
        labels = [label for label, each in by_label for _ in each]
    for label, name in enumerate(CLASSES):
        if label not in labels:
            raise DataError(
                f"{shown(place)}: {len(paths):,} pictures, none of a {name}; both cats and dogs are needed: get the "
                "rest of them"
            )
    return Part(place, tuple(paths), np.array(labels, np.int64))


def _labels_from_names(paths: list[Path]) -> list[int]:
    labels = []
    for path in paths:
        require_file(path)
        label = _label_of(path)
        if label is None:
            unknown = sum(_label_of(each) is None for each in paths)
            raise DataError(
                f"{shown(path)}: a picture's name begins with cat or dog, which is its label; {unknown:,} of "
                f"{len(paths):,} here do not: rename or remove them"
            )
        labels.append(label)
    return labels


def _check_folders(place: Path, files: dict[str, list[Path]]) -> None:
    for name, each in files.items():
        if name.lower() not in NAMES:
            raise DataError(
                f"{shown(place / name)}: neither cats nor dogs; the folders are named cats and dogs: rename or remove "
                "it (load_folder reads pictures of any classes)"
            )
        if not each:
            raise DataError(f"{shown(place / name)}: no pictures in this class folder; fill or remove it")
