"""LeNet as the course builds it: LeCun et al., "Gradient-Based Learning Applied to Document Recognition", 1998.

Departures from the paper, both the course's: max pooling instead of trained subsampling, full connections instead
of the paper's table between the second and third stage, and a plain linear output instead of RBF units. For the
fundus chapter the course feeds pictures of 224 x 224 in three channels to the same layers; ``fc1`` then sees
120 x 50 x 50 = 300,000 features and holds 99.8 % of the parameters.
"""

from __future__ import annotations

from collections.abc import Callable

import paddle
from paddle import nn

from paddle_camp.models.blocks import normed
from paddle_camp.models.layers import BatchNorm2D, Conv2D, MaxPool2D, as_it_lies, flatten, relu, sigmoid, tanh
from paddle_camp.models.registry import register_model
from paddle_camp.preprocessing import DIGITS, FUNDUS

Activation = Callable[[paddle.Tensor], paddle.Tensor]
ACTIVATIONS: dict[str, Activation] = {
    "sigmoid": sigmoid,
    "relu": relu,
    "tanh": tanh,
    # Slope 1 and value 0 at 0, as tanh: what is left of a sigmoid's trouble when its slope of 1/4 is mended.
    "unit_sigmoid": lambda x: as_it_lies(lambda y: 4 * y - 2, sigmoid(x)),
}


class LeNet(nn.Layer):
    """Three convolutions and two fully connected layers.

    Args:
        num_classes: length of the output; 1 for a single logit.
        in_channels: 1 for digits, 3 for colour pictures.
        image_size: side of the square pictures, pixels; 28 or more.
        activation: a key of :data:`ACTIVATIONS`, used after every layer but the last.
        batch_norm: normalise before each activation (not in the course; homework 8 tries it).
    """

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 1,
        image_size: int = 28,
        activation: str = "sigmoid",
        batch_norm: bool = False,
    ):
        super().__init__()
        self.activation = ACTIVATIONS[activation]
        self.conv1 = Conv2D(in_channels, 6, 5)
        self.conv2 = Conv2D(6, 16, 5)
        self.conv3 = Conv2D(16, 120, 4)
        self.pool = MaxPool2D(2, 2)
        side = ((image_size - 4) // 2 - 4) // 2 - 3
        self.fc1 = nn.Linear(120 * side * side, 64)
        self.fc2 = nn.Linear(64, num_classes)
        sizes = (6, 16, 120)
        self.norms = nn.LayerList([BatchNorm2D(n) if batch_norm else nn.Identity() for n in sizes])
        self.norm_fc = nn.BatchNorm1D(64) if batch_norm else nn.Identity()

    def forward(self, images: paddle.Tensor) -> paddle.Tensor:
        """Logits ``[N, num_classes]`` from float32 ``[N, in_channels, image_size, image_size]``."""
        x = self.activation(normed(self.conv1, self.norms[0], images))  # N x 6 x 24 x 24 (224: 6 x 220 x 220)
        x = self.pool(x)  # N x 6 x 12 x 12 (110)
        x = self.activation(normed(self.conv2, self.norms[1], x))  # N x 16 x 8 x 8 (106)
        x = self.pool(x)  # N x 16 x 4 x 4 (53)
        x = self.activation(normed(self.conv3, self.norms[2], x))  # N x 120 x 1 x 1 (50)
        x = self.activation(self.norm_fc(self.fc1(flatten(x))))  # N x 64
        return self.fc2(x)


@register_model(kind=DIGITS, takes_image_size=True)
def lenet(**arguments) -> LeNet:
    """LeNet for digits, 1 x 28 x 28: 41,806 parameters at 10 classes."""
    return LeNet(**arguments)


@register_model(kind=FUNDUS, takes_image_size=True)
def lenet_fundus(**arguments) -> LeNet:
    """LeNet for fundus pictures, 3 x 224 x 224: 19,233,841 parameters with the course's single logit."""
    return LeNet(**{"num_classes": 1, "in_channels": 3, "image_size": 224} | arguments)
