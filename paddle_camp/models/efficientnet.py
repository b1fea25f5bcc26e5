"""EfficientNet-Lite0: Google's EfficientNet-B0 (Tan and Le, ICML 2019, arXiv:1905.11946) made simpler for phones, 2020.

What "Lite" leaves out of B0 is what phones compute badly: no squeeze-and-excitation, and ReLU6 in place of swish; stem
and head keep their width at every size. Source: github.com/tensorflow/tpu, models/official/efficientnet/lite. Its
convolutions pad as TensorFlow's SAME does, its batch norms have an epsilon of 0.001. Departures: no blocks are dropped
at random in training, and the running statistics move by 0.1 a step, as in the other networks of the zoo, where the
source has 0.01.

Names of the layers are ours; their order is that of the PyTorch form (:mod:`paddle_camp.pretrained` has the weights).
"""

from __future__ import annotations

import functools

import paddle
from paddle import nn

from paddle_camp.models.blocks import conv_bn
from paddle_camp.models.layers import ReLU6, flatten, global_average_pool
from paddle_camp.models.mobilenet import InvertedResidual
from paddle_camp.models.registry import register_model
from paddle_camp.preprocessing import PICTURES_LITE

# Each stage: output channels, repeats, kernel, stride of the first block, expansion.
STAGES = [
    (16, 1, 3, 1, 1),
    (24, 2, 3, 2, 6),
    (40, 2, 5, 2, 6),
    (80, 3, 3, 2, 6),
    (112, 3, 5, 1, 6),
    (192, 4, 5, 2, 6),
    (320, 1, 3, 1, 6),
]
STEM, HEAD = 32, 1280  # channels
EPSILON = 1e-3  # of the batch norms


conv = functools.partial(conv_bn, activation=ReLU6, padding="same", epsilon=EPSILON)


class EfficientNetLite(nn.Layer):
    """A convolution, sixteen inverted residuals, a wide 1x1, and a linear classifier behind dropout."""

    def __init__(self, num_classes: int = 1000, in_channels: int = 3, dropout: float = 0.2):
        super().__init__()
        layers, channels = [conv(in_channels, STEM, 3, stride=2)], STEM  # N x 32 x 112 x 112
        for out_channels, repeats, kernel_size, stride, expansion in STAGES:
            for repeat in range(repeats):
                first = stride if repeat == 0 else 1
                layers.append(InvertedResidual(channels, out_channels, kernel_size, first, expansion, conv))
                channels = out_channels
        layers.append(conv(channels, HEAD, 1))
        self.features = nn.Sequential(*layers)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(HEAD, num_classes)

    def forward(self, images: paddle.Tensor) -> paddle.Tensor:
        """Logits ``[N, num_classes]`` from float32 ``[N, in_channels, H, W]``, H and W at least 32."""
        x = self.features(images)  # N x 1280 x 7 x 7
        return self.fc(self.dropout(flatten(global_average_pool(x))))


@register_model(kind=PICTURES_LITE)
def efficientnet_lite0(**arguments) -> EfficientNetLite:
    """EfficientNet-Lite0: 4,652,008 parameters at 1000 classes; 0.39 billion multiply-adds at 224 x 224."""
    return EfficientNetLite(**arguments)
