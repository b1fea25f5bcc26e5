"""DenseNet-121: Huang et al., "Densely Connected Convolutional Networks", CVPR 2017 (arXiv:1608.06993).

The DenseNet-BC form of the paper's table 1: bottlenecks of 4 x growth, transitions that halve the channels.
"""

from __future__ import annotations

import paddle
from paddle import nn

from paddle_camp.models.blocks import normed
from paddle_camp.models.layers import (
    BatchNorm2D,
    Conv2D,
    MaxPool2D,
    average_pool,
    concat,
    flatten,
    fork,
    global_average_pool,
)
from paddle_camp.models.registry import register_model


class DenseLayer(nn.Layer):
    """Batch norm, ReLU, 1x1, batch norm, ReLU, 3x3; the ``growth`` new channels join those that came in."""

    def __init__(self, in_channels: int, growth: int):
        super().__init__()
        self.norm1 = BatchNorm2D(in_channels, relu=True)
        self.conv1 = Conv2D(in_channels, 4 * growth, 1, bias_attr=False)
        self.norm2 = BatchNorm2D(4 * growth, relu=True)
        self.conv2 = Conv2D(4 * growth, growth, 3, padding=1, bias_attr=False)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """``[N, in, H, W]`` to ``[N, in + growth, H, W]``."""
        x, y = fork(x, 2)
        y = normed(self.conv1, self.norm2, self.norm1(y))
        y = self.conv2(y)
        return concat([x, y])


class Transition(nn.Layer):
    """Half the channels by a 1x1, half the side by a 2x2 average pool."""

    def __init__(self, in_channels: int):
        super().__init__()
        self.norm = BatchNorm2D(in_channels, relu=True)
        self.conv = Conv2D(in_channels, in_channels // 2, 1, bias_attr=False)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """``[N, C, H, W]`` to ``[N, C / 2, H / 2, W / 2]``."""
        return average_pool(self.conv(self.norm(x)), 2)


class DenseNet(nn.Layer):
    """A stem, blocks of dense layers with transitions between them, and a linear classifier.

    Args:
        depths: dense layers in each of the four blocks.
        growth: channels that each layer adds.
    """

    def __init__(self, depths: tuple[int, ...], growth: int = 32, num_classes: int = 1000, in_channels: int = 3):
        super().__init__()
        channels = 2 * growth
        self.conv = Conv2D(in_channels, channels, 7, stride=2, padding=3, bias_attr=False)
        self.norm = BatchNorm2D(channels, relu=True)
        self.pool = MaxPool2D(3, stride=2, padding=1)
        layers: list[nn.Layer] = []
        for number, depth in enumerate(depths):
            for _ in range(depth):
                layers.append(DenseLayer(channels, growth))
                channels += growth
            if number + 1 < len(depths):
                layers.append(Transition(channels))
                channels //= 2
        self.blocks = nn.Sequential(*layers)
        self.norm_last = BatchNorm2D(channels, relu=True)
        self.fc = nn.Linear(channels, num_classes)

    def forward(self, images: paddle.Tensor) -> paddle.Tensor:
        """Logits ``[N, num_classes]`` from float32 ``[N, in_channels, H, W]``, H and W at least 32."""
        x = self.pool(normed(self.conv, self.norm, images))  # N x 64 x 56 x 56
        x = self.norm_last(self.blocks(x))  # N x 1024 x 7 x 7
        return self.fc(flatten(global_average_pool(x)))


@register_model
def densenet121(**arguments) -> DenseNet:
    """DenseNet-121: 7,978,856 parameters at 1000 classes; 2.83 billion multiply-adds at 224 x 224."""
    return DenseNet((6, 12, 24, 16), **arguments)
