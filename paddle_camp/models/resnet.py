"""ResNet 18, 34, 50, 101, 152: He et al., "Deep Residual Learning for Image Recognition", CVPR 2016 (arXiv:1512.03385).

And some that change its bottleneck: ResNeXt 32x4d (Xie et al., CVPR 2017, arXiv:1611.05431) makes the 3x3 grouped
and wider, SE-ResNet-50 (Hu et al., CVPR 2018, arXiv:1709.01507) weighs the channels before the sum. With
``residual=False`` any of them is the paper's plain net: the same convolutions, and no shortcuts around them.

The "v1.5" form, as in ``paddle.vision.models`` and torchvision: where a bottleneck halves the picture, the
stride of 2 sits in its 3x3 convolution, not in the first 1x1 as in the paper and in the camp's course code. It
costs about 12 % more multiply-adds and gains about 0.5 % top-1 on ImageNet; parameter counts are the same.
Convolutions have no bias, since the batch norm behind each has one (the paper has neither remark).

Weights of ``paddle.vision.models.resnetNN`` fit one to one: the layers have the same names.
"""

from __future__ import annotations

from typing import Any

import paddle
from paddle import nn

from paddle_camp.models.blocks import Sequential, SqueezeExcitation, normed
from paddle_camp.models.layers import BatchNorm2D, Conv2D, MaxPool2D, add_relu, flatten, fork, global_average_pool, relu
from paddle_camp.models.registry import register_model


def conv3x3(in_channels: int, out_channels: int, stride: int = 1, groups: int = 1) -> Conv2D:
    """A 3x3 convolution without bias that keeps the picture's size at stride 1."""
    return Conv2D(in_channels, out_channels, 3, stride=stride, padding=1, groups=groups, bias_attr=False)


def conv1x1(in_channels: int, out_channels: int, stride: int = 1) -> Conv2D:
    """A 1x1 convolution without bias."""
    return Conv2D(in_channels, out_channels, 1, stride=stride, bias_attr=False)


class BasicBlock(nn.Layer):
    """Two 3x3 convolutions and a shortcut (ResNet-18 and -34): ``[N, in, H, W]`` to ``[N, width, H/s, W/s]``.

    Args:
        downsample: of the shortcut, where the block changes the shape.
        residual: False: without the shortcut.
    """

    expansion = 1

    def __init__(
        self,
        in_channels: int,
        width: int,
        stride: int = 1,
        downsample: nn.Layer | None = None,
        residual: bool = True,
    ):
        super().__init__()
        self.residual = residual
        self.conv1 = conv3x3(in_channels, width, stride)
        self.bn1 = BatchNorm2D(width, relu=True)
        self.conv2 = conv3x3(width, width)
        self.bn2 = BatchNorm2D(width, relu=not residual)
        self.downsample = downsample

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """The block's output, after the ReLU that follows the sum."""
        if not self.residual:
            return normed(self.conv2, self.bn2, normed(self.conv1, self.bn1, x))
        x, shortcut = fork(x, 2)
        shortcut = shortcut if self.downsample is None else self.downsample(shortcut)
        y = normed(self.conv1, self.bn1, x)
        y = normed(self.conv2, self.bn2, y)
        return add_relu(y, shortcut)


class BottleneckBlock(nn.Layer):
    """1x1 to a narrow middle, 3x3, 1x1 to ``4 * width``, and a shortcut (ResNet-50 and deeper).

    Args:
        width: channels in the middle, for one group of 64 base channels.
        groups, base_width: of the 3x3; ResNeXt-50 32x4d has 32 groups of 4 base channels.
        squeeze: squeeze-and-excitation before the sum.
        residual: False: without the shortcut.
    """

    expansion = 4

    def __init__(
        self,
        in_channels: int,
        width: int,
        stride: int = 1,
        downsample: nn.Layer | None = None,
        groups: int = 1,
        base_width: int = 64,
        squeeze: bool = False,
        residual: bool = True,
    ):
        super().__init__()
        self.residual = residual
        middle, out_channels = width * base_width // 64 * groups, width * self.expansion
        self.conv1 = conv1x1(in_channels, middle)
        self.bn1 = BatchNorm2D(middle, relu=True)
        self.conv2 = conv3x3(middle, middle, stride, groups)
        self.bn2 = BatchNorm2D(middle, relu=True)
        self.conv3 = conv1x1(middle, out_channels)
        self.bn3 = BatchNorm2D(out_channels)
        self.squeeze = SqueezeExcitation(out_channels) if squeeze else nn.Identity()
        self.downsample = downsample

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """The block's output, after the ReLU that follows the sum."""
        if not self.residual:
            return relu(self._main(x))
        x, shortcut = fork(x, 2)
        shortcut = shortcut if self.downsample is None else self.downsample(shortcut)
        return add_relu(self._main(x), shortcut)

    def _main(self, x: paddle.Tensor) -> paddle.Tensor:
        y = normed(self.conv1, self.bn1, x)
        y = normed(self.conv2, self.bn2, y)
        return self.squeeze(normed(self.conv3, self.bn3, y))


