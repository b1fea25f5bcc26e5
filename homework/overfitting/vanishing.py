"""How the signal and its gradient change from layer to layer, before any training."""

from __future__ import annotations

import numpy as np
import paddle

import paddle_camp as camp
from homework.overfitting.networks import ACTIVATIONS, INITIALISATIONS, Plain
from paddle_camp.networks.signals import arriving, mean_by_layer


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
    found = {key: [x if np.isfinite(x) else None for x in values] for key, values in found.items()}
    return found | {"arriving": arriving(loss, hidden)}


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
                means = {key: mean_by_layer([row[key] for row in rows]) for key in rows[0]}
                found[f"{activation} {initialisation} {depth}"] = means
    return found
