"""Fully connected layers described by plain values, so that a JSON file can name them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from paddle import nn

from paddle_camp.errors import require

ACTIVATIONS = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}
MAX_WEIGHTS = 2**26  # 256 MiB of float32


def perceptron(sizes: Sequence[int], activation: str = "relu") -> nn.Sequential:
    """Fully connected layers: ``sizes`` [13, 16, 1] are 13 inputs, 16 hidden units and 1 output.

    Args:
        sizes: inputs, units of each hidden layer, outputs; two numbers are a linear model.
        activation: behind each hidden layer, a key of :data:`ACTIVATIONS`; there is none behind the last one.

    Raises:
        SettingError: fewer than two sizes, one that is no positive integer, too many weights, or no such activation.
    """
    right = len(sizes) > 1 and all(type(size) is int and size > 0 for size in sizes)
    require(right, f"sizes={sizes}: give two positive whole numbers or more: inputs, hidden units, outputs")
    require(sum(a * b for a, b in itertools.pairwise(sizes)) <= MAX_WEIGHTS, f"sizes={sizes}: too many weights")
    require(activation in ACTIVATIONS, f"activation={activation}: there are {', '.join(ACTIVATIONS)}")
    layers = [nn.Linear(*sizes[:2])]
    for pair in itertools.pairwise(sizes[1:]):
        layers += [ACTIVATIONS[activation](), nn.Linear(*pair)]
    return nn.Sequential(*layers)
