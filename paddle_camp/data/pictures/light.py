"""Random changes of light, and parts that are hidden, for uint8 batches; called as those of :mod:`augment`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from paddle_camp.errors import require


@dataclass(frozen=True)
class RandomLight:
    """Light as the weather gives it: one side in the shade, a tint, and over- or underexposed.

    A pixel x from 0 to 1 becomes (x (1 + s) t) ^ g: s grows from one side of the picture to the other in a direction
    that is drawn, t is a factor for each channel, g the same for the whole picture. The gamma curve is that of cameras.

    Attributes:
        p: share of the pictures that are changed.
        slope: s is up to this at the two sides.
        tint: t differs from 1 by up to this.
        gamma: the logarithm of g is up to this, either way.
    """

    p: float = 0.5
    slope: float = 0.5
    tint: float = 0.15
    gamma: float = 0.4

    def __post_init__(self) -> None:
        require(0 <= self.p <= 1, f"p={self.p}: give a probability, from 0 to 1")
        for name in ("slope", "tint"):
            value = getattr(self, name)
            require(0 <= value <= 1, f"{name}={value}: give a share of the brightness, from 0 to 1")
        require(self.gamma >= 0, f"gamma={self.gamma}: give the largest logarithm of the exponent, 0 or more")

    def __call__(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        chosen = np.flatnonzero(rng.random(len(images)) < self.p)
        channels, height, width = images.shape[1:]
        rows, columns = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
        result = images.copy()
        for index in chosen:
            towards = rng.uniform(0, 2 * math.pi)
            slope = rng.uniform(0, self.slope) * (math.cos(towards) * columns + math.sin(towards) * rows)
            tint = rng.uniform(1 - self.tint, 1 + self.tint, (channels, 1, 1))
            lit = np.clip(images[index] / 255 * (1 + slope) * tint, 0, 1)
            result[index] = np.rint(255 * lit ** math.exp(rng.uniform(-self.gamma, self.gamma)))
        return result


@dataclass(frozen=True)
class RandomExposure:
    """Under- and overexposed: each picture times a factor; what becomes lighter than 255 is white, without colour.

    Attributes:
        p: share of the pictures that are changed.
        scale: least and largest factor; its logarithm is drawn.
    """

    p: float = 0.5
    scale: tuple[float, float] = (0.75, 2.2)

    def __post_init__(self) -> None:
        require(0 <= self.p <= 1, f"p={self.p}: give a probability, from 0 to 1")
        low, high = self.scale
        require(0 < low <= high, f"scale={self.scale}: give the least and the largest factor, above 0")

    def __call__(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        low, high = (math.log(each) for each in self.scale)
        factors = np.where(rng.random(len(images)) < self.p, np.exp(rng.uniform(low, high, len(images))), 1)
        return np.rint(np.minimum(images * factors[:, None, None, None], 255)).astype(np.uint8)


@dataclass(frozen=True)
class RandomSaturation:
    """Paler or stronger colours: each pixel's channels towards their mean or away from it, by one factor for a picture.

    Attributes:
        p: share of the pictures that are changed.
        scale: least and largest factor; 0 is grey, 1 the picture as it is.
    """

    p: float = 0.5
    scale: tuple[float, float] = (0.5, 1.2)

    def __post_init__(self) -> None:
        require(0 <= self.p <= 1, f"p={self.p}: give a probability, from 0 to 1")
        low, high = self.scale
        require(0 <= low <= high, f"scale={self.scale}: give the least and the largest factor, 0 or more")

    def __call__(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        factors = np.where(rng.random(len(images)) < self.p, rng.uniform(*self.scale, len(images)), 1)
        grey = images.mean(axis=1, keepdims=True)
        changed = grey + (images - grey) * factors[:, None, None, None]
        return np.rint(np.clip(changed, 0, 255)).astype(np.uint8)


@dataclass(frozen=True)
class RandomErasing:
    """Hide a box of each picture under one random colour: no part of a thing may be all that tells it.

    Zhong et al., "Random Erasing Data Augmentation", AAAI 2020, arXiv:1708.04896; names and distributions as in
    torchvision, but that a side that reaches out of the picture is as long as the picture's.

    Attributes:
        p: share of the pictures that are changed.
        scale: least and largest share of the area.
        ratio: least and largest height / width.
    """

    p: float = 0.5
    scale: tuple[float, float] = (0.02, 0.33)
    ratio: tuple[float, float] = (0.3, 3.3)

    def __post_init__(self) -> None:
        require(0 <= self.p <= 1, f"p={self.p}: give a probability, from 0 to 1")
        low, high = self.scale
        require(0 < low <= high <= 1, f"scale={self.scale}: give the least and the largest share, above 0 and up to 1")
        low, high = self.ratio
        require(0 < low <= high, f"ratio={self.ratio}: give the least and the largest height / width, above 0")

    def __call__(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        chosen = np.flatnonzero(rng.random(len(images)) < self.p)
        channels, height, width = images.shape[1:]
        result = images.copy()
        for index in chosen:
            area = height * width * rng.uniform(*self.scale)
            ratio = math.exp(rng.uniform(math.log(self.ratio[0]), math.log(self.ratio[1])))
            rows = min(height, max(1, round(math.sqrt(area * ratio))))
            columns = min(width, max(1, round(math.sqrt(area / ratio))))
            top, left = rng.integers(height - rows + 1), rng.integers(width - columns + 1)
            colour = rng.integers(0, 256, (channels, 1, 1), np.uint8)
            result[index, :, top : top + rows, left : left + columns] = colour
        return result
