"""Scaling by what was measured on the training set: each channel to mean 0 and standard deviation 1."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np


def channel_statistics(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each channel of uint8 ``[N, C, H, W]``, in units of the bytes: float32 ``[C]``."""
    channels = [images[:, c] for c in range(images.shape[1])]
    mean = np.array([channel.mean(dtype=np.float64) for channel in channels], np.float32)
    return mean, np.array([channel.std(dtype=np.float64) for channel in channels], np.float32)


def standardise(mean: np.ndarray, deviation: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """A scale for :class:`Batches` that brings each channel to mean 0 and standard deviation 1."""
    return functools.partial(_standardise, mean=mean[:, None, None], deviation=deviation[:, None, None])


def _standardise(images: np.ndarray, mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    return (images.astype(np.float32) - mean) / np.maximum(deviation, np.float32(1e-6))
