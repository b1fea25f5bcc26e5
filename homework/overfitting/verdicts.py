"""What the trainings of the page on overfitting come to over their seeds, and which differences can be told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

import paddle_camp as camp
from homework.overfitting.remedies import REMEDIES
from paddle_camp.choosing import edge_of
from paddle_camp.comparisons import BETTER, ENOUGH, compare_paired, compare_shares, compare_with_majority, holm
from paddle_camp.noise import compare_over_seeds
from paddle_camp.sweeps.grid import Grid

GUESS = 1 / len(camp.DIGITS.classes)  # the accuracy that a diverged training counts with
MARGIN = 0.1  # that a training loss must lie below that of guessing to count as learned


def split_label(label: str) -> tuple[str, float]:
    """("l2", 0.01) of "l2 0.01"; ("none", 0.0) of "none"."""
    kind, _, strength = label.partition(" ")
    return kind, float(strength or 0)


def judge_deep(grid: Grid, labels: np.ndarray) -> dict[str, dict]:
    """Mean accuracies by "activation depth", and whether test digits are told better than by always the same digit."""
    found = {}
    for _, point, cells in grid.over("seed", list).items():
        row: dict[str, Any] = {k: float(np.mean([cell.get(k, GUESS) for cell in cells])) for k in ("train", "test")}
        row["diverged"] = len(cells) - len(camp.finished(cells))
        above = compare_with_majority(round(row["test"] * len(labels)), labels)
        found[f"{point['activation']} {point['depth']}"] = row | {"learned": above["verdict"] == BETTER}
    return found


def judge_search(grid: Grid, labels: np.ndarray) -> dict[str, Any]:
    """Random search against gradient descent on each network, by the loss on the training digits at the end.

    Args:
        labels: of the training digits.
    """
    chance, found = camp.metrics.guessing_loss(labels), {}
    for network in grid.axes["network"]:
        row: dict[str, Any] = {}
        for method in grid.axes["method"]:
            cells = [grid.at(network=network, method=method, seed=seed) for seed in grid.axes["seed"]]
            done = camp.finished(cells)
            row |= {key: done[0][key] for key in ("depth", "activation", "parameters") if done}
            row[method] = {"losses": [cell["loss"] for cell in done], "diverged": len(cells) - len(done)}
            row[method] |= {"loss": _mean(done, "loss"), "test": _mean(done, "test") if done else GUESS}
            row[method]["learned"] = bool(done) and row[method]["loss"] < chance - MARGIN
        pair = [row[method]["losses"] for method in ("search", "gradient")]
        whole = len(pair[0]) == len(pair[1]) > 0
        row["search_against"] = compare_paired(*pair, lower_is_better=True) if whole else None
        found[network] = row
    return found | {"chance": chance}


def _mean(rows: list[dict], key: str) -> float | None:
    """The mean of a number that stands in every row; None without a row."""
    return float(np.mean([row[key] for row in rows])) if rows else None


def summarise(cells: list[dict], label: str) -> dict:
    """A remedy at a strength over its seeds; a diverged training counts as one that guesses."""
    done = camp.finished(cells)
    row: dict[str, Any] = {"diverged": len(cells) - len(done), "strength": split_label(label)[1]}
    guess = {"accuracy": GUESS}
    for part in ("train", "holdout", "test"):
        accuracies = [cell.get(part, guess)["accuracy"] for cell in cells]
        row[part] = {"accuracy": float(np.mean(accuracies)), "accuracies": accuracies}
        row[part]["loss"] = _mean([cell[part] for cell in done], "loss")
    return row | {key: _mean(done, key) for key in ("norm", "near_zero", "longest")}


def judge_remedies(cells: Mapping[str, list[dict]], few: int, count: int) -> dict:
    """The remedies, each at the strength with the highest accuracy on held-out digits, against none.

    Args:
        cells: label -> its trainings in the order of the seeds.
        few: training digits.
        count: test digits.

    Returns:
        ``table``: label -> :func:`summarise`; ``chosen``: remedy -> label, ``edge`` ("largest" or "smallest" of several
        strengths), and its comparison with none by test accuracy (``against``) and test loss (``loss_against``);
        ``overfits``: training accuracy against test accuracy without a remedy; ``best``: the label with the highest
        accuracy on held-out digits, of those whose trainings all ended.
    """
    table = {label: summarise(row, label) for label, row in cells.items()}
    steady = [label for label, row in table.items() if not row["diverged"]]
    camp.require(len(steady) > 0, "every remedy diverged, and the training without one: give a smaller learning_rate")
    held = {label: row["holdout"]["accuracy"] for label, row in table.items()}
    chosen, against, none = {}, {}, table["none"]
    for remedy in REMEDIES:
        labels = [label for label in table if split_label(label)[0] == remedy]
        best = max(labels, key=lambda label: held[label])
        strengths = [table[label]["strength"] for label in labels]
        chosen[remedy] = {"label": best, "edge": edge_of(table[best]["strength"], strengths)}
        against[remedy] = compare_over_seeds(table[best]["test"]["accuracies"], none["test"]["accuracies"], count)
        losses = [[cell["test"]["loss"] for cell in camp.finished(cells[label])] for label in (best, "none")]
        whole = len(losses[0]) == len(losses[1]) >= ENOUGH
        chosen[remedy]["loss_against"] = compare_paired(*losses, lower_is_better=True) if whole else None
    for remedy, comparison in holm(against).items():
        chosen[remedy]["against"] = comparison
    right, told = round(none["train"]["accuracy"] * few), round(none["test"]["accuracy"] * count)
    overfits = compare_shares(right, few, told, count)["verdict"] == BETTER
    best = max(steady, key=lambda label: held[label])
    return {"table": table, "chosen": chosen, "overfits": overfits, "best": best}
