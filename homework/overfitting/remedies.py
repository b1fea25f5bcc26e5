"""The remedies for overfitting: dropout, L2, L1 and max-norm, in the training of one network."""

from __future__ import annotations

from typing import Any

import numpy as np
import paddle
from paddle import nn

import paddle_camp as camp

REMEDIES = ("dropout", "l2", "l1", "max_norm")
NEAR_ZERO = 1e-3  # a weight that is smaller counts as none


def build(remedy: str, strength: float) -> nn.Layer:
    """The zoo's 784-300-100-10 with ReLU; dropout behind both hidden layers where that is the remedy."""
    return camp.create_for("mlp_relu", camp.DIGITS, dropout=strength if remedy == "dropout" else 0.0)


class Regularised(camp.Supervised):
    """Cross-entropy, with a penalty on the weights (not the biases), or a bound on them behind every step.

    Args:
        remedy: "none", or one of :data:`REMEDIES`; dropout is in the network.
        strength: the factor of the penalty (L2: times half of the sum of squares; L1: times the sum of absolute
            values), or the largest norm of the weights that go into one unit.
    """

    def __init__(self, model: nn.Layer, optimizer: paddle.optimizer.Optimizer, remedy: str, strength: float):
        super().__init__(model, optimizer)
        self.remedy, self.strength = remedy, strength
        self.weights = [parameter for parameter in model.parameters() if parameter.ndim == 2]
        self.training_loss = self.penalised  # evaluations report the plain loss

    def penalised(self, logits: paddle.Tensor, labels: paddle.Tensor) -> paddle.Tensor:
        """The loss that is trained on."""
        loss = camp.classification_loss(logits, labels)
        if self.remedy == "l2":
            loss = loss + self.strength / 2 * sum((weight**2).sum() for weight in self.weights)
        if self.remedy == "l1":
            loss = loss + self.strength * sum(weight.abs().sum() for weight in self.weights)
        return loss

    def update(self, name: str):
        """The optimizer's step; max-norm then shortens the weights of every unit that are too long."""
        super().update(name)
        if self.remedy == "max_norm":
            with paddle.no_grad():
                for weight in self.weights:  # [inputs, units]
                    lengths = weight.norm(axis=0, keepdim=True)
                    weight.set_value(weight * (self.strength / lengths).clip(max=1.0))

    def describe(self) -> dict[str, Any]:
        """A training that is resumed must have the same remedy."""
        return super().describe() | {"remedy": self.remedy, "strength": self.strength}


def look_at(model: nn.Layer) -> dict[str, float]:
    """What a remedy has done to the weights: JSON values."""
    weights = [p.numpy() for p in model.parameters() if p.ndim == 2]
    return {
        "norm": float(np.sqrt(sum(float((w**2).sum()) for w in weights))),
        "near_zero": float(np.mean(np.concatenate([np.abs(w).ravel() < NEAR_ZERO for w in weights]))),
        "longest": float(max(np.linalg.norm(w, axis=0).max() for w in weights)),
    }
