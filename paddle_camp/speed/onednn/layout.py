"""Tensors ``[N, C, H, W]`` whose channels are next to each other in memory, as PyTorch's ``channels_last``.

They are ordinary tensors with other strides: any operator of Paddle gives the right answer for them (it copies them to
its own layout first), and oneDNN's primitives read and write them as they are.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import paddle

from paddle_camp.speed.onednn.primitive import (
    Primitive,
    Shape,
    channels_last,
    channels_last_strides,
    copying,
    plain,
    prepared,
)


def has_channels_last(tensor: paddle.Tensor) -> bool:
    """Whether ``[N, C, H, W]`` lies in memory as ``[N, H, W, C]``; the stride of an axis of length 1 means nothing."""
    strides = zip(tensor.shape, tensor.strides, channels_last_strides(tensor.shape), strict=True)
    return all(size == 1 or stride == wanted for size, stride, wanted in strides)


@functools.cache
def strides_are_kept() -> bool:
    """Whether this process's Paddle turns axes by strides; with ``FLAGS_use_stride_kernel=0`` it copies instead."""
    return has_channels_last(empty_channels_last([2, 3, 4, 5]))


def empty_channels_last(shape: Sequence[int], dtype: paddle.dtype = paddle.float32) -> paddle.Tensor:
    """A tensor ``[N, C, H, W]`` of this layout, not filled."""
    batch, channels, height, width = shape
    return paddle.empty([batch, height, width, channels], dtype).transpose([0, 3, 1, 2])


def to_channels_last(tensor: paddle.Tensor, dtype: paddle.dtype | None = None) -> paddle.Tensor:
    """``tensor`` in this layout and format (its own): itself where it is, else a copy."""
    dtype, last = dtype or tensor.dtype, has_channels_last(tensor)
    if last and tensor.dtype == dtype:
        return tensor
    source = tensor if last else tensor.contiguous()
    found = empty_channels_last(tensor.shape, dtype)
    prepared(copy, tuple(tensor.shape), last, tensor.dtype, dtype)(source.data_ptr(), found.data_ptr())
    return found


def copy(shape: Shape, last: bool, before: paddle.dtype, dtype: paddle.dtype) -> Primitive:
    """The copy of a picture, whose channels are ``last`` already or first, into this layout and a format."""
    return copying(channels_last(shape, before) if last else plain(shape, before), channels_last(shape, dtype))
