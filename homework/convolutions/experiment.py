"""Convolutions from the ground up: three ways to compute one, its relatives, and a dense layer as a convolution

Course: pytorch
The question (the notes of two courses, put together; reconstructed): 用 Sobel 等卷积核处理一张图片；填充、步幅与
输出大小（200×200 经过三层之后为什么是 97）；最大、平均、L2 池化；1×1、转置、空洞、可分离卷积；把全连接层写成卷积。

A convolution is written as loops and as one matrix product, and both are held against Paddle's. The rest follows from
it: what is flipped in a "true" convolution, which of two rules for a size that is no whole number is right, the
receptive field by a formula and by a gradient, what each relative is in terms of the plain one, and a network with a
dense layer that, written as a 7x7 convolution, gives a map of answers for a larger picture in one pass.
The picture comes with scikit-learn. Takes some seconds on a CPU; nothing is trained.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import paddle
import paddle.nn.functional as F
from annotated_types import Ge
from numpy.lib.stride_tricks import sliding_window_view
from scipy import signal

import paddle_camp as camp
from homework.convolutions.dense_layer import compare_with_patches
from homework.convolutions.figures import draw
from homework.convolutions.picture import load_picture
from homework.convolutions.pooling import compare_pools
from homework.convolutions.receptive_field import measure_stacks
from homework.convolutions.relatives import compare_relatives

SAME = 1e-6  # two ways of computing the same differ by less
SOBEL = np.array([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
KERNELS = {
    "sobel x": SOBEL,
    "sobel y": SOBEL.T,
    "laplace": np.array([[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]]),
    "blur": np.outer([1.0, 2.0, 1.0], [1.0, 2.0, 1.0]) / 16,
    "sharpen": np.array([[0.0, -1.0, 0.0], [-1.0, 5.0, -1.0], [0.0, -1.0, 0.0]]),
    "emboss": np.array([[-2.0, -1.0, 0.0], [-1.0, 1.0, 1.0], [0.0, 1.0, 2.0]]),
}
# Kernel, stride, padding, dilation of the convolutions that are computed in three ways.
CASES = ((3, 1, 0, 1), (3, 1, 1, 1), (3, 2, 1, 1), (5, 2, 1, 1), (3, 1, 2, 2), (4, 3, 2, 1), (1, 1, 0, 1))
CHAIN = (("conv", 5, 2, 1), ("pool", 3, 1, 0), ("conv", 3, 1, 1))  # source: layer, kernel, stride, padding


@dataclass(frozen=True)
class Settings(camp.HyperParameters):
    """Sizes; "source" marks those of the courses' notes."""

    picture_size: Annotated[int, Ge(32), camp.Hint("give at least 32 pixels")] = 200  # source; pixels
    layers: Annotated[int, Ge(2)] = 6  # stacked 3x3 convolutions, at most, whose receptive field is measured
    channels: camp.Count = 32  # of the network whose dense layer becomes a convolution
    map_side: Annotated[int, Ge(2)] = 16  # answers in a row of the map that it then gives for a larger picture
    repeats: camp.Count = 5  # times that each way is timed; the median is reported


QUICK = replace(Settings(), channels=8, map_side=6, repeats=3)


