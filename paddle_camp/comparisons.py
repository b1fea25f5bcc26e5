"""Better, worse, or cannot be told apart: what a difference between two measurements says, given how they scatter.

Every function returns JSON values with a verdict on its first argument, and the p-value or the 95 % interval that the
verdict rests on; a page and its template only read them. "Cannot be told apart" does not say that two things are
equal: these samples, or these seeds, are too few to tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from paddle_camp.errors import require
from paddle_camp.metrics import one_label_each, only_one_right

Verdict = Literal["better", "worse", "cannot be told apart"]
BETTER: Verdict = "better"
WORSE: Verdict = "worse"
EVEN: Verdict = "cannot be told apart"
LEVEL = 0.95  # of every interval; a p-value tells two things apart from 1 - LEVEL downwards
ENOUGH = 3  # seeds, from which on their scatter tells things apart and ranks them


class Comparison(TypedDict):
    """A verdict on the first of two things.

    Attributes:
        difference: the first minus the second, in their own unit.
        p_value: of the two-sided test that the verdict rests on; None: it rests on the interval, or on nothing, where
            there is a single seed.
        interval: of the difference, ``[low, high]``; None where the test gives none.
    """

    verdict: Verdict
    difference: float
    p_value: float | None
    interval: list[float] | None


class PairedCounts(Comparison):
    """A comparison of two classifiers on the same samples; ``difference`` counts samples.

    Attributes:
        only_first: how many samples only the first one gets right.
        only_second: how many only the second one gets right.
    """

    only_first: int
    only_second: int


class Best(TypedDict):
    """The ``name`` of the best of several things, and ``against``: its comparison with each other one."""

    name: str
    against: dict[str, Comparison]


def mcnemar(only_first: int, only_second: int) -> PairedCounts:
    """McNemar's exact test: two classifiers on the same samples, of which only the discordant ones tell them apart.

    Were both equally good, each sample that only one gets right would be either's with probability 1/2.

    Raises:
        SettingError: a count is negative.
    """
    require(min(only_first, only_second) >= 0, f"only_first={only_first}, only_second={only_second}: counts from 0 on")
    count, difference = only_first + only_second, only_first - only_second
    p_value = float(stats.binomtest(only_first, count).pvalue) if count else 1.0
    tested = _tested(difference, p_value)
    return {**tested, "only_first": int(only_first), "only_second": int(only_second)}


def compare_classifiers(outputs: np.ndarray, others: np.ndarray, labels: np.ndarray) -> PairedCounts:
    """:func:`mcnemar` of two classifiers' outputs ``[N, K]`` for the same samples, whose labels are int ``[N]``."""
    return mcnemar(*only_one_right(outputs, others, labels))


def share_interval(right: int, count: int, *, level: float = LEVEL) -> list[float]:
    """The interval of a share of which ``right`` of ``count`` samples were seen (Wilson, 1927).

    Unlike share +- 1.96 standard errors it stays within [0, 1] and does not shrink to nothing where all were right.

    Raises:
        SettingError: ``count`` is not positive, or ``right`` is not from 0 to ``count``.
    """
    interval = _binomial(right, count).proportion_ci(level, method="wilson")
    return [float(interval.low), float(interval.high)]


def compare_share(right: int, count: int, reference: float) -> Comparison:
    """Compare a share of ``right`` among ``count`` samples with a known one, such as 1/K of guessing (exact binomial).

    Raises:
        SettingError: as for :func:`share_interval`, or ``reference`` is not a share.
    """
    require(0 <= reference <= 1, f"reference={reference}: give a share from 0 to 1")
    p_value = float(_binomial(right, count, reference).pvalue)
    return _tested(right / count, p_value, reference)


def compare_with_majority(right: int, labels: np.ndarray) -> Comparison:
    """Compare ``right`` correct predictions of samples with these labels (int ``[N]``) with always the commonest one.

    The share of the commonest label is what saying it every time gets right on these samples.
    """
    labels = one_label_each(labels, np.asarray(labels).shape[:1])
    return compare_share(right, len(labels), float(np.unique(labels, return_counts=True)[1].max()) / len(labels))


