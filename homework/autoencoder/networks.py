"""The three autoencoders: a picture of 28 x 28 becomes a code of a few numbers, and the code a picture again."""

from __future__ import annotations

import paddle
from paddle import nn

from paddle_camp.models.layers import Conv2D, Conv2DTranspose, flatten, relu

PIXELS = 28 * 28


class Autoencoder(nn.Layer):
    """An encoder, from pictures to codes ``[N, K]``, and a decoder back."""

    def __init__(self, encoder: nn.Layer, decoder: nn.Layer):
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    def forward(self, images: paddle.Tensor) -> paddle.Tensor:
        """Restored pictures, float32 ``[N, 1, 28, 28]`` as those that came in."""
        return self.restore(self.encoder(images))

    def restore(self, codes: paddle.Tensor) -> paddle.Tensor:
        """Pictures ``[N, 1, 28, 28]`` of codes ``[N, K]``."""
        return self.decoder(codes).reshape([-1, 1, 28, 28])


def linear(code: int) -> Autoencoder:
    """One matrix down and one up, nothing in between: no more than a projection."""
    return Autoencoder(nn.Sequential(nn.Flatten(), nn.Linear(PIXELS, code)), nn.Linear(code, PIXELS))


def dense(code: int) -> Autoencoder:
    """784-256-128-code-128-256-784 with ReLU; a sigmoid makes pixels from 0 to 1."""
    down = [nn.Flatten(), nn.Linear(PIXELS, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, code)]
    up = [nn.Linear(code, 128), nn.ReLU(), nn.Linear(128, 256), nn.ReLU(), nn.Linear(256, PIXELS), nn.Sigmoid()]
    return Autoencoder(nn.Sequential(*down), nn.Sequential(*up))


class ConvolutionalEncoder(nn.Layer):
    """28 x 28, 14 x 14, 7 x 7 by convolutions of stride 2, then two fully connected layers."""

    def __init__(self, code: int):
        super().__init__()
        self.conv1, self.conv2 = Conv2D(1, 16, 4, 2, 1, relu=True), Conv2D(16, 32, 4, 2, 1, relu=True)
        self.fc1, self.fc2 = nn.Linear(32 * 7 * 7, 128), nn.Linear(128, code)

    def forward(self, images: paddle.Tensor) -> paddle.Tensor:
        """Codes ``[N, K]``."""
        x = self.conv2(self.conv1(images))
        return self.fc2(nn.functional.relu(self.fc1(flatten(x))))


class ConvolutionalDecoder(nn.Layer):
    """The encoder the other way round; transposed convolutions of stride 2 double the sides."""

    def __init__(self, code: int):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(code, 128), nn.Linear(128, 32 * 7 * 7)
        self.conv1, self.conv2 = Conv2DTranspose(32, 16, 4, 2, 1), Conv2DTranspose(16, 1, 4, 2, 1)

    def forward(self, codes: paddle.Tensor) -> paddle.Tensor:
        """Pictures ``[N, 1, 28, 28]``."""
        x = nn.functional.relu(self.fc2(nn.functional.relu(self.fc1(codes))))
        x = relu(self.conv1(x.reshape([-1, 32, 7, 7])))
        return nn.functional.sigmoid(flatten(self.conv2(x)))


def convolutional(code: int) -> Autoencoder:
    """Convolutions down, transposed convolutions up."""
    return Autoencoder(ConvolutionalEncoder(code), ConvolutionalDecoder(code))


NETWORKS = {"linear": linear, "dense": dense, "convolutional": convolutional}
