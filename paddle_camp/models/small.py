"""A small convolutional net with a choice of norm, groups and shuffle, for what is compared about them.

A stem with a max pool and four 3x3 convolutions, a norm behind each; two of the four halve the picture by a stride of
2, and its mean goes into a linear classifier. The sources of what can be chosen:
batch norm (Ioffe and Szegedy, arXiv:1502.03167), layer norm (Ba et al., arXiv:1607.06450), instance norm (Ulyanov et
al., arXiv:1607.08022), group norm (Wu and He, arXiv:1803.08494); grouped convolutions (Krizhevsky et al., 2012),
depthwise ones with a 1x1 (MobileNet, arXiv:1704.04861), channel shuffle (ShuffleNet, arXiv:1707.01083).
"""

from __future__ import annotations

from typing import Literal

import paddle
from paddle import Tensor, nn

from paddle_camp.errors import require
from paddle_camp.models.blocks import Sequential
from paddle_camp.models.layers import (
    BatchNorm2D,
    Conv2D,
    MaxPool2D,
    ReLU,
    as_float32,
    flatten,
    global_average_pool,
    relu,
)
from paddle_camp.models.registry import register_model

NORMS = ("none", "batch", "layer", "instance", "group")
NORM_GROUPS = 8  # of group norm, at most
# Of the convolutions behind the stem: output channels in widths, and stride.
BODY = ((2, 1), (2, 2), (4, 1), (4, 2))


def norm_layer(norm: str, channels: int) -> nn.Layer:
    """Paddle's norm of this name for ``[N, channels, H, W]``, with a scale and a shift for each channel.

    Layer norm is group norm of one group: all channels and pixels of a picture, as Wu and He take it. nn.LayerNorm
    would have a scale and a shift for each channel *and pixel*, and so fit one size of picture.
    """
    require(norm in NORMS[2:], f"norm={norm}: there are {', '.join(NORMS)}")
    if norm == "instance":
        return nn.InstanceNorm2D(channels)
    return nn.GroupNorm(1 if norm == "layer" else min(NORM_GROUPS, channels), channels)


class NormReLU(nn.Layer):
    """Paddle's layer, group or instance norm, and a ReLU."""

    def __init__(self, norm: str, channels: int):
        super().__init__()
        self.norm = norm_layer(norm, channels)

    def forward(self, x: Tensor) -> Tensor:
        """``[N, C, H, W]`` in and out."""
        return relu(self.norm(as_float32(x)))


def channel_shuffle(x: Tensor, groups: int) -> Tensor:
    """Deal the channels of ``[N, C, H, W]`` like cards: one from each group in turn, so that groups meet."""
    _, channels, height, width = x.shape
    x = x.transpose([0, 2, 3, 1])  # channels last, as they lie on a CPU: no copy there
    dealt = x.reshape([-1, height, width, groups, channels // groups]).transpose([0, 1, 2, 4, 3])
    return dealt.reshape([-1, height, width, channels]).transpose([0, 3, 1, 2])


class ChannelShuffle(nn.Layer):
    """:func:`channel_shuffle` as a layer."""

    def __init__(self, groups: int):
        super().__init__()
        self.groups = groups

    def forward(self, x: Tensor) -> Tensor:
        """``[N, C, H, W]`` in and out."""
        return channel_shuffle(as_float32(x), self.groups)


class SmallConvNet(nn.Layer):
    """The stem, four convolutions and the classifier.

    Args:
        num_classes, in_channels: length of the output; 1 for digits, 3 for colour pictures.
        width: channels of the stem; the convolutions have 2, 2, 4 and 4 times as many.
        norm: one of :data:`NORMS`, behind each convolution.
        groups: of the four convolutions, a divisor of ``width``; "depthwise": as many as a convolution has inputs.
        shuffle: whether the channels are shuffled behind each of the four, in front of the next.
        pointwise: whether a 1x1 convolution of one group stands behind each of the four.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        width: int = 32,
        norm: str = "batch",
        groups: int | Literal["depthwise"] = 1,
        shuffle: bool = False,
        pointwise: bool = False,
    ):
        super().__init__()
        require(norm in NORMS, f"norm={norm}: there are {', '.join(NORMS)}")
        divides = groups == "depthwise" or (groups > 0 and width % groups == 0)
        require(divides, f"groups={groups}: give a divisor of the {width} channels of the stem, or depthwise")
        self.norm = norm
        conv, *behind = self._stage(in_channels, width, 3, 2)
        # The pool stands in front of the norm: on a CPU most of the time would go into the largest pictures.
        layers, channels = [conv, MaxPool2D(2, 2), *behind], width
        for factor, stride in BODY:
            inner = channels if groups == "depthwise" else groups
            # Behind a depthwise convolution it is the 1x1 that makes more channels, as in MobileNet.
            out_channels = factor * width
            middle = channels if pointwise else out_channels
            layers += self._stage(channels, middle, 3, stride, inner)
            layers += [ChannelShuffle(inner)] if shuffle else []
            layers += self._stage(middle, out_channels, 1) if pointwise else []
            channels = out_channels
        self.features = Sequential(*layers)
        self.fc = nn.Linear(channels, num_classes)

    def _stage(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, groups: int = 1
    ) -> list[nn.Layer]:
        """A convolution, its norm and a ReLU; a bias only where no norm brings one."""
        bias = None if self.norm == "none" else False
        conv = Conv2D(in_channels, out_channels, kernel_size, stride, kernel_size // 2, groups, bias_attr=bias)
        if self.norm == "none":
            return [conv, ReLU()]
        batch = self.norm == "batch"
        return [conv, BatchNorm2D(out_channels, relu=True) if batch else NormReLU(self.norm, out_channels)]

    def forward(self, images: paddle.Tensor) -> paddle.Tensor:
        """Logits ``[N, num_classes]`` from float32 ``[N, in_channels, H, W]``, H and W at least 8."""
        x = self.features(images)  # N x 4 width x 4 x 4, for 64 x 64 pictures
        return self.fc(flatten(global_average_pool(x)))


@register_model
def small_conv_net(**arguments) -> SmallConvNet:
    """The net of norms and groups, 32 channels wide: 407,176 parameters at 1000 classes."""
    return SmallConvNet(**arguments)
