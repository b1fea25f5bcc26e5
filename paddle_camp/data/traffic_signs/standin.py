"""The stand-in for traffic signs: drawn boards in drawn scenes, in tracks of pictures that are much alike.

A network trained on them has learnt about these drawings and about nothing else; whoever shows a result says so. As in
the real set a track shows one sign, from far to near, in one light and before one background, so that a split by
picture leaks here too. Size, tilt, light, blur and background know nothing of the class.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from paddle_camp.data.finding.cache import cached_array, default_cache_dir
from paddle_camp.data.image_set import ImageSet
from paddle_camp.data.pictures.drawing import Page, bgr, lay
from paddle_camp.data.traffic_signs.plates import SIDE, draw_plate
from paddle_camp.preprocessing import SIGNS

DRAWING = 1  # count up when a change to the drawing changes the pictures: they are then drawn again
SPLITS = {"train": 0, "test": 1}
FRAMES = 5  # pictures of a training track
SMALLEST, LARGEST = 15, 90  # pixels of an original's side
CLASSES = len(SIGNS.classes)


def draw_signs(part: str, count: int, image_size: int) -> tuple[ImageSet, np.ndarray]:
    """``count`` drawn pictures, the classes in turn, and the sides of their originals, int64 ``[N]``; kept.

    Picture ``i`` of a part depends on (part, i, image_size) alone; those of a class follow each other in tracks of
    :data:`FRAMES`, each test picture is a track of its own.

    Args:
        part: "train" or "test".
        image_size: the side of the pictures, pixels.
    """
    shape = (count, 3, image_size, image_size)
    file = default_cache_dir() / f"standin-signs-{DRAWING}-{part}-{count}-{image_size}.npz"
    places = [_place(part, i) for i in range(count)]

    def draw_all() -> np.ndarray:
        images = np.empty(shape, np.uint8)
        for i, (label, track, frame) in enumerate(places):
            images[i] = draw_sign(label, [SPLITS[part], label, track], frame, image_size).transpose(2, 0, 1)
        return images

    images = cached_array(file, shape, draw_all)
    labels, train = np.array([label for label, _, _ in places], np.int64), part == "train"
    names = tuple(f"{part}/drawn-{label:02d}/{track:05d}_{frame:05d}" for label, track, frame in places)
    tracks = tuple(f"{label:02d}/{track:05d}" for label, track, _ in places) if train else ()
    sizes = np.array([side_of([SPLITS[part], label, track], frame) for label, track, frame in places], np.int64)
    return ImageSet(images, labels, names, tracks, replace(SIGNS, image_size=image_size)), sizes


def _place(part: str, index: int) -> tuple[int, int, int]:
    """(label, track, frame) of a picture; a test picture is some frame of a track of its own."""
    number, label = divmod(index, CLASSES)
    return (label, number, number % FRAMES) if part == "test" else (label, *divmod(number, FRAMES))


def side_of(track: list[int], frame: int) -> int:
    """The side of the original picture: a frame is larger than the one before."""
    rng = np.random.default_rng([*track, 1])
    far, near = np.sort(rng.uniform(np.log(SMALLEST), np.log(LARGEST), 2))
    return round(float(np.exp(far + (near - far) * frame / (FRAMES - 1))))


def draw_sign(label: int, track: list[int], frame: int, image_size: int) -> np.ndarray:
    """A sign in its scene: uint8 ``[image_size, image_size, 3]``, BGR.

    Args:
        track: the seed of everything that its pictures share; ``frame`` adds a little.
    """
    page, little = Page(64, np.random.default_rng(track)), np.random.default_rng([*track, 2, frame])
    canvas = _background(page)
    plate, outline = draw_plate(label)
    matrix = _view(page.rng, little)
    size, linear = (page.size, page.size), cv2.INTER_AREA
    board = cv2.warpAffine(plate, matrix, size, flags=linear, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    mask = cv2.warpAffine(outline, matrix, size, flags=linear).astype(np.float32) / 255
    faded = board.transpose(2, 0, 1) * np.float32(page.rng.uniform(0.75, 1.0)) + np.float32(page.rng.uniform(0, 25))
    canvas += mask * (faded - canvas)
    lit = canvas * np.float32(np.exp(page.rng.uniform(np.log(0.2), np.log(1.05))))
    picture = cv2.merge(list(lit))
    side = side_of(track, frame)
    small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA if side < page.size else cv2.INTER_LINEAR)
    small = cv2.GaussianBlur(small, (0, 0), little.uniform(0.2, 0.7) + 0.01 * side)
    small += little.standard_normal(small.shape, dtype=np.float32) * np.float32(page.rng.uniform(1, 8))
    pixels = np.clip(small + np.float32(0.5), 0, 255).astype(np.uint8)
    shrinks = side >= image_size
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cv2.resize(pixels, (image_size, image_size), interpolation=way)


def _view(shared: np.random.Generator, little: np.random.Generator) -> np.ndarray:
    """The affine map from the board to a scene of 64 pixels: size, tilt, a slant, and where it lies."""
    scale = shared.uniform(0.62, 0.85) * little.uniform(0.95, 1.05) * 64 / SIDE
    tilt = np.radians(shared.uniform(-10, 10) + little.uniform(-2, 2))
    turn = scale * np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    turn = turn @ np.array([[shared.uniform(0.85, 1.0), shared.uniform(-0.1, 0.1)], [0, 1]])
    middle = 31.5 + shared.uniform(-3, 3, 2) + little.uniform(-1, 1, 2)
    return np.column_stack([turn, middle - turn @ np.full(2, SIDE / 2 - 0.5)])


def _background(page: Page) -> np.ndarray:
    """Sky or houses or trees: two colours that run into each other, and something straight."""
    rng, size = page.rng, page.size
    canvas = np.ones((3, size, size), np.float32) * bgr(*rng.uniform(40, 255, 3))
    lay(canvas, np.clip(page.texture(rng.uniform(1, 4)) * 0.5 + 0.5, 0, 1), tuple(rng.uniform(20, 220, 3)))
    if rng.random() < 0.5:
        lay(canvas, (np.abs(page.x - rng.uniform(-1, 1)) < 0.1) * np.ones_like(page.y), tuple(rng.uniform(0, 160, 3)))
    return canvas
