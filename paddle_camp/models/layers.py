"""Building blocks of several networks of the zoo."""

from __future__ import annotations

import math

import paddle
import paddle.nn.functional as F
from paddle import nn

from paddle_camp.machine import enabled


class Conv2D(nn.Conv2D):
    """Paddle's convolution, with its bias added faster on a CPU: the same parameters, the same bits.

    Paddle adds the bias as ``[1, C, 1, 1]``, whose broadcast is slow in its CPU kernel; as ``[C, 1, 1]`` the step of a
    network with biased convolutions is 1.1 to 1.7 times faster (LeNet most). ``PADDLE_CAMP_TUNE`` without ``bias``
    turns this off.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
        groups: int = 1,
        bias_attr: bool | None = None,
    ):
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, groups=groups, bias_attr=bias_attr)
        self.geometry = {"stride": stride, "padding": padding, "groups": groups}
        self.quick_bias = self.bias is not None and enabled("bias")

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """``[N, C, H, W]`` in and out."""
        # An export traces a static graph, where tensors have no place and oneDNN adds the bias in the convolution.
        if self.quick_bias and paddle.in_dynamic_mode() and x.place.is_cpu_place():
            return F.conv2d(x, self.weight, **self.geometry) + self.bias.reshape([-1, 1, 1])
        return nn.Conv2D.forward(self, x)  # Paddle 2.6 cannot trace super()


class MaxPool2D(nn.MaxPool2D):
    """Paddle's max pool, with a faster backward pass on a CPU: the same outputs, the same bits.

    Paddle's CPU kernel searches the maximum of each window again in the backward pass. The kernel that also returns
    the indices of the maxima keeps them: forward and backward pass take a third to a half of the time.
    ``PADDLE_CAMP_TUNE`` without ``pool`` turns this off.

    That kernel must not get NaN or infinity, as a diverging training produces: it skips NaN, finds no index in a
    window without a larger number, and its backward pass then writes outside of its buffer (Paddle 2.6.2 and 3.3.1).
    So it gets finite inputs only; others go through Paddle's default kernel.
    """

    def __init__(self, kernel_size: int, stride: int, padding: int = 0):
        super().__init__(kernel_size, stride, padding)
        self.window = (kernel_size, stride, padding)
        self.keeps_places = enabled("pool")

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """``[N, C, H, W]`` in and out."""
        # Without a backward pass the indices are of no use; in a static graph, as in an export, tensors have no place.
        backward = self.keeps_places and paddle.in_dynamic_mode() and paddle.is_grad_enabled() and not x.stop_gradient
        if backward and x.place.is_cpu_place() and math.isfinite(float(x.detach().sum())):
            return F.max_pool2d(x, *self.window, return_mask=True)[0]
        return nn.MaxPool2D.forward(self, x)  # Paddle 2.6 cannot trace super()


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
    """Scale each channel by a gate computed from the means of all channels: Hu et al., CVPR 2018 (arXiv:1709.01507).

    Args:
        channels: in and out.
        reduction: ``channels`` / units of the hidden layer; 16 in the paper.
    """

    def __init__(self, channels: int, reduction: int = 16):
        super().__init__()
        middle = channels // reduction
        self.weigh = nn.Sequential(nn.Linear(channels, middle), nn.ReLU(), nn.Linear(middle, channels), nn.Sigmoid())

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """``[N, C, H, W]`` in and out."""
        weights = self.weigh(x.mean(axis=[2, 3]))
        return x * weights.unsqueeze([2, 3])
