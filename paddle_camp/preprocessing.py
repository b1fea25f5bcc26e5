"""What becomes of a picture before a network sees it: stated once, for training, prediction, tests and benchmarks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


def scale_to_unit(images: np.ndarray) -> np.ndarray:
    """uint8 0..255 to float32 -1..1, the course's ``(x / 255 - 0.5) / 0.5``."""
    return images.astype(np.float32) / np.float32(127.5) - np.float32(1.0)


def scale_to_one(images: np.ndarray) -> np.ndarray:
    """uint8 0..255 to float32 0..1, the course's ``x / 255`` for digits."""
    return images.astype(np.float32) / np.float32(255)


@dataclass(frozen=True)
class PictureKind:
    """The pictures that a network is made for: their classes, their shape and how their bytes become its inputs.

    ``classes`` are the class names in the order of the labels, empty where each data set has its own. ``scale`` turns
    uint8 ``[N, in_channels, image_size, image_size]`` into the float32 inputs of the same shape.
    """

    name: str
    classes: tuple[str, ...]
    in_channels: int
    image_size: int
    scale: Callable[[np.ndarray], np.ndarray]

    @property
    def shape(self) -> tuple[int, int, int]:
        """One picture: (channels, height, width)."""
        return self.in_channels, self.image_size, self.image_size


DIGITS = PictureKind("digits", tuple("0123456789"), 1, 28, scale_to_one)
FUNDUS = PictureKind("fundus", ("not PM", "PM"), 3, 224, scale_to_unit)
PICTURES = PictureKind("pictures", (), 3, 224, scale_to_unit)  # any folder of pictures
