"""PilotNet: from the picture of a car's camera to the angle of its steering wheel.

Bojarski et al., "End to end learning for self-driving cars", 2016 (arXiv:1604.07316), figure 4: three convolutions of
5 x 5 with a stride of 2, two of 3 x 3, none of them padded, and fully connected layers of 100, 50 and 10 units. The
paper names no activation (here: ReLU) and no norm; with ``batch_norm`` there is one behind each convolution.
"""

from __future__ import annotations

from paddle import Tensor, nn

from paddle_camp.errors import require
from paddle_camp.models.blocks import Sequential, conv_bn
from paddle_camp.models.layers import Conv2D, flatten
from paddle_camp.models.registry import register_model
from paddle_camp.preprocessing import ROADS

# Of the convolutions: output channels, kernel, stride.
STAGES = ((24, 5, 2), (36, 5, 2), (48, 5, 2), (64, 3, 1), (64, 3, 1))
FLAT = 64 * 1 * 18  # what they make of 66 x 200 pixels
UNITS = (100, 50, 10)


class PilotNet(nn.Layer):
    """The network for pictures of 66 x 200 pixels.

    Args:
        num_classes: numbers that are predicted; one, the angle.
        in_channels: of the pictures.
        batch_norm: whether the convolutions have a batch norm instead of a bias.
        dropout: share of what goes into the first two fully connected layers that a training step leaves out.
        mirrored: whether an evaluation takes the mirror image too: half the difference of both answers, since a
            mirrored road is steered the other way. Then an angle changes its sign, exactly, with the picture.
    """

    def __init__(
        self,
        num_classes: int = 1,
        in_channels: int = 3,
        batch_norm: bool = False,
        dropout: float = 0.0,
        mirrored: bool = False,
    ):
        super().__init__()
        self.mirrored = mirrored
        layers: list[nn.Layer] = []
        for channels, kernel_size, stride in STAGES:
            if batch_norm:
                layers.append(conv_bn(in_channels, channels, kernel_size, stride, padding=0))
            else:
                layers.append(Conv2D(in_channels, channels, kernel_size, stride, relu=True))
            in_channels = channels
        self.features = Sequential(*layers)
        first, second, third = UNITS
        self.head = nn.Sequential(
            *(nn.Dropout(dropout), nn.Linear(FLAT, first), nn.ReLU()),
            *(nn.Dropout(dropout), nn.Linear(first, second), nn.ReLU()),
            *(nn.Linear(second, third), nn.ReLU(), nn.Linear(third, num_classes)),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Angles ``[N, num_classes]`` from float32 ``[N, in_channels, 66, 200]``."""
        if self.mirrored and not self.training:
            return (self.answer(images) - self.answer(images.flip(axis=[3]))) / 2
        return self.answer(images)

    def answer(self, images: Tensor) -> Tensor:
        """Angles ``[N, num_classes]`` of these very pictures, without their mirror images."""
        height, width = ROADS.shape[1:]
        fits = tuple(images.shape[2:]) == (height, width)  # of smaller ones nothing is left to convolve: Paddle aborts
        require(fits, f"pictures of {images.shape[2]} x {images.shape[3]} pixels; PilotNet takes {height} x {width}")
        return self.head(flatten(self.features(images)))


@register_model(kind=ROADS)
def pilot_net(**arguments) -> PilotNet:
    """NVIDIA's network: 252,219 parameters, 26.9 million multiply-adds."""
    return PilotNet(**arguments)
