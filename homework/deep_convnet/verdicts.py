"""deep-convnet: mistakes of recipes and of changed networks over their seeds, and the best one."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb, log
from typing import Any

import numpy as np

import paddle_camp as camp
from paddle_camp.comparisons import ENOUGH, compare_classifiers, compare_paired, holm, share_interval
from paddle_camp.metrics import predict_labels
from paddle_camp.noise import compare_over_seeds
from paddle_camp.sweeps.grid import Grid

GOAL = 0.994  # test accuracy
GUESS = 1 / len(camp.DIGITS.classes)  # what a diverged training counts with


def mistakes(probabilities: Sequence | np.ndarray, labels: np.ndarray) -> int:
    """The number of digits whose most probable class is wrong; ``probabilities`` ``[N, 10]``."""
    return int((predict_labels(np.asarray(probabilities)) != labels).sum())


def accuracy(probabilities: Sequence | np.ndarray, labels: np.ndarray) -> float:
    """The share of digits whose most probable class is right."""
    return 1 - mistakes(probabilities, labels) / len(labels)


def judge_recipes(grid: Grid, held: np.ndarray, test: np.ndarray) -> dict:
    """The recipes after a few epochs, and the ensemble of the source's networks.

    Args:
        grid: recipe and seed -> probabilities of the "held" and the "test" digits.
        held, test: their labels.

    Returns:
        ``table``: recipe -> accuracies of the seeds (the ensemble has one) and their means; ``against``: recipe -> its
        comparison with the source's on the test digits, over the seeds, for the ensemble with its best member by the
        held-out digits (McNemar); ``best``: the highest accuracy on held-out digits. An ensemble needs two networks.
    """
    labels, table = {"held": held, "test": test}, {}
    for recipe in grid.axes["recipe"]:
        cells = [grid.at(recipe=recipe, seed=seed) for seed in grid.axes["seed"]]
        table[recipe] = row = {"diverged": len(cells) - len(camp.finished(cells))}
        for part, truth in labels.items():
            values = [GUESS if camp.diverged(cell) else accuracy(cell[part], truth) for cell in cells]
            row[part], row[f"all_{part}"] = float(np.mean(values)), values
    source = table["source"]["all_test"]
    against = {r: compare_over_seeds(table[r]["all_test"], source, len(test)) for r in table if r != "source"}
    members = camp.finished([grid.at(recipe="source", seed=seed) for seed in grid.axes["seed"]])
    if len(members) > 1:
        together = {part: np.mean([cell[part] for cell in members], axis=0) for part in labels}
        row = {part: accuracy(together[part], truth) for part, truth in labels.items()}
        table["ensemble"] = row | {f"all_{part}": [row[part]] for part in labels} | {"diverged": 0}
        leader = max(members, key=lambda cell: accuracy(cell["held"], held))
        against["ensemble"] = compare_classifiers(together["test"], np.asarray(leader["test"]), test)
    best = max(table, key=lambda recipe: table[recipe]["held"])
    return {"table": table, "against": holm(against), "best": best, "members": len(members)}


def choose(source: np.ndarray, best: np.ndarray, labels: np.ndarray) -> dict:
    """The two long trainings on the test digits, against the source's 99 % and the goal."""
    found: dict[str, Any] = {}
    for name, probabilities in (("source", source), ("best", best)):
        wrong = mistakes(probabilities, labels)
        found[name] = {"mistakes": wrong, "accuracy": 1 - wrong / len(labels)}
        found[name]["interval"] = share_interval(len(labels) - wrong, len(labels))
    return found | {"against": compare_classifiers(best, source, labels), "reached": found["best"]["accuracy"] >= GOAL}


def judge_parts(grid: Grid, count: int) -> dict:
    """Each changed network over its seeds, against the source's: by test accuracy, and by test loss.

    Returns:
        ``table``: part -> its means and the numbers of all seeds; ``against``: part -> its accuracies compared with the
        source's; ``loss_against``: the same of the losses, where there are ENOUGH seeds. Neither has a part of which a
        training diverged. ``floor``: :func:`lowest_loss`.
    """
    table: dict[str, dict] = {}
    against, losses = {}, {}
    for part in grid.axes["part"]:
        cells = camp.finished([grid.at(part=part, seed=seed) for seed in grid.axes["seed"]])
        table[part] = {"diverged": len(grid.axes["seed"]) - len(cells)}
        for key in ("accuracy", "loss", "sure", "train_loss", "train_loss_without_dropout", "train_accuracy"):
            values = [cell[key] for cell in cells]
            table[part] |= {key: float(np.mean(values)) if values else None, f"all_{key}": values}
    for part, row in table.items():
        if part != "source" and not row["diverged"] and not table["source"]["diverged"]:
            against[part] = compare_over_seeds(row["all_accuracy"], table["source"]["all_accuracy"], count)
            if len(row["all_loss"]) >= ENOUGH:
                losses[part] = compare_paired(row["all_loss"], table["source"]["all_loss"], lower_is_better=True)
    return {"table": table, "against": holm(against), "loss_against": holm(losses), "floor": lowest_loss()}


def lowest_loss(classes: int = 10, dropout: float = 0.5) -> float:
    """The lowest training loss with dropout behind the outputs, however sure the network is.

    An output that is dropped is 0. Where the true one is kept it can be as large as it likes: loss 0. Where it is
    dropped, each other one that is dropped too is as probable as it is: with K of them, the loss is ln(1 + K) at least.
    """
    others = classes - 1
    chances = [comb(others, k) * dropout**k * (1 - dropout) ** (others - k) for k in range(classes)]
    return dropout * sum(chance * log(1 + k) for k, chance in enumerate(chances))
