"""Tools to draw stand-ins with: masks of coordinates and random numbers, and colours laid over a canvas.

Lengths are in half widths of the picture: it spans -1..1 both ways, x to the right and y down. Colours are BGR, 0..255.
A canvas is float32 ``[3, S, S]`` (planes: a mask spreads over them fast), a mask float32 ``[S, S]`` from 0 to 1.
"""

from __future__ import annotations

import cv2
import numpy as np

Point = tuple[float, float] | np.ndarray  # (x, y)
Colour = tuple[float, float, float]


class Page:
    """The coordinates of every pixel, and the shapes (masks) that are made out of them and of random numbers.

    ``marked`` is a mask for whoever draws to remember what was drawn where; it begins empty.
    """

    def __init__(self, size: int, rng: np.random.Generator):
        self.size, self.rng = size, rng
        self.marked = np.zeros((size, size), np.float32)
        self.x = (np.arange(size, dtype=np.float32) + np.float32(0.5)) * np.float32(2 / size) - 1  # [S]: a row
        self.y = self.x[:, None]  # [S, 1]: a column

    def texture(self, cells: float) -> np.ndarray:
        """Noise with about ``cells`` cells in half a width."""
        count = round(2 * cells) + 1
        grid = self.rng.standard_normal((count, count), dtype=np.float32)
        return cv2.resize(grid, (self.size, self.size), interpolation=cv2.INTER_CUBIC)

    def distance(self, centre: Point, tall: float = 1.0) -> np.ndarray:
        """From ``centre``, with heights divided by ``tall``."""
        x, y = self.x - np.float32(centre[0]), (self.y - np.float32(centre[1])) / np.float32(tall)
        return np.sqrt(x * x + y * y)

    def glow(self, centre: Point, width: float, tall: float = 1.0) -> np.ndarray:
        """A round light that fades away: a Gaussian of deviation ``width``."""
        x = (self.x - np.float32(centre[0])) / np.float32(width)
        y = (self.y - np.float32(centre[1])) / np.float32(width * tall)
        return np.exp(-0.5 * x * x) * np.exp(-0.5 * y * y)

    def blob(self, centre: Point, radius: float, rough: float, soft: float, tall: float = 1.0) -> np.ndarray:
        """A patch; its outline wanders by about ``rough`` radii, its edge is ``soft`` radii wide."""
        edge = 1 - self.distance(centre, tall) / np.float32(radius)
        if rough:
            edge += np.float32(rough) * (self.texture(1.3 / radius) + np.float32(0.5) * self.texture(4 / radius))
        return 1 / (1 + np.exp(-np.clip(edge / np.float32(soft), -30, 30)))


def bgr(blue: float, green: float, red: float) -> np.ndarray:
    """One number a plane: float32 ``[3, 1, 1]``."""
    return np.array([blue, green, red], np.float32)[:, None, None]


def lay(canvas: np.ndarray, mask: np.ndarray, colour: Colour) -> None:
    """Cover ``canvas`` with ``colour`` where ``mask`` is 1, in place."""
    canvas += mask * (bgr(*colour) - canvas)


def absorb(canvas: np.ndarray, mask: np.ndarray, share: Colour) -> None:
    """Take the ``share`` of blue, green and red away where ``mask`` is 1, in place."""
    canvas *= 1 - mask * bgr(*share)
