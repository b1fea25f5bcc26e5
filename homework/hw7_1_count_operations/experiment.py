"""作业7-1 How many multiplications and additions does a convolution take?

The camp's question: 输入数据形状是[10, 3, 224, 224]，卷积核k_h = k_w = 3，输出通道数为64，步幅stride=1，
填充p_h = p_w = 1，完成这样一个卷积，一共需要做多少次乘法和加法操作？
（提示：先看输出一个像素点需要做多少次乘法和加法操作，再计算总共需要的操作次数。）

The numbers come from formulas (`count_operations`), for two ways of counting: the zeros of the padding multiplied like
any other number, as a straightforward program does, or left out. A convolution written as loops that counts what it
does, and whose result equals Paddle's, confirms the formulas on a smaller picture; the zoo's probe confirms the total.
Takes a few seconds on a CPU.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import paddle
from annotated_types import Ge
from paddle import nn

import paddle_camp as camp
from homework.hw7_1_count_operations.figures import draw


@dataclass(frozen=True)
class Settings(camp.HyperParameters):
    """The convolution of the question; every number can be changed with ``-o``."""

    batch_size: camp.Count = 10
    in_channels: camp.Count = 3
    image_size: camp.Count = 224  # pixels
    out_channels: camp.Count = 64
    kernel_size: camp.Count = 3
    stride: camp.Count = 1
    padding: Annotated[int, Ge(0)] = 1
    counted_size: camp.Count = 9  # side of the smaller picture on which the loops count, pixels

    def __post_init__(self):
        super().__post_init__()
        smallest = min(self.image_size, self.counted_size)
        fits = smallest + 2 * self.padding >= self.kernel_size
        camp.require(fits, f"kernel_size={self.kernel_size}: larger than a padded picture of {smallest} pixels")


QUICK = replace(Settings(), counted_size=5)


def output_side(size: int, settings: Settings) -> int:
    """The output's side for pictures of ``size`` pixels: (size + 2 padding - kernel) / stride + 1, rounded down."""
    return camp.output_size(size, settings.kernel_size, settings.padding, settings.stride)


def taps_inside(size: int, settings: Settings) -> np.ndarray:
    """How many of the kernel's rows meet the picture, not its padding, at each output row: int64 ``[output]``."""
    first = np.arange(output_side(size, settings)) * settings.stride - settings.padding
    inside = np.minimum(first + settings.kernel_size, size) - np.maximum(first, 0)
    return np.maximum(inside, 0)  # a wide padding: some see nothing else


def count_operations(settings: Settings, size: int, bias: bool, padding_counts: bool) -> tuple[int, int]:
    """(multiplications, additions) of the whole convolution.

    One output number is a sum of products: one product per input channel and kernel position, one addition less than
    products (none where there is no product), and one more for the bias.
    """
    taps = taps_inside(size, settings)  # rows and columns are independent
    if padding_counts:
        taps = np.full_like(taps, settings.kernel_size)
    maps = settings.batch_size * settings.out_channels
    multiplications = maps * settings.in_channels * int(taps.sum()) ** 2
    sums, outputs = maps * int((taps > 0).sum()) ** 2, maps * len(taps) ** 2
    return multiplications, multiplications - sums + (outputs if bias else 0)


def counting_convolution(images, weight, bias, settings: Settings, padding_counts: bool):
    """The convolution as loops: (output ``[N, O, H', W']``, multiplications, additions), counted as they are done."""
    size = images.shape[2]
    side = output_side(size, settings)
    output = np.zeros((len(images), len(weight), side, side))
    multiplications = additions = 0
    for n, o, row, column in np.ndindex(output.shape):
        products = []
        for c, i, j in np.ndindex(weight.shape[1:]):
            y = row * settings.stride + i - settings.padding
            x = column * settings.stride + j - settings.padding
            inside = 0 <= y < size and 0 <= x < size
            if inside or padding_counts:
                products.append((images[n, c, y, x] if inside else 0.0) * weight[o, c, i, j])
                multiplications += 1
        total, *rest = products or [0.0]
        for term in rest if bias is None else [*rest, bias[o]]:
            total += term
            additions += 1
        output[n, o, row, column] = total
    return output, multiplications, additions


def check_by_counting(settings: Settings, seed: int) -> list[dict]:
    """Count on a small picture, one sample and two output channels; compare with the formulas and with Paddle."""
    small = replace(settings, batch_size=1, out_channels=min(2, settings.out_channels))
    rng = np.random.default_rng(seed)
    images = rng.normal(size=(1, small.in_channels, small.counted_size, small.counted_size))
    weight = rng.normal(size=(small.out_channels, small.in_channels, small.kernel_size, small.kernel_size))
    offsets = rng.normal(size=small.out_channels)
    rows = []
    for has_bias, padding_counts in itertools.product((True, False), repeat=2):
        bias = offsets if has_bias else None
        output, *counted = counting_convolution(images, weight, bias, small, padding_counts)
        tensors = [None if array is None else paddle.to_tensor(array) for array in (images, weight, bias)]
        expected = nn.functional.conv2d(*tensors, stride=small.stride, padding=small.padding).numpy()
        formula = list(count_operations(small, small.counted_size, has_bias, padding_counts))
        row = {"bias": has_bias, "padding_counts": padding_counts, "counted": counted, "formula": formula}
        row |= {"same": counted == formula, "difference_from_paddle": float(np.abs(output - expected).max())}
        rows.append(row)
    return rows


def run(settings: Settings, context: camp.Context) -> camp.Answer:
    channels, size, maps = settings.in_channels, settings.image_size, settings.out_channels
    totals = [
        {"bias": bias, "padding_counts": zeros, "operations": count_operations(settings, size, bias, zeros)}
        for zeros, bias in itertools.product((True, False), repeat=2)
    ]
    layer = nn.Conv2D(channels, maps, settings.kernel_size, settings.stride, settings.padding)
    rows = camp.layer_rows(nn.Sequential(layer), (1, channels, size, size))
    side, probed = output_side(size, settings), settings.batch_size * rows[0].multiply_adds
    results = {"output_shape": [settings.batch_size, maps, side, side], "totals": totals, "probe": probed}
    results["checks"] = check_by_counting(settings, context.seed)
    figure = draw(taps_inside(settings.counted_size, settings), settings)
    return camp.Answer(
        title="作业7-1:卷积需要多少次乘法和加法",
        results=results,
        values={"side": side},
        figures={"positions": ("每个输出像素对应的卷积核中落在图片内的位置数", figure)},
    )
