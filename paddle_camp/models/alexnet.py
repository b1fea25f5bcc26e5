"""AlexNet: Krizhevsky, "One weird trick for parallelizing convolutional neural networks", 2014 (arXiv:1404.5997).

The one-column form that torchvision and ``paddle.vision.models`` use: 64 and 192 channels where the network of 2012
had 96 and 256 on two GPUs, and no local response normalisation. As in the course and in ``paddle.vision.models``
dropout scales at inference ("downscale_in_infer"). The camp's course builds a third form (96 and 256 channels).
"""

from __future__ import annotations

import paddle
from paddle import nn

from paddle_camp.models.layers import Conv2D, MaxPool2D, flatten
from paddle_camp.models.registry import register_model


class AlexNet(nn.Layer):
    """Five convolutions, three fully connected layers, dropout before the first two of these."""

    def __init__(self, num_classes: int = 1000, in_channels: int = 3, dropout: float = 0.5):
        super().__init__()
        self.features = nn.Sequential(
            Conv2D(in_channels, 64, 11, stride=4, padding=2, relu=True),
            nn.Identity(),  # where Paddle's network has its ReLU: the weights keep their names
            MaxPool2D(3, stride=2),
            Conv2D(64, 192, 5, padding=2, relu=True),
            nn.Identity(),
            MaxPool2D(3, stride=2),
            Conv2D(192, 384, 3, padding=1, relu=True),
            nn.Identity(),
            Conv2D(384, 256, 3, padding=1, relu=True),
            nn.Identity(),
            Conv2D(256, 256, 3, padding=1, relu=True),
            nn.Identity(),
            MaxPool2D(3, stride=2),
        )
        self.classifier = nn.Sequential(
            nn.Dropout(dropout, mode="downscale_in_infer"),
            nn.Linear(256 * 6 * 6, 4096),
            nn.ReLU(),
            nn.Dropout(dropout, mode="downscale_in_infer"),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Linear(4096, num_classes),
        )

    def forward(self, images: paddle.Tensor) -> paddle.Tensor:
        """Logits ``[N, num_classes]`` from float32 ``[N, in_channels, 224, 224]``."""
        x = self.features(images)  # N x 256 x 6 x 6
        return self.classifier(flatten(x))


@register_model
def alexnet(**arguments) -> AlexNet:
    """AlexNet: 61,100,840 parameters at 1000 classes; 0.71 billion multiply-adds at 224 x 224."""
    return AlexNet(**arguments)
