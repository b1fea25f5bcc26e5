"""Readers of one's own pictures, with the preprocessing of the training data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from paddle_camp.data.pictures.decoding import decode, fit_square
from paddle_camp.data.pictures.own_digit import prepare_digit
from paddle_camp.data.pictures.warp import variations
from paddle_camp.data.scaling import scale_to_one, scale_to_unit
from paddle_camp.errors import DataError
from paddle_camp.predicting.kinds import DIGITS, FUNDUS

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff")  # of the files in a folder that are read


@dataclass(frozen=True)
class PictureReader:
    """The preprocessing of one kind of pictures.

    Attributes:
        classes: their names, in the order of a network's outputs.
        image_size: the usual side of the pictures, pixels.
        prepare: a file and the side of the square result, pixels -> uint8 ``[C, H, W]``.
        scale: uint8 ``[B, C, H, W]`` -> float32, as in training.
        variations: uint8 ``[B, C, H, W]`` -> a list of such arrays for test-time augmentation, the unchanged pictures
            among them.
    """

    classes: tuple[str, ...]
    in_channels: int
    image_size: int
    prepare: Callable[[Path, int], np.ndarray]
    scale: Callable[[np.ndarray], np.ndarray]
    variations: Callable[[np.ndarray], list[np.ndarray]]

    def read(self, path: Path, image_size: int) -> np.ndarray:
        """One picture as uint8 ``[in_channels, image_size, image_size]``.

        Raises:
            DataError: the file is missing or not a complete picture.
        """
        try:
            return self.prepare(path, image_size)
        except OSError as error:
            raise DataError(f"{path}: cannot be read ({error.strerror}); name a picture file") from None
        except cv2.error as error:  # for example more pixels than OpenCV accepts
            raise DataError(f"{path}: OpenCV cannot decode it ({error.err}); save it anew, smaller") from None


def pictures_at(place: Path) -> list[Path]:
    """The picture files in a folder, sorted by name; any other path is returned as it is.

    Raises:
        DataError: the folder has no pictures, or cannot be read.
    """
    if not place.is_dir():
        return [place]
    try:
        found = sorted(p for p in place.iterdir() if p.suffix.lower() in SUFFIXES and p.name[0] != ".")
    except OSError as error:
        raise DataError(f"{place}: cannot be read ({error.strerror}); check its rights") from None
    if not found:
        raise DataError(f"{place}: no pictures in this folder (names that end in {' '.join(SUFFIXES)})")
    return found


def read_all(
    places: Iterable[str], reader: PictureReader, image_size: int, fail: Callable[[DataError], object]
) -> Iterator[tuple[Path, np.ndarray]]:
    """Each picture at ``places`` (files and folders): its path, and uint8 ``[C, H, W]``.

    Args:
        fail: is called with the error of each picture that cannot be read; the others are still read.
    """
    for place in places:
        try:
            paths = pictures_at(Path(place))
        except DataError as error:
            fail(error)
            continue
        for path in paths:
            try:
                image = reader.read(path, image_size)
            except DataError as error:
                fail(error)
            else:
                yield path, image


def _digit(path: Path, image_size: int) -> np.ndarray:
    return prepare_digit(path)["28 x 28"][None]


def _fundus(path: Path, image_size: int) -> np.ndarray:
    """As in training for a JPEG; other formats, which training never sees, are decoded at full size."""
    data = path.read_bytes()
    if data.startswith(b"\xff\xd8"):
        image = decode(path, image_size)
    else:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
        if image is None:
            raise DataError(f"{path}: is no picture that OpenCV can decode; save it as JPEG or PNG")
        image = fit_square(image, image_size)
    return image.transpose(2, 0, 1)


def _with_mirror_image(images: np.ndarray) -> list[np.ndarray]:
    return [images, np.ascontiguousarray(images[..., ::-1])]


READERS = {
    DIGITS: PictureReader(
        classes=tuple("0123456789"),
        in_channels=1,
        image_size=28,
        prepare=_digit,
        scale=scale_to_one,
        variations=variations,
    ),
    FUNDUS: PictureReader(
        classes=("not PM", "PM"),
        in_channels=3,
        image_size=224,
        prepare=_fundus,
        scale=scale_to_unit,
        variations=_with_mirror_image,
    ),
}
