"""The fully connected nets for digits, 784-300-100-10: linear, with ReLU, with batch norm and ReLU (homework 6-1)."""

from __future__ import annotations

import paddle
from paddle import nn

from paddle_camp.models.registry import register_model
from paddle_camp.preprocessing import DIGITS


class MLP(nn.Layer):
    """Fully connected layers over all pixels of a picture.

    Args:
        num_classes: length of the output.
        in_channels: of the pictures.
        image_size: side of the square pictures, pixels.
        hidden: units of the hidden layers.
        activation: ReLU behind each hidden layer; without it the whole net is a linear map in three factors.
        batch_norm: normalise before each ReLU.
        dropout: share of the hidden units that a training step leaves out, behind each hidden layer.
        signed: spread pixels from [0, 1] to [-1, 1] first, so that grey is 0, as a course feeds them.
    """

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 1,
        image_size: int = 28,
        hidden: tuple[int, ...] = (300, 100),
        activation: bool = True,
        batch_norm: bool = False,
        dropout: float = 0.0,
        signed: bool = False,
    ):
        super().__init__()
        self.signed = signed
        layers, width = [nn.Flatten()], in_channels * image_size**2
        for units in hidden:
            layers.append(nn.Linear(width, units))
            layers += [nn.BatchNorm1D(units)] if batch_norm else []
            layers += [nn.ReLU()] if activation else []
            layers += [nn.Dropout(dropout)] if dropout else []
            width = units
        self.layers = nn.Sequential(*layers, nn.Linear(width, num_classes))

    def forward(self, images: paddle.Tensor) -> paddle.Tensor:
        """Logits ``[N, num_classes]`` from float32 ``[N, in_channels, image_size, image_size]``."""
        return self.layers(2 * images - 1 if self.signed else images)


@register_model(kind=DIGITS, takes_image_size=True)
def mlp_linear(**arguments) -> MLP:
    """784-300-100-10 without activations: 266,610 parameters, and no more power than one linear layer."""
    return MLP(**{"activation": False} | arguments)


@register_model(kind=DIGITS, takes_image_size=True)
def mlp_relu(**arguments) -> MLP:
    """784-300-100-10 with ReLU: 266,610 parameters."""
    return MLP(**arguments)


@register_model(kind=DIGITS, takes_image_size=True)
def mlp_bn(**arguments) -> MLP:
    """784-300-100-10 with batch norm and ReLU: 267,410 trained parameters."""
    return MLP(**{"batch_norm": True} | arguments)
