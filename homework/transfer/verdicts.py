"""transfer: what each way comes to at each size, which one held-out pictures choose, and what pretraining is worth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

import paddle_camp as camp
from homework.transfer.training import FROZEN, SCRATCH, TUNED
from paddle_camp.history import History
from paddle_camp.sweeps.choosing import choose_rate
from paddle_camp.ways import compare_ways, describe_way


def judge_size(cells: Mapping[str, Any], labels: np.ndarray) -> dict[str, Any]:
    """The ways with so many training pictures, the rate of the fine-tuned one chosen on held-out pictures.

    Args:
        cells: "frozen" and "scratch" -> trainings; "fine-tuned" -> rate -> trainings.
        labels: of the validation pictures.

    Returns:
        ``ways``: way -> :func:`~paddle_camp.ways.describe_way`, without one whose trainings all diverged; ``against``;
        ``rate``: how it was chosen; ``rates``: each rate's numbers; ``norms_moved``: the most that a number of a batch
        norm has changed in fine-tuning; ``majority``: the share of the more frequent class.
    """
    rate = choose_rate(cells[TUNED], "body_rates")
    ways = {FROZEN: cells[FROZEN], TUNED: cells[TUNED][rate["rate"]], SCRATCH: camp.finished(cells[SCRATCH])}
    ways = {way: row for way, row in ways.items() if row}
    tried = {f"{each:g}": camp.finished(row) for each, row in cells[TUNED].items()}
    rates = {name: describe_way(row, labels) for name, row in tried.items() if row}
    moved = max(cell["norms_moved"] for row in tried.values() for cell in row)
    rows = {way: describe_way(row, labels) for way, row in ways.items()}
    found = {"ways": rows, "against": compare_ways(ways, labels), "rate": rate, "rates": rates, "norms_moved": moved}
    return found | {"majority": float(np.bincount(labels).max() / len(labels))}


def choose_way(largest: Mapping[str, Any]) -> str:
    """The pretrained way with the lowest loss on held-out pictures, of those trained on all pictures."""
    return min((FROZEN, TUNED), key=lambda way: largest["ways"][way]["holdout_loss"])


def worth(curve: Mapping[str, Any]) -> dict[str, Any]:
    """What pretraining is worth in pictures.

    Args:
        curve: size -> :func:`judge_size`, the smallest first.

    Returns:
        ``few``: the smallest size; ``frozen``: the accuracy of the frozen way there; ``reached``: the smallest size at
        which the training from scratch is as accurate on the mean; None: at none. ``best``: its highest accuracy;
        ``guessing``: whether it is nowhere told from always naming the more frequent class.
    """
    few = next(iter(curve))
    known = curve[few]["ways"][FROZEN]["mean_accuracy"]
    scratch = {size: row["ways"][SCRATCH]["mean_accuracy"] for size, row in curve.items() if SCRATCH in row["ways"]}
    reached = next((int(size) for size, accuracy in scratch.items() if accuracy >= known), None)
    lows = [(row["ways"][SCRATCH]["interval"][0], row["majority"]) for size, row in curve.items() if size in scratch]
    found = {"few": int(few), "frozen": known, "reached": reached, "best": max(scratch.values(), default=None)}
    return found | {"guessing": all(low <= majority for low, majority in lows)}


def seconds_of(trainings: Mapping[int, Mapping[str, Any]]) -> dict[str, float]:
    """Seconds of all trainings, of all sizes, that were fine-tuned or from scratch; evaluations are left out.

    Args:
        trainings: size -> as for :func:`judge_size`.
    """
    found = {TUNED: 0.0, SCRATCH: 0.0}
    for cells in trainings.values():
        rows = [(TUNED, row) for row in cells[TUNED].values()] + [(SCRATCH, cells[SCRATCH])]
        for way, row in rows:
            histories = [History.from_dict(cell["history"]) for cell in camp.finished(row)]
            found[way] += sum(each["seconds"] for history in histories for each in history.split("train"))
    return found
