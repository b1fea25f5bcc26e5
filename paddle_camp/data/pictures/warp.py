"""Random changes of shape for small pictures, such as digits and signs: a whole batch is warped in one call."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np

BORDER = 2  # black pixels around each picture of the strip, so that none reads its neighbour's
MAX_ROWS = 30_000  # cv2.remap takes at most 32,767 rows


@dataclass(frozen=True)
class RandomWarp:
    """Turn, stretch, slant, shift and bend each picture at random; what comes in from outside is black, or the edge's.

    Affine distortions as in LeCun et al., Proceedings of the IEEE, 1998; elastic ones after Simard, Steinkraus and
    Platt, ICDAR 2003, with the smooth random field drawn as a coarse grid of shifts, interpolated by cubics.

    Attributes:
        degrees: turned by up to so much either way.
        stretch: height and width, each on its own, change by up to this share.
        slant: horizontal shear of up to this.
        shift: up to so many pixels in each direction.
        bend: standard deviation of the shifts of the grid's points, in pixels; 0 bends nothing.
        grid: points of the grid along a side; more points bend finer.
        edge: what comes in from outside continues the picture's edge: for photographs, whose rim is not black.
    """

    degrees: float = 10.0
    stretch: float = 0.1
    slant: float = 0.15
    shift: float = 2.0
    bend: float = 0.6
    grid: int = 5
    edge: bool = False

    def __call__(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """uint8 ``[B, C, H, W]`` to a new one; every draw comes from ``rng``."""
        count, _, height, width = images.shape
        return warp(images, self._sources(count, height, width, rng), self.edge)

    def _sources(self, count: int, height: int, width: int, rng: np.random.Generator) -> np.ndarray:
        """For each pixel of each new picture where it is read from: float32 ``[B, 2, H, W]``, (column, row)."""
        matrices = affine_matrices(
            np.radians(rng.uniform(-self.degrees, self.degrees, count)),
            1 + rng.uniform(-self.stretch, self.stretch, (count, 2)),
            rng.uniform(-self.slant, self.slant, count),
        )
        shifts = rng.uniform(-self.shift, self.shift, (count, 2))
        sources = affine_sources(matrices, shifts, height, width)
        if self.bend:
            points = rng.normal(0, self.bend, (count, 2, self.grid, self.grid)).astype(np.float32)
            sources += _cubics(height, self.grid) @ points @ _cubics(width, self.grid).T
        return sources


def affine_matrices(radians: np.ndarray, stretch: np.ndarray, slant: np.ndarray) -> np.ndarray:
    """``[B]`` turns, ``[B, 2]`` factors (column, row) and ``[B]`` slants to matrices ``[B, 2, 2]``."""
    cos, sin = np.cos(radians), np.sin(radians)
    turn = np.stack([np.stack([cos, -sin], -1), np.stack([sin, cos], -1)], 1)
    shear = np.zeros_like(turn)
    shear[:, 0, 0], shear[:, 1, 1], shear[:, 0, 1] = stretch[:, 0], stretch[:, 1], slant
    return turn @ shear


def affine_sources(matrices: np.ndarray, shifts: np.ndarray, height: int, width: int) -> np.ndarray:
    """Where each pixel is read from under ``[B, 2, 2]`` about the picture's centre, then ``[B, 2]`` shifts.

    Returns:
        float32 ``[B, 2, H, W]``, (column, row).
    """
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    places = np.stack([axis.ravel() for axis in np.meshgrid(np.arange(width), np.arange(height))]) - middle[:, None]
    sources = matrices.astype(np.float32) @ places.astype(np.float32) + (middle + shifts).astype(np.float32)[..., None]
    return sources.reshape(-1, 2, height, width)


def warp(images: np.ndarray, sources: np.ndarray, edge: bool = False) -> np.ndarray:
    """Read each picture at ``sources`` (float32 ``[B, 2, H, W]``), bilinear: uint8 ``[B, C, H, W]`` in and out.

    Args:
        edge: what lies outside of a picture is its nearest pixel; else black.
    """
    count, channels, height, width = images.shape
    at_once = MAX_ROWS // (height + 2 * BORDER)
    if count > at_once:
        parts = [slice(i, i + at_once) for i in range(0, count, at_once)]
        return np.concatenate([warp(images[part], sources[part], edge) for part in parts])
    padded = np.zeros((count, height + 2 * BORDER, width + 2 * BORDER, channels), np.uint8)
    padded[:, BORDER:-BORDER, BORDER:-BORDER] = images.transpose(0, 2, 3, 1)
    strip = padded.reshape(-1, width + 2 * BORDER, channels)
    outside = 0 if edge else 1  # pixels from the edge: -1 and `width` are black already
    columns = np.clip(sources[:, 0], -outside, width - 1 + outside) + BORDER
    rows = np.clip(sources[:, 1], -outside, height - 1 + outside) + BORDER
    rows = rows + np.arange(count, dtype=np.float32)[:, None, None] * (height + 2 * BORDER)
    result = cv2.remap(strip, columns.reshape(-1, width), rows.reshape(-1, width), cv2.INTER_LINEAR)
    return np.ascontiguousarray(result.reshape(count, height, width, channels).transpose(0, 3, 1, 2))


@functools.cache
def _cubics(size: int, points: int) -> np.ndarray:
    """Weights ``[size, points]`` that spread the values of a coarse grid over ``size`` pixels."""
    return cv2.resize(np.eye(points, dtype=np.float32), (points, size), interpolation=cv2.INTER_CUBIC)


def variations(images: np.ndarray, edge: bool = False) -> list[np.ndarray]:
    """The same pictures a little otherwise, to average a network's answers over: test-time augmentation.

    As they are, turned by 8 degrees either way, and a tenth larger and smaller: five arrays like ``images``, uint8
    ``[B, C, H, W]``. ``edge`` as for :func:`warp`.
    """
    height, width = images.shape[2:]
    changes = [(0.0, 1.0), (8.0, 1.0), (-8.0, 1.0), (0.0, 1 / 1.1), (0.0, 1.1)]  # degrees, how far apart to read
    varied = []
    for degrees, stretch in changes:
        matrix = affine_matrices(np.radians([degrees]), np.full((1, 2), stretch), np.zeros(1))
        sources = affine_sources(matrix, np.zeros((1, 2)), height, width)
        varied.append(warp(images, np.repeat(sources, len(images), axis=0), edge))
    return varied
