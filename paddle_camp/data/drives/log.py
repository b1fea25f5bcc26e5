"""A drive's log as rows, before any picture is decoded: which pictures, which angles, which block of time."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from paddle_camp.data.finding.tables import is_finite
from paddle_camp.data.image_set import ImageSet
from paddle_camp.data.pictures.class_folders import require_file, shown
from paddle_camp.data.pictures.decoding import decode_full, read_pictures
from paddle_camp.errors import DataError, require
from paddle_camp.preprocessing import ROADS

Crop = tuple[float, float]  # shares of the height that are cut off at the top and at the bottom


@dataclass(frozen=True)
class Log:
    """Rows of a drive in the order of time.

    Attributes:
        table: the file that they stand in.
        paths: N picture files.
        angles: what the driver steered, -1 (left) to 1 (right), and its moving mean: float32 ``[N, 2]``.
        blocks: N names of blocks of time.
        sides: the picture files of the cameras on the left and on the right, each N or none.
    """

    table: Path
    paths: tuple[Path, ...]
    angles: np.ndarray
    blocks: tuple[str, ...]
    sides: tuple[tuple[Path, ...], tuple[Path, ...]] = ((), ())

    def __len__(self) -> int:
        return len(self.paths)

    def take(self, index: np.ndarray) -> Log:
        """The rows at ``index``, int64 ``[M]``."""

        def some(values: tuple) -> tuple:
            return tuple(values[i] for i in index) if values else ()

        left, right = map(some, self.sides)
        paths, blocks = some(self.paths), some(self.blocks)
        return replace(self, paths=paths, angles=self.angles[index], blocks=blocks, sides=(left, right))

    def images(self, crop: Crop) -> ImageSet:
        """The forward camera's pictures, with the angles as labels and the blocks as groups.

        Raises:
            DataError: files that are no whole pictures.
        """
        return _pictures(self.paths, self.angles, self.blocks, crop)

    def side_images(self, crop: Crop, correction: float) -> ImageSet | None:
        """The pictures of both side cameras, with angles that lead back; None where there are none.

        The camera on the left sees the road as from too far left: the angle for its picture is larger by
        ``correction``, and that for the right one is smaller.

        Raises:
            DataError: files that are no whole pictures.
        """
        if not self.sides[0]:
            return None
        angles = np.concatenate([self.angles + np.float32(correction), self.angles - np.float32(correction)])
        return _pictures((*self.sides[0], *self.sides[1]), np.clip(angles, -1, 1), self.blocks * 2, crop)


def _pictures(paths: Sequence[Path], angles: np.ndarray, blocks: Sequence[str], crop: Crop) -> ImageSet:
    for path in paths:
        require_file(path)
    options: dict[str, Any] = {
        "decoder": functools.partial(road_view, crop=crop),
        "width": ROADS.width,
        "variant": f" {crop}",
    }
    try:
        images = read_pictures(paths, ROADS.image_size, **options)
    except DataError as error:
        raise DataError(shown(str(error))) from None
    return ImageSet(images, angles, tuple(shown(path.name) for path in paths), tuple(blocks), ROADS)


def road_view(path: Path, image_size: int = ROADS.image_size, *, crop: Crop = (0.0, 0.0)) -> np.ndarray:
    """A picture as PilotNet sees it: cut off above and below, uint8 ``[image_size, 200, 3]``, BGR.

    Raises:
        DataError: the file is missing or no whole picture.
    """
    return squeezed(decode_full(path), crop, image_size)


def squeezed(image: np.ndarray, crop: Crop = (0.0, 0.0), height: int = ROADS.image_size) -> np.ndarray:
    """uint8 ``[H, W, 3]`` without the top and the bottom, as ``[height, 200, 3]``, whatever its proportions."""
    rows, width = len(image), ROADS.width or height
    part = image[round(crop[0] * rows) : max(round(crop[0] * rows) + 1, rows - round(crop[1] * rows))]
    shrinks = part.shape[0] >= height and part.shape[1] >= width
    return cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def check_crop(crop: Crop) -> None:
    """Refuse a crop that leaves less than a tenth of the picture."""
    top, bottom = crop
    require(min(crop) >= 0 and top + bottom <= 0.9, f"crop={top:g},{bottom:g}: give shares of the height, together 0.9")


def angle_of(table: Path, row: int, column: str, cell: str) -> float:
    """A cell as an angle.

    Raises:
        DataError: it is no number, or not from -1 to 1.
    """
    if not is_finite(cell):
        raise DataError(f"{shown(table)}: row {row}: {column} is {cell!r}, no angle from -1 to 1; correct the table")
    if not -1 <= float(cell) <= 1:
        raise DataError(f"{shown(table)}: row {row}: {column} is {cell}, beyond -1 to 1; correct the table")
    return float(cell)


def moving_mean(values: np.ndarray, blocks: Sequence[str], reach: int) -> np.ndarray:
    """The mean over ``reach`` rows before and behind each one, within its block; float64 ``[N]``."""
    result, names = np.empty(len(values)), np.array(blocks)
    for name in dict.fromkeys(blocks):
        own = np.flatnonzero(names == name)
        sums = np.concatenate([[0.0], np.cumsum(values[own], dtype=np.float64)])
        ends = np.minimum(np.arange(len(own)) + reach + 1, len(own))
        starts = np.maximum(np.arange(len(own)) - reach, 0)
        result[own] = (sums[ends] - sums[starts]) / (ends - starts)
    return result
