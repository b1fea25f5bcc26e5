"""What only fundus pictures need to be drawn: the choroid's stripes, branching vessels, and a fundus camera.

Lengths are in field radii, as in :mod:`paddle_camp.data.pictures.drawing`; a field fills the picture.
"""

from __future__ import annotations

import cv2
import numpy as np

from paddle_camp.data.pictures.drawing import Page, Point, bgr


def choroid_stripes(page: Page, centre: Point) -> np.ndarray:
    """Winding bands that fan out from ``centre`` and join, as choroidal vessels do."""
    grid = page.rng.standard_normal((64, 64), dtype=np.float32)  # 64 cells round ``centre``: no seam
    turn = np.arctan2(page.y - np.float32(centre[1]), page.x - np.float32(centre[0])) * np.float32(32 / np.pi)
    turn += np.float32(1.3) * page.texture(5)
    reach = np.log(page.distance(centre) + np.float32(0.3)) * np.float32(7) + np.float32(0.3) * page.texture(9)
    fan = cv2.remap(grid, turn + 32, reach + 32, cv2.INTER_CUBIC, borderMode=cv2.BORDER_WRAP)
    weave = np.exp(-np.square(page.texture(12) * np.float32(2.5)))
    return np.clip(np.exp(-np.square(fan * np.float32(2.2))) + np.float32(0.5) * weave - np.float32(0.15), 0, 1)


def draw_vessel(
    mask: np.ndarray,
    rng: np.random.Generator,
    start: Point,
    heading: float,
    bend: float,
    length: float,
    width: float,
    depth: int,
) -> None:
    """A random walk of ``length`` with a lasting ``bend`` (radians per unit), thinning as it sheds branches."""
    step = 0.04
    scale = mask.shape[0] / 2  # pixels in a field radius
    count = max(3, round(length / step))
    headings = heading + np.cumsum(rng.normal(bend * step, 0.11, count))
    points = np.empty((count + 1, 2))
    points[0] = start
    np.cumsum(step * np.cos(headings), out=points[1:, 0])
    np.cumsum(step * np.sin(headings), out=points[1:, 1])
    points[1:] += points[0]
    pixels = ((points + 1) * scale).astype(np.int32)
    for first in range(0, count, 8):
        thick = width * (1 - 0.65 * first / count) * scale
        cv2.polylines(mask, [pixels[first : first + 9]], False, 255, max(1, round(thick)))
    if depth == 0:
        return
    for at in np.flatnonzero(rng.random(count) < 0.08):
        side = 1 if rng.random() < 0.5 else -1
        rest = length * (1 - at / count) * rng.uniform(0.4, 0.9)
        angle = headings[at] + side * rng.uniform(0.35, 0.8)
        thin = width * (1 - 0.65 * at / count) * 0.6
        draw_vessel(mask, rng, points[at + 1], angle, -side * rng.uniform(0, 0.8), rest, thin, depth - 1)


def photograph(canvas: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What a camera makes of the retina: tint, exposure, haze, blur, noise and the round field of view.

    Args:
        canvas: float32 ``[3, S, S]``, planes blue, green, red; it is used up.

    Returns:
        uint8 ``[S, S, 3]`` BGR.
    """
    size = canvas.shape[1]
    canvas *= bgr(rng.uniform(0.5, 1.3), rng.uniform(0.88, 1.08), rng.uniform(0.92, 1.1)) * rng.uniform(0.8, 1.25)
    picture = cv2.merge(list(canvas))
    if rng.random() < 0.15:  # a clouded lens: a veil of scattered light
        veil = cv2.GaussianBlur(picture, (0, 0), 0.12 * size) + np.float32(12)
        picture += np.float32(rng.uniform(0.25, 0.65)) * (veil - picture)
    picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.25, 0.75) * size / 224 + 0.05)
    picture += rng.standard_normal(picture.shape, dtype=np.float32) * np.float32(rng.uniform(0.5, 4))
    rim = rng.uniform(0.975, 1.01) - Page(size, rng).distance(rng.normal(0, 0.006, 2))
    field = np.clip(rim * np.float32(size / 3) + np.float32(0.5), 0, 1)
    return np.clip(picture * cv2.merge([field] * 3) + np.float32(0.5), 0, 255).astype(np.uint8)
