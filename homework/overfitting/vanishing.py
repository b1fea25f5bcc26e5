"""How the signal and its gradient change from layer to layer, before any training."""

from __future__ import annotations

import numpy as np
import paddle

import paddle_camp as camp
from homework.overfitting.networks import ACTIVATIONS, INITIALISATIONS, Plain

SMALL, LARGE = 1e-2, 1e2  # times: a gradient that changes by less over all layers is kept


def probe(model: Plain, images: np.ndarray, labels: np.ndarray) -> dict[str, list]:
    """One forward and backward pass: a number for each hidden layer, from the first to the last; JSON values.

    Returns:
        ``signal``: the standard deviation of the layer's outputs; ``between``: that of a unit between the pictures, the
        mean over the units; ``arriving``: the norm of the loss's gradient with respect to the layer's outputs. None: no
        finite number.
    """
    hidden = model.hidden(paddle.to_tensor(images))
    loss = camp.classification_loss(model.layers[-1](hidden[-1]), paddle.to_tensor(labels))
    outputs = [x.numpy() for x in hidden]
    found = {"signal": [float(x.std()) for x in outputs], "between": [float(x.std(axis=0).mean()) for x in outputs]}
    found["arriving"] = [float(gradient.norm()) for gradient in paddle.grad(loss, hidden)]
    return {key: [x if np.isfinite(x) else None for x in values] for key, values in found.items()}


def measure(depths: tuple[int, ...], width: int, seeds: range, images: np.ndarray, labels: np.ndarray) -> dict:
    """Name "activation initialisation depth" -> :func:`probe`, the geometric mean over the seeds."""
    found = {}
    for activation in ACTIVATIONS:
        for initialisation in INITIALISATIONS:
            for depth in depths:
                rows = []
                for seed in seeds:
                    paddle.seed(seed)
                    rows.append(probe(Plain(depth, width, activation, initialisation), images, labels))
                found[f"{activation} {initialisation} {depth}"] = mean_of(rows)
    return found


def mean_of(rows: list[dict[str, list]]) -> dict[str, list]:
    """Layer by layer, the geometric mean over the seeds; None where one is not finite, 0 where one is 0."""

    def mean(values: tuple) -> float | None:
        if any(value is None for value in values):
            return None
        return float(np.exp(np.mean(np.log(values)))) if min(values) > 0 else 0.0

    return {key: [mean(values) for values in zip(*(row[key] for row in rows), strict=True)] for key in rows[0]}


def judge(row: dict[str, list]) -> dict:
    """What becomes of the gradient on its way from the last hidden layer to the first.

    Returns:
        ``ratio``: gradient at the first layer / at the last (None: not finite, or 0 at the last); ``each``: that ratio
        for one layer, its root; ``state``: "none" (no gradient at all), "vanishes", "explodes", "kept".
    """
    first, last = row["arriving"][0], row["arriving"][-1]
    layers = len(row["arriving"]) - 1
    if first is None or last is None:
        return {"ratio": None, "each": None, "state": "explodes"}
    if first == 0 or last == 0:
        return {"ratio": None, "each": None, "state": "none"}
    ratio = first / last
    state = "vanishes" if ratio < SMALL else "explodes" if ratio > LARGE else "kept"
    return {"ratio": ratio, "each": ratio ** (1 / layers) if layers else 1.0, "state": state}
