"""Errors of a price regression, its baselines (mean, least squares), how the parts differ, and the example house."""

from __future__ import annotations

from typing import Any

import numpy as np

from paddle_camp.comparisons import Verdict, compare_paired
from paddle_camp.data.housing import COLUMNS, EXAMPLE, HousingData


def errors(predictions: np.ndarray, prices: np.ndarray, data: HousingData) -> dict[str, float]:
    """Errors of normalised predictions ``[N]`` (or ``[N, 1]``) against normalised prices ``[N]``.

    Returns:
        ``mse`` in normalised units (what is trained), ``rmse`` (its root), and ``rmse_dollars`` and ``mae_dollars`` in
        thousands of dollars.
    """
    difference = np.asarray(predictions, np.float64).reshape(-1) - np.asarray(prices, np.float64).reshape(-1)
    mse, mae = float(np.mean(difference**2)), float(np.mean(np.abs(difference)))
    span = float(data.span[13])
    return {"mse": mse, "rmse": mse**0.5, "rmse_dollars": mse**0.5 * span, "mae_dollars": mae * span}


def least_squares(inputs: np.ndarray, prices: np.ndarray) -> tuple[np.ndarray, float]:
    """Weights ``[13]`` and bias of the linear model with the smallest squared error on these rows, in closed form."""
    ones = np.ones((len(inputs), 1))
    solution, *_ = np.linalg.lstsq(np.hstack([inputs, ones]), prices, rcond=None)
    return solution[:-1], float(solution[-1])


def baseline_predictions(data: HousingData) -> dict[str, np.ndarray]:
    """Normalised predictions ``[N]`` for the test rows: "mean" (that of the training rows) and "least squares"."""
    weights, bias = least_squares(data.train.inputs, data.train.prices)
    mean = np.full(len(data.test), data.train.prices.mean())
    return {"mean": mean, "least squares": data.test.inputs @ weights + bias}


def baselines(data: HousingData) -> dict[str, dict[str, float]]:
    """Test errors of the :func:`baseline_predictions`."""
    return {name: errors(said, data.test.prices, data) for name, said in baseline_predictions(data).items()}


def compare_errors(predictions: np.ndarray, others: np.ndarray, prices: np.ndarray) -> Verdict:
    """Whether ``predictions`` are better, by squared errors row by row: what is hard for both drops out."""
    squared = [(np.asarray(each).reshape(-1) - prices) ** 2 for each in (predictions, others)]
    return compare_paired(*squared, lower_is_better=True)["verdict"]


def shift_of(data: HousingData) -> dict[str, Any]:
    """How unlike the test rows are: the ``feature`` whose mean lies farthest from that of the training rows.

    ``deviations``: by how many standard deviations of the training rows.
    """
    rows = data.train.inputs
    shifts = np.abs(data.test.inputs.mean(axis=0) - rows.mean(axis=0)) / rows.std(axis=0)
    return {"deviations": float(shifts.max()), "feature": COLUMNS[int(shifts.argmax())]}


def look_up_example(data: HousingData) -> dict[str, Any]:
    """Look the course's example house up in the table.

    Returns:
        ``part`` ("train" or "test") and true ``price`` (thousands of dollars), None where the data are not real or do
        not hold it; ``beyond``: the columns in which it lies out of the training rows' range.
    """
    row = data.normalise(EXAMPLE)
    low, high = data.train.inputs.min(axis=0), data.train.inputs.max(axis=0)
    beyond = [name for name, value, a, z in zip(COLUMNS, row, low, high, strict=False) if not a <= value <= z]
    found: dict[str, Any] = {"part": None, "price": None, "beyond": beyond}
    for name, part in (("train", data.train), ("test", data.test)):
        same = np.isclose(part.inputs, row, rtol=0, atol=1e-9).all(axis=1)
        if data.origin == "real" and same.any():
            found |= {"part": name, "price": float(data.to_dollars(part.prices[same])[0])}
    return found
