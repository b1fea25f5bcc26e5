"""The noise of a mini-batch's gradient in homework 2-2: how far it strays from the gradient of all rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from paddle_camp.comparisons import compare_share
from paddle_camp.data.batches import epoch_order
from paddle_camp.data.housing import HousingData, Table


def with_ones(table: Table) -> np.ndarray:
    """Inputs ``[N, 14]``: a column of ones makes the bias a weight like the others."""
    return np.c_[table.inputs, np.ones(len(table))]


def gradients_of_rows(data: HousingData, weights: np.ndarray) -> np.ndarray:
    """The gradient of every training row ``[N, 14]``."""
    inputs = with_ones(data.train)
    return 2 * (inputs @ weights - data.train.prices)[:, None] * inputs


def gradient_noise(data: HousingData, weights: np.ndarray, batch_size: int, seed: int, epochs: int) -> dict[str, float]:
    """How far the gradients of mini-batches lie from that of all rows: root mean square of the distance, and two laws.

    "law" is sigma / sqrt(batch), sigma being the noise of single rows; "law_without" allows for an epoch using every
    row once: N rows leave (N - B) / (N - 1) of the variance, and nothing for a batch of all rows.
    """
    each = gradients_of_rows(data, weights)
    each -= each.mean(axis=0)  # how far it lies from the gradient of all rows
    count, squares = len(each) // batch_size, []
    for epoch in range(epochs):
        order = epoch_order(len(each), seed, epoch)[: count * batch_size]  # whole batches only
        means = each[order].reshape(count, batch_size, -1).mean(axis=1)
        squares.append((means**2).sum(axis=1).mean())
    law = float(np.sqrt((each**2).sum(axis=1).mean() / batch_size))
    without = law * ((len(each) - batch_size) / (len(each) - 1)) ** 0.5
    return {"batch_size": batch_size, "measured": float(np.mean(squares)) ** 0.5, "law": law, "law_without": without}


def measure_noise(data: HousingData, places: dict[str, np.ndarray], sizes: list[int], seed: int, epochs: int) -> dict:
    """The :func:`gradient_noise` of all batch sizes at some weights, by their name."""
    return {name: [gradient_noise(data, at, size, seed, epochs) for size in sizes] for name, at in places.items()}


def single_rows(data: HousingData, weights: np.ndarray) -> dict[str, Any]:
    """How many rows' gradients oppose that of all rows (a negative inner product), against the half of pure chance.

    ``norm`` is the length of the gradient of all rows; the verdict is "worse" where fewer than half oppose it.
    """
    each = gradients_of_rows(data, weights)
    whole = each.mean(axis=0)
    count = int((each @ whole < 0).sum())
    verdict = compare_share(count, len(each), 0.5)["verdict"]
    return {"opposed": count, "share": count / len(each), "verdict": verdict, "norm": float(np.linalg.norm(whole))}


def gap_to_law(noise: dict[str, list[dict]], rows: int) -> float:
    """The largest relative gap between the measured noise and its law, of batches up to a quarter of the rows."""
    measured = [row for place in noise.values() for row in place if row["batch_size"] * 4 <= rows]
    return max((abs(row["measured"] / row["law_without"] - 1) for row in measured), default=0.0)
