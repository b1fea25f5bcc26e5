"""A network in two files, its structure as JSON and its weights as safetensors: data, of which nothing is executed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import paddle
import paddle.nn.functional as F
from paddle import nn

from paddle_camp.errors import CheckpointError
from paddle_camp.files import write_json
from paddle_camp.networks.perceptron import ACTIVATIONS, perceptron
from paddle_camp.networks.weights import load_weights, save_weights

STRUCTURE, WEIGHTS = "structure.json", "weights.safetensors"
MAX_UNITS, MAX_LAYERS = 4096, 10  # of a file that somebody else may have written


def describe_network(
    sizes: Sequence[int], features, classes, mean: np.ndarray, deviation: np.ndarray
) -> dict[str, Any]:
    """All that is needed to build the network and to feed it, as JSON values.

    Args:
        sizes: units of the inputs, the hidden layers and the outputs.
        mean, deviation: an input is (feature - mean) / deviation.
    """
    known = {"kind": "mlp", "units": list(sizes), "activation": "tanh", "output": "softmax"}
    known |= {"features": list(features), "classes": list(classes)}
    return known | {"mean": np.ravel(mean).tolist(), "deviation": np.ravel(deviation).tolist()}


def build(structure: dict[str, Any]) -> nn.Sequential:
    """The network of a structure, with weights yet to be loaded.

    Raises:
        CheckpointError: it is no structure that :func:`describe_network` writes.
    """
    try:
        units, activation = structure["units"], structure["activation"]
        right = structure["kind"] == "mlp" and activation in ACTIVATIONS and 2 <= len(units) <= MAX_LAYERS
        right = right and all(type(number) is int and 0 < number <= MAX_UNITS for number in units)
        inputs = [len(structure[key]) for key in ("features", "mean", "deviation")]
        right = right and inputs == 3 * [units[0]] and len(structure["classes"]) == units[-1]
        scales = np.array([structure["mean"], structure["deviation"]], np.float64)
        right = right and bool(np.isfinite(scales).all() and (scales[1] > 0).all())
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{STRUCTURE}: damaged, or no structure of a network ({error})") from None
    if not right:
        raise CheckpointError(f"{STRUCTURE}: kind, units, features, classes, mean or deviation do not fit together")
    return perceptron(units, activation)


def save_network(structure: dict[str, Any], parameters: Sequence[np.ndarray], folder: Path) -> nn.Sequential:
    """Write the structure as JSON and the weights beside it; returns the network that was saved."""
    model = build(structure)
    for parameter, values in zip(model.parameters(), parameters, strict=True):
        parameter.set_value(values)
    write_json(folder / STRUCTURE, structure)
    save_weights(model, folder / WEIGHTS)
    return model


def load_network(folder: Path) -> tuple[nn.Sequential, dict[str, Any]]:
    """Build the network that the JSON describes, and load its weights; nothing in the files is executed."""
    structure = read_structure(folder / STRUCTURE)
    model = build(structure)
    load_weights(model, folder / WEIGHTS)
    return model, structure


def read_structure(path: Path) -> dict[str, Any]:
    """The JSON object in a file.

    Raises:
        CheckpointError: it is missing or damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}: missing or damaged ({error})") from None


def probabilities_of(model: nn.Layer, structure: dict[str, Any], features: np.ndarray) -> np.ndarray:
    """Probabilities ``[N, classes]`` of rows of features as they were measured."""
    inputs = (np.asarray(features) - structure["mean"]) / structure["deviation"]
    model.eval()
    with paddle.no_grad():
        return F.softmax(model(paddle.to_tensor(inputs.astype("float32")))).numpy()