def compare_shares(right: int, count: int, other_right: int, other_count: int) -> Comparison:
    """Compare two shares of different samples, such as one's own accuracy and a published one.

    The interval of the difference is made of the two shares' continuity-corrected Wilson intervals (method 11 of
    Newcombe, Statistics in Medicine 17, 1998), which is honest also about three successes against none of three.

    Raises:
        SettingError: as for :func:`share_interval`.
    """
    own = _binomial(right, count).proportion_ci(LEVEL, method="wilsoncc")
    other = _binomial(other_right, other_count).proportion_ci(LEVEL, method="wilsoncc")
    first, second = right / count, other_right / other_count
    low = first - second - np.hypot(first - own.low, other.high - second)
    high = first - second + np.hypot(own.high - first, second - other.low)
    interval = [float(low), float(high)]
    return {"verdict": verdict_of(interval, 0.0), "difference": first - second, "p_value": None, "interval": interval}


def compare_paired(first: ArrayLike, second: ArrayLike, *, lower_is_better: bool = False) -> Comparison:
    """Compare two sets of numbers that belong together one by one: by seed, by test row, by batch.

    What is tested is the mean of their differences (paired t-test), so whatever moves both alike drops out. One pair
    cannot tell anything. Where all differences are the same number, their sign is tested instead: the t-test would
    take two equal differences of coarse numbers for certainty.

    Args:
        lower_is_better: the numbers are losses or errors.

    Raises:
        SettingError: the two are empty, of different lengths, or hold NaN or infinity.
    """
    a, b = np.asarray(first, np.float64).reshape(-1), np.asarray(second, np.float64).reshape(-1)
    require(len(a) == len(b) > 0, f"{len(a)} numbers against {len(b)}: they are compared one by one")
    require(bool(np.isfinite(a).all() and np.isfinite(b).all()), "a NaN or an infinite number cannot be compared")
    gaps = a - b
    mean = float(gaps.mean())
    if len(gaps) == 1:
        return {"verdict": EVEN, "difference": mean, "p_value": None, "interval": None}
    rounding = 1e-9 * max(np.abs(a).max(), np.abs(b).max())
    if np.ptp(gaps) <= rounding:
        p_value = 1.0 if abs(mean) <= rounding else float(stats.binomtest(len(gaps), len(gaps)).pvalue)
        return _tested(mean, p_value, lower_is_better=lower_is_better)
    test = stats.ttest_1samp(gaps, 0.0)
    interval = test.confidence_interval(LEVEL)
    tested = _tested(mean, float(test.pvalue), lower_is_better=lower_is_better)
    return {**tested, "interval": [float(interval.low), float(interval.high)]}


def compare_with_value(values: ArrayLike, reference: float, *, lower_is_better: bool = False) -> Comparison:
    """Compare numbers that scatter, one per seed or per batch, with a fixed one: :func:`compare_paired` with it."""
    return compare_paired(values, np.full(np.size(values), reference), lower_is_better=lower_is_better)


def compare_spreads(first: ArrayLike, second: ArrayLike, *, resolution: float, groups: int = 1) -> Comparison:
    """Whether ``first`` scatters less (better) than ``second``, by the F-test; ``difference`` is of the deviations.

    Args:
        resolution: the step in which the numbers come, such as one sample's share of an accuracy. Its rounding counts
            as scatter, so that three equal accuracies are not taken for none at all.
        groups: the numbers are those of so many groups of one size, one behind the other, such as trainings; only the
            scatter within a group counts.

    Raises:
        SettingError: ``resolution`` is not positive, or the numbers are no such groups.
    """
    require(resolution > 0, f"resolution={resolution}: must be positive")
    require(all(np.size(values) % groups == 0 for values in (first, second)), f"groups={groups}: of unequal sizes")
    a, b = (np.reshape(np.asarray(values, np.float64), (groups, -1)) for values in (first, second))
    if min(a.shape[1], b.shape[1]) < 2:
        return {"verdict": EVEN, "difference": 0.0, "p_value": None, "interval": None}
    # Rounding to a step adds the variance of a uniform number within it.
    own, other = (float(values.var(axis=1, ddof=1).mean()) + resolution**2 / 12 for values in (a, b))
    law = stats.f(a.size - groups, b.size - groups)
    p_value = min(1.0, 2 * float(min(law.cdf(own / other), law.sf(own / other))))
    return _tested(own**0.5, p_value, other**0.5, lower_is_better=True)


