"""GoogLeNet: Szegedy et al., "Going Deeper with Convolutions", CVPR 2015 (arXiv:1409.4842).

Departures from the paper, all of them also those of ``paddle.vision.models``: no local response normalisation, no
bias in the convolutions, dropout that scales at inference, and pools without padding (27, 13 and 6 pixels a side
where the paper has 28, 14 and 7). Paddle's own network departs further: it has no ReLU behind the stem and the
reducing 1x1 convolutions. ``as_paddle=True`` leaves them out too, which its pretrained weights need.
"""

from __future__ import annotations

import paddle
import paddle.nn.functional as F
from paddle import nn

from paddle_camp.models.layers import Conv2D, MaxPool2D, ReLU, average_pool, concat, flatten, fork, global_average_pool
from paddle_camp.models.registry import register_model

# Table 1 of the paper: in, 1x1, reduce 3x3, 3x3, reduce 5x5, 5x5, pool projection (channels).
INCEPTIONS = {
    "3a": (192, 64, 96, 128, 16, 32, 32),
    "3b": (256, 128, 128, 192, 32, 96, 64),
    "4a": (480, 192, 96, 208, 16, 48, 64),
    "4b": (512, 160, 112, 224, 24, 64, 64),
    "4c": (512, 128, 128, 256, 24, 64, 64),
    "4d": (512, 112, 144, 288, 32, 64, 64),
    "4e": (528, 256, 160, 320, 32, 128, 128),
    "5a": (832, 256, 160, 320, 32, 128, 128),
    "5b": (832, 384, 192, 384, 48, 128, 128),
}


def conv(in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, relu: bool = True) -> nn.Sequential:
    """A convolution without bias and, unless ``relu`` is off, a ReLU."""
    padding = (kernel_size - 1) // 2
    return nn.Sequential(Conv2D(in_channels, out_channels, kernel_size, stride, padding, bias_attr=False, relu=relu))


class Inception(nn.Layer):
    """Four branches side by side: 1x1, 3x3, 5x5 and a pooled one, the larger ones behind a reducing 1x1."""

    def __init__(self, sizes: tuple[int, ...], relu: bool):
        super().__init__()
        in_channels, one, reduce3, three, reduce5, five, pool = sizes
        self.one = conv(in_channels, one, 1, relu=relu)
        self.three = nn.Sequential(conv(in_channels, reduce3, 1, relu=relu), conv(reduce3, three, 3, relu=relu))
        self.five = nn.Sequential(conv(in_channels, reduce5, 1, relu=relu), conv(reduce5, five, 5, relu=relu))
        self.pool = nn.Sequential(MaxPool2D(3, stride=1, padding=1), conv(in_channels, pool, 1, relu=relu))
        self.last = nn.Identity() if relu else ReLU()  # behind branches that end with one it would change nothing

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """The branches' outputs, concatenated along the channels."""
        one, three, five, pooled = fork(x, 4)
        return self.last(concat([self.one(one), self.three(three), self.five(five), self.pool(pooled)]))


class AuxiliaryHead(nn.Layer):
    """A small classifier on features in the middle, which gives the early layers a gradient of their own."""

    def __init__(self, in_channels: int, num_classes: int, as_paddle: bool):
        super().__init__()
        self.conv = conv(in_channels, 128, 1, relu=not as_paddle)
        self.fc1 = nn.Linear(128 * 3 * 3, 1024)
        self.dropout = nn.Dropout(0.7, mode="downscale_in_infer")
        self.fc2 = nn.Linear(1024, num_classes)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """Logits ``[N, num_classes]`` from ``[N, in_channels, 13, 13]``."""
        x = self.conv(average_pool(x, 5, stride=3))  # N x 128 x 3 x 3
        return self.fc2(self.dropout(F.relu(self.fc1(flatten(x)))))


class GoogLeNet(nn.Layer):
    """Nine inception blocks and a linear classifier.

    Args:
        auxiliary: two further heads in training mode; evaluation uses the main one.
        as_paddle: see the module's docstring.
    """

    def __init__(self, num_classes: int = 1000, in_channels: int = 3, auxiliary: bool = True, as_paddle: bool = False):
        super().__init__()
        relu = not as_paddle
        self.stem1 = conv(in_channels, 64, 7, stride=2, relu=relu)
        self.stem2 = nn.Sequential(conv(64, 64, 1, relu=relu), conv(64, 192, 3, relu=relu))
        self.pool = MaxPool2D(3, stride=2)
        for name, sizes in INCEPTIONS.items():
            self.add_sublayer(f"inception{name}", Inception(sizes, relu))
        self.dropout = nn.Dropout(0.4, mode="downscale_in_infer")
        self.fc = nn.Linear(1024, num_classes)
        self.auxiliary1 = AuxiliaryHead(512, num_classes, as_paddle) if auxiliary else None
        self.auxiliary2 = AuxiliaryHead(528, num_classes, as_paddle) if auxiliary else None

    def forward(self, images: paddle.Tensor) -> paddle.Tensor | tuple[paddle.Tensor, ...]:
        """Logits from float32 ``[N, in_channels, 224, 224]``.

        Returns:
            ``[N, num_classes]``; in training with auxiliary heads the three of them: main, after 4a, after 4d.
        """
        x = self.pool(self.stem1(images))  # N x 64 x 55 x 55
        x = self.pool(self.stem2(x))  # N x 192 x 27 x 27
        x = self.pool(self.inception3b(self.inception3a(x)))  # N x 480 x 13 x 13
        x, after_4a = fork(self.inception4a(x), 2)  # N x 512 x 13 x 13
        x, after_4d = fork(self.inception4d(self.inception4c(self.inception4b(x))), 2)  # N x 528 x 13 x 13
        x = self.pool(self.inception4e(x))  # N x 832 x 6 x 6
        x = self.inception5b(self.inception5a(x))  # N x 1024 x 6 x 6
        logits = self.fc(self.dropout(flatten(global_average_pool(x))))
        if self.training and self.auxiliary1 is not None:
            return logits, self.auxiliary1(after_4a), self.auxiliary2(after_4d)
        return logits


@register_model
def googlenet(**arguments) -> GoogLeNet:
    """GoogLeNet: 11,535,736 parameters at 1000 classes, heads included; 1.5 billion multiply-adds at 224 x 224."""
    return GoogLeNet(**arguments)
