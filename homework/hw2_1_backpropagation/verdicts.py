"""What the two models of homework 2-1 come to beside the closed forms, and the shapes of their gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from paddle_camp.comparisons import compare_with_value
from paddle_camp.data.housing import HousingData, Table
from paddle_camp.data.housing_regression import errors, least_squares


def closed_form_quadratic(data: HousingData) -> dict[str, float]:
    """The quadratic model is linear in x and x^2, so that least squares gives the smallest training error there is."""
    train, test = (np.hstack([part.inputs, part.inputs**2]) for part in (data.train, data.test))
    weights, bias = least_squares(train, data.train.prices)
    found = errors(test @ weights + bias, data.test.prices, data)
    return found | {"train_mse": float(np.mean((train @ weights + bias - data.train.prices) ** 2))}


def verdicts_on(descent: dict, closed_form: dict) -> dict[str, str]:
    """Gradient descent against the closed form, over the seeds: part -> better, worse or cannot be told apart."""
    columns = {"train": "train_mse", "test": "mse"}
    found = {part: compare_with_value(descent[c], closed_form[c], lower_is_better=True) for part, c in columns.items()}
    return {part: comparison["verdict"] for part, comparison in found.items()}


def against_linear(networks: dict[str, dict], linear: float) -> dict[str, str]:
    """Each model's test errors over the seeds against that of the linear model: better, worse, or not to be told."""
    return {n: compare_with_value(row["mse"], linear, lower_is_better=True)["verdict"] for n, row in networks.items()}


def shapes_of(models: dict[str, Any], table: Table, batch_size: int) -> list[dict[str, Any]]:
    """The shapes of the models' parameters and of their gradients, in a pass over a batch."""
    rows = []
    for model, network in models.items():
        gradients = network.backward(network.forward(table.inputs[:batch_size]) - table.prices[:batch_size])
        for name, values in network.parameters.items():
            shapes = {"shape": list(values.shape), "gradient": list(gradients[name].shape)}
            rows.append({"model": model, "name": name} | shapes)
    return rows