def convolve_by_loops(picture: np.ndarray, kernels: np.ndarray, stride: int, padding: int, dilation: int) -> np.ndarray:
    """What deep learning calls a convolution, ``[C, H, W]`` with ``[O, C, k, k]``, by its definition."""
    padded = np.pad(picture, ((0, 0), (padding, padding), (padding, padding)))
    reach = dilation * (kernels.shape[2] - 1) + 1
    rows, columns = ((size - reach) // stride + 1 for size in padded.shape[1:])
    output = np.zeros((len(kernels), rows, columns))
    for o, y, x in np.ndindex(output.shape):
        total = 0.0
        for c, i, j in np.ndindex(kernels.shape[1:]):
            total += kernels[o, c, i, j] * padded[c, y * stride + i * dilation, x * stride + j * dilation]
        output[o, y, x] = total
    return output


def convolve_by_matrix(picture: np.ndarray, kernels: np.ndarray, stride: int, padding: int, dilation: int):
    """The same as one matrix product: every window becomes a column (im2col), every kernel a row."""
    padded = np.pad(picture, ((0, 0), (padding, padding), (padding, padding)))
    reach = dilation * (kernels.shape[2] - 1) + 1
    windows = sliding_window_view(padded, (reach, reach), axis=(1, 2))[:, ::stride, ::stride, ::dilation, ::dilation]
    columns = windows.transpose(0, 3, 4, 1, 2).reshape(kernels[0].size, -1)  # [C k k, positions]
    return (kernels.reshape(len(kernels), -1) @ columns).reshape(len(kernels), *windows.shape[1:3])


def convolve_by_paddle(picture, kernels, stride=1, padding=0, dilation=1, dtype="float64") -> np.ndarray:
    """The same by Paddle."""
    x, w = paddle.to_tensor(picture[np.newaxis], dtype), paddle.to_tensor(kernels, dtype)
    return F.conv2d(x, w, stride=stride, padding=padding, dilation=dilation).numpy()[0]


def compare_three_ways(seed: int) -> list[dict]:
    """The largest differences on random pictures of 3 channels and 4 kernels, for every case."""
    rng, rows = np.random.default_rng(seed), []
    for kernel, stride, padding, dilation in CASES:
        picture, kernels = rng.normal(size=(3, 17, 17)), rng.normal(size=(4, 3, kernel, kernel))
        how = (stride, padding, dilation)
        loops = convolve_by_loops(picture, kernels, *how)
        row = {"kernel": kernel, "stride": stride, "padding": padding, "dilation": dilation, "side": loops.shape[1]}
        row["matrix"] = float(np.abs(convolve_by_matrix(picture, kernels, *how) - loops).max())
        row["paddle"] = float(np.abs(convolve_by_paddle(picture, kernels, *how) - loops).max())
        row["float32"] = float(np.abs(convolve_by_paddle(picture, kernels, *how, dtype="float32") - loops).max())
        rows.append(row)
    return rows


def compare_with_true_convolution(picture: np.ndarray) -> dict:
    """Paddle's convolution against the mathematicians', which flips the kernel.

    Returns:
        ``correlation`` and ``flipped``: Paddle's largest difference to scipy's correlation, and with the kernel
        flipped to scipy's convolution; ``changes``: kernel -> the largest change that flipping makes, relative to
        the largest output; ``learned``: how far least squares on the windows, asked for a true convolution's outputs,
        comes to the flipped kernel.
    """
    changes, gaps = {}, {"correlation": [], "flipped": []}
    for name, kernel in KERNELS.items():
        plain = convolve_by_paddle(picture[np.newaxis], kernel[np.newaxis, np.newaxis])[0]
        turned = convolve_by_paddle(picture[np.newaxis], kernel[np.newaxis, np.newaxis, ::-1, ::-1].copy())[0]
        gaps["correlation"].append(np.abs(plain - signal.correlate2d(picture, kernel, "valid")).max())
        gaps["flipped"].append(np.abs(turned - signal.convolve2d(picture, kernel, "valid")).max())
        changes[name] = float(np.abs(plain - turned).max() / np.abs(plain).max())
    windows = sliding_window_view(picture, (3, 3)).reshape(-1, 9)
    target = signal.convolve2d(picture, KERNELS["emboss"], "valid").ravel()
    found = np.linalg.lstsq(windows, target, rcond=None)[0].reshape(3, 3)
    learned = float(np.abs(found - KERNELS["emboss"][::-1, ::-1]).max())
    return {"changes": changes, "learned": learned} | {name: float(max(each)) for name, each in gaps.items()}


def side_after(size: int, kernel: int, stride: int, padding: int, up: bool = False) -> int:
    """(size + 2 padding - kernel) / stride + 1, rounded down, or ``up``."""
    steps = size + 2 * padding - kernel
    return (-(-steps // stride) if up else steps // stride) + 1


def follow_chain(size: int) -> list[dict]:
    """The side of a picture behind each layer of the source: by both rules, and by Paddle's layers."""
    x, down, up, rows = paddle.zeros([1, 1, size, size]), size, size, []
    for layer, kernel, stride, padding in CHAIN:
        exact = (down + 2 * padding - kernel) / stride + 1
        down, up = side_after(down, kernel, stride, padding), side_after(up, kernel, stride, padding, up=True)
        if layer == "conv":
            x = F.conv2d(x, paddle.zeros([1, 1, kernel, kernel]), stride=stride, padding=padding)
        else:
            x = F.max_pool2d(x, kernel, stride, padding)
        row = {"layer": layer, "kernel": kernel, "stride": stride, "padding": padding, "exact": exact}
        rows.append(row | {"down": down, "up": up, "paddle": x.shape[2]})
    return rows


def check_sizes() -> dict[str, int]:
    """On many sizes, kernels, strides and paddings: how often Paddle rounds down, and up where pools are told to."""
    counts = {"cases": 0, "broken": 0, "conv_down": 0, "pool_down": 0, "pool_up": 0}
    for size, kernel, stride in itertools.product(range(7, 15), (2, 3, 5), (1, 2, 3)):
        x, padding = paddle.zeros([1, 1, size, size]), kernel // 2
        down, up = (side_after(size, kernel, stride, padding, up) for up in (False, True))
        counts["cases"] += 1
        counts["broken"] += down != up
        conv = F.conv2d(x, paddle.zeros([1, 1, kernel, kernel]), stride=stride, padding=padding)
        counts["conv_down"] += conv.shape[2] == down
        counts["pool_down"] += F.max_pool2d(x, kernel, stride, padding).shape[2] == down
        counts["pool_up"] += F.max_pool2d(x, kernel, stride, padding, ceil_mode=True).shape[2] == up
    return counts


def run(settings: Settings, context: camp.Context) -> camp.Answer:
    picture = context.load(load_picture, size=settings.picture_size)
    filtered = {
        name: convolve_by_paddle(picture.pixels[np.newaxis], kernel[np.newaxis, np.newaxis], padding=1)[0]
        for name, kernel in KERNELS.items()
    }
    filtered["edges"] = np.hypot(filtered["sobel x"], filtered["sobel y"])
    results = {"three_ways": compare_three_ways(context.seed), "flips": compare_with_true_convolution(picture.pixels)}
    results |= {"chain": follow_chain(settings.picture_size), "sizes": check_sizes()}
    results["pools"], pooled = compare_pools(picture.pixels)
    results["stacks"], slopes = measure_stacks(settings.layers)
    results["relatives"], undone = compare_relatives(picture.pixels, context.seed)
    results["dense"], times = compare_with_patches(settings, context.seed)
    values = {"same": SAME, "times": times, "code": camp.code_of(convolve_by_loops, convolve_by_matrix)}
    return camp.Answer(
        title="作业convolutions:卷积的三种算法和它的亲戚",
        results=results,
        values=values,
        headline={"name": "largest_difference", "value": max(row["paddle"] for row in results["three_ways"])},
        figures=draw(picture.pixels, filtered, pooled, slopes, undone, times),
    )
