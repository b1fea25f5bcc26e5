"""What the trainings of mnist-mlp come to over their seeds, and which of the networks can be told apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from paddle_camp.comparisons import holm, share_interval
from paddle_camp.history import History
from paddle_camp.noise import compare_over_seeds

# (network, what it is compared with): each one change, and three linear layers against one.
PAIRS = (("relu", "linear"), ("batch_norm", "relu"), ("linear", "one_layer"))
NO_DIFFERENCE = 1e-4  # of the largest output: what rounding in float32 may come to


def summarise(cells: list[dict], count: int) -> dict:
    """One network over its seeds: means, every seed's accuracy, and its interval on ``count`` test digits."""
    accuracies = [cell["accuracy"] for cell in cells]
    row: dict[str, Any] = {k: float(np.mean([cell[k] for cell in cells])) for k in ("accuracy", "loss", "on")}
    row |= {"accuracies": accuracies, "patterns": [cell["patterns"] for cell in cells], "spread": cells[0]["spread"]}
    histories = [History.from_dict(cell["history"]) for cell in cells]
    row["train_loss"] = float(np.mean([history.last("train")["loss"] for history in histories]))
    row["first_epoch"] = [history.after_epochs("test", "accuracy")[0] for history in histories]
    # Of a single network on other digits of the same kind.
    return row | {"interval": share_interval(round(row["accuracy"] * count), count)}


def judge(cells: Mapping[str, list[dict]], labels: np.ndarray) -> dict:
    """The results: a row for each network, the comparisons of :data:`PAIRS`, and the networks as one linear map.

    Args:
        cells: network -> its trainings, in the order of the seeds.
        labels: of the test digits.
    """
    table = {name: summarise(row, len(labels)) for name, row in cells.items()}
    pairs = {
        f"{one} against {other}": compare_over_seeds(table[one]["accuracies"], table[other]["accuracies"], len(labels))
        for one, other in PAIRS
    }
    results = {"table": table, "against": holm(pairs)}
    for name in ("linear", "relu"):
        found = [cell["one_map"] for cell in cells[name]]
        worst = max(found, key=lambda row: row["largest"])
        same = worst["largest"] <= NO_DIFFERENCE * worst["largest_output"]
        results[f"{name}_as_one"] = worst | {"changed": max(row["changed"] for row in found), "same": same}
    bn, relu = (table[name].pop("first_epoch") for name in ("batch_norm", "relu"))
    verdict = compare_over_seeds(bn, relu, len(labels))["verdict"]
    means = {"batch_norm": float(np.mean(bn)), "relu": float(np.mean(relu))}
    return results | {"first_epoch": means | {"verdict": verdict}}
