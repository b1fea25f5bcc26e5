"""Decoded pixels of any kind as 8 bits a channel in OpenCV's order, a band of rows at a time.

A picture of 100 million pixels has 300 MB; what is computed for all of it at once would need them several times over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
import numpy as np
from PIL import Image

BAND = 1 << 22  # pixels that are converted at a time


def bgr_of(image: Image.Image) -> np.ndarray:
    """A Pillow picture as uint8 ``[H, W, 3]``, BGR, or ``[H, W, 4]``, BGRA, where parts of it are transparent.

    Of 16 bits the upper eight are taken.
    """
    if image.mode.startswith("I"):
        return _joined(image.size, 3, lambda top, end: cv2.cvtColor(_upper_bits(image, top, end), cv2.COLOR_GRAY2BGR))
    if image.has_transparency_data:
        opacity = (np.asarray(_band(image, *rows).convert("RGBA"))[:, :, 3].min() for rows in _bands(image.size))
        if min(opacity) < 255:
            return _joined(image.size, 4, lambda top, end: _converted(image, "RGBA", cv2.COLOR_RGBA2BGRA, top, end))
    return _joined(image.size, 3, lambda top, end: _converted(image, "RGB", cv2.COLOR_RGB2BGR, top, end))


def bgr_of_inks(inks: np.ndarray) -> np.ndarray:
    """uint8 ``[H, W, 4]``, CMYK as printers' programs write it into a JPEG, where 255 is no ink, as BGR."""

    def mixed(top: int, end: int) -> np.ndarray:
        rows = inks[top:end]
        return rows[:, :, 2::-1].astype(np.uint16) * rows[:, :, 3:] // 255

    return _joined(inks.shape[1::-1], 3, mixed)


def on_white(picture: np.ndarray) -> np.ndarray:
    """uint8 ``[H, W, 3]``, or ``[H, W, 4]`` laid on white paper, as ``[H, W, 3]``."""
    if picture.shape[2] == 3:
        return picture

    def laid(top: int, end: int) -> np.ndarray:
        alpha = picture[top:end, :, 3:].astype(np.uint16)
        return (picture[top:end, :, :3] * alpha + 255 * (255 - alpha) + 127) // 255

    return _joined(picture.shape[1::-1], 3, laid)


def _joined(size: tuple[int, ...], channels: int, rows: Callable[[int, int], np.ndarray]) -> np.ndarray:
    width, height = size
    found = np.empty((height, width, channels), np.uint8)
    for top, end in _bands(size):
        found[top:end] = rows(top, end)
    return found


def _bands(size: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """The first row of each band, and the one behind its last."""
    width, height = size
    step = max(1, BAND // width)
    return ((top, min(top + step, height)) for top in range(0, height, step))


def _band(image: Image.Image, top: int, end: int) -> Image.Image:
    return image.crop((0, top, image.width, end))


def _converted(image: Image.Image, mode: str, code: int, top: int, end: int) -> np.ndarray:
    return cv2.cvtColor(np.asarray(_band(image, top, end).convert(mode)), code)


def _upper_bits(image: Image.Image, top: int, end: int) -> np.ndarray:
    return (np.clip(np.asarray(_band(image, top, end)), 0, 65535) >> 8).astype(np.uint8)
