"""What noise alone does to a row of numbers, or to two of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from paddle_camp.comparisons import ENOUGH, LEVEL, Comparison, compare_paired, compare_shares


def falls(values: ArrayLike) -> bool:
    """Whether a line through numbers in their order falls, beyond their noise (linear regression, one-sided)."""
    series = np.asarray(values, np.float64)
    if len(series) < 3:
        return False  # two points lie on a line, whatever the noise
    return bool(stats.linregress(np.arange(len(series)), series, alternative="less").pvalue <= 1 - LEVEL)


def smallest_difference(deviation: float) -> float:
    """The difference from which two numbers can be told apart, each measured with this standard deviation."""
    return float(stats.norm.ppf((1 + LEVEL) / 2) * np.sqrt(2) * deviation)


def compare_over_seeds(first: Sequence[float], second: Sequence[float], samples: int) -> Comparison:
    """Compare two rows of accuracies, one a seed and in the same order, measured on the same ``samples`` test samples.

    From ENOUGH seeds on, their scatter decides (paired t-test). With fewer only the sampling of the test samples is
    allowed for: the two means are compared as shares of separate samples, which is on the safe side.
    """
    if min(len(first), len(second)) >= ENOUGH:
        return compare_paired(first, second)
    right, other = (round(float(np.mean(row)) * samples) for row in (first, second))
    return compare_shares(right, samples, other, samples)


def same_share(right: Sequence[int], counts: Sequence[int]) -> float | None:
    """The p-value of "all groups have the same share": Pearson's chi-squared test.

    Args:
        right: successes of each group; ``counts``: of how many, 1 or more.

    Returns:
        None where there is a single group, or none or all are successes: nothing can differ.
    """
    table = np.array([right, np.subtract(counts, right)])
    if table.shape[1] < 2 or not table.sum(axis=1).all():
        return None
    return float(stats.chi2_contingency(table, correction=False).pvalue)
