"""What came before networks: histograms of gradients and mean colours, and ridge regression on them."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import paddle_camp as camp
from paddle_camp.data.pictures.augment import Resize

SIDE, CELL = 32, 4  # pixels of a picture and of a cell of the histograms
DIRECTIONS = 9  # of a gradient, from 0 to 180 degrees: light to dark counts as dark to light
COLOURS = 4  # squares along a side, whose mean colours are features
PENALTY = 100.0  # of the squares of the weights; on standardised features


def features_of(images: np.ndarray) -> np.ndarray:
    """float64 ``[N, D]`` of uint8 ``[N, 3, H, W]``: histograms of gradients, mean colours of squares."""
    if images.shape[2:] != (SIDE, SIDE):
        images = Resize(SIDE)(images)
    pictures = images.astype(np.float64) / 255
    squares = pictures.reshape(len(images), 3, COLOURS, SIDE // COLOURS, COLOURS, SIDE // COLOURS).mean((3, 5))
    return np.concatenate([histograms(pictures).reshape(len(images), -1), squares.reshape(len(images), -1)], axis=1)


def histograms(pictures: np.ndarray) -> np.ndarray:
    """``[N, R, R, 4 x 9]`` of ``[N, 3, S, S]``: HOG (Dalal and Triggs, CVPR 2005), blocks of 2 x 2 cells.

    Of the three colours the strongest gradient counts; it is shared among the two nearest directions. A block's numbers
    are divided by their norm.
    """
    down, across = np.gradient(pictures, axis=(2, 3))
    strongest = (down**2 + across**2).argmax(axis=1)[:, None]
    down, across = (np.take_along_axis(each, strongest, axis=1)[:, 0] for each in (down, across))
    place = np.arctan2(down, across) % np.pi * DIRECTIONS / np.pi
    lower = np.floor(place).astype(int)
    strength, share = np.hypot(down, across), place - lower
    count, side = len(pictures), pictures.shape[-1] // CELL
    cells = np.zeros((count, side, side, DIRECTIONS))
    for direction in range(DIRECTIONS):
        near = (lower % DIRECTIONS == direction) * (1 - share) + ((lower + 1) % DIRECTIONS == direction) * share
        cells[..., direction] = (near * strength).reshape(count, side, CELL, side, CELL).sum(axis=(2, 4))
    corners = [cells[:, i : side - 1 + i, j : side - 1 + j] for i in (0, 1) for j in (0, 1)]
    blocks = np.concatenate(corners, axis=-1)
    return blocks / (np.linalg.norm(blocks, axis=-1, keepdims=True) + 1e-3)


def measure_baseline(splits: dict[str, tuple[camp.ImageSet, camp.ImageSet]]) -> dict[str, float]:
    """Name -> the accuracy on the second of two parts, after a fit to the first."""
    found = {}
    for name, (train, measured) in splits.items():
        model = make_pipeline(StandardScaler(), RidgeClassifier(PENALTY))
        model.fit(features_of(train.images), train.labels)
        found[name] = float(model.score(features_of(measured.images), measured.labels))
    return found
