"""VGG 11, 13, 16, 19: Simonyan and Zisserman, "Very Deep Convolutional Networks", ICLR 2015 (arXiv:1409.1556).

Configurations A, B, D and E of the paper's table 1; the ``_bn`` forms put batch norm behind each convolution, which
the paper did not have. Names of the layers, and so weights, are those of ``paddle.vision.models``.
"""

from __future__ import annotations

import paddle
from paddle import nn

from paddle_camp.models.blocks import Sequential
from paddle_camp.models.layers import BatchNorm2D, Conv2D, MaxPool2D, as_float32, flatten
from paddle_camp.models.registry import register_model

# Convolutions of 3x3 in each of the five stages; the channels are 64, 128, 256, 512, 512.
STAGES = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
CHANNELS = (64, 128, 256, 512, 512)


class VGG(nn.Layer):
    """Stages of 3x3 convolutions, each halved by a 2x2 max pool, and three fully connected layers.

    Args:
        depth: a key of :data:`STAGES`.
    """

    def __init__(
        self,
        depth: int,
        batch_norm: bool = False,
        num_classes: int = 1000,
        in_channels: int = 3,
        dropout: float = 0.5,
    ):
        super().__init__()
        layers: list[nn.Layer] = []
        for repeats, channels in zip(STAGES[depth], CHANNELS, strict=True):
            for _ in range(repeats):
                layers.append(Conv2D(in_channels, channels, 3, padding=1, relu=not batch_norm))
                layers += [BatchNorm2D(channels, relu=True)] if batch_norm else []
                layers.append(nn.Identity())  # where Paddle's network has its ReLU: the weights keep their names
                in_channels = channels
            layers.append(MaxPool2D(2, stride=2))
        self.features = Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2D(7)  # changes nothing at 224 x 224, admits other sizes
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4096, num_classes),
        )

    def forward(self, images: paddle.Tensor) -> paddle.Tensor:
        """Logits ``[N, num_classes]`` from float32 ``[N, in_channels, H, W]``, H and W at least 32."""
        x = self.features(images)  # N x 512 x 7 x 7, for 224 x 224 pictures
        return self.classifier(flatten(self.avgpool(as_float32(x))))


@register_model
def vgg11(**arguments) -> VGG:
    """VGG-11 (A): 132,863,336 parameters at 1000 classes; 7.61 billion multiply-adds at 224 x 224."""
    return VGG(11, **arguments)


@register_model
def vgg13(**arguments) -> VGG:
    """VGG-13 (B): 133,047,848 parameters at 1000 classes; 11.31 billion multiply-adds at 224 x 224."""
    return VGG(13, **arguments)


@register_model
def vgg16(**arguments) -> VGG:
    """VGG-16 (D): 138,357,544 parameters at 1000 classes; 15.47 billion multiply-adds at 224 x 224."""
    return VGG(16, **arguments)


@register_model
def vgg19(**arguments) -> VGG:
    """VGG-19 (E): 143,667,240 parameters at 1000 classes; 19.63 billion multiply-adds at 224 x 224."""
    return VGG(19, **arguments)


@register_model
def vgg11_bn(**arguments) -> VGG:
    """VGG-11 with batch norm: 132,868,840 parameters at 1000 classes."""
    return VGG(11, batch_norm=True, **arguments)


@register_model
def vgg13_bn(**arguments) -> VGG:
    """VGG-13 with batch norm: 133,053,736 parameters at 1000 classes."""
    return VGG(13, batch_norm=True, **arguments)


@register_model
def vgg16_bn(**arguments) -> VGG:
    """VGG-16 with batch norm: 138,365,992 parameters at 1000 classes."""
    return VGG(16, batch_norm=True, **arguments)


@register_model
def vgg19_bn(**arguments) -> VGG:
    """VGG-19 with batch norm: 143,678,248 parameters at 1000 classes."""
    return VGG(19, batch_norm=True, **arguments)
