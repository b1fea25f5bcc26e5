"""The generators and discriminators: fully connected ones, and convolutional ones after DCGAN (arXiv:1511.06434).

Pictures are float32 ``[N, 1, 28, 28]`` from -1 (black) to 1. A discriminator gives a number each, ``[N, 1]``.
"""

from __future__ import annotations

from typing import Any

import paddle
from paddle import nn

import paddle_camp as camp
from paddle_camp.models.layers import BatchNorm2D, Conv2D, Conv2DTranspose, LeakyReLU, flatten

PIXELS = 28 * 28


class DenseGenerator(nn.Layer):
    """noise-256-512-784; the last activation is a tanh."""

    def __init__(self, noise: int):
        super().__init__()
        layers = [nn.Linear(noise, 256), nn.LeakyReLU(0.2), nn.Linear(256, 512), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, nn.Linear(512, PIXELS), nn.Tanh())

    def forward(self, noise: paddle.Tensor) -> paddle.Tensor:
        return self.layers(noise).reshape([-1, 1, 28, 28])


class DenseDiscriminator(nn.Layer):
    """784-512-256-1."""

    def __init__(self):
        super().__init__()
        layers = [nn.Flatten(), nn.Linear(PIXELS, 512), nn.LeakyReLU(0.2), nn.Linear(512, 256), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, nn.Linear(256, 1))

    def forward(self, images: paddle.Tensor) -> paddle.Tensor:
        return self.layers(images)


class ConvolutionalGenerator(nn.Layer):
    """7 x 7 pixels from the noise; two transposed convolutions of stride 2 make 14 x 14 and 28 x 28 of them."""

    def __init__(self, noise: int, channels: int):
        super().__init__()
        self.fc = nn.Linear(noise, 2 * channels * 7 * 7, bias_attr=False)
        self.norm1 = BatchNorm2D(2 * channels, relu=True)
        self.conv1 = Conv2DTranspose(2 * channels, channels, 4, stride=2, padding=1, bias_attr=False)
        self.norm2 = BatchNorm2D(channels, relu=True)
        self.conv2 = Conv2DTranspose(channels, 1, 4, stride=2, padding=1)

    def forward(self, noise: paddle.Tensor) -> paddle.Tensor:
        x = self.fc(noise)
        x = self.norm1(x.reshape([len(x), -1, 7, 7]))
        x = self.norm2(self.conv1(x))
        return paddle.tanh(flatten(self.conv2(x))).reshape([-1, 1, 28, 28])


class ConvolutionalDiscriminator(nn.Layer):
    """Two convolutions of stride 2 and one fully connected layer; batch norm behind the second convolution."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv1 = Conv2D(1, channels, 4, stride=2, padding=1)
        self.conv2 = Conv2D(channels, 2 * channels, 4, stride=2, padding=1, bias_attr=False)
        self.norm, self.activation = BatchNorm2D(2 * channels), LeakyReLU()
        self.fc = nn.Linear(2 * channels * 7 * 7, 1)

    def forward(self, images: paddle.Tensor) -> paddle.Tensor:
        x = self.activation(self.conv1(images))
        x = self.activation(self.norm(self.conv2(x)))
        return self.fc(flatten(x))


def build(network: str, noise: int, channels: int) -> tuple[nn.Layer, nn.Layer]:
    """(generator, discriminator) of a kind of :data:`NETWORKS`."""
    if network == "dense":
        return DenseGenerator(noise), DenseDiscriminator()
    return ConvolutionalGenerator(noise, channels), ConvolutionalDiscriminator(channels)


def make_task(network: str, game: str, seed: int, settings: Any) -> camp.Adversarial:
    """Both networks, new, with their optimizers."""
    paddle.seed(seed)
    both = build(network, settings.noise, settings.channels)
    adam = {"learning_rate": settings.learning_rate, "beta1": settings.beta1}
    optimizers = [paddle.optimizer.Adam(parameters=each.parameters(), **adam) for each in both]
    return camp.Adversarial(*both, *optimizers, noise=settings.noise, game=game)


NETWORKS = ("dense", "convolutional")
