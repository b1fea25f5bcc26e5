"""A fully connected network in numpy, its gradients derived by hand: what Paddle's `loss.backward()` computes.

Layer l takes a (the previous layer's output, ``[N, in]``) to z = a W + b and to f(z); the last layer has no f. With
the loss L = mean (z - y)^2 the chain rule runs backwards (course, chapters 1 and 2)::

    dL/dz  = 2 (z - y) / N            of the last layer
    dL/dW  = a^T dL/dz                every layer: a is the layer's input
    dL/db  = sum over the batch of dL/dz
    dL/da  = dL/dz W^T                handed on to the layer before,
    dL/dz' = dL/da * f'(z')           through its activation
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

ACTIVATIONS = {
    "relu": (lambda z: np.maximum(z, 0), lambda z, a: (z > 0).astype(z.dtype)),
    "sigmoid": (lambda z: 0.5 * (1 + np.tanh(0.5 * z)), lambda z, a: a * (1 - a)),
    "tanh": (np.tanh, lambda z, a: 1 - a**2),
}


class Network:
    """Fully connected layers with squared error.

    Args:
        sizes: features in, hidden units..., outputs; (13, 1) is the linear model.
        activation: a key of :data:`ACTIVATIONS`, behind every layer but the last.
        seed: of the weights: uniform in +-sqrt(6 / (in + out)), Glorot and Bengio, AISTATS 2010; biases are 0.
        dtype: float64, or float32 as Paddle computes.

    Attributes:
        weights, biases: per layer ``[in, out]`` and ``[out]``.
    """

    def __init__(self, sizes: Sequence[int], activation: str = "relu", seed: int = 0, dtype: str = "float64"):
        rng = np.random.default_rng(seed)
        self.function, self.slope = ACTIVATIONS[activation]
        self.weights, self.biases = [], []
        for fan_in, fan_out in zip(sizes[:-1], sizes[1:], strict=True):
            limit = np.sqrt(6 / (fan_in + fan_out))
            self.weights.append(rng.uniform(-limit, limit, (fan_in, fan_out)).astype(dtype))
            self.biases.append(np.zeros(fan_out, dtype))

    def forward(self, inputs: np.ndarray) -> np.ndarray:
        """Predictions ``[N, out]`` for ``[N, in]``."""
        return self._layers(inputs)[1][-1]

    def _layers(self, inputs: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Each layer's input a, and its z."""
        activations, sums = [inputs], []
        for weight, bias in zip(self.weights, self.biases, strict=True):
            sums.append(activations[-1] @ weight + bias)
            activations.append(self.function(sums[-1]))
        return activations[:-1], sums

    def gradients(self, inputs: np.ndarray, targets: np.ndarray) -> tuple[float, list[np.ndarray], list[np.ndarray]]:
        """The loss, and its gradients for the weights and the biases of every layer.

        Args:
            inputs: ``[N, in]``.
            targets: ``[N, out]``.
        """
        activations, sums = self._layers(inputs)
        error = sums[-1] - targets
        dz = 2 * error / error.size
        of_weights, of_biases = [], []
        for layer in reversed(range(len(self.weights))):
            of_weights.insert(0, activations[layer].T @ dz)
            of_biases.insert(0, dz.sum(axis=0))
            if layer > 0:
                da = dz @ self.weights[layer].T
                dz = da * self.slope(sums[layer - 1], activations[layer])
        return float(np.mean(error**2)), of_weights, of_biases

    def step(self, of_weights: list[np.ndarray], of_biases: list[np.ndarray], learning_rate: float) -> None:
        """One step of gradient descent, in place."""
        for parameters, gradients in ((self.weights, of_weights), (self.biases, of_biases)):
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter -= learning_rate * gradient
