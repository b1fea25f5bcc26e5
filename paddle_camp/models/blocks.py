"""What several networks build of layers: convolutions with the batch norm behind them, chains of layers, gates."""

from __future__ import annotations

import functools
from collections.abc import Callable

import paddle
from paddle import Tensor, nn

from paddle_camp.models.layers import BatchNorm2D, Conv2D, ReLU, ReLU6, flatten, global_average_pool, scale
from paddle_camp.speed.onednn import elementwise
from paddle_camp.speed.onednn.folding import folded
from paddle_camp.speed.onednn.function import compute, fork


def normed(conv: nn.Layer, norm: nn.Layer, x: Tensor, *, clip: bool = False) -> Tensor:
    """``norm(conv(x))``, and the ReLU6 of it (``clip``); in an evaluation one convolution that has the norm in it."""
    both = isinstance(conv, Conv2D) and isinstance(norm, BatchNorm2D)
    found = (
        folded(conv, norm, clip, x) if both else None
    )  # no assignment in the condition: Paddle 2.6 could not export it
    if found is not None:
        kernel, *weights = found
        return compute(kernel, x, *weights)
    y = norm(conv(x))
    return compute(elementwise.Activation("relu6"), y) if clip else y


class Sequential(nn.Sequential):
    """Paddle's; in an evaluation a convolution takes in the batch norm behind it, and the ReLU6 behind both."""

    def forward(self, x: Tensor) -> Tensor:
        """One layer behind the other."""
        for step in _steps([self[k] for k in range(len(self))]):
            x = step(x)
        return x


@paddle.jit.not_to_static
def _steps(layers: list[nn.Layer]) -> list[Callable[[Tensor], Tensor]]:
    """The layers, a convolution and what it may take into itself as one."""
    found: list[Callable[[Tensor], Tensor]] = []
    while layers:
        first, *layers = layers
        if isinstance(first, Conv2D) and layers and isinstance(layers[0], BatchNorm2D):
            norm, *layers = layers
            clip = bool(layers) and isinstance(layers[0], ReLU6) and not layers[0].observers
            found.append(functools.partial(normed, first, norm, clip=clip))
            layers = layers[1:] if clip else layers
        else:
            found.append(first)
    return found


def conv_bn(
    in_channels: int,
    out_channels: int,
    kernel_size: int,
    stride: int = 1,
    groups: int = 1,
    activation: type[nn.Layer] | None = ReLU,
    padding: int | str | None = None,
    epsilon: float = 1e-5,
) -> nn.Sequential:
    """Convolution without bias, batch norm and activation; unless ``padding`` is given, stride 1 keeps the size."""
    padding = (kernel_size - 1) // 2 if padding is None else padding
    conv = Conv2D(in_channels, out_channels, kernel_size, stride, padding, groups, bias_attr=False)
    norm = BatchNorm2D(out_channels, relu=activation is ReLU, epsilon=epsilon)
    return Sequential(conv, norm, *([activation()] if activation not in (None, ReLU) else []))


class SqueezeExcitation(nn.Layer):
    """Scale each channel by a gate computed from the means of all channels: Hu et al., CVPR 2018 (arXiv:1709.01507).

    Args:
        channels: in and out.
        reduction: ``channels`` / units of the hidden layer; 16 in the paper.
    """

    def __init__(self, channels: int, reduction: int = 16):
        super().__init__()
        middle = channels // reduction
        self.weigh = nn.Sequential(nn.Linear(channels, middle), nn.ReLU(), nn.Linear(middle, channels), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        """``[N, C, H, W]`` in and out."""
        x, means = fork(x, 2)
        gate = self.weigh(flatten(global_average_pool(means)))  # N x C
        return scale(x, gate.unsqueeze([2, 3]))
