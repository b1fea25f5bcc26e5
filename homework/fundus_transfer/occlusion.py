"""Where a network looks: a square of the picture is covered, and what it says is asked again (Zeiler and Fergus, 2014).

No gradient and no layer is needed: anything that gives log-odds for pictures can be asked.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

BLACK = 24  # of 255: a pixel with no channel above it


def places(length: int, patch: int, stride: int) -> list[int]:
    """Where the squares begin along one side: every ``stride`` pixels, and at the far edge."""
    last = max(0, length - patch)
    return sorted({*range(0, last + 1, stride), last})


def occlusion_map(odds: Callable[[np.ndarray], np.ndarray], image: np.ndarray, patch: int, stride: int) -> np.ndarray:
    """How much each place speaks for class 1: float ``[H, W]``, in units of log-odds.

    A square has the log-odds of the whole picture less those with the square covered by the picture's mean colour; a
    pixel has the mean of the squares that it lies in. What is black is not the eye: it stays so, and has no part in
    the mean.

    Args:
        odds: log-odds of class 1, ``[N]``, of pictures uint8 ``[N, C, H, W]``.
        image: uint8 ``[C, H, W]``.
        patch: side of the square, pixels; ``stride``: from one square to the next.
    """
    height, width = image.shape[1:]
    corners = [(top, left) for top in places(height, patch, stride) for left in places(width, patch, stride)]
    covered = np.repeat(image[np.newaxis], len(corners), axis=0)
    seen = image.max(axis=0) > BLACK
    mean = image[:, seen].mean(axis=1).round() if seen.any() else np.zeros(len(image))
    cover = np.where(seen, mean[:, np.newaxis, np.newaxis], image).astype(np.uint8)
    for picture, (top, left) in zip(covered, corners, strict=True):
        square = np.s_[:, top : top + patch, left : left + patch]
        picture[square] = cover[square]
    lost = odds(image[np.newaxis])[0] - odds(covered)
    total, times = np.zeros((height, width)), np.zeros((height, width))
    for value, (top, left) in zip(lost, corners, strict=True):
        total[top : top + patch, left : left + patch] += value
        times[top : top + patch, left : left + patch] += 1
    return total / times


def painted(image: np.ndarray, found: np.ndarray) -> np.ndarray:
    """A BGR picture, uint8 ``[3, H, W]``, red where it speaks for class 1, blue where it speaks against it."""
    strength = np.abs(found) / max(float(np.abs(found).max()), 1e-12)
    colour = np.where(found[..., None] > 0, (30, 30, 230), (230, 80, 30))
    share = 0.65 * strength[..., None]
    grey = cv2.cvtColor(np.ascontiguousarray(image.transpose(1, 2, 0)), cv2.COLOR_BGR2GRAY)[..., None]
    return ((1 - share) * grey + share * colour).round().astype(np.uint8).transpose(2, 0, 1)
