"""Fully connected networks of any depth, with the activations and initial weights that are compared."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import paddle
import paddle.nn.functional as F
from paddle import nn

ACTIVATIONS: dict[str, Callable[[paddle.Tensor], paddle.Tensor]] = {
    "sigmoid": F.sigmoid,
    "tanh": paddle.tanh,
    "relu": F.relu,
    "leaky_relu": lambda x: F.leaky_relu(x, 0.01),
}
# The standard deviation of the initial weights of a layer with so many inputs and outputs; biases are 0.
INITIALISATIONS: dict[str, Callable[[int, int], float]] = {
    "zero": lambda inputs, outputs: 0.0,
    "normal": lambda inputs, outputs: 1.0,
    "xavier": lambda inputs, outputs: (2 / (inputs + outputs)) ** 0.5,  # Glorot and Bengio, AISTATS 2010
    "he": lambda inputs, outputs: (2 / inputs) ** 0.5,  # He et al., ICCV 2015
}
# What each activation is trained with: Xavier's keeps the scale of what has slope 1 at 0, He's that of half a line.
USUAL = {"sigmoid": "xavier", "tanh": "xavier", "relu": "he", "leaky_relu": "he"}


class Plain(nn.Layer):
    """``depth`` hidden layers of ``width`` units over standardised pixels, and 10 outputs.

    Args:
        initialisation: a key of :data:`INITIALISATIONS`, drawn with Paddle's seed.
    """

    def __init__(self, depth: int, width: int, activation: str, initialisation: str, inputs: int = 784):
        super().__init__()
        sizes = [inputs, *[width] * depth, 10]
        self.activation = ACTIVATIONS[activation]
        self.layers = nn.LayerList([nn.Linear(*pair) for pair in zip(sizes[:-1], sizes[1:], strict=True)])
        for layer in self.layers:
            deviation = INITIALISATIONS[initialisation](*layer.weight.shape)
            layer.weight.set_value(paddle.randn(layer.weight.shape) * deviation)
            layer.bias.set_value(paddle.zeros(layer.bias.shape))

    def hidden(self, images: paddle.Tensor) -> list[paddle.Tensor]:
        """The output of every hidden layer, ``[N, width]`` each."""
        found, x = [], images.flatten(1)
        for layer in self.layers[:-1]:
            x = self.activation(layer(x))
            found.append(x)
        return found

    def forward(self, images: paddle.Tensor) -> paddle.Tensor:
        """Logits ``[N, 10]`` from float32 ``[N, 1, 28, 28]``."""
        return self.layers[-1](self.hidden(images)[-1])


def standardise(images: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """The scale that takes these uint8 pixels, all of them together, to mean 0 and standard deviation 1."""
    mean, deviation = float(images.mean()), float(images.std()) or 1.0
    return lambda pixels: ((pixels - mean) / deviation).astype("float32")
