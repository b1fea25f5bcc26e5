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

from dataclasses import dataclass, replace

import numpy as np
import paddle
from paddle import nn

from paddle_camp import plots
from paddle_camp.answers.answer import Answer
from paddle_camp.answers.template import render
from paddle_camp.errors import require
from paddle_camp.networks.summary import layer_rows, output_size
from paddle_camp.running.context import Context


@dataclass(frozen=True)
class Settings:
    """The convolution of the question; every number can be changed with ``-o``."""

    batch_size: int = 10
    in_channels: int = 3
    image_size: int = 224  # pixels
    out_channels: int = 64
    kernel_size: int = 3
    stride: int = 1
    padding: int = 1
    counted_size: int = 9  # side of the smaller picture on which the loops count, pixels

    def __post_init__(self):
        for name in ("batch_size", "in_channels", "image_size", "out_channels", "kernel_size", "stride"):
            require(getattr(self, name) > 0, f"{name}={getattr(self, name)}: must be positive")
        require(self.padding >= 0, f"padding={self.padding}: must not be negative")
        smallest = min(self.image_size, self.counted_size)
        fits = smallest + 2 * self.padding >= self.kernel_size
        require(fits, f"kernel_size={self.kernel_size}: larger than a padded picture of {smallest} pixels")


QUICK = replace(Settings(), counted_size=5)


def output_side(size: int, settings: Settings) -> int:
    """The output's side for pictures of ``size`` pixels: (size + 2 padding - kernel) / stride + 1, rounded down."""
    return output_size(size, settings.kernel_size, settings.padding, settings.stride)


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
    side, maps = output_side(size, settings), settings.batch_size * settings.out_channels
    outputs = sums = maps * side * side
    if padding_counts:
        multiplications = outputs * settings.in_channels * settings.kernel_size**2
    else:  # rows and columns are independent
        taps = taps_inside(size, settings)
        multiplications = maps * settings.in_channels * int(taps.sum()) ** 2
        sums = maps * int((taps > 0).sum()) ** 2
    return multiplications, multiplications - sums + (outputs if bias else 0)


def counting_convolution(images, weight, bias, settings: Settings, padding_counts: bool):
    """The convolution as loops: (output ``[N, O, H', W']``, multiplications, additions), counted as they are done."""
    batch, channels, size, _ = images.shape
    side = output_side(size, settings)
    output = np.zeros((batch, len(weight), side, side))
    multiplications = additions = 0
    for n, o, row, column in np.ndindex(output.shape):
        products = []
        for c, i, j in np.ndindex(channels, settings.kernel_size, settings.kernel_size):
            y = row * settings.stride + i - settings.padding
            x = column * settings.stride + j - settings.padding
            inside = 0 <= y < size and 0 <= x < size
            if inside or padding_counts:
                products.append((images[n, c, y, x] if inside else 0.0) * weight[o, c, i, j])
                multiplications += 1
        total = products[0] if products else 0.0
        for product in products[1:]:
            total += product
            additions += 1
        if bias is not None:
            total += bias[o]
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
    for has_bias in (True, False):
        for padding_counts in (True, False):
            bias = offsets if has_bias else None
            output, *counted = counting_convolution(images, weight, bias, small, padding_counts)
            expected = nn.functional.conv2d(
                paddle.to_tensor(images),
                paddle.to_tensor(weight),
                bias=None if bias is None else paddle.to_tensor(bias),
                stride=small.stride,
                padding=small.padding,
            ).numpy()
            formula = count_operations(small, small.counted_size, has_bias, padding_counts)
            row = {"bias": has_bias, "padding_counts": padding_counts, "counted": counted, "formula": list(formula)}
            row["same"] = counted == list(formula)
            rows.append(row | {"difference_from_paddle": float(np.abs(output - expected).max())})
    return rows


def run(settings: Settings, context: Context) -> Answer:
    """Answer the question; see the module's docstring."""
    totals = []
    for padding_counts in (True, False):
        for bias in (True, False):
            operations = count_operations(settings, settings.image_size, bias, padding_counts)
            totals.append({"bias": bias, "padding_counts": padding_counts, "operations": operations})
    layer = nn.Conv2D(
        settings.in_channels, settings.out_channels, settings.kernel_size, settings.stride, settings.padding
    )
    shape = (1, settings.in_channels, settings.image_size, settings.image_size)
    probed = settings.batch_size * layer_rows(nn.Sequential(layer), shape)[0].multiply_adds
    checks = check_by_counting(settings, context.seed)
    side = output_side(settings.image_size, settings)
    results = {"output_shape": [settings.batch_size, settings.out_channels, side, side], "totals": totals}
    results |= {"probe": probed, "checks": checks}
    taps = taps_inside(settings.counted_size, settings)
    figure = plots.heat_map(
        np.outer(taps, taps),
        title=f"Kernel {settings.kernel_size}, stride {settings.stride}, padding {settings.padding}: positions inside "
        f"a {settings.counted_size} x {settings.counted_size} picture",
    )
    return Answer(
        title="作业7-1:卷积需要多少次乘法和加法",
        text=render(__file__, {"settings": settings, "side": side} | results),
        results=results,
        figures={"positions": ("每个输出像素对应的卷积核中落在图片内的位置数", figure)},
    )
