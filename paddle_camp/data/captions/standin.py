"""The stand-in for captioned photographs: one or two drawn shapes, and five generated captions of each picture.

A network trained on them has learnt about these drawings and about nothing else; whoever shows a result says so. As in
the real set the captions of a picture say more or less of the same things in other words.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from paddle_camp.data.captions.captioned import CaptionedPictures
from paddle_camp.data.finding.cache import cached_array, default_cache_dir

DRAWING = 1  # count up when a change to the drawing changes the pictures: they are then drawn again
SPLITS = {"train": 0, "valid": 1, "test": 2}
CAPTIONS = 5  # of a picture
CORNERS = {"triangle": (3, 1.0), "square": (4, 1.0), "star": (10, 0.45), "circle": (60, 1.0)}  # and the inner radius
COLOURS = {  # BGR
    "red": (40, 40, 215),
    "green": (60, 160, 50),
    "blue": (205, 90, 35),
    "yellow": (50, 215, 240),
    "purple": (160, 50, 120),
    "orange": (30, 130, 245),
}
GROUNDS = {"white": (245, 245, 245), "grey": (150, 150, 150), "black": (25, 25, 25), "pink": (205, 190, 250)}
SIZES = {"small": 0.13, "large": 0.24}  # radii, in widths of the picture
PLACES = {"above": (0, -1), "below": (0, 1), "left of": (-1, 0), "right of": (1, 0)}  # of the first shape


@dataclass(frozen=True)
class Shape:
    """What is drawn, in words."""

    size: str
    colour: str
    form: str


def draw_captioned(part: str, count: int, image_size: int) -> CaptionedPictures:
    """``count`` drawn pictures with their captions; the pictures are kept.

    Picture ``i`` of a part, and its captions, depend on (part, i, image_size) alone.

    Args:
        part: "train", "valid" or "test".
        image_size: the side of the pictures, pixels.
    """
    shape = (count, 3, image_size, image_size)
    file = default_cache_dir() / f"standin-captions-{DRAWING}-{part}-{count}-{image_size}.npz"

    def draw_all() -> np.ndarray:
        images = np.empty(shape, np.uint8)
        for i in range(count):
            images[i] = _draw(np.random.default_rng([SPLITS[part], i]), image_size).transpose(2, 0, 1)
        return images

    captions = [_captions(np.random.default_rng([SPLITS[part], i])) for i in range(count)]
    names = [f"drawn-{part}-{i:05d}.jpg" for i in range(count)]
    return CaptionedPictures.of(cached_array(file, shape, draw_all), names, captions)


def _scene(rng: np.random.Generator) -> tuple[list[Shape], str, str]:
    """One or two shapes, where the first is from the second, and the colour of the ground."""
    shapes = [
        Shape(*(str(rng.choice(list(words))) for words in (SIZES, COLOURS, CORNERS)))
        for _ in range(int(rng.integers(1, 3)))
    ]
    return shapes, str(rng.choice(list(PLACES))), str(rng.choice(list(GROUNDS)))


def _draw(rng: np.random.Generator, image_size: int) -> np.ndarray:
    """A picture, uint8 ``[S, S, 3]``, BGR."""
    shapes, place, ground = _scene(rng)
    canvas = np.full((image_size, image_size, 3), GROUNDS[ground], np.uint8)
    aside = np.array(PLACES[place]) * (0.24 if len(shapes) > 1 else 0)
    for shape, middle in zip(shapes, (0.5 + aside, 0.5 - aside), strict=False):
        count, inner = CORNERS[shape.form]
        angles = rng.uniform(-0.2, 0.2) + 2 * np.pi * np.arange(count) / count
        angles += np.pi / 4 if shape.form == "square" else -np.pi / 2
        radii = SIZES[shape.size] * rng.uniform(0.9, 1.1) * np.where(np.arange(count) % 2, inner, 1.0)
        points = middle + rng.uniform(-0.03, 0.03, 2) + radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], 1)
        cv2.fillPoly(canvas, [np.rint(points * image_size).astype(np.int32)], COLOURS[shape.colour], cv2.LINE_AA)
    noisy = canvas + rng.normal(0, 6, canvas.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def _captions(rng: np.random.Generator) -> list[str]:
    """Five captions, in the form of the real ones: a full stop stands by itself."""
    shapes, place, ground = _scene(rng)
    full = [f"a {shape.size} {shape.colour} {shape.form}" for shape in shapes]
    brief = [f"a {shape.colour} {shape.form}" for shape in shapes]
    if len(shapes) == 1:
        texts = [
            f"{full[0]} on a {ground} background",
            f"{brief[0]} on a {ground} background",
            f"there is {brief[0]} in the middle of the picture",
            f"{full[0]} is alone on a {ground} ground",
            f"a single {shapes[0].form} that is {shapes[0].size} and {shapes[0].colour}",
        ]
    else:
        where = place if place in ("above", "below") else f"to the {place}"
        texts = [
            f"{full[0]} {where} {full[1]}",
            f"{brief[0]} is {where} {brief[1]} on a {ground} background",
            f"{brief[0]} and {brief[1]}",
            f"two shapes on a {ground} ground , {brief[0]} and {brief[1]}",
            f"{brief[0]} {where} {full[1]}",
        ]
    order = rng.permutation(CAPTIONS)
    return [f"{texts[i].capitalize()} ." for i in order]
