"""Networks that repeat a block: the residual ones, ShuffleNet, and those of inverted residuals."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from homework.hw5_2_famous_networks.layers import BIAS, NORM, Layer, chain, linear


def residual(
    depths: tuple[int, ...],
    stride_in: int = 3,
    groups: int = 1,
    base_width: int = 64,
    scales: int = 1,
    squeeze: int = 0,
) -> Iterator[Layer]:
    """A ResNet of bottlenecks (arXiv:1512.03385, table 1), for 224 x 224.

    Args:
        depths: blocks of each stage.
        stride_in: the kernel of the convolution that halves the picture: 1 as in the paper, 3 in "v1.5".
        groups, base_width: of the 3x3: 32 and 4 in ResNeXt-50 (arXiv:1611.05431).
        scales: Res2Net (arXiv:1904.01169): the middle is cut in so many pieces of ``base_width``; all but one get a
            3x3 of their own.
        squeeze: SE (arXiv:1709.01507): the channels divided by this are the width between its two layers; 0: no SE.
    """
    yield from chain(3, [(64, 7, 112)])
    inputs, before = 64, 56
    for stage, depth in enumerate(depths):
        width, side = 64 * 2**stage, 56 // 2**stage
        piece, outputs = width * base_width // 64 * groups, 4 * width
        for block in range(depth):
            first = before if block == 0 and stride_in == 3 else side
            yield Layer(inputs, piece * scales, 1, first)
            yield from [Layer(piece, piece, 3, side, groups)] * max(1, scales - 1)
            yield Layer(piece * scales, outputs, 1, side)
            if squeeze:
                yield from gate(outputs, outputs // squeeze)
            if block == 0:
                yield Layer(inputs, outputs, 1, side)  # the shortcut, where shapes change
            inputs = outputs
        before = side
    yield from linear(inputs, 1000)


def gate(channels: int, middle: int) -> Iterator[Layer]:
    """Squeeze and excitation: the channels' means through two small layers."""
    yield from chain(channels, [(middle, 1, 1), (channels, 1, 1)], BIAS)


# arXiv:1707.01083, table 1, 3 groups: output channels, side, units of each stage.
SHUFFLENET = [(240, 28, 4), (480, 14, 8), (960, 7, 4)]


def shuffled(groups: int = 3) -> Iterator[Layer]:
    """ShuffleNet V1: grouped 1x1, depthwise 3x3, grouped 1x1.

    A stage's first unit halves the picture and appends its result to the pooled input.
    """
    yield from chain(3, [(24, 3, 112)])
    inputs, before = 24, 56
    for outputs, side, units in SHUFFLENET:
        middle = outputs // 4
        for unit in range(units):
            made = outputs - inputs if unit == 0 else outputs
            # 24 channels are too few to be grouped.
            rows = [(middle, 1, before if unit == 0 else side, 1 if inputs == 24 else groups)]
            yield from chain(inputs, [*rows, (middle, 3, side, middle), (made, 1, side, groups)])
            inputs = outputs
        before = side
    yield from linear(960, 1000)


class Stage(NamedTuple):
    """A row of the table of a network of inverted residuals."""

    expansion: int
    outputs: int
    kernels: tuple[int, ...]  # of the depthwise convolution; several share its channels out (MixNet)
    stride: int  # of the first block
    blocks: int
    squeeze: float = 0  # SE's middle layer as a share of the block's input; 0: no SE
    widen: int = 1  # groups of the 1x1 before
    narrow: int = 1  # and of the 1x1 behind


# arXiv:1801.04381, table 2.
MOBILENET_V2 = [
    Stage(1, 16, (3,), 1, 1),
    Stage(6, 24, (3,), 2, 2),
    Stage(6, 32, (3,), 2, 3),
    Stage(6, 64, (3,), 2, 4),
    Stage(6, 96, (3,), 1, 3),
    Stage(6, 160, (3,), 2, 3),
    Stage(6, 320, (3,), 1, 1),
]
# arXiv:1905.11946, table 1: B0.
EFFICIENTNET = [
    Stage(1, 16, (3,), 1, 1, 0.25),
    Stage(6, 24, (3,), 2, 2, 0.25),
    Stage(6, 40, (5,), 2, 2, 0.25),
    Stage(6, 80, (3,), 2, 3, 0.25),
    Stage(6, 112, (5,), 1, 3, 0.25),
    Stage(6, 192, (5,), 2, 4, 0.25),
    Stage(6, 320, (3,), 1, 1, 0.25),
]
# arXiv:1907.09595, figure 4, in the numbers of its authors' code (tensorflow/tpu, mnasnet/mixnet).
MIXNET_S = [
    Stage(1, 16, (3,), 1, 1),
    Stage(6, 24, (3,), 2, 1, widen=2, narrow=2),
    Stage(3, 24, (3,), 1, 1, widen=2, narrow=2),
    Stage(6, 40, (3, 5, 7), 2, 1, 0.5),
    Stage(6, 40, (3, 5), 1, 3, 0.5, widen=2, narrow=2),
    Stage(6, 80, (3, 5, 7), 2, 1, 0.25, narrow=2),
    Stage(6, 80, (3, 5), 1, 2, 0.25, narrow=2),
    Stage(6, 120, (3, 5, 7), 1, 1, 0.5, widen=2, narrow=2),
    Stage(3, 120, (3, 5, 7, 9), 1, 2, 0.5, widen=2, narrow=2),
    Stage(6, 200, (3, 5, 7, 9, 11), 2, 1, 0.5),
    Stage(6, 200, (3, 5, 7, 9), 1, 2, 0.5, narrow=2),
]


def inverted(stages: list[Stage], stem: int = 32, head: int = 1280, side: int = 224) -> Iterator[Layer]:
    """Blocks that widen by a 1x1, filter depthwise and narrow by a 1x1, between a 3x3 of stride 2 and a 1x1."""
    inputs, side = stem, math.ceil(side / 2)
    yield from chain(3, [(stem, 3, side)])
    for stage in stages:
        for block in range(stage.blocks):
            width = inputs * stage.expansion
            if stage.expansion > 1:
                yield Layer(inputs, width, 1, side, stage.widen)
            side = math.ceil(side / stage.stride) if block == 0 else side
            for kernel, channels in zip(stage.kernels, shares(width, len(stage.kernels)), strict=True):
                yield Layer(channels, channels, kernel, side, channels)
            if stage.squeeze:
                yield from gate(width, int(inputs * stage.squeeze))
            yield Layer(width, stage.outputs, 1, side, stage.narrow)
            inputs = stage.outputs
    yield Layer(inputs, head, 1, side, beside=NORM)
    yield from linear(head, 1000)


def shares(channels: int, parts: int) -> list[int]:
    """Equal parts; the first has what is left over."""
    return [channels - channels // parts * (parts - 1), *[channels // parts] * (parts - 1)]


def efficientnet(stages: list[Stage], width: float = 1.0, depth: float = 1.0, side: int = 224) -> Iterator[Layer]:
    """EfficientNet: B0's table scaled, its channels by ``width`` and its blocks by ``depth``."""
    scaled = [
        stage._replace(outputs=round_channels(width * stage.outputs), blocks=math.ceil(depth * stage.blocks))
        for stage in stages
    ]
    return inverted(scaled, round_channels(width * 32), round_channels(width * 1280), side)


def round_channels(channels: float) -> int:
    """To the nearest multiple of 8, though never down by more than a tenth."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded if rounded >= 0.9 * channels else rounded + 8