Block = type[BasicBlock] | type[BottleneckBlock]


def stage(block: Block, in_channels: int, width: int, depth: int, stride: int, **variant: Any) -> nn.Sequential:
    """``depth`` blocks; the first one has the ``stride``, and a 1x1 in its shortcut where the shape changes."""
    out_channels = width * block.expansion
    downsample = None
    if variant.get("residual", True) and (stride != 1 or in_channels != out_channels):
        downsample = Sequential(conv1x1(in_channels, out_channels, stride), BatchNorm2D(out_channels))
    first = block(in_channels, width, stride, downsample, **variant)
    return nn.Sequential(first, *(block(out_channels, width, **variant) for _ in range(depth - 1)))


class ResNet(nn.Layer):
    """A residual network of four stages.

    Args:
        block: :class:`BasicBlock` or :class:`BottleneckBlock`.
        depths: the number of blocks in each of the four stages.
        num_classes: length of the output; 1 for a single logit.
        in_channels: 3 for colour pictures.
        **variant: further arguments of every block, such as ``residual=False``.
    """

    def __init__(
        self,
        block: Block,
        depths: tuple[int, int, int, int],
        num_classes: int = 1000,
        in_channels: int = 3,
        **variant,
    ):
        super().__init__()
        self.conv1 = Conv2D(in_channels, 64, 7, stride=2, padding=3, bias_attr=False)
        self.bn1 = BatchNorm2D(64, relu=True)
        self.maxpool = MaxPool2D(3, stride=2, padding=1)
        self.layer1 = stage(block, 64, 64, depths[0], 1, **variant)
        self.layer2 = stage(block, 64 * block.expansion, 128, depths[1], 2, **variant)
        self.layer3 = stage(block, 128 * block.expansion, 256, depths[2], 2, **variant)
        self.layer4 = stage(block, 256 * block.expansion, 512, depths[3], 2, **variant)
        self.fc = nn.Linear(512 * block.expansion, num_classes)

    def forward(self, images: paddle.Tensor) -> paddle.Tensor:
        """Logits ``[N, num_classes]`` from float32 ``[N, in_channels, H, W]``, H and W at least 32."""
        x = normed(self.conv1, self.bn1, images)  # N x 64 x 112 x 112, for 224 x 224 pictures
        x = self.maxpool(x)  # N x 64 x 56 x 56
        x = self.layer1(x)  # N x 256 x 56 x 56 (64 channels with basic blocks)
        x = self.layer2(x)  # N x 512 x 28 x 28
        x = self.layer3(x)  # N x 1024 x 14 x 14
        x = self.layer4(x)  # N x 2048 x 7 x 7
        x = flatten(global_average_pool(x))  # N x 2048
        return self.fc(x)


@register_model
def resnet18(**arguments) -> ResNet:
    """ResNet-18: 11,689,512 parameters at 1000 classes; 1.81 billion multiply-adds at 224 x 224."""
    return ResNet(BasicBlock, (2, 2, 2, 2), **arguments)


@register_model
def resnet34(**arguments) -> ResNet:
    """ResNet-34: 21,797,672 parameters at 1000 classes; 3.66 billion multiply-adds at 224 x 224."""
    return ResNet(BasicBlock, (3, 4, 6, 3), **arguments)


@register_model
def resnet50(**arguments) -> ResNet:
    """ResNet-50: 25,557,032 parameters at 1000 classes; 4.09 billion multiply-adds at 224 x 224."""
    return ResNet(BottleneckBlock, (3, 4, 6, 3), **arguments)


@register_model
def resnet101(**arguments) -> ResNet:
    """ResNet-101: 44,549,160 parameters at 1000 classes; 7.80 billion multiply-adds at 224 x 224."""
    return ResNet(BottleneckBlock, (3, 4, 23, 3), **arguments)


@register_model
def resnet152(**arguments) -> ResNet:
    """ResNet-152: 60,192,808 parameters at 1000 classes; 11.51 billion multiply-adds at 224 x 224."""
    return ResNet(BottleneckBlock, (3, 8, 36, 3), **arguments)


@register_model
def resnext17_32x4d(**arguments) -> ResNet:
    """ResNeXt of ResNet-18's cost: 10,538,280 parameters at 1000 classes; 1.81 billion multiply-adds at 224 x 224.

    Blocks as in ResNeXt-50, one, one, two and one of them; not one of the paper's.
    """
    return ResNet(BottleneckBlock, (1, 1, 2, 1), groups=32, base_width=4, **arguments)


@register_model
def resnext50_32x4d(**arguments) -> ResNet:
    """ResNeXt-50 32x4d: 25,028,904 parameters at 1000 classes; 4.23 billion multiply-adds at 224 x 224."""
    return ResNet(BottleneckBlock, (3, 4, 6, 3), groups=32, base_width=4, **arguments)


@register_model
def se_resnet50(**arguments) -> ResNet:
    """SE-ResNet-50: 28,088,024 parameters at 1000 classes; 4.09 billion multiply-adds at 224 x 224."""
    return ResNet(BottleneckBlock, (3, 4, 6, 3), squeeze=True, **arguments)
