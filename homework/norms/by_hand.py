"""The four norms written by hand, held against Paddle's layers; and who is averaged with whom."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import paddle
from paddle import Tensor, nn

GROUPS = 3  # of the group norm that is checked and drawn
BLOCK = (4, 6, 2, 2)  # N, C, H, W of what is drawn


def normalise(x: Tensor, axes: tuple[int, ...], epsilon: float = 1e-5) -> Tensor:
    """Mean 0 and variance 1 over some axes; what a norm does before its scale and shift."""
    mean = x.mean(axis=axes, keepdim=True)
    variance = ((x - mean) ** 2).mean(axis=axes, keepdim=True)
    return (x - mean) / (variance + epsilon).sqrt()


def batch_norm(x: Tensor) -> Tensor:
    """In training: each channel of ``[N, C, H, W]`` over all pictures of the batch and all pixels."""
    return normalise(x, (0, 2, 3))


def batch_norm_in_evaluation(x: Tensor, mean: Tensor, variance: Tensor, epsilon: float = 1e-5) -> Tensor:
    """In evaluation: with the running mean and variance ``[C]``, 0.9 of the old and 0.1 of the batch's a step."""
    return (x - mean.reshape([1, -1, 1, 1])) / (variance.reshape([1, -1, 1, 1]) + epsilon).sqrt()


def layer_norm(x: Tensor) -> Tensor:
    """Each picture over all its channels and pixels."""
    return normalise(x, (1, 2, 3))


def instance_norm(x: Tensor) -> Tensor:
    """Each channel of each picture over its pixels."""
    return normalise(x, (2, 3))


def group_norm(x: Tensor, groups: int) -> Tensor:
    """Each picture over the channels of a group and their pixels."""
    n, channels, height, width = x.shape
    parts = x.reshape([n, groups, channels // groups, height, width])
    return normalise(parts, (2, 3, 4)).reshape(x.shape)


def layers(channels: int, side: int) -> dict[str, nn.Layer]:
    """Paddle's layers, with a scale of 1 and a shift of 0 as they begin."""
    return {
        "batch": nn.BatchNorm2D(channels),
        "layer": nn.LayerNorm([channels, side, side]),
        "instance": nn.InstanceNorm2D(channels),
        "group": nn.GroupNorm(GROUPS, channels),
    }


def check(seed: int) -> dict[str, float]:
    """Norm -> the largest difference between ours and Paddle's on numbers of mean 2 and deviation 3.

    "evaluation" is batch norm with the running statistics of one step, "moments" these statistics themselves,
    "one group" group norm of one group against layer norm.
    """
    paddle.seed(seed)
    x = 2 + 3 * paddle.randn([8, 12, 5, 5])
    theirs = layers(12, 5)
    ours: dict[str, Callable[[Tensor], Tensor]] = {"batch": batch_norm, "layer": layer_norm, "instance": instance_norm}
    ours["group"] = lambda each: group_norm(each, GROUPS)
    found = {name: _largest(ours[name](x) - layer(x)) for name, layer in theirs.items()}
    norm = theirs["batch"]  # has made one step
    norm.eval()
    running = {name: each for name, each in norm.state_dict().items() if each.stop_gradient}
    mean, variance = (next(v for k, v in running.items() if part in k) for part in ("mean", "variance"))
    found["evaluation"] = _largest(batch_norm_in_evaluation(x, mean, variance) - norm(x))
    found["moments"] = _largest(mean - 0.1 * x.mean(axis=(0, 2, 3)))  # began at 0
    return found | {"one group": _largest(group_norm(x, 1) - layer_norm(x))}


def _largest(gap: Tensor) -> float:
    return float(gap.abs().max())


def scope(norm: str) -> np.ndarray:
    """What the first number of a normalised block depends on, by the gradient: bool ``[N, C, H * W]``."""
    paddle.seed(0)
    x = paddle.randn(BLOCK)
    x.stop_gradient = False
    first = layers(BLOCK[1], BLOCK[2])[norm](x)[0, 0, 0, 0]
    (gradient,) = paddle.grad(first, x)
    return np.abs(gradient.numpy()).reshape(*BLOCK[:2], -1) > 0
