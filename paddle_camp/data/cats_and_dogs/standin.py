"""The stand-in for cats and dogs: heads drawn by the program, with pointed or with hanging ears.

A network trained on them has learnt about these drawings and about nothing else; whoever shows a result says so. What
the classes differ in: the ears, always; the coat, mostly (85 % of the cats are striped, as many dogs have
patches). Size, place, turn, colours, background and light know nothing of the class, so no colour gives it away.
Lengths are in half widths of the picture, colours BGR, as in :mod:`paddle_camp.data.pictures.drawing`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from paddle_camp.data.finding.cache import cached_array, default_cache_dir
from paddle_camp.data.image_set import ImageSet
from paddle_camp.data.pictures.drawing import Colour, Page, bgr, lay
from paddle_camp.preprocessing import PICTURES

CLASSES = ("cat", "dog")
DRAWING = 1  # count up when a change to the drawing changes the pictures: they are then drawn again
SPLITS = {"train": 0, "valid": 1}
USUAL_COAT = 0.85  # the share of cats with stripes, and of dogs with patches
CIRCLE = np.stack([np.cos(np.linspace(0, 2 * np.pi, 48)), np.sin(np.linspace(0, 2 * np.pi, 48))], 1)


def draw_cats_and_dogs(part: str, count: int, image_size: int) -> ImageSet:
    """``count`` drawn pictures, a cat and a dog in turn; kept for the next time.

    Picture ``i`` of a part depends on (part, i, image_size) alone.

    Args:
        part: "train" or "valid".
        image_size: the side of the pictures, pixels.
    """
    shape = (count, 3, image_size, image_size)
    file = default_cache_dir() / f"standin-cats-and-dogs-{DRAWING}-{part}-{count}-{image_size}.npz"

    def draw_all() -> np.ndarray:
        images = np.empty(shape, np.uint8)
        for i in range(count):
            rng = np.random.default_rng([SPLITS[part], i])
            images[i] = draw_animal(CLASSES[i % 2], rng, image_size).transpose(2, 0, 1)
        return images

    images = cached_array(file, shape, draw_all)
    names = tuple(f"{part}/drawn-{CLASSES[i % 2]}.{i}" for i in range(count))
    return ImageSet(images, np.arange(count) % 2, names, kind=replace(PICTURES, classes=CLASSES, image_size=image_size))


@dataclass(frozen=True)
class Head:
    """Where a head lies: a point of the head, whose own radius is 1, is turned, scaled and moved."""

    centre: np.ndarray
    radius: float
    tilt: float
    tall: float

    def place(self, points: np.ndarray) -> np.ndarray:
        """``[K, 2]`` points of the head to points of the picture."""
        cos, sin = np.cos(self.tilt), np.sin(self.tilt)
        stretched = points * [self.radius, self.radius * self.tall]
        return self.centre + stretched @ np.array([[cos, sin], [-sin, cos]])


def draw_animal(kind: str, rng: np.random.Generator, size: int) -> np.ndarray:
    """One picture of a "cat" or a "dog": uint8 ``[size, size, 3]``, BGR."""
    page = Page(size, rng)
    canvas = _background(page)
    radius = rng.uniform(0.35, 0.62)
    head = Head(rng.uniform(radius - 1, 1 - radius, 2) * 0.8, radius, rng.uniform(-0.35, 0.35), rng.uniform(0.85, 1.15))
    fur = _colour_unlike(canvas.mean((1, 2)), rng)
    coat = _colour_unlike(np.array(fur), rng)
    usual = rng.random() < USUAL_COAT
    pattern = _stripes(page, head) if (kind == "cat") == usual else _patches(page, head)
    for ear in _ears(kind, rng):
        mask = _filled(size, head.place(ear))
        lay(canvas, mask, fur)
        lay(canvas, mask * np.float32(0.5), coat)
    face = _filled(size, head.place(CIRCLE))
    lay(canvas, face, fur)
    lay(canvas, face * pattern, coat)
    _features(canvas, head, rng)
    return _photograph(canvas, page)


def _ears(kind: str, rng: np.random.Generator) -> list[np.ndarray]:
    """Outlines ``[K, 2]``, left and right: triangles that stand up, or long drops that hang down; of about one area."""
    if kind == "cat":
        tip, reach = rng.uniform(1.55, 1.95), rng.uniform(0.6, 0.95)
        outline = np.array([(0.95, -0.3), (reach, -tip), (0.12, -0.95)])
    else:
        long, wide, lean = rng.uniform(0.6, 0.8), rng.uniform(0.27, 0.36), rng.uniform(-0.1, 0.35)
        turn = np.array([[np.cos(lean), -np.sin(lean)], [np.sin(lean), np.cos(lean)]])
        outline = np.array([1.0, 0.15]) + (CIRCLE * [wide, long]) @ turn
    return [outline, outline * [-1, 1]]


def _features(canvas: np.ndarray, head: Head, rng: np.random.Generator) -> None:
    """Eyes and a nose; nothing in them depends on the class."""
    dark = tuple(rng.uniform(0, 50, 3))
    apart, eye = rng.uniform(0.32, 0.45), rng.uniform(0.09, 0.15)
    for x in (-apart, apart):
        lay(canvas, _filled(canvas.shape[1], head.place(CIRCLE * eye + [x, -0.2])), dark)
    lay(canvas, _filled(canvas.shape[1], head.place(CIRCLE * [0.16, 0.11] + [0, 0.3])), dark)


def _stripes(page: Page, head: Head) -> np.ndarray:
    """Bands across the head, bent a little: a mask."""
    angle = head.tilt + page.rng.normal(0, 0.3)
    along = page.x * np.float32(np.cos(angle)) + page.y * np.float32(np.sin(angle))
    waves = along * np.float32(page.rng.uniform(9, 13) / head.radius) + np.float32(0.8) * page.texture(3)
    return np.clip(np.sin(waves) * 2 + 0.5, 0, 1)


def _patches(page: Page, head: Head) -> np.ndarray:
    """A few large spots: a mask that covers as much as the stripes do."""
    return np.clip(page.texture(1.6 / head.radius) * 3 + 0.5, 0, 1)


def _background(page: Page) -> np.ndarray:
    """Two colours that run into each other, and things that are no animals."""
    rng, size = page.rng, page.size
    canvas = np.ones((3, size, size), np.float32) * bgr(*rng.uniform(0, 255, 3))
    lay(canvas, np.clip(page.texture(rng.uniform(1, 3)) * 0.5 + 0.5, 0, 1), tuple(rng.uniform(0, 255, 3)))
    for _ in range(rng.integers(0, 3)):
        corners = CIRCLE if rng.random() < 0.5 else np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
        thing = Head(rng.uniform(-1, 1, 2), rng.uniform(0.1, 0.5), rng.uniform(0, np.pi), rng.uniform(0.4, 1.6))
        lay(canvas, _filled(size, thing.place(corners)), tuple(rng.uniform(0, 255, 3)))
    canvas += page.texture(12) * np.float32(rng.uniform(0, 12))
    return canvas


def _photograph(canvas: np.ndarray, page: Page) -> np.ndarray:
    """Light from one side, blur and noise."""
    rng = page.rng
    side = page.x * np.float32(rng.uniform(-0.3, 0.3)) + page.y * np.float32(rng.uniform(-0.3, 0.3))
    canvas *= (1 + side) * np.float32(rng.uniform(0.7, 1.15))
    picture = cv2.GaussianBlur(cv2.merge(list(canvas)), (0, 0), rng.uniform(0.2, 0.8) * page.size / 128 + 0.05)
    picture += rng.standard_normal(picture.shape, dtype=np.float32) * np.float32(rng.uniform(1, 8))
    return np.clip(picture + np.float32(0.5), 0, 255).astype(np.uint8)


def _colour_unlike(other: np.ndarray, rng: np.random.Generator) -> Colour:
    """A colour that can be told from ``other``."""
    while True:
        colour = rng.uniform(0, 255, 3)
        if np.abs(colour - other).sum() > 150:
            return tuple(colour)


def _filled(size: int, points: np.ndarray) -> np.ndarray:
    """A polygon of ``[K, 2]`` points as a mask with smooth edges."""
    mask = np.zeros((size, size), np.uint8)
    sixteenths = np.rint(((points + 1) * size / 2 - 0.5) * 16).astype(np.int32)
    cv2.fillPoly(mask, [sixteenths], 255, cv2.LINE_AA, 4)
    return mask.astype(np.float32) / 255
