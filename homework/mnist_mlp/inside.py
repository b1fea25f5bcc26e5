"""Inside of a fully connected network: its linear layers as one, and which of its units are on."""

from __future__ import annotations

import numpy as np
import paddle
from paddle import nn

from paddle_camp.networks.modes import evaluating, unchanged


def multiply_out(model: nn.Layer) -> tuple[np.ndarray, np.ndarray]:
    """All fully connected layers as one, W ``[784, 10]`` and b ``[10]`` in float64; what is between them is ignored."""
    weight, bias = np.eye(1), np.zeros(1)
    for number, layer in enumerate(each for each in model.layers if isinstance(each, nn.Linear)):
        w, b = layer.weight.numpy().astype("float64"), layer.bias.numpy().astype("float64")
        # (x W + b) w + b' = x (W w) + (b w + b')
        weight, bias = (weight @ w, bias @ w + b) if number else (w, b)
    return weight, bias


def compare_with_one_map(model: nn.Layer, images: np.ndarray, outputs: np.ndarray) -> dict:
    """The network's outputs against x W + b, on every picture; JSON values.

    Args:
        images: float32 ``[N, 1, 28, 28]`` from 0 to 1, which the network spreads to [-1, 1].
        outputs: of the network, ``[N, 10]``.
    """
    weight, bias = multiply_out(model)
    alone = (2 * images.reshape(len(images), -1).astype("float64") - 1) @ weight + bias
    gaps = np.abs(alone - outputs)
    changed = int((alone.argmax(axis=1) != outputs.argmax(axis=1)).sum())
    return {"largest": float(gaps.max()), "largest_output": float(np.abs(outputs).max()), "changed": changed}


def _before_relu(model: nn.Layer, images: np.ndarray) -> list[np.ndarray]:
    """What reaches each ReLU, ``[N, units]`` each."""
    seen: list[np.ndarray] = []
    relus = [layer for layer in model.layers if isinstance(layer, nn.ReLU)]
    hooks = [relu.register_forward_pre_hook(lambda layer, inputs: seen.append(inputs[0].numpy())) for relu in relus]
    with paddle.no_grad():
        model(paddle.to_tensor(images))
    for hook in hooks:
        hook.remove()
    return seen


def spread_before_relu(model: nn.Layer, images: np.ndarray) -> list[float]:
    """The standard deviation of what reaches each ReLU when a batch is trained on; empty without a ReLU."""
    with unchanged(model):  # a batch norm's running means move
        model.train()
        return [float(values.std()) for values in _before_relu(model, images)]


def count_patterns(model: nn.Layer, images: np.ndarray) -> dict:
    """How many different sets of units are on among these pictures, and the share of units on; JSON values.

    All pictures with one pattern go through one and the same linear map.
    """
    with evaluating(model):
        values = _before_relu(model, images)
    if not values:
        return {"patterns": 1, "on": 1.0}
    on = np.concatenate(values, axis=1) > 0
    return {"patterns": len(np.unique(np.packbits(on, axis=1), axis=0)), "on": float(on.mean())}
