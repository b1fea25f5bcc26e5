"""Building blocks that several networks of the zoo share."""

from __future__ import annotations

import paddle
from paddle import nn


def conv_bn(
    in_channels: int,
    out_channels: int,
    kernel_size: int,
    stride: int = 1,
    groups: int = 1,
    activation: type[nn.Layer] | None = nn.ReLU,
) -> nn.Sequential:
    """Convolution without bias, batch norm and activation; "same" padding, so stride 1 keeps the picture's size."""
    padding = (kernel_size - 1) // 2
    conv = nn.Conv2D(in_channels, out_channels, kernel_size, stride, padding, groups=groups, bias_attr=False)
    layers = [conv, nn.BatchNorm2D(out_channels)]
    return nn.Sequential(*layers, *([activation()] if activation else []))


class SqueezeExcitation(nn.Layer):
    """Weigh each channel by what all channels are on average: Hu et al., CVPR 2018 (arXiv:1709.01507).

    Args:
        channels: in and out.
        reduction: how much narrower the layer in the middle is; 16 in the paper.
    """

    def __init__(self, channels: int, reduction: int = 16):
        super().__init__()
        middle = channels // reduction
        self.weigh = nn.Sequential(nn.Linear(channels, middle), nn.ReLU(), nn.Linear(middle, channels), nn.Sigmoid())

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """``[N, C, H, W]`` in and out."""
        weights = self.weigh(x.mean(axis=[2, 3]))
        return x * weights.unsqueeze([2, 3])
