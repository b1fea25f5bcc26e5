"""DenseNet-121: Huang et al., "Densely Connected Convolutional Networks", CVPR 2017 (arXiv:1608.06993).

The DenseNet-BC form of the paper's table 1: bottlenecks of 4 x growth, transitions that halve the channels.
"""

from __future__ import annotations

import paddle
import paddle.nn.functional as F
from paddle import nn

from paddle_camp.models.layers import MaxPool2D
from paddle_camp.models.registry import register_model


class DenseLayer(nn.Layer):
    """Batch norm, ReLU, 1x1, batch norm, ReLU, 3x3; the ``growth`` new channels join those that came in."""

    def __init__(self, in_channels: int, growth: int):
        super().__init__()
        self.norm1 = nn.BatchNorm2D(in_channels)
        self.conv1 = nn.Conv2D(in_channels, 4 * growth, 1, bias_attr=False)
        self.norm2 = nn.BatchNorm2D(4 * growth)
        self.conv2 = nn.Conv2D(4 * growth, growth, 3, padding=1, bias_attr=False)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """``[N, in, H, W]`` to ``[N, in + growth, H, W]``."""
        y = self.conv1(F.relu(self.norm1(x)))
        y = self.conv2(F.relu(self.norm2(y)))
        return paddle.concat([x, y], axis=1)


class Transition(nn.Layer):
    """Half the channels by a 1x1, half the side by a 2x2 average pool."""

    def __init__(self, in_channels: int):
        super().__init__()
        self.norm = nn.BatchNorm2D(in_channels)
        self.conv = nn.Conv2D(in_channels, in_channels // 2, 1, bias_attr=False)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """``[N, C, H, W]`` to ``[N, C / 2, H / 2, W / 2]``."""
        return F.avg_pool2d(self.conv(F.relu(self.norm(x))), 2, stride=2)


class DenseNet(nn.Layer):
    """A stem, blocks of dense layers with transitions between them, and a linear classifier.

    Args:
        depths: dense layers in each of the four blocks.
        growth: channels that each layer adds.
    """

    def __init__(self, depths: tuple[int, ...], growth: int = 32, num_classes: int = 1000, in_channels: int = 3):
        super().__init__()
        channels = 2 * growth
        self.conv = nn.Conv2D(in_channels, channels, 7, stride=2, padding=3, bias_attr=False)
        self.norm = nn.BatchNorm2D(channels)
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
        self.norm_last = nn.BatchNorm2D(channels)
        self.fc = nn.Linear(channels, num_classes)

    def forward(self, images: paddle.Tensor) -> paddle.Tensor:
        """Logits ``[N, num_classes]`` from float32 ``[N, in_channels, H, W]``, H and W at least 32."""
        x = self.pool(F.relu(self.norm(self.conv(images))))  # N x 64 x 56 x 56
        x = F.relu(self.norm_last(self.blocks(x)))  # N x 1024 x 7 x 7
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


@register_model
def densenet121(**arguments) -> DenseNet:
    """DenseNet-121: 7,978,856 parameters at 1000 classes; 2.83 billion multiply-adds at 224 x 224."""
    return DenseNet((6, 12, 24, 16), **arguments)
