"""The ablation of homework 6-2: the recipe with one part changed, the mistakes that it makes, and how it trained."""

from __future__ import annotations

import numpy as np

import paddle_camp as camp
from paddle_camp.comparisons import compare_classifiers, compare_paired, compare_spreads
from paddle_camp.history import History
from paddle_camp.metrics import predict_labels

# The recipe with one part changed, most of them to the course's choice; name of a row -> what changes.
ABLATION: dict[str, dict] = {
    "recipe": {},
    "no warps": {"warp": "none"},
    "only shifts": {"warp": "shift"},
    "no elastic bends": {"warp": "affine"},
    # Without batch norm these two need a smaller rate: the source's.
    "the course's network": {"model": "two_conv_net", "learning_rate": 0.001},
    "DeepConvNet": {"model": "deep_conv_net", "learning_rate": 0.001},
    "label smoothing 0.1": {"smoothing": 0.1},
    "Momentum, rate 0.1": {"optimizer": "momentum", "learning_rate": 0.1},
    "constant Adam, rate 0.001": {"optimizer": "adam", "schedule": "constant", "learning_rate": 0.001},
}


def mistakes(shares: list | np.ndarray, labels: np.ndarray) -> int:
    """The number of digits whose most probable class is wrong."""
    return int((predict_labels(np.array(shares)) != labels).sum())


def summarise_ablation(found: dict[str, dict], labels: np.ndarray) -> dict[str, dict | None]:
    """Row -> mistakes on the held-out digits, and how many of them only this row or only the recipe makes."""
    table = {}
    for name, cell in found.items():
        if camp.diverged(cell):
            table[name] = None
            continue
        recipe, own = (np.array(c["plain"]) for c in (found["recipe"], cell))
        pair = compare_classifiers(own, recipe, labels)
        row = {"mistakes": mistakes(own, labels), "averaged": mistakes(cell["averaged"], labels)}
        # Right in one is wrong in the other: only here wrong is what only the recipe gets right.
        row |= {"only_here": pair["only_second"], "only_recipe": pair["only_first"]}
        table[name] = row | {"p_value": pair["p_value"], "verdict": pair["verdict"]}
    return table


def _late_changes(history: History) -> np.ndarray:
    """By how much the accuracy on held-out digits changed from epoch to epoch, in the later half of the training."""
    accuracies = history.after_epochs("holdout", "accuracy")
    return np.diff(accuracies[len(accuracies) // 2 :])


def diagnose(found: dict[str, dict], num_held: int) -> dict[str, dict | None]:
    """Row -> how its training went beside the recipe's; JSON values, None where it diverged.

    ``fits`` judges the losses of the last epoch's batches, the same digits in the same order in every row ("better": it
    fits them better than the recipe); None with label smoothing, whose loss is another one. ``steadiness`` judges
    ``jumps``, the standard deviation of the accuracy's late changes.
    """
    histories = {name: History.from_dict(cell["history"]) for name, cell in found.items() if not camp.diverged(cell)}
    recipe, table = histories["recipe"], dict.fromkeys(found)
    for name, history in histories.items():
        held = history.after_epochs("holdout", "loss")
        row = {"train_loss": history.last("train")["loss"], "held_loss": held[-1]}
        row |= {"lowest_held_loss": min(held), "lowest_after": held.index(min(held)) + 1}
        batches = len(history.steps) // len(held)
        pair = [each.column("loss")[-batches:] for each in (history, recipe)]
        smoothed = "smoothing" in ABLATION[name]
        row["fits"] = None if smoothed else compare_paired(*pair, lower_is_better=True)["verdict"]
        changes = _late_changes(history)
        row["jumps"] = float(changes.std(ddof=1)) if len(changes) > 1 else None
        spread = compare_spreads(changes, _late_changes(recipe), resolution=1 / num_held)
        table[name] = row | {"steadiness": spread["verdict"]}
    return table
