"""Heat maps laid over pictures: where a classifier sees what it says."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import matplotlib
import numpy as np
from matplotlib.figure import Figure

from paddle_camp.plots.language import words
from paddle_camp.plots.pictures import picture_grid

STRENGTH, DIMMED = 0.75, 0.6  # of the colour where a map is highest; of the picture's light, so that colours show
COLUMNS = 8  # pictures side by side
SMALLEST = 96  # pixels: smaller pictures are enlarged before the smooth map is laid over them


def colour_pictures(images: np.ndarray) -> np.ndarray:
    """uint8 ``[N, 1 or 3, H, W]`` as ``[N, 3, H, W]``."""
    return np.repeat(images, 3, axis=1) if images.shape[1] == 1 else images


def stretched(heat: np.ndarray, height: int, width: int) -> np.ndarray:
    """A map ``[h, w]`` of 0 or more as float32 ``[height, width]``, divided by its highest; an empty one stays 0."""
    top = max(float(heat.max()), 1e-12)
    return np.clip(cv2.resize((heat / top).astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR), 0, 1)


def enlarged(images: np.ndarray) -> np.ndarray:
    """Pictures ``[..., H, W]`` by the smallest whole factor that makes the longer side :data:`SMALLEST` or more."""
    factor = max(1, -(-SMALLEST // max(images.shape[-2:])))
    return images.repeat(factor, axis=-2).repeat(factor, axis=-1)


def overlay(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """A picture in dim grey with a map over it, from dark purple over red to yellow where it is highest.

    Args:
        image: uint8 ``[1 or 3, H, W]``, BGR.
        heat: ``[h, w]``, 0 or more; scaled to its highest place.

    Returns:
        uint8 ``[3, H, W]``, BGR; a small picture is enlarged by a whole factor.
    """
    image = enlarged(image)
    strength = stretched(heat, *image.shape[1:])
    colours = matplotlib.colormaps["inferno"](strength)[..., 2::-1] * 255  # BGR
    last = np.ascontiguousarray(colour_pictures(image[None])[0].transpose(1, 2, 0))
    grey = cv2.cvtColor(last, cv2.COLOR_BGR2GRAY)[..., None]
    share = STRENGTH * strength[..., None]
    return ((1 - share) * DIMMED * grey + share * colours).round().astype(np.uint8).transpose(2, 0, 1)


def explanation_figure(
    images: np.ndarray,
    maps: np.ndarray | None,
    captions: Sequence[str],
    marked: Sequence[bool] | np.ndarray,
    *,
    title: str | None = None,
    subtitle: str | None = None,
) -> Figure:
    """Pictures, and below each the same with its map.

    Args:
        images: uint8 ``[N, 1 or 3, H, W]``, BGR.
        maps: ``[N, h, w]``, each scaled to its highest place; None: the pictures alone.
        captions, marked: N, as for :func:`~paddle_camp.plots.pictures.picture_grid`.
    """
    columns = max(1, min(COLUMNS, len(images)))
    title = title or words("What speaks for the class", "网络依据图片的哪里")
    if maps is None:
        return picture_grid(images, captions, marked, columns=columns, title=title, subtitle=subtitle)
    shown, texts, frames = [], [], []
    for start in range(0, len(images), columns):
        places = range(start, min(start + columns, len(images)))
        room = columns - len(places)
        over = [overlay(images[i], maps[i]) for i in places]
        blank = [np.full_like(over[0], 255)] * room
        factor = over[0].shape[1] // images.shape[2]
        rows = [colour_pictures(images[i][None])[0].repeat(factor, axis=1).repeat(factor, axis=2) for i in places]
        shown += [*rows, *blank, *over, *blank]
        texts += [*(captions[i] for i in places), *[""] * (columns + room)]
        frames += [*(bool(marked[i]) for i in places), *[False] * (columns + room)]
    return picture_grid(np.stack(shown), texts, frames, columns=columns, title=title, subtitle=subtitle)