def verdict_of(interval: Sequence[float] | None, reference: float, *, lower_is_better: bool = False) -> Verdict:
    """What lies within an interval, against a fixed number: an AUC against 0.5, a share against another.

    The interval holds the number, or there is none: cannot be told apart.
    """
    if interval is None or interval[0] <= reference <= interval[1]:
        return EVEN
    return BETTER if (interval[0] > reference) != lower_is_better else WORSE


def holm(comparisons: Mapping[str, Any]) -> dict[str, Any]:
    """Comparisons of the same question, each with the p-value that allows for their number (Holm, 1979).

    Of twenty comparisons of equals, one has p < 0.05 by chance; after this, one or more in all of them together has
    that chance. Those without a p-value stay as they are.

    Args:
        comparisons: name -> a :class:`Comparison`; its interval stays that of a single comparison.
    """
    done, lowest = dict(comparisons), 0.0
    tested = sorted((name for name in done if done[name]["p_value"] is not None), key=lambda n: done[n]["p_value"])
    for rank, name in enumerate(tested):
        lowest = min(1.0, max(lowest, (len(tested) - rank) * done[name]["p_value"]))
        verdict = done[name]["verdict"] if lowest <= 1 - LEVEL else EVEN
        done[name] = {**done[name], "p_value": lowest, "verdict": verdict}
    return done


def find_best(values: Mapping[str, ArrayLike], *, lower_is_better: bool = False) -> Best:
    """The thing whose numbers have the best mean, compared with each other one; :func:`holm` allows for their number.

    Args:
        values: name -> numbers that belong together one by one, as for :func:`compare_paired`.

    Raises:
        SettingError: as for :func:`compare_paired`, or there is nothing to choose from.
    """
    require(len(values) > 0, "nothing to find the best of")
    name = leaders({each: float(np.mean(row)) for each, row in values.items()}, lower_is_better=lower_is_better)[0]
    options: dict[str, Any] = {"lower_is_better": lower_is_better}
    pairs = {other: compare_paired(values[name], row, **options) for other, row in values.items() if other != name}
    return {"name": name, "against": holm(pairs)}


def not_beaten(against: Mapping[str, Any]) -> list[str]:
    """Of the comparisons of a best one with others, by name: the names of those that it is not better than."""
    return [name for name, comparison in against.items() if comparison["verdict"] != BETTER]


def leaders(values: Mapping[str, float], *, lower_is_better: bool = False) -> list[str]:
    """The names that share the best value, in their order: more than one where there is a tie."""
    best = (min if lower_is_better else max)(values.values())
    return [name for name, value in values.items() if value == best]


def _binomial(right: int, count: int, share: float = 0.5) -> Any:
    """The binomial test of ``right`` among ``count``."""
    require(count > 0, f"count={count}: a share needs at least one sample")
    require(0 <= right <= count, f"right={right}: give a number from 0 to {count}")
    return stats.binomtest(int(right), int(count), share)


def _tested(first: float, p_value: float, second: float = 0.0, lower_is_better: bool = False) -> Comparison:
    """The comparison that rests on a p-value."""
    verdict = EVEN
    if p_value <= 1 - LEVEL and first != second:
        verdict = BETTER if (first > second) != lower_is_better else WORSE
    return {"verdict": verdict, "difference": float(first - second), "p_value": p_value, "interval": None}
