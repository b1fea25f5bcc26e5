"""A batch norm taken into the convolution in front of it, where neither changes: one pass over a picture, not two."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any

import paddle
from paddle import Tensor

from paddle_camp.speed.onednn.function import usable
from paddle_camp.speed.onednn.kernels import Convolution
from paddle_camp.speed.onednn.weights import constant

Folded = tuple[Convolution, Tensor, Tensor]  # the kernel, its weight and its bias


@paddle.jit.not_to_static
def folded(conv: Any, norm: Any, clip: bool, x: Tensor) -> Folded | None:
    """The convolution that gives ``norm(conv(x))``, and the ReLU6 of it (``clip``); None where two must compute it.

    Args:
        conv: a :class:`~paddle_camp.models.layers.Conv2D`.
        norm: the :class:`~paddle_camp.models.layers.BatchNorm2D` behind it.
    """
    two = norm.training or conv.kernel.relu or conv.observers or norm.observers or (clip and norm.relu)
    if two or paddle.is_grad_enabled() or not usable(x):
        return None
    return constant(("folded", conv, norm, clip), functools.partial(_fold, conv, norm, clip))


def _fold(conv: Any, norm: Any, clip: bool) -> Folded | None:
    """None where a number is not finite (a ReLU6 would hide it), a weight is computed, or the two do not fit."""
    tensors = [conv.weight, norm.weight, norm.bias, norm._mean, norm._variance]
    usual = all(each.dtype == paddle.float32 and each.persistable for each in tensors)
    if not usual or norm.weight.shape != conv.weight.shape[:1]:
        return None
    scale = norm.weight / (norm._variance + norm.numbers[1]).sqrt()
    weight = conv.weight * scale.reshape([-1, 1, 1, 1])
    bias = norm.bias + ((0 if conv.bias is None else conv.bias) - norm._mean) * scale
    if not all(bool(paddle.isfinite(each).all()) for each in (weight, bias)):
        return None
    weight.persistable = True  # as a parameter: its copy in oneDNN's layout is worth keeping
    return replace(conv.kernel, relu=norm.relu, clip=clip), weight, bias
