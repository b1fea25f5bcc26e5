"""What the cross-validations of `iris` come to: accuracies, their spread, and which loss learns faster."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

from paddle_camp.comparisons import compare_paired, share_interval

SOURCE, SCALED, ENTROPY = "squared error", "squared error x 4.5", "cross-entropy"
REPORTED = 0.97  # by the source, after 200 epochs
REACHED = 0.9  # the accuracy whose first epoch says how fast a loss learns


def accuracies(cell: dict, epoch: int) -> np.ndarray:
    """Accuracy on the held-out flowers after an epoch, ``[seeds, folds]``."""
    return np.array(next(row["accuracy"] for row in cell["rows"] if row["epoch"] == epoch))


def summarise(cell: dict, epoch: int, held: int) -> dict[str, Any]:
    """A variant after an epoch; ``held`` flowers are in a fold.

    Returns:
        ``seeds``: the accuracy of each whole cross-validation, and their ``mean``, ``low``, ``high`` and
        ``deviation``; ``folds``: the deviation between the folds of a cross-validation, and ``sampling``: the one
        that drawing so few flowers gives alone, sqrt(p (1 - p) / n); ``worst`` and ``best`` fold;
        ``dispersion``: the p-value of the first seed's folds scattering no more than that.
    """
    table = accuracies(cell, epoch)
    seeds, mean = table.mean(axis=1), float(table.mean())
    summary = {"seeds": seeds, "mean": mean, "low": seeds.min(), "high": seeds.max()}
    summary["deviation"] = float(seeds.std(ddof=1)) if len(seeds) > 1 else None
    summary["dispersion"] = dispersion(table[0], held)
    summary |= {"folds": float(np.sqrt(table.var(axis=1, ddof=1).mean())), "worst": table.min(), "best": table.max()}
    return summary | {"sampling": (mean * (1 - mean) / held) ** 0.5}


def dispersion(accuracy: np.ndarray, held: int) -> float:
    """The p-value of shares of ``held`` flowers each scattering no more than draws of one probability do (chi^2)."""
    mean = float(accuracy.mean())
    if not 0 < mean < 1:
        return 1.0
    statistic = held * float(((accuracy - mean) ** 2).sum()) / (mean * (1 - mean))
    return float(stats.chi2(len(accuracy) - 1).sf(statistic))


def reached(cell: dict, accuracy: float) -> int | None:
    """The first of the noted epochs after which the mean accuracy over seeds and folds is this high."""
    return next((row["epoch"] for row in cell["rows"] if np.mean(row["accuracy"]) >= accuracy), None)


def judge(cells: dict[str, dict], settings: Any) -> dict[str, Any]:
    """Results and verdicts.

    Returns:
        ``short`` and ``long``: variant -> its summary after the few and after the many epochs; ``longer``: the source's
        variant after the many against after the few, by seed; ``faster`` and ``scaled``: the cross-entropy against
        the squared error, and against it with the larger rate, after the few epochs; ``end``: the first of these
        after the many; ``interval``: of the source's accuracy by the number of flowers alone, and whether what the
        source reports is inside; ``mixed``: mistakes, and those between versicolor and virginica; ``reached``.
    """
    held = sum(map(sum, next(iter(cells.values()))["confusion"])) // settings.num_seeds // settings.folds
    epochs = {"short": settings.short_epochs, "long": settings.num_epochs}
    found: dict[str, Any] = {
        when: {name: summarise(cell, epoch, held) for name, cell in cells.items()} for when, epoch in epochs.items()
    }
    short, end = ({name: row["seeds"] for name, row in found[when].items()} for when in ("short", "long"))
    found["longer"] = compare_paired(end[SOURCE], short[SOURCE])
    found["faster"] = compare_paired(short[ENTROPY], short[SOURCE])
    found["scaled"] = compare_paired(short[ENTROPY], short[SCALED])
    found["end"] = compare_paired(end[ENTROPY], end[SOURCE])
    flowers = held * settings.folds
    found["interval"] = share_interval(round(found["long"][SOURCE]["mean"] * flowers), flowers)
    found["reported"] = REPORTED
    found["as_reported"] = found["interval"][0] <= REPORTED <= found["interval"][1]
    confusion = np.array(cells[SOURCE]["confusion"])
    wrong = int(confusion.sum() - np.trace(confusion))
    found["confusion"], found["mixed"] = confusion, [int(confusion[1, 2] + confusion[2, 1]), wrong]
    found["target"] = REACHED
    return found | {"reached": {name: reached(cell, REACHED) for name, cell in cells.items()}, "held": held}
