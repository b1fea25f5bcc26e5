"""Tensors ``[N, C, H, W]`` whose channels are next to each other in memory, as PyTorch's ``channels_last``.

They are ordinary tensors with other strides: any operator of Paddle gives the right answer for them (it copies them to
its own layout first), and oneDNN's primitives read and write them as they are.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import paddle


def channels_last_strides(shape: Sequence[int]) -> tuple[int, int, int, int]:
    """The strides of ``[N, C, H, W]`` that lies in memory as ``[N, H, W, C]``, in numbers."""
    _, channels, height, width = shape
    return channels * height * width, 1, width * channels, channels


def has_channels_last(tensor: paddle.Tensor) -> bool:
    """Whether ``[N, C, H, W]`` lies in memory as ``[N, H, W, C]``; the stride of an axis of length 1 means nothing."""
    strides = zip(tensor.shape, tensor.strides, channels_last_strides(tensor.shape), strict=True)
    return all(size == 1 or stride == wanted for size, stride, wanted in strides)


@functools.cache
def strides_are_kept() -> bool:
    """Whether this process's Paddle turns axes by strides; with ``FLAGS_use_stride_kernel=0`` it copies instead."""
    return has_channels_last(empty_channels_last([2, 3, 4, 5]))


def to_channels_last(tensor: paddle.Tensor) -> paddle.Tensor:
    """``tensor`` itself where it has this layout, else a copy that has it."""
    if has_channels_last(tensor):
        return tensor
    return tensor.transpose([0, 2, 3, 1]).contiguous().transpose([0, 3, 1, 2])


def empty_channels_last(shape: Sequence[int]) -> paddle.Tensor:
    """A float32 tensor ``[N, C, H, W]`` of this layout, not filled."""
    batch, channels, height, width = shape
    return paddle.empty([batch, height, width, channels], "float32").transpose([0, 3, 1, 2])


def finite(tensor: paddle.Tensor) -> bool:
    """Whether all numbers are finite; where channels are last no number has to move for it."""
    return math.isfinite(float(tensor.detach().transpose([0, 2, 3, 1]).sum()))
