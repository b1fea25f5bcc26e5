"""mnist-cnn: accuracies at the end, and where all networks have trained for the same time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from paddle_camp.comparisons import Comparison, holm, share_interval
from paddle_camp.history import History
from paddle_camp.noise import compare_over_seeds

CNN = "simple_cnn"
ENOUGH_TIME = 0.95  # of the budget; a network that has trained for less of it is said to have had less time


def curves(cells: list[dict]) -> list[list[float]]:
    """The test accuracy after every epoch, of each seed."""
    return [History.from_dict(cell["history"]).after_epochs("test", "accuracy") for cell in cells]


def seconds_of(cells: list[dict]) -> float:
    """The median duration of an epoch's training, over epochs and seeds: a pause of the machine does not count."""
    rows = [row for cell in cells for row in History.from_dict(cell["history"]).split("train")]
    return float(np.median([row["seconds"] for row in rows]))


def against_cnn(accuracies: Mapping[str, list[float]], count: int) -> dict[str, Comparison]:
    """The convolutional network against each other one, by one accuracy a seed."""
    others = [name for name in accuracies if name != CNN]
    return holm({name: compare_over_seeds(accuracies[CNN], accuracies[name], count) for name in others})


def judge(cells: Mapping[str, list[dict]], count: int) -> dict:
    """What depends on data, settings and seed alone: accuracies after every epoch, at the end, and of moved digits."""
    table = {}
    for name, row in cells.items():
        last, moved = [cell["accuracy"] for cell in row], [cell["moved"] for cell in row]
        table[name] = {"by_epoch": curves(row), "accuracies": last, "accuracy": float(np.mean(last))}
        table[name] |= {"moved": float(np.mean(moved)), "all_moved": moved}
    moved = against_cnn({name: row["all_moved"] for name, row in table.items()}, count)
    return {"table": table, "moved_against": moved}


def read_at_equal_time(cells: Mapping[str, list[dict]], count: int) -> dict:
    """Each network after as many epochs as fit into the time of all epochs of the convolutional one.

    Returns:
        ``budget``: seconds; ``networks``: name -> ``seconds`` an epoch, ``epochs`` read at, ``share`` of the budget
        that they took, ``short``: whether that is clearly less than the budget, ``accuracies`` of the seeds then,
        their mean and its interval on ``count`` test digits; ``against``: :func:`against_cnn`.
    """
    seconds = {name: seconds_of(row) for name, row in cells.items()}
    budget = seconds[CNN] * len(curves(cells[CNN])[0])
    networks: dict[str, dict] = {}
    for name, row in cells.items():
        trained = len(curves(row)[0])
        fitting = trained if name == CNN else int(budget / seconds[name])
        epochs = max(1, min(trained, fitting))
        accuracies = [curve[epochs - 1] for curve in curves(row)]
        mean, share = float(np.mean(accuracies)), epochs * seconds[name] / budget
        networks[name] = {"seconds": seconds[name], "epochs": epochs, "share": share, "accuracies": accuracies}
        networks[name] |= {"short": fitting > trained and share < ENOUGH_TIME, "wanted": fitting}
        networks[name] |= {"accuracy": mean, "interval": share_interval(round(mean * count), count)}
    against = against_cnn({name: row["accuracies"] for name, row in networks.items()}, count)
    return {"budget": budget, "networks": networks, "against": against}
