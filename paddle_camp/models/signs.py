"""A small residual network for traffic signs of 32 x 32 pixels, with a spatial transformer in front of it or without.

The stages and blocks are those of the CIFAR networks of He et al. (CVPR 2016, arXiv:1512.03385, section 4.2). The
spatial transformer is Jaderberg et al.'s (arXiv:1506.02025): a small network says by which affine map the picture is
to be looked at, so that the sign is turned upright and fills the frame. On signs it was used by Arcos-García et al.
(Neural Networks 99, 2018).
"""

from __future__ import annotations

import paddle
import paddle.nn.functional as F
from paddle import Tensor, nn

from paddle_camp.models.blocks import conv_bn
from paddle_camp.models.layers import MaxPool2D, as_float32, average_pool, flatten, global_average_pool
from paddle_camp.models.registry import register_model
from paddle_camp.models.resnet import BasicBlock, stage
from paddle_camp.preprocessing import SIGNS

CLASSES = len(SIGNS.classes)
FARTHEST = 0.5  # by which a number of the transformer's map may differ from that of no change


class SpatialTransformer(nn.Layer):
    """Pictures as a learned affine map shows them, of the same size; what lies outside continues the edge.

    The numbers of the map are bounded, which the paper's are not: a large step cannot lose the sign out of the frame.

    Args:
        in_channels: of the pictures.
        image_size: side of the square pictures, pixels; a multiple of 8.
    """

    def __init__(self, in_channels: int, image_size: int):
        super().__init__()
        # The map needs no fine detail: it is found on a quarter of the pixels.
        stages = [conv_bn(in_channels, 16, 3), MaxPool2D(2, 2), conv_bn(16, 32, 3), MaxPool2D(2, 2)]
        self.features = nn.Sequential(*stages)
        # Nearly no change in the beginning; weights of exactly 0 would keep the gradient from the layers in front.
        little = nn.initializer.Normal(0.0, 1e-3)
        hidden = nn.Linear(32 * (image_size // 8) ** 2, 32)
        self.change = nn.Sequential(hidden, nn.ReLU(), nn.Linear(32, 6, weight_attr=little))

    def maps(self, images: Tensor) -> Tensor:
        """The affine map of each picture, ``[N, 2, 3]``: where in it, from -1 to 1, a pixel of the new one is read."""
        x = self.features(average_pool(images, 2))
        change = FARTHEST * paddle.tanh(as_float32(self.change(flatten(x))))
        return change.reshape([-1, 2, 3]) + paddle.eye(2, 3)

    def forward(self, images: Tensor) -> Tensor:
        """float32 ``[N, in_channels, image_size, image_size]`` in and out."""
        places = F.affine_grid(self.maps(images), images.shape, align_corners=False)
        return F.grid_sample(_with_gradient(as_float32(images)), places, padding_mode="border", align_corners=False)


def _with_gradient(images: Tensor) -> Tensor:
    """Pictures that a gradient is computed for: without it ``grid_sample`` ends the process (Paddle 3.3.1, CPU)."""
    if not (paddle.in_dynamic_mode() and images.stop_gradient and paddle.is_grad_enabled()):
        return images
    images = images.detach()
    images.stop_gradient = False
    return images


class SignNet(nn.Layer):
    """A 3x3 convolution, three stages of residual blocks, the mean of each channel, and a linear classifier.

    Args:
        num_classes, in_channels: length of the output; of the pictures.
        width: channels of the first convolution; the stages have two, four and eight times as many. Each halves the
            picture, since on a CPU most of the time would go into the largest ones.
        depth: blocks in each stage.
        dropout: share of the channels' means that a training step leaves out.
        residual: whether the blocks have shortcuts; else they are two convolutions one behind the other.
        transformer: whether a :class:`SpatialTransformer` stands in front.
        image_size: side of the square pictures, pixels; only the transformer depends on it.
    """

    def __init__(
        self,
        num_classes: int = CLASSES,
        in_channels: int = 3,
        width: int = 24,
        depth: int = 1,
        dropout: float = 0.3,
        residual: bool = True,
        transformer: bool = False,
        image_size: int = 32,
    ):
        super().__init__()
        self.look = SpatialTransformer(in_channels, image_size) if transformer else nn.Identity()
        stages = [stage(BasicBlock, k * width, 2 * k * width, depth, 2, residual=residual) for k in (1, 2, 4)]
        self.features = nn.Sequential(
            conv_bn(in_channels, width, 3), *stages
        )  # N x 8 width x 4 x 4, for 32 x 32 pictures
        self.classifier = nn.Sequential(nn.Dropout(dropout), nn.Linear(8 * width, num_classes))

    def forward(self, images: Tensor) -> Tensor:
        """Logits ``[N, num_classes]`` from float32 ``[N, in_channels, H, W]``."""
        return self.classifier(flatten(global_average_pool(self.features(self.look(images)))))


@register_model(kind=SIGNS)
def sign_net(**arguments) -> SignNet:
    """The residual network for signs: 688,387 parameters at 43 classes; 25.4 million multiply-adds at 32 x 32."""
    return SignNet(**arguments)


@register_model(kind=SIGNS, takes_image_size=True)
def sign_net_stn(**arguments) -> SignNet:
    """The same behind a spatial transformer: 710,137 parameters."""
    return SignNet(**{"transformer": True} | arguments)
