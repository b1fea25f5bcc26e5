"""Exercises 3 to 5 of homework 6-1: what losses and L2 weights come to over their seeds, and what that shows."""

from __future__ import annotations

from functools import partial

import numpy as np

import paddle_camp as camp
from paddle_camp.comparisons import BETTER, ENOUGH, EVEN, Best, compare_paired, compare_with_majority, find_best, holm

compare_losses = partial(compare_paired, lower_is_better=True)
NEAR = 0.05  # a loss this close to ln(classes) is that of equal probabilities for all classes


def rank(values: dict[str, list[float]], *, lower_is_better: bool = False) -> Best | None:
    """The best of several things by their numbers, one a seed; None where there are none, or too few seeds to tell."""
    enough = values and min(map(len, values.values())) >= ENOUGH
    return find_best(values, lower_is_better=lower_is_better) if enough else None


def is_chance(accuracy: float, labels: np.ndarray) -> bool:
    """Whether an accuracy on the digits of these labels is not above that of always saying the commonest one."""
    return compare_with_majority(round(accuracy * len(labels)), labels)["verdict"] != BETTER


def count_collapsed(seeds: dict[str, list[float]], labels: np.ndarray) -> int:
    """With how many seeds the classes are about equally probable: loss ln(classes), accuracy at chance.

    That is no under-fitting, which has learned something, only less than there is to learn.
    """
    same = np.log(len(camp.DIGITS.classes))
    pairs = zip(seeds["test"], seeds["accuracy"], strict=True)
    return sum(abs(loss - same) < NEAR and is_chance(accuracy, labels) for loss, accuracy in pairs)


def summarise_l2(cells: list[dict]) -> dict | None:
    """An L2 weight over its seeds: both losses at the end, the gap, when the test loss was lowest; None: diverged.

    ``seeds`` holds a number for each seed. ``lowest`` in it is the test loss after the epoch at which the *other*
    seeds' mean was lowest: each seed's own minimum would lie below its end even where nothing but noise goes up.
    """
    if len(camp.finished(cells)) < len(cells):
        return None
    histories = [camp.History.from_dict(cell["history"]) for cell in cells]
    seeds = {key: [history.last(key)["loss"] for history in histories] for key in ("training", "test")}
    seeds["accuracy"] = [history.last("test")["accuracy"] for history in histories]
    tests = np.array([history.after_epochs("test", "loss") for history in histories])  # [seeds, epochs]
    epochs = (tests.sum(axis=0) - tests).argmin(axis=1)
    seeds["lowest"] = tests[range(len(tests)), epochs].tolist()
    seeds["gap"] = np.subtract(seeds["test"], seeds["training"]).tolist()
    return {key: float(np.mean(seeds[key])) for key in ("training", "test", "gap", "accuracy")} | {
        "lowest_test": float(tests.mean(axis=0).min()),
        "lowest_epoch": int(tests.mean(axis=0).argmin()) + 1,
        "norm": float(np.mean([cell["norm"] for cell in cells])),
        "seeds": seeds,
    }


def judge_l2(rows: dict[str, dict | None], labels: np.ndarray) -> dict:
    """The best weights at the end, and verdicts on the training without and on that with the largest weight.

    Args:
        rows: L2 weight, such as "0.01", -> :func:`summarise_l2`.
        labels: of the test digits.

    Returns:
        ``best`` by the test loss and ``best_accuracy``, as of :func:`rank`; ``nothing``, weight -> how many
        seeds learned nothing, where any did; ``test_against_training`` and ``end_against_lowest`` without a weight;
        ``gap_of_strongest`` and ``training_of_strongest`` against none. These four allow for their number
        (:func:`holm`); what a divergence or too few seeds leave open is "cannot be told apart".
    """
    done = {weight: row for weight, row in rows.items() if row}
    seeds = {weight: row["seeds"] for weight, row in done.items()}
    bare, strong = seeds.get("0"), seeds.get(max(rows, key=float))
    pairs = {
        "test_against_training": (bare, "test", bare, "training"),
        "end_against_lowest": (bare, "test", bare, "lowest"),
        "gap_of_strongest": (strong, "gap", bare, "gap"),
        "training_of_strongest": (strong, "training", bare, "training"),
    }
    judged = holm(
        {
            name: compare_losses(first[key], second[other])
            for name, (first, key, second, other) in pairs.items()
            if first and second and len(first[key]) >= ENOUGH
        }
    )
    return {
        "best": rank({weight: each["test"] for weight, each in seeds.items()}, lower_is_better=True),
        "best_accuracy": rank({weight: each["accuracy"] for weight, each in seeds.items()}),
        "nothing": {weight: count for weight, each in seeds.items() if (count := count_collapsed(each, labels))},
    } | {name: judged[name]["verdict"] if name in judged else EVEN for name in pairs}
