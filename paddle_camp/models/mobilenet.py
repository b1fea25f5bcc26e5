"""MobileNet V1 (Howard et al., 2017, arXiv:1704.04861) and V2 (Sandler et al., CVPR 2018, arXiv:1801.04381).

Both replace the convolution by a depthwise one (a filter per channel) and a 1x1 that mixes the channels. Departures
from the papers: none but ReLU in V1, where the reference code has ReLU6.
"""

from __future__ import annotations

from collections.abc import Callable

import paddle
from paddle import nn

from paddle_camp.models.blocks import conv_bn
from paddle_camp.models.layers import ReLU6, add, flatten, fork, global_average_pool
from paddle_camp.models.registry import register_model

# V1, table 1: output channels and stride of each depthwise-separable block.
BLOCKS_V1 = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1)]
# V2, table 2: expansion, output channels, repeats, stride of the first.
BLOCKS_V2 = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]


class MobileNetV1(nn.Layer):
    """A convolution and thirteen depthwise-separable blocks."""

    def __init__(self, num_classes: int = 1000, in_channels: int = 3):
        super().__init__()
        layers, channels = [conv_bn(in_channels, 32, 3, stride=2)], 32  # N x 32 x 112 x 112
        for out_channels, stride in BLOCKS_V1:
            layers.append(conv_bn(channels, channels, 3, stride, groups=channels))
            layers.append(conv_bn(channels, out_channels, 1))
            channels = out_channels
        self.features = nn.Sequential(*layers)
        self.fc = nn.Linear(1024, num_classes)

    def forward(self, images: paddle.Tensor) -> paddle.Tensor:
        """Logits ``[N, num_classes]`` from float32 ``[N, in_channels, H, W]``, H and W at least 32."""
        x = self.features(images)  # N x 1024 x 7 x 7
        return self.fc(flatten(global_average_pool(x)))


class InvertedResidual(nn.Layer):
    """Widen by a 1x1, filter depthwise, narrow by a linear 1x1; a shortcut where shapes allow.

    Args:
        in_channels, out_channels, kernel_size, stride: of the depthwise convolution.
        expansion: how many times as wide it is as its input.
        conv: :func:`~paddle_camp.models.blocks.conv_bn`, or that with other options.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int,
        expansion: int,
        conv: Callable[..., nn.Layer] = conv_bn,
    ):
        super().__init__()
        width = in_channels * expansion
        widen = [conv(in_channels, width, 1, activation=ReLU6)] if expansion != 1 else []
        filters = conv(width, width, kernel_size, stride, groups=width, activation=ReLU6)
        self.layers = nn.Sequential(*widen, filters, conv(width, out_channels, 1, activation=None))
        self.shortcut = stride == 1 and in_channels == out_channels

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """``[N, in, H, W]`` to ``[N, out, H / stride, W / stride]``, rounded up."""
        if not self.shortcut:
            return self.layers(x)
        x, y = fork(x, 2)
        return add(x, self.layers(y))


class MobileNetV2(nn.Layer):
    """A convolution, seventeen inverted residuals, and a wide 1x1."""

    def __init__(self, num_classes: int = 1000, in_channels: int = 3, dropout: float = 0.2):
        super().__init__()
        layers, channels = [conv_bn(in_channels, 32, 3, stride=2, activation=ReLU6)], 32
        for expansion, out_channels, repeats, stride in BLOCKS_V2:
            for repeat in range(repeats):
                layers.append(InvertedResidual(channels, out_channels, 3, stride if repeat == 0 else 1, expansion))
                channels = out_channels
        layers.append(conv_bn(channels, 1280, 1, activation=ReLU6))
        self.features = nn.Sequential(*layers)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(1280, num_classes)

    def forward(self, images: paddle.Tensor) -> paddle.Tensor:
        """Logits ``[N, num_classes]`` from float32 ``[N, in_channels, H, W]``, H and W at least 32."""
        x = self.features(images)  # N x 1280 x 7 x 7
        return self.fc(self.dropout(flatten(global_average_pool(x))))


@register_model
def mobilenet_v1(**arguments) -> MobileNetV1:
    """MobileNet V1: 4,231,976 parameters at 1000 classes; 0.57 billion multiply-adds at 224 x 224."""
    return MobileNetV1(**arguments)


@register_model
def mobilenet_v2(**arguments) -> MobileNetV2:
    """MobileNet V2: 3,504,872 parameters at 1000 classes; 0.30 billion multiply-adds at 224 x 224."""
    return MobileNetV2(**arguments)
