"""Random changes to pictures of a road that change the angle with them, for ``Batches(augment_pairs=...)``."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from paddle_camp.errors import require


@dataclass(frozen=True)
class RoadChanges:
    """Mirror, shift, blur and light of each picture, drawn uniformly; every draw comes from the generator.

    A mirrored road is steered the other way: the angle changes its sign. A picture shifted to the right is that of a
    car further left, which steers more to the right: the angle grows by ``angle_per_width`` times the shift (Bojarski
    et al., arXiv:1604.07316, section 5). What comes in from outside continues the edge.

    Attributes:
        mirror: whether every second picture is mirrored.
        shift, lift: up to so much of the width, and of the height.
        angle_per_width: by how much the angle grows when the picture moves by its width.
        light: the logarithm of the brightness changes by up to so much.
        blur: standard deviation of the blur, up to so many pixels; every second picture is blurred.
    """

    mirror: bool = True
    shift: float = 0.1
    lift: float = 0.06
    angle_per_width: float = 0.0
    light: float = 0.4
    blur: float = 0.0

    def __post_init__(self) -> None:
        for name in ("shift", "lift"):
            require(0 <= getattr(self, name) < 1, f"{name}={getattr(self, name)}: give a share, from 0 to below 1")
        for name in ("light", "blur"):
            require(getattr(self, name) >= 0, f"{name}={getattr(self, name)}: must not be negative")

    def __call__(
        self, images: np.ndarray, angles: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """uint8 ``[B, C, H, W]`` and float32 ``[B]`` or ``[B, K]`` to new ones."""
        count, (height, width) = len(images), images.shape[2:]
        turned = rng.random(count) < (0.5 if self.mirror else 0.0)
        shifts = rng.uniform(-self.shift, self.shift, count)
        lifts = rng.uniform(-self.lift, self.lift, count)
        factors = np.exp(rng.uniform(-self.light, self.light, count))
        blurs = np.maximum(0, rng.uniform(-self.blur, self.blur, count))
        result = np.empty_like(images)
        for index, image in enumerate(images):
            picture = cv2.merge([np.ascontiguousarray(plane) for plane in image])
            picture = cv2.flip(picture, 1) if turned[index] else picture
            if self.shift or self.lift:
                move = np.array([[1, 0, shifts[index] * width], [0, 1, lifts[index] * height]])
                picture = cv2.warpAffine(picture, move, (width, height), borderMode=cv2.BORDER_REPLICATE)
            if blurs[index] > 0.2:  # less is none
                picture = cv2.GaussianBlur(picture, (0, 0), blurs[index])
            result[index] = cv2.split(cv2.convertScaleAbs(picture, alpha=factors[index]))
        each = (count,) + (1,) * (angles.ndim - 1)
        signs, moved = np.where(turned, -1.0, 1.0).reshape(each), shifts.reshape(each)
        return result, (angles * signs + self.angle_per_width * moved).astype(angles.dtype)
