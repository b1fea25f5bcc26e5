"""What noise alone does to a row of numbers, or to two of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from paddle_camp.comparisons import LEVEL


def falls(values: ArrayLike) -> bool:
    """Whether a line through numbers in their order falls, beyond their noise (linear regression, one-sided)."""
    series = np.asarray(values, np.float64)
    if len(series) < 3:
        return False  # two points lie on a line, whatever the noise
    return bool(stats.linregress(np.arange(len(series)), series, alternative="less").pvalue <= 1 - LEVEL)


def smallest_difference(deviation: float) -> float:
    """The difference from which two numbers can be told apart, each measured with this standard deviation."""
    return float(stats.norm.ppf((1 + LEVEL) / 2) * np.sqrt(2) * deviation)
