"""Three sentences of the source, counted: parameters of norms, kernels of a convolution, what groups are."""

from __future__ import annotations

import numpy as np
import paddle
import paddle.nn.functional as F
from paddle import nn

CHANNELS, SIDE = 64, 16  # of the layer whose norms are counted
IN, OUT, GROUPS = 8, 16, 4  # of the convolutions that are looked at


def stored(layer: nn.Layer) -> dict[str, int]:
    """How many numbers a layer keeps: ``trained`` ones, and ``statistics``, running means and variances."""
    kept = layer.state_dict()
    trained = sum(int(np.prod(each.shape)) for each in kept.values() if not each.stop_gradient)
    # By name: Paddle 2.6 keeps ones and zeros where a group norm is told to have no scale and shift.
    statistics = sum(int(np.prod(each.shape)) for name, each in kept.items() if name in ("_mean", "_variance"))
    return {"trained": trained, "statistics": statistics}


def count_norms() -> dict[str, dict[str, int]]:
    """What each norm of :data:`CHANNELS` channels keeps, and the 3x3 convolution in front of it."""
    off = {"weight_attr": False, "bias_attr": False}
    made = {
        "convolution": nn.Conv2D(CHANNELS, CHANNELS, 3, bias_attr=False),
        "batch": nn.BatchNorm2D(CHANNELS),
        "instance": nn.InstanceNorm2D(CHANNELS),
        "instance, plain": nn.InstanceNorm2D(CHANNELS, **off),
        "group": nn.GroupNorm(8, CHANNELS),
        "group, plain": nn.GroupNorm(8, CHANNELS, **off),
        "layer": nn.LayerNorm([CHANNELS, SIDE, SIDE]),
        "layer, by channel": nn.GroupNorm(1, CHANNELS),
    }
    return {name: stored(layer) for name, layer in made.items()}


def touched(layer: nn.Layer) -> int:
    """How many output channels change when the first input channel does."""
    x = paddle.randn([1, IN, 5, 5])
    other = x.clone()
    other[:, 0] += 1
    return int((np.abs((layer(other) - layer(x)).numpy()).max(axis=(0, 2, 3)) > 0).sum())


def count_kernels() -> dict[str, dict]:
    """Of an ordinary, a grouped and a depthwise convolution: what its weights are, and whom a channel touches."""
    made = {"ordinary": (OUT, 1), "grouped": (OUT, GROUPS), "depthwise": (IN, IN)}
    found = {}
    for name, (out_channels, groups) in made.items():
        layer = nn.Conv2D(IN, out_channels, 3, padding=1, groups=groups, bias_attr=False)
        outputs, inputs = layer.weight.shape[:2]
        row = {"in": IN, "out": out_channels, "groups": groups, "shape": list(layer.weight.shape)}
        row |= {"slices": outputs * inputs, "parameters": stored(layer)["trained"], "touched": touched(layer)}
        found[name] = row
    return found


def compare_with_parts(seed: int) -> float:
    """The largest difference between a grouped convolution and as many small ones side by side."""
    paddle.seed(seed)
    x, layer = paddle.randn([2, IN, 7, 7]), nn.Conv2D(IN, OUT, 3, groups=GROUPS, bias_attr=False)
    parts = zip(x.split(GROUPS, axis=1), layer.weight.split(GROUPS, axis=0), strict=True)
    together = paddle.concat([F.conv2d(part, weight) for part, weight in parts], axis=1)
    return float((layer(x) - together).abs().max())


def examine(seed: int) -> dict:
    """The counts, and whether each sentence holds.

    Returns:
        ``norms``, of so many ``channels`` and pixels a ``side``, ``kernels``, ``split`` as above; ``holds``: sentence
        -> bool, of "instance norm stores no parameters" and "batch norm stores many" (as many as the convolution in
        front of it has), "each channel has its own kernel" in an ordinary convolution, "groups merge layers".
    """
    norms, kernels = count_norms(), count_kernels()
    ordinary = kernels["ordinary"]
    holds = {
        "instance stores none": sum(norms["instance"].values()) == 0,
        "batch stores many": sum(norms["batch"].values()) >= sum(norms["convolution"].values()),
        "own kernel": ordinary["slices"] == ordinary["in"],
        "groups merge": kernels["grouped"]["parameters"] > ordinary["parameters"],
    }
    found = {"channels": CHANNELS, "side": SIDE, "norms": norms, "kernels": kernels}
    return found | {"split": compare_with_parts(seed), "holds": holds}
