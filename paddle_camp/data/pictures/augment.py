"""Random changes to uint8 batches, for ``-o augment=true``; every draw comes from the generator that is given."""

from __future__ import annotations

import cv2
import numpy as np

MAX_DEGREES = 15.0


def flip_and_rotate(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Mirror each picture with probability 1/2 and turn it by up to 15 degrees either way about its centre.

    A mirrored right eye looks like a left one and a camera is never quite level, so neither changes the label.
    The corners that turn in are black, as the rim of a fundus picture is.

    Args:
        images: uint8 ``[B, C, H, W]``, C at most 4.
        rng: the only source of chance.

    Returns:
        A new uint8 ``[B, C, H, W]``.
    """
    mirror = rng.random(len(images)) < 0.5
    degrees = rng.uniform(-MAX_DEGREES, MAX_DEGREES, len(images))
    result = np.empty_like(images)
    for index, image in enumerate(images):
        height, width = image.shape[1:]
        turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees[index], 1.0)
        upright = image[:, :, ::-1] if mirror[index] else image
        turned = cv2.warpAffine(np.ascontiguousarray(upright.transpose(1, 2, 0)), turn, (width, height))
        result[index] = turned.reshape(height, width, -1).transpose(2, 0, 1)
    return result
