"""Exercise 1 of homework 6-1: what every layer gives for some test digits, and what there is to see in it."""

from __future__ import annotations

import numpy as np
import paddle

import paddle_camp as camp
from paddle_camp.metrics import probabilities
from paddle_camp.networks.summary import layer_outputs

EDGE = 0.05  # a Sigmoid's output below this or above 1 - this lies where its slope is under a fifth of its greatest
FACTOR = 10.0  # standard deviations of the layers that differ by less are called alike


def describe_layers(model: paddle.nn.Layer, batches: camp.Batches) -> list[dict]:
    """The input and every layer's output for the first batch; the shape and the maps are those of its first digit."""
    images = next(batches.epoch())[0]
    outputs = {"input": images} | layer_outputs(model, paddle.to_tensor(images))
    return [{"name": name, "digits": len(images)} | describe(value) for name, value in outputs.items()]


def describe(value: np.ndarray) -> dict:
    """Numbers of outputs ``[N, units, ...]``; a unit, a channel or a feature, is dead if it is 0 for all digits.

    ``saturated`` is None unless all outputs are above 0 and at most 1, as behind a Sigmoid.
    """
    units = np.moveaxis(value, 1, 0).reshape(value.shape[1], -1)
    low, high = float(value.min()), float(value.max())
    ends = ((value < EDGE) | (value > 1 - EDGE)).mean()
    return {
        "shape": [1, *value.shape[1:]],
        "mean": float(value.mean()),
        "std": float(value.std()),
        "zeros": float((value == 0).mean()),
        "dead": float((units == 0).all(axis=1).mean()),
        "low": low,
        "high": high,
        "saturated": float(ends) if low > 0 and high <= 1 else None,
        "maps": value[0].tolist() if value.ndim == 4 else None,
    }


def observe(layers: list[dict], logits: np.ndarray) -> dict:
    """What the rows of :func:`describe_layers` show, by the layers' names; ``logits [N, K]`` are of all test digits."""
    deviations = [row["std"] for row in layers]
    even = max(deviations) < FACTOR * min(deviations)
    ordered = {"grows": sorted(deviations), "shrinks": sorted(deviations, reverse=True)}
    direction = next((name for name, each in ordered.items() if each == deviations), "changes")
    inside = layers[1:-1]  # behind the input, before the logits
    return {
        "rectified": {row["name"]: row["zeros"] for row in inside if row["low"] == 0 < row["zeros"]},
        "signed": [row["name"] for row in inside if row["low"] < 0 < row["high"]],
        "dead": {row["name"]: row["dead"] for row in inside if row["dead"] > 0},
        "saturated": {row["name"]: row["saturated"] for row in inside if row["saturated"] is not None},
        "scale": "even" if even else direction,
        "logits": [float(logits.min()), float(logits.max())],
        "sure": float((probabilities(logits).max(axis=1) > 1 - EDGE).mean()),
    }
