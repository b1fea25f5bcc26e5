"""What the models of homework 4-1 come to, on the test rows and over the seeds."""

from __future__ import annotations

from typing import Any

import numpy as np

from paddle_camp.comparisons import compare_with_value
from paddle_camp.data.housing import HousingData
from paddle_camp.data.housing_regression import baseline_predictions, compare_errors, errors, least_squares

PAIRS = (("network", "linear"), ("network", "least squares"), ("linear", "least squares"))


def judge(predictions: dict[str, np.ndarray], fitted: np.ndarray, data: HousingData) -> dict[str, Any]:
    """Verdicts on the models.

    Args:
        predictions: of the test rows by "linear", by "network", and by the same network from other seeds.
        fitted: the linear model's predictions of the training rows.

    Returns:
        ``against``: the first of each pair against the second, by test row; ``network_seeds``: the network's test
        errors, ``seeds_against_linear``: the verdict on them against the one training of the linear model;
        ``train_ratio``: of the linear model's training loss to the smallest there is.
    """
    said, prices = predictions | baseline_predictions(data), data.test.prices
    dollars = {name: errors(each, prices, data)["rmse_dollars"] for name, each in predictions.items()}
    linear, seeds = dollars["linear"], [error for name, error in dollars.items() if name != "linear"]
    weights, bias = least_squares(data.train.inputs, data.train.prices)
    losses = [np.mean((p - data.train.prices) ** 2) for p in (fitted, data.train.inputs @ weights + bias)]
    return {
        "against": {f"{a} against {b}": compare_errors(said[a], said[b], prices) for a, b in PAIRS},
        "network_seeds": seeds,
        "seeds_against_linear": compare_with_value(seeds, linear, lower_is_better=True)["verdict"],
        "train_ratio": float(losses[0] / losses[1]),
    }
