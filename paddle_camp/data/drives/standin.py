"""The stand-in for recorded drives: a driver on drawn roads, in blocks of time, by a camera that shakes.

A network trained on it has learnt about these drawings and about nothing else; whoever shows a result says so. As in a
real drive neighbouring pictures are much alike, so that a split by picture leaks; the driver's hand is unsteady, so
that the angles scatter about what the road asks for.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from paddle_camp.data.drives.log import moving_mean
from paddle_camp.data.drives.road import Road, draw_road, drive, view
from paddle_camp.data.finding.cache import cached_array, default_cache_dir
from paddle_camp.data.image_set import ImageSet
from paddle_camp.preprocessing import ROADS

DRAWING = 1  # count up when a change to the drawing changes the pictures: they are then drawn again
PARTS = {"train": 0, "valid": 1, "test": 2}
BLOCK = 40  # pictures in a block; each block is a drive of its own, on one of two roads
ROAD_SEEDS = (101, 102)
UNSTEADY = 0.1  # standard deviation of what the hand adds to the angle
ASIDE = 0.8  # metres from the middle to a side camera
WANDER = 0.5  # metres by which the driver is off the middle
GAIN = 2.5  # the angles of these wide bends, made as large as those of a toy car between walls
CAMERAS = ("centre", "left", "right")


def draw_drive(part: str, count: int, correction: float | None = None) -> tuple[ImageSet, ImageSet | None]:
    """``count`` pictures of the forward camera, and twice as many of the side cameras, whose angles lead back.

    Args:
        part: "train", "valid" or "test": they are of other drives.
        correction: added to the angle for the camera on the left, taken from it for the right one; None: there is the
            forward camera alone.
    """
    cameras = CAMERAS[:1] if correction is None else CAMERAS
    file = default_cache_dir() / f"standin-drive-{DRAWING}-{part}-{count}-{len(cameras)}.npz"
    images = cached_array(file, (len(cameras) * count, *ROADS.shape), lambda: _draw(part, count, len(cameras)))
    blocks = tuple(f"{part}-{i // BLOCK:02d}" for i in range(count))
    angles = _angles(part, count)
    pairs = np.stack([angles, moving_mean(angles, blocks, 2)], axis=1).astype(np.float32)
    names = [tuple(f"{camera}_{part}_{i:05d}.png" for i in range(count)) for camera in CAMERAS]
    centre = ImageSet(images[:count], pairs, names[0], blocks, ROADS)
    if correction is None:
        return centre, None
    sides = np.clip(np.concatenate([pairs + correction, pairs - correction]), -1, 1).astype(np.float32)
    return centre, ImageSet(images[count:], sides, names[1] + names[2], blocks * 2, ROADS)


def _blocks(part: str, count: int) -> Iterator[tuple[Road, int, int]]:
    """Of each block the road, the number of pictures and the seed of the drive."""
    for block, first in enumerate(range(0, count, BLOCK)):
        road = draw_road(ROAD_SEEDS[block % len(ROAD_SEEDS)])
        yield road, min(BLOCK, count - first), 1000 * PARTS[part] + block


def _draw(part: str, count: int, cameras: int) -> np.ndarray:
    seen: list[np.ndarray] = []
    for offset in (0.0, -ASIDE, ASIDE)[:cameras]:
        for road, size, seed in _blocks(part, count):
            seen += [view(road, car.aside(offset)) for car in drive(road, size, seed, WANDER)[0]]
    images = np.stack(seen)
    rng = np.random.default_rng([PARTS[part], 13])
    for picture in images:
        picture[:] = _photographed(picture, rng)
    return images


def _photographed(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blur, light and noise of a small camera; uint8 ``[3, H, W]`` in and out."""
    seen = cv2.GaussianBlur(picture.transpose(1, 2, 0), (0, 0), rng.uniform(0.4, 1.2)).astype(np.float32)
    seen = seen * np.float32(rng.uniform(0.4, 1.0)) + 4 * rng.standard_normal(seen.shape, np.float32)
    return np.clip(np.rint(seen), 0, 255).astype(np.uint8).transpose(2, 0, 1)


def _angles(part: str, count: int) -> np.ndarray:
    """What the driver's hand did: the angle that the road asks for, and noise; float32 ``[count]``."""
    wanted = np.concatenate([drive(road, size, seed, WANDER)[1] for road, size, seed in _blocks(part, count)])
    rng = np.random.default_rng([PARTS[part], 14])
    return np.clip(GAIN * wanted + UNSTEADY * rng.standard_normal(count), -1, 1).astype(np.float32)
