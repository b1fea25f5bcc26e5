"""Random changes to uint8 batches; every draw comes from the generator that is given.

Each is called with ``(images, rng)``: images uint8 ``[B, C, H, W]``, C at most 4; rng is the only source of chance. It
gives a new uint8 batch and leaves its input as it was. Names, ranges and distributions are torchvision's; several are
chained by :class:`Compose`, and :class:`~paddle_camp.data.batches.Batches` takes any of them as ``augment``::

    augment = Compose([RandomResizedCrop(128, scale=(0.55, 1.0)), RandomHorizontalFlip(), RandomRotation(10)])

Pictures that are measured with are not changed at random: :class:`Resize` or :class:`CenterCrop` brings them to the
size of the crops.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from paddle_camp.errors import require

MAX_DEGREES = 15.0
PADDING = {"constant": cv2.BORDER_CONSTANT, "reflect": cv2.BORDER_REFLECT_101}
ATTEMPTS = 10  # torchvision's: how many boxes are drawn before the whole picture is taken

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Compose:
    """One change after the other.

    Attributes:
        transforms: called in this order, all with the same generator.
    """

    transforms: Sequence[Change]

    def __post_init__(self) -> None:
        object.__setattr__(self, "transforms", tuple(self.transforms))

    def __call__(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        for transform in self.transforms:
            images = transform(images, rng)
        return images


def mirror(images: np.ndarray) -> np.ndarray:
    """All pictures of ``[B, C, H, W]``, left for right."""
    return np.ascontiguousarray(images[..., ::-1])


@dataclass(frozen=True)
class RandomHorizontalFlip:
    """Mirror each picture, left for right, with probability ``p``."""

    p: float = 0.5

    def __post_init__(self) -> None:
        require(0 <= self.p <= 1, f"p={self.p}: give a probability, from 0 to 1")

    def __call__(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        mirror = rng.random(len(images)) < self.p
        result = images.copy()
        result[mirror] = images[mirror][..., ::-1]
        return result


@dataclass(frozen=True)
class RandomRotation:
    """Turn each picture about its centre, by up to ``degrees`` either way, uniformly drawn; bilinear.

    Attributes:
        padding_mode: what the corners that turn in are: "constant", black; or "reflect", the picture mirrored at its
            rim, so that no black corner tells how far it was turned.
    """

    degrees: float
    padding_mode: str = "constant"

    def __post_init__(self) -> None:
        require(0 <= self.degrees <= 180, f"degrees={self.degrees}: give the largest angle, from 0 to 180")
        require(
            self.padding_mode in PADDING, f"padding_mode={self.padding_mode!r}: there are {', '.join(sorted(PADDING))}"
        )

    def __call__(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        degrees = rng.uniform(-self.degrees, self.degrees, len(images))
        height, width = images.shape[2:]
        centre = ((width - 1) / 2, (height - 1) / 2)
        result = np.empty_like(images)
        for index, image in enumerate(images):
            turn = cv2.getRotationMatrix2D(centre, degrees[index], 1.0)
            turned = cv2.warpAffine(_channels_last(image), turn, (width, height), borderMode=PADDING[self.padding_mode])
            result[index] = cv2.split(turned)
        return result


@dataclass(frozen=True)
class RandomBrightness:
    """Multiply each picture by a factor drawn uniformly from ``1 - change`` to ``1 + change``; 255 is the most.

    torchvision's ``ColorJitter(brightness=change)``.
    """

    change: float

    def __post_init__(self) -> None:
        require(0 <= self.change <= 1, f"change={self.change}: give a share of the brightness, from 0 to 1")

    def __call__(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        factors = rng.uniform(1 - self.change, 1 + self.change, len(images))
        result = np.empty_like(images)
        for index, image in enumerate(images):
            brighter = cv2.convertScaleAbs(image.reshape(len(image), -1), alpha=factors[index])  # rounds and saturates
            result[index] = brighter.reshape(image.shape)
        return result


@dataclass(frozen=True)
class RandomResizedCrop:
    """Cut a box of random area, shape and place out of each picture and bring it to ``size`` x ``size`` pixels.

    Szegedy et al., "Going deeper with convolutions", 2015, section 6; distributions as in torchvision. The area is a
    uniformly drawn share of the picture's, the ratio of width to height is drawn log-uniformly, the place uniformly. A
    box that does not fit into the picture is drawn again, ten times at most; then the largest middle part of an allowed
    ratio is taken, of a square picture all.

    Attributes:
        size: the side of the result, pixels; from pictures that are larger than it the crops come out sharper.
        scale: least and largest share of the area.
        ratio: least and largest width / height.
    """

    size: int
    scale: tuple[float, float] = (0.08, 1.0)
    ratio: tuple[float, float] = (3 / 4, 4 / 3)

    def __post_init__(self) -> None:
        _require_size(self.size)
        low, high = self.scale
        require(0 < low <= high <= 1, f"scale={self.scale}: give the least and the largest share, above 0 and up to 1")
        low, high = self.ratio
        require(0 < low <= high, f"ratio={self.ratio}: give the least and the largest width / height, above 0")

    def __call__(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        result = np.empty((*images.shape[:2], self.size, self.size), np.uint8)
        rows, columns = images.shape[2:]
        for index, (top, left, height, width) in enumerate(self.boxes(len(images), rows, columns, rng)):
            result[index] = _squared(images[index, :, top : top + height, left : left + width], self.size)
        return result

    def boxes(self, count: int, height: int, width: int, rng: np.random.Generator) -> np.ndarray:
        """The boxes for ``count`` pictures of this size, in pixels: int64 ``[B, 4]``, (top, left, height, width)."""
        areas = height * width * rng.uniform(*self.scale, (count, ATTEMPTS))
        ratios = np.exp(rng.uniform(math.log(self.ratio[0]), math.log(self.ratio[1]), (count, ATTEMPTS)))
        sides = np.rint(np.sqrt([areas / ratios, areas * ratios])).astype(np.int64)  # [2, B, ATTEMPTS]
        fits = (sides > 0).all(0) & (sides[0] <= height) & (sides[1] <= width)
        first = fits.argmax(1)
        heights, widths = sides[:, np.arange(count), first]
        none_fits = ~fits.any(1)
        heights[none_fits], widths[none_fits] = self._largest(height, width)
        tops, lefts = rng.integers(0, height - heights + 1), rng.integers(0, width - widths + 1)
        tops[none_fits], lefts[none_fits] = ((height - heights) // 2)[none_fits], ((width - widths) // 2)[none_fits]
        return np.stack([tops, lefts, heights, widths], 1)

    def _largest(self, height: int, width: int) -> tuple[int, int]:
        low, high = self.ratio
        return max(1, min(height, round(width / low))), max(1, min(width, round(height * high)))


@dataclass(frozen=True)
class Resize:
    """The whole picture at ``size`` x ``size`` pixels; nothing is drawn, ``rng`` may be left out."""

    size: int

    def __post_init__(self) -> None:
        _require_size(self.size)

    def __call__(self, images: np.ndarray, rng: np.random.Generator | None = None) -> np.ndarray:
        result = np.empty((*images.shape[:2], self.size, self.size), np.uint8)
        for index, image in enumerate(images):
            result[index] = _squared(image, self.size)
        return result


@dataclass(frozen=True)
class CenterCrop:
    """The middle ``size`` x ``size`` pixels; nothing is drawn, ``rng`` may be left out."""

    size: int

    def __post_init__(self) -> None:
        _require_size(self.size)

    def __call__(self, images: np.ndarray, rng: np.random.Generator | None = None) -> np.ndarray:
        height, width = images.shape[2:]
        require(self.size <= min(height, width), f"size={self.size}: the pictures have {height} x {width} pixels")
        top, left = (height - self.size) // 2, (width - self.size) // 2
        return images[:, :, top : top + self.size, left : left + self.size].copy()


_FLIP_AND_ROTATE = Compose([RandomHorizontalFlip(), RandomRotation(MAX_DEGREES)])


def flip_and_rotate(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Mirror each picture with probability 1/2 and turn it by up to 15 degrees either way about its centre.

    A mirrored right eye looks like a left one and a camera is never quite level, so neither changes the label.
    The corners that turn in are black, as the rim of a fundus picture is.
    """
    return _FLIP_AND_ROTATE(images, rng)


def _require_size(size: int) -> None:
    require(size >= 1, f"size={size}: give the side of the result in pixels")


def _channels_last(image: np.ndarray) -> np.ndarray:
    """uint8 ``[C, H, W]`` to ``[H, W, C]``, or ``[H, W]`` for one channel: many times as fast as numpy does."""
    return cv2.merge([np.ascontiguousarray(plane) for plane in image])


def _squared(image: np.ndarray, size: int) -> np.ndarray:
    """uint8 ``[C, H, W]`` to ``[C, size, size]``: bilinear, or averaged where bilinear would pass over pixels."""
    shrinks_by_half = min(image.shape[1:]) >= 2 * size
    interpolation = cv2.INTER_AREA if shrinks_by_half else cv2.INTER_LINEAR
    return np.stack(cv2.split(cv2.resize(_channels_last(image), (size, size), interpolation=interpolation)))
