"""The ablation of homework 6-2: the recipe with one part changed, and the mistakes that the change makes."""

from __future__ import annotations

import numpy as np

from paddle_camp.comparisons import compare_classifiers
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
        if "diverged" in cell:
            table[name] = None
            continue
        recipe, own = (np.array(c["plain"]) for c in (found["recipe"], cell))
        pair = compare_classifiers(own, recipe, labels)
        row = {"mistakes": mistakes(own, labels), "averaged": mistakes(cell["averaged"], labels)}
        # Right in one is wrong in the other: only here wrong is what only the recipe gets right.
        row |= {"only_here": pair["only_second"], "only_recipe": pair["only_first"]}
        table[name] = row | {"p_value": pair["p_value"], "verdict": pair["verdict"]}
    return table
