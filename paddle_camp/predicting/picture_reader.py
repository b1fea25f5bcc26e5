"""Readers of one's own pictures, with the preprocessing of the training data."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np

from paddle_camp.data.drives.log import Crop, road_view
from paddle_camp.data.pictures.augment import mirror
from paddle_camp.data.pictures.class_folders import entries, is_picture
from paddle_camp.data.pictures.decoding import decode
from paddle_camp.data.pictures.own_digit import prepare_digits
from paddle_camp.data.pictures.warp import variations
from paddle_camp.errors import DataError, SettingError, require
from paddle_camp.predicting.inputs import Fail
from paddle_camp.preprocessing import (
    DIGITS,
    FUNDUS,
    PICTURES,
    PICTURES_CAFFE,
    PICTURES_IMAGENET,
    PICTURES_LITE,
    ROADS,
    SIGNS,
    PictureKind,
)


@dataclass(frozen=True)
class PictureReader:
    """How files become the pictures of a kind.

    Attributes:
        prepare: a file and the side of the square result, pixels -> what is pictured, uint8 ``[C, H, W]`` each, as in
            training: the picture itself, or the digits on it.
        variations: uint8 ``[B, C, H, W]`` -> a list of such arrays for test-time augmentation, the unchanged pictures
            among them.
    """

    kind: PictureKind
    prepare: Callable[[Path, int], list[np.ndarray]]
    variations: Callable[[np.ndarray], list[np.ndarray]]


def pictures_at(place: Path, recursive: bool, fail: Fail) -> list[Path]:
    """The pictures in a folder, whatever they are called, sorted by name, 9 before 10; any other path stays as it is.

    Args:
        recursive: those in the folders in it, too; otherwise each of these is told to ``fail``.

    Raises:
        DataError: the folder has no pictures, or cannot be read.
    """
    if not place.is_dir():
        return [place]
    found: list[Path] = []
    for path in _below(place) if recursive else _in_order(place):
        if is_picture(path):
            found.append(path)
        elif path.is_dir():
            fail(DataError(f"{path}: a folder, whose pictures are not read; --recursive reads them too"))
    if not found:
        raise DataError(f"{place}: no pictures in this folder")
    return found


def _in_order(folder: Path) -> list[Path]:
    """What is in a folder, by name, numbers as long as each other: so are a drive's pictures in the order of time."""

    def parts(path: Path) -> list[str]:
        return [part.zfill(20) if part.isdigit() else part for part in re.split(r"([0-9]+)", path.name)]

    return sorted(entries(folder), key=lambda path: (parts(path), path.name))


def _below(folder: Path) -> Iterator[Path]:
    """The files in a folder and in the folders in it; links to folders are not followed."""
    for path in _in_order(folder):
        if not path.is_dir():
            yield path
        elif not path.is_symlink():
            yield from _below(path)


@dataclass(frozen=True)
class PictureInputs:
    """Pictures of a network: square ones of ``image_size`` pixels; with ``recursive``, also of folders in folders."""

    name: ClassVar[str] = "pictures"
    reader: PictureReader
    image_size: int
    recursive: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one picture: channels, height, width."""
        return replace(self.reader.kind, image_size=self.image_size).shape

    def samples(self, places: Iterable[str], texts: Iterable[str], fail: Fail) -> Iterator[tuple[str, np.ndarray]]:
        """Each picture at ``places`` (files and folders): its path, and uint8 ``[C, H, W]``.

        Of several digits on a picture each is called by its number, too, from left to right.
        """
        require(not list(texts), "--text: this network takes pictures; name a picture file")
        for place in places:
            try:
                paths = pictures_at(Path(place), self.recursive, fail)
            except DataError as error:
                fail(error)
                continue
            for path in paths:
                try:
                    images = self.reader.prepare(path, self.image_size)
                except DataError as error:
                    fail(error)
                    continue
                for number, image in enumerate(images, start=1):
                    yield (str(path) if len(images) == 1 else f"{path}, digit {number}"), image

    def arrays(self, samples: Sequence[np.ndarray], variations: bool = False) -> list[np.ndarray]:
        """Scaled pictures, float32 ``[N, C, H, W]``; with ``variations``, those of the reader."""
        images = np.stack(samples)
        return [self.reader.kind.scale(each) for each in (self.reader.variations(images) if variations else [images])]


def _digits(path: Path, image_size: int) -> list[np.ndarray]:
    return [steps["28 x 28"][None] for steps in prepare_digits(path)]


def _colour(path: Path, image_size: int) -> list[np.ndarray]:
    return [decode(path, image_size).transpose(2, 0, 1)]


def _road(path: Path, image_size: int, crop: Crop = (0.0, 0.0)) -> list[np.ndarray]:
    return [road_view(path, image_size, crop=crop).transpose(2, 0, 1)]


def _no_variations(images: np.ndarray) -> list[np.ndarray]:
    raise SettingError("--tta: a network for roads takes the mirror image, steered the other way, by itself")


def _with_mirror_image(images: np.ndarray) -> list[np.ndarray]:
    return [images, mirror(images)]


READERS = {
    reader.kind.name: reader
    for reader in (
        PictureReader(DIGITS, _digits, variations),
        PictureReader(FUNDUS, _colour, _with_mirror_image),
        # Of a sign no mirror image: "turn left" would become "turn right".
        PictureReader(SIGNS, _colour, partial(variations, edge=True)),
        PictureReader(ROADS, _road, _no_variations),
        PictureReader(PICTURES, _colour, _with_mirror_image),
        PictureReader(PICTURES_LITE, _colour, _with_mirror_image),
        PictureReader(PICTURES_IMAGENET, _colour, _with_mirror_image),
        PictureReader(PICTURES_CAFFE, _colour, _with_mirror_image),
    )
}
