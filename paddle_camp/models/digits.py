"""Convolutional nets for digits: two courses' with two and three convolutions, a book's deep one, and ours.

The deep one is the DeepConvNet of Saito Koki, "Deep Learning from Scratch", chapter 8 (over 99 % on MNIST); weights
are drawn as He et al., ICCV 2015 (arXiv:1502.01852), which is what Paddle does for convolutions on its own.
"""

from __future__ import annotations

import itertools

import paddle
from paddle import nn

from paddle_camp.models.blocks import Sequential
from paddle_camp.models.layers import BatchNorm2D, Conv2D, MaxPool2D, ReLU, flatten, relu
from paddle_camp.models.registry import register_model
from paddle_camp.preprocessing import DIGITS

# The deep net's convolutions: output channels and padding; two to a stage, a 2x2 max pool behind each stage.
DEEP = ((16, 1), (16, 1), (32, 1), (32, 2), (64, 1), (64, 1))

# Our net's convolutions behind the first: output channels; 3x3 without padding, from 12 x 12 pixels down to 2 x 2.
NARROWING = (48, 64, 64, 128, 128)


class TwoConvNet(nn.Layer):
    """Two convolutions of 5x5 with ReLU and 2x2 max pools, one fully connected layer."""

    def __init__(self, num_classes: int = 10, in_channels: int = 1, image_size: int = 28):
        super().__init__()
        self.conv1 = Conv2D(in_channels, 20, 5, padding=2)
        self.conv2 = Conv2D(20, 20, 5, padding=2)
        self.pool = MaxPool2D(2, 2)
        self.fc = nn.Linear(20 * (image_size // 4) ** 2, num_classes)

    def forward(self, images: paddle.Tensor) -> paddle.Tensor:
        """Logits ``[N, num_classes]`` from float32 ``[N, in_channels, image_size, image_size]``."""
        x = self.pool(relu(self.conv1(images)))  # N x 20 x 14 x 14
        x = self.pool(relu(self.conv2(x)))  # N x 20 x 7 x 7
        return self.fc(flatten(x))


class SimpleCNN(nn.Layer):
    """Three stages of a 3x3 convolution, ReLU and a 2x2 max pool; 512 and 64 hidden units.

    It is made for pictures of 32 x 32. Those whose side is no multiple of 8 get a border of zeros, which is black for
    digits: 28 x 28 become 32 x 32.
    """

    def __init__(self, num_classes: int = 10, in_channels: int = 1, image_size: int = 28):
        super().__init__()
        missing = -image_size % 8
        sides = [missing // 2, missing - missing // 2] * 2  # left, right, top, bottom
        self.border = nn.Pad2D(sides) if missing else nn.Identity()
        widths = (in_channels, 32, 64, 128)
        stages = [[Conv2D(a, b, 3, padding=1), ReLU(), MaxPool2D(2, 2)] for a, b in itertools.pairwise(widths)]
        self.features = nn.Sequential(*itertools.chain(*stages))  # N x 128 x 4 x 4
        flat = widths[-1] * ((image_size + missing) // 8) ** 2
        hidden = [nn.Linear(flat, 512), nn.ReLU(), nn.Linear(512, 64), nn.ReLU()]
        self.classifier = nn.Sequential(*hidden, nn.Linear(64, num_classes))

    def forward(self, images: paddle.Tensor) -> paddle.Tensor:
        """Logits ``[N, num_classes]`` from float32 ``[N, in_channels, image_size, image_size]``."""
        return self.classifier(flatten(self.features(self.border(images))))


class DeepConvNet(nn.Layer):
    """Six convolutions of 3x3 in three stages, 50 hidden units, dropout behind the last two layers.

    Args:
        num_classes, in_channels, image_size: length of the output; the pictures.
        dropout: share of the hidden units, and of the outputs, that a training step leaves out.
        fourth_padding: of the fourth convolution. With the book's 2 the picture grows from 14 to 16 pixels, so that
            the pools leave 4 x 4; with 1 they leave 3 x 3 and lose a row and a column.
        hidden: units of the last layer but one.
        output_dropout: whether the outputs are dropped from as well.
    """

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 1,
        image_size: int = 28,
        dropout: float = 0.5,
        fourth_padding: int = 2,
        hidden: int = 50,
        output_dropout: bool = True,
    ):
        super().__init__()
        layers: list[nn.Layer] = []
        channels, side = in_channels, image_size
        for index, (out_channels, usual) in enumerate(DEEP):
            padding = fourth_padding if index == 3 else usual
            layers += [Conv2D(channels, out_channels, 3, padding=padding), ReLU()]
            channels, side = out_channels, side + 2 * padding - 2
            if index % 2:
                layers.append(MaxPool2D(2, 2))
                side //= 2
        self.features = nn.Sequential(*layers)  # N x 64 x 4 x 4
        first = nn.Linear(channels * side**2, hidden, weight_attr=nn.initializer.KaimingNormal())
        last = nn.Linear(hidden, num_classes, weight_attr=nn.initializer.KaimingNormal())
        # The book's order: the last layer's output is dropped from as well.
        behind = [nn.Dropout(dropout)] if output_dropout else []
        self.classifier = nn.Sequential(first, nn.ReLU(), nn.Dropout(dropout), last, *behind)

    def forward(self, images: paddle.Tensor) -> paddle.Tensor:
        """Logits ``[N, num_classes]`` from float32 ``[N, in_channels, image_size, image_size]``."""
        return self.classifier(flatten(self.features(images)))


class DigitNet(nn.Layer):
    """Six convolutions without padding, batch norm after each, no pool but one: the net of homework 6-2.

    That convolutions without padding do well on MNIST is from An et al. (arXiv:2008.10400). The one pool stands early
    and before its batch norm, since on a CPU most of the time goes into the largest pictures.
    """

    def __init__(self, num_classes: int = 10, in_channels: int = 1, image_size: int = 28, dropout: float = 0.3):
        super().__init__()
        first = [Conv2D(in_channels, 32, 5, bias_attr=False), MaxPool2D(2, 2), BatchNorm2D(32), ReLU()]
        layers: list[nn.Layer] = []
        for before, after in zip((32, *NARROWING), NARROWING, strict=False):
            layers += [Conv2D(before, after, 3, bias_attr=False), BatchNorm2D(after), ReLU()]
        side = (image_size - 4) // 2 - 2 * len(NARROWING)
        self.features = Sequential(*first, *layers)  # N x 128 x 2 x 2
        self.classifier = nn.Sequential(nn.Dropout(dropout), nn.Linear(NARROWING[-1] * side**2, num_classes))

    def forward(self, images: paddle.Tensor) -> paddle.Tensor:
        """Logits ``[N, num_classes]`` from float32 ``[N, in_channels, image_size, image_size]``."""
        return self.classifier(flatten(self.features(images)))


@register_model(kind=DIGITS, takes_image_size=True)
def two_conv_net(**arguments) -> TwoConvNet:
    """The course's network for MNIST: 20,350 parameters."""
    return TwoConvNet(**arguments)


@register_model(kind=DIGITS, takes_image_size=True)
def simple_cnn(**arguments) -> SimpleCNN:
    """The summer course's SimpleCNN, for digits in one channel: 1,175,242 parameters."""
    return SimpleCNN(**arguments)


@register_model(kind=DIGITS, takes_image_size=True)
def deep_conv_net(**arguments) -> DeepConvNet:
    """The book's DeepConvNet for MNIST: 123,552 parameters."""
    return DeepConvNet(**arguments)


@register_model(kind=DIGITS, takes_image_size=True)
def digit_net(**arguments) -> DigitNet:
    """The net of homework 6-2: 306,378 parameters."""
    return DigitNet(**arguments)
