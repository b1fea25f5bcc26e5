"""Derivatives by differences: what a derivative that was worked out by hand is checked against."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def central_differences(function: Callable[[], float], values: np.ndarray, step: float) -> np.ndarray:
    """The gradient of ``function()`` with respect to an array that it reads: (f(v + step) - f(v - step)) / (2 step).

    The error falls with the square of ``step`` until rounding, which grows with 1 / ``step``, takes over.

    Args:
        function: called twice for every entry.
        values: floating-point, of any shape; changed in place for each call, and afterwards as it was.

    Returns:
        float64, of the shape of ``values``.
    """
    gradient = np.zeros(values.shape)
    for place in np.ndindex(values.shape):
        kept = values[place]
        try:
            for sign in (1, -1):
                values[place] = kept + sign * step
                gradient[place] += sign * function() / (2 * step)
        finally:
            values[place] = kept
    return gradient
