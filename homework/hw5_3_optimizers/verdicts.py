"""Homework 5-3: what an optimizer and a rate come to over the seeds, and which differences tell two of them apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

import paddle_camp as camp
from paddle_camp.choosing import edge_of
from paddle_camp.comparisons import BETTER, WORSE, Comparison, compare_with_majority, holm
from paddle_camp.noise import compare_over_seeds

GUESS = 1 / len(camp.DIGITS.classes)  # the accuracy that a diverged training counts with
FAR = 0.05  # of accuracy below the best rate's, from the same seed: what a rate that suits an optimizer never loses


def summarise(cells: list[dict]) -> dict:
    """A pair of optimizer and rate over its seeds; a diverged training counts as one that guesses."""
    found = {key: [cell.get(key, GUESS) for cell in cells] for key in ("holdout_accuracy", "test_accuracy")}
    summary = {key: float(np.mean(values)) for key, values in found.items()}
    return {"diverged": len(cells) - len(camp.finished(cells))} | summary | {"test_accuracies": found["test_accuracy"]}


def compare(first: dict, second: dict, digits: int) -> Comparison:
    """Compare two of :func:`summarise` by their accuracies on the same ``digits`` test digits."""
    return compare_over_seeds(first["test_accuracies"], second["test_accuracies"], digits)


def find_rates(rows: Mapping[float, dict], labels: np.ndarray) -> dict[str, Any]:
    """The best rate of one optimizer, and how each rate compares with it.

    Args:
        rows: learning rate -> :func:`summarise`.
        labels: of the test digits.

    Returns:
        The row of the best rate by the held-out digits, with its ``rate``; ``learned``: whether its accuracy is above
        that of always saying the commonest digit; ``edge``: "largest" or "smallest" where it is at an end of several
        rates, else None; ``states``: rate -> "best", "large" or "small" (worse, on that side of it), "near" (cannot
        be told from the best one), or "unsteady": neither can it, but only because some seeds collapse and others do
        not; ``nothing``: the rates whose accuracy is that of guessing.
    """
    best = max(rows, key=lambda rate: rows[rate]["holdout_accuracy"])
    against = {f"{rate:g}": compare(row, rows[best], len(labels)) for rate, row in rows.items() if rate != best}
    worse = {name for name, comparison in holm(against).items() if comparison["verdict"] == WORSE}
    states = {f"{rate:g}": "large" if rate > best else "small" for rate in rows}
    states |= {f"{rate:g}": near_or_unsteady(row, rows[best]) for rate, row in rows.items() if f"{rate:g}" not in worse}
    states[f"{best:g}"] = "best"
    above = {rate: compare_with_majority(round(r["test_accuracy"] * len(labels)), labels) for rate, r in rows.items()}
    nothing = [f"{rate:g}" for rate, comparison in above.items() if comparison["verdict"] != BETTER]
    found = {
        "rate": best,
        "edge": edge_of(best, rows),
        "learned": f"{best:g}" not in nothing,
        "states": states,
        "nothing": nothing,
    }
    return rows[best] | found


def near_or_unsteady(row: dict, best: dict) -> str:
    """The state of a rate that cannot be told from the best one: a seed that falls FAR behind is no accident."""
    lost = np.subtract(best["test_accuracies"], row["test_accuracies"])
    return "unsteady" if lost.max() > FAR else "near"


def rates_for_all(best: Mapping[str, dict]) -> list[str]:
    """The rates that no optimizer that learned does worse with than with its best one, as far as can be told."""
    learned = [row["states"] for row in best.values() if row["learned"]]
    return [rate for rate in (learned[0] if learned else ()) if all(s[rate] in ("best", "near") for s in learned)]


def compare_with_first(best: Mapping[str, dict], order: list[str], digits: int) -> dict[str, Comparison]:
    """The first optimizer of ``order`` against each other one, each at its best rate."""
    return holm({name: compare(best[order[0]], best[name], digits) for name in order[1:]})
