"""Exercises 4 and 5 of homework 6-1: what an L2 weight comes to over its seeds, and what the weights show."""

from __future__ import annotations

from functools import partial

import numpy as np

import paddle_camp as camp
from paddle_camp.comparisons import EVEN, compare_paired, find_best

compare_losses = partial(compare_paired, lower_is_better=True)


def summarise_l2(cells: list[dict]) -> dict | None:
    """An L2 weight over its seeds: both losses at the end, the gap, when the test loss was lowest; None: diverged.

    ``seeds`` holds a number for each seed. ``lowest`` in it is the test loss after the epoch at which the *other*
    seeds' mean was lowest: each seed's own minimum would lie below its end even where nothing but noise goes up.
    """
    if len(camp.finished(cells)) < len(cells):
        return None
    histories = [camp.History.from_dict(cell["history"]) for cell in cells]
    seeds = {key: [history.last(key)["loss"] for history in histories] for key in ("training", "test")}
    tests = np.array([history.after_epochs("test", "loss") for history in histories])  # [seeds, epochs]
    epochs = (tests.sum(axis=0) - tests).argmin(axis=1)
    seeds["lowest"] = tests[range(len(tests)), epochs].tolist()
    seeds["gap"] = np.subtract(seeds["test"], seeds["training"]).tolist()
    return {key: float(np.mean(seeds[key])) for key in ("training", "test", "gap")} | {
        "accuracy": float(np.mean([history.last("test")["accuracy"] for history in histories])),
        "lowest_test": float(tests.mean(axis=0).min()),
        "lowest_epoch": int(tests.mean(axis=0).argmin()) + 1,
        "norm": float(np.mean([cell["norm"] for cell in cells])),
        "seeds": seeds,
    }


def judge_l2(rows: dict[str, dict | None]) -> dict:
    """The lowest test loss at the end, and verdicts on the training without and on that with the largest weight.

    Args:
        rows: L2 weight, such as "0.01", -> :func:`summarise_l2`.

    Returns:
        ``best`` as of :func:`find_best`, None where all diverged; ``test_against_training`` and ``end_against_lowest``
        without a weight; ``gap_of_strongest`` and ``training_of_strongest`` against none. Those that a divergence
        leaves open are "cannot be told apart".
    """
    seeds = {weight: row["seeds"] for weight, row in rows.items() if row}
    tests = {weight: each["test"] for weight, each in seeds.items()}
    bare, strong = seeds.get("0"), seeds.get(max(rows, key=float))
    pairs = {
        "test_against_training": (bare, "test", bare, "training"),
        "end_against_lowest": (bare, "test", bare, "lowest"),
        "gap_of_strongest": (strong, "gap", bare, "gap"),
        "training_of_strongest": (strong, "training", bare, "training"),
    }
    found: dict = {"best": find_best(tests, lower_is_better=True) if tests else None}
    for name, (first, key, second, other) in pairs.items():
        known = first is not None and second is not None
        found[name] = compare_losses(first[key], second[other])["verdict"] if known else EVEN
    return found
