"""Building blocks of several networks of the zoo: Paddle's layers, which oneDNN computes on a CPU.

They have Paddle's parameters, names and results (to rounding). Where oneDNN cannot compute, on a GPU, in an export, in
float64, inside of :func:`~paddle_camp.speed.onednn.function.paddle_operators`, they are Paddle's own.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import paddle
import paddle.nn.functional as F
from paddle import Tensor, nn

from paddle_camp.speed.onednn import kernels
from paddle_camp.speed.onednn.function import compute, usable
from paddle_camp.speed.onednn.layout import has_channels_last


class Conv2D(nn.Conv2D):
    """Paddle's convolution; ``relu``: with a ReLU behind it."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
        groups: int = 1,
        bias_attr: bool | None = None,
        relu: bool = False,
    ):
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, groups=groups, bias_attr=bias_attr)
        self.relu = relu
        self.kernel = kernels.Convolution((stride, stride), (padding, padding), groups, relu)

    def forward(self, x: Tensor) -> Tensor:
        """``[N, C, H, W]`` in and out."""
        if usable(x):
            return compute(self.kernel, x, self.weight, *([] if self.bias is None else [self.bias]))
        y = nn.Conv2D.forward(self, x)  # Paddle 2.6 cannot trace super()
        return F.relu(y) if self.relu else y


class BatchNorm2D(nn.BatchNorm2D):
    """Paddle's batch norm; ``relu``: with a ReLU behind it."""

    def __init__(self, num_features: int, relu: bool = False, momentum: float = 0.9, epsilon: float = 1e-5):
        super().__init__(num_features, momentum, epsilon)
        self.relu, self.numbers = relu, (momentum, epsilon)

    def forward(self, x: Tensor) -> Tensor:
        """``[N, C, H, W]`` in and out."""
        if usable(x):
            statistics = self._mean, self._variance  # their names in a state_dict
            kernel = kernels.BatchNorm(*statistics, self.training, *self.numbers, self.relu)
            return compute(kernel, x, self.weight, self.bias)
        y = nn.BatchNorm2D.forward(self, x)
        return F.relu(y) if self.relu else y


class MaxPool2D(nn.MaxPool2D):
    """Paddle's max pool."""

    def __init__(self, kernel_size: int, stride: int, padding: int = 0):
        super().__init__(kernel_size, stride, padding)
        self.kernel = kernels.Pool("max", *((each, each) for each in (kernel_size, stride, padding)))

    def forward(self, x: Tensor) -> Tensor:
        """``[N, C, H, W]`` in and out."""
        if usable(x) and finite(x):
            return compute(self.kernel, x)
        return nn.MaxPool2D.forward(self, x)


class ReLU(nn.ReLU):
    """Paddle's ReLU."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape."""
        return relu(x)


class ReLU6(nn.ReLU6):
    """Paddle's ReLU6: min(max(x, 0), 6)."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape."""
        return compute(kernels.ReLU(6.0), x) if usable(x) and finite(x) else nn.ReLU6.forward(self, x)


def finite(x: Tensor) -> bool:
    """Whether all numbers are finite: oneDNN would take NaN for nothing, and hide that a training has diverged."""
    return math.isfinite(float(as_it_lies(paddle.sum, x.detach())))


def relu(x: Tensor) -> Tensor:
    """max(x, 0)."""
    return compute(kernels.ReLU(), x) if usable(x) else F.relu(x)


def add(x: Tensor, y: Tensor) -> Tensor:
    """x + y, of the same shape."""
    return compute(kernels.Sum(relu=False), x, y) if usable(x) and usable(y) else x + y


def add_relu(x: Tensor, y: Tensor) -> Tensor:
    """max(x + y, 0), of the same shape."""
    return compute(kernels.Sum(relu=True), x, y) if usable(x) and usable(y) else F.relu(x + y)


def average_pool(x: Tensor, size: int) -> Tensor:
    """The mean of every ``size`` x ``size`` square."""
    square = (size, size)
    return compute(kernels.Pool("average", square, square, (0, 0)), x) if usable(x) else F.avg_pool2d(x, size, size)


def concat(parts: list[Tensor]) -> Tensor:
    """``[N, C, H, W]`` one behind the other along the channels."""
    if all(usable(part) and has_channels_last(part) for part in parts):
        return paddle.concat([part.transpose([0, 2, 3, 1]) for part in parts], axis=3).transpose([0, 3, 1, 2])
    return paddle.concat(parts, axis=1)


def as_it_lies(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """``function(x)``, one for which the order of the axes means nothing, without a copy where channels are last."""
    if not (usable(x) and has_channels_last(x)):
        return function(x)
    y = function(x.transpose([0, 2, 3, 1]))
    return y.transpose([0, 3, 1, 2]) if y.ndim == 4 else y


def conv_bn(
    in_channels: int,
    out_channels: int,
    kernel_size: int,
    stride: int = 1,
    groups: int = 1,
    activation: type[nn.Layer] | None = ReLU,
) -> nn.Sequential:
    """Convolution without bias, batch norm and activation; "same" padding, so stride 1 keeps the picture's size."""
    padding = (kernel_size - 1) // 2
    conv = Conv2D(in_channels, out_channels, kernel_size, stride, padding, groups, bias_attr=False)
    norm = BatchNorm2D(out_channels, relu=activation is ReLU)
    return nn.Sequential(conv, norm, *([activation()] if activation not in (None, ReLU) else []))


class SqueezeExcitation(nn.Layer):
    """Scale each channel by a gate computed from the means of all channels: Hu et al., CVPR 2018 (arXiv:1709.01507).

    Args:
        channels: in and out.
        reduction: ``channels`` / units of the hidden layer; 16 in the paper.
    """

    def __init__(self, channels: int, reduction: int = 16):
        super().__init__()
        middle = channels // reduction
        self.weigh = nn.Sequential(nn.Linear(channels, middle), nn.ReLU(), nn.Linear(middle, channels), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        """``[N, C, H, W]`` in and out."""
        if usable(x) and has_channels_last(x):  # the same where no number has to move
            pixels = x.transpose([0, 2, 3, 1])
            return (pixels * self.weigh(pixels.mean(axis=[1, 2])).unsqueeze([1, 2])).transpose([0, 3, 1, 2])
        return x * self.weigh(x.mean(axis=[2, 3])).unsqueeze([2, 3])
