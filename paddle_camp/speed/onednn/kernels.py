"""What convolutions, norms and pools compute with oneDNN: forward, backward, and the operator of Paddle each equals.

A kernel is called by :func:`~paddle_camp.speed.onednn.function.compute`: ``fits`` says whether oneDNN can take these
shapes and numbers (Paddle says what is wrong with others), ``forward`` gives the output and what the backward pass
needs, ``backward`` a gradient for each input, of its own memory, ``by_paddle`` the same in Paddle's words. What is kept
is detached: an output that is kept by the graph that it belongs to would never be freed. Pictures are ``[N, C, H, W]``,
here with channels last, float32 or (see :mod:`precision`) bfloat16; weights are as Paddle has them, float32.
"""

from __future__ import annotations

import math
import threading
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import paddle
import paddle.nn.functional as F
from paddle import Tensor

from paddle_camp.speed.onednn.layout import empty_channels_last, to_channels_last
from paddle_camp.speed.onednn.precision import format_for
from paddle_camp.speed.onednn.primitive import prepared
from paddle_camp.speed.onednn.primitives import (
    BatchNormPrimitives,
    ConvolutionPrimitives,
    ElementwisePrimitives,
    PoolPrimitives,
)

BLOCK = 16  # channels that AVX-512 takes together
Needs = Sequence[bool]  # which inputs need a gradient
Gradients = list[Tensor | None]


def empty(size: Sequence[int], dtype: str = "float32") -> Tensor:
    """A tensor that is not filled, of this dtype whatever ``paddle.set_default_dtype`` says."""
    return paddle.empty(size, dtype)


def addresses(*tensors: Tensor | None) -> list[int]:
    """Where the tensors lie; None is left out."""
    return [tensor.data_ptr() for tensor in tensors if tensor is not None]


def same_padding(
    sides: Sequence[int], window: Sequence[int], stride: Sequence[int]
) -> tuple[tuple[int, int], tuple[int, int]]:
    """TensorFlow's SAME: zeros before and behind (rows, columns), so that a side becomes side / stride, rounded up.

    An odd zero stands behind: two windows of 3 at stride 2 see a side of 4 as 0 1 2 and 2 3 with a zero.
    """
    axes = zip(sides, window, stride, strict=True)
    zeros = [max(0, (-(-side // step) - 1) * step + size - side) for side, size, step in axes]
    before = [count // 2 for count in zeros]
    return tuple(before), tuple(count - half for count, half in zip(zeros, before, strict=True))


@dataclass(frozen=True)
class Convolution:
    """x ``[N, I, H, W]``, weight ``[O, I / groups, kh, kw]`` and perhaps bias ``[O]``; ``relu``: max(0, .) of it.

    ``padding``: rows and columns of zeros on either side; None: as many as :func:`same_padding` says. ``clip``: the
    ReLU6 of it, which has no backward pass.
    """

    stride: tuple[int, int]
    padding: tuple[int, int] | None
    groups: int
    relu: bool
    clip: bool = False

    def by_paddle(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        padding = "SAME" if self.padding is None else self.padding
        y = F.conv2d(x, weight, bias, self.stride, padding, groups=self.groups)
        return F.relu6(y) if self.clip else F.relu(y) if self.relu else y

    def around(self, x: Tensor, weight: Tensor) -> tuple[tuple[int, int], tuple[int, int]]:
        """Zeros before the first (row, column) and behind the last."""
        if self.padding is None:
            return same_padding(x.shape[2:], weight.shape[2:], self.stride)
        return self.padding, self.padding

    def fits(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> bool:
        outputs, inputs, *window = weight.shape
        padded = [sum(each) for each in zip(x.shape[2:], *self.around(x, weight), strict=True)]
        # oneDNN 3.6 computes only the first row of a column behind one channel if the window jumps to the side alone.
        column = padded[1] < window[1] + self.stride[1]
        if column and self.stride[0] < self.stride[1]:
            return False
        # The weights' gradient of this one writes past oneDNN's own memory (its issue 6035).
        if window == [1, 1] and max(self.stride) > 1 and inputs < BLOCK:
            return False
        return (
            x.shape[1] == self.groups * inputs
            and outputs % self.groups == 0
            and all(each is None or each.dtype == paddle.float32 for each in (weight, bias))
            and (bias is None or bias.shape == [outputs])
            and all(side >= size for side, size in zip(padded, window, strict=True))
            and (not self.clip or finite(x))  # clipping takes NaN for 0
        )

    def primitives(self, x: Tensor, weight: Tensor, bias: bool, training: bool) -> ConvolutionPrimitives:
        shapes = tuple(x.shape), x.dtype, tuple(weight.shape)
        activation = "relu6" if self.clip else "relu" if self.relu else None
        geometry = self.stride, self.around(x, weight), self.groups, bias, activation, training
        return prepared(ConvolutionPrimitives, *shapes, *geometry)

    def forward(self, inputs: Sequence[Tensor], needs: Needs) -> tuple[Tensor, Any]:
        x, weight = to_channels_last(inputs[0], format_for(inputs[0])), inputs[1].contiguous()
        bias = inputs[2] if len(inputs) == 3 else None
        primitives = self.primitives(x, weight, bias is not None, any(needs))
        y = empty_channels_last(primitives.output, x.dtype)
        weights = primitives.weights_for_forward(weight)
        primitives.forward(x.data_ptr(), weights, *addresses(y, bias))
        if self.clip:
            _clipped.last = weakref.ref(y), y.inplace_version
        return y, (x, weight, y.detach() if self.relu else None)

    def backward(self, kept: Any, gradient: Tensor, needs: Needs) -> Gradients:
        x, weight, y = kept
        gradient, bias = to_channels_last(gradient, x.dtype), len(needs) == 3
        if y is not None:
            gradient = gradient_of("relu", y, gradient)
        primitives, found = self.primitives(x, weight, bias, True), [None] * len(needs)
        if needs[0]:
            found[0] = empty_channels_last(x.shape, x.dtype)
            weights = primitives.weights_for_data(weight)
            primitives.backward_data(gradient.data_ptr(), weights, found[0].data_ptr())
        if any(needs[1:]):
            found[1:] = [empty(weight.shape), *([empty([weight.shape[0]])] if bias else [])]
            primitives.gradients_of_weights(x, gradient, *found[1:])
        return found


def gradient_of(activation: str, kept: Tensor, gradient: Tensor) -> Tensor:
    """The gradient in front of an activation, by its output or (``by_input``) its input; both with channels last."""
    found = empty_channels_last(kept.shape, kept.dtype)
    primitives = prepared(ElementwisePrimitives, tuple(kept.shape), kept.dtype, activation)
    primitives.backward(*addresses(kept, gradient, found))
    return found


@dataclass(frozen=True)
class Pool:
    """The largest (``kind`` max) or the mean (average, of what lies inside the picture) of every window."""

    kind: str
    size: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]

    def by_paddle(self, x: Tensor) -> Tensor:
        if self.kind == "average" and list(self.size) == x.shape[2:]:
            return F.adaptive_avg_pool2d(x, 1)  # in an export the sides may be unknown
        pool = F.max_pool2d if self.kind == "max" else F.avg_pool2d
        return pool(x, self.size, self.stride, self.padding)

    def fits(self, x: Tensor) -> bool:
        sides = zip(x.shape[2:], self.padding, self.size, strict=True)
        inside = all(side + 2 * pad >= size and 2 * pad <= size for side, pad, size in sides)
        return inside and (self.kind != "max" or finite(x))  # which skips NaN

    def primitives(self, shape: Sequence[int], dtype: paddle.dtype, training: bool) -> PoolPrimitives:
        return prepared(PoolPrimitives, tuple(shape), dtype, self.kind, self.size, self.stride, self.padding, training)

    def forward(self, inputs: Sequence[Tensor], needs: Needs) -> tuple[Tensor, Any]:
        x = to_channels_last(inputs[0])
        primitives = self.primitives(x.shape, x.dtype, needs[0])
        y = empty_channels_last(primitives.output, x.dtype)
        places = empty([primitives.workspace], "uint8") if primitives.workspace else None
        primitives.forward(*addresses(x, y, places))
        return y, (x.shape, x.dtype, places)

    def backward(self, kept: Any, gradient: Tensor, needs: Needs) -> Gradients:
        shape, dtype, places = kept
        found, gradient = empty_channels_last(shape, dtype), to_channels_last(gradient, dtype)
        self.primitives(shape, dtype, True).backward(*addresses(gradient, found, places))
        return [found]


def mean_of_pixels(x: Tensor) -> Tensor:
    """``[N, C, 1, 1]`` of ``[N, C, H, W]``."""
    side = tuple(x.shape[2:])
    return Pool("average", side, side, (0, 0)).forward([x], [False])[0]


class _Clipped(threading.local):
    """What the thread's last ReLU6 of a convolution gave, and how often it had been changed by then."""

    last: tuple[Callable[[], Tensor | None], int] = (lambda: None, 0)


_clipped = _Clipped()


def finite(x: Tensor) -> bool:
    """Whether all numbers are finite: then their means are. What was clipped is, unless it was changed in place."""
    known, version = _clipped.last
    return (known() is x and version == x.inplace_version) or math.isfinite(float(mean_of_pixels(x).sum()))


@dataclass
class BatchNorm:
    """x, weight ``[C]``, bias ``[C]``, by the batch's statistics (``training``) or by the running ones.

    The running statistics, tensors ``[C]``, move as Paddle's do: by ``momentum`` towards the batch's mean and its
    variance over N x H x W values (not one fewer).
    """

    mean: Tensor
    variance: Tensor
    training: bool
    momentum: float
    epsilon: float
    relu: bool

    def by_paddle(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        statistics, numbers = (self.mean, self.variance), (self.momentum, self.epsilon)
        y = F.batch_norm(x, *statistics, weight, bias, self.training, *numbers)
        return F.relu(y) if self.relu else y

    def fits(self, x: Tensor, weight: Tensor, bias: Tensor) -> bool:
        numbers = (weight, bias, self.mean, self.variance)
        if self.training and x.size == x.shape[1]:
            return False  # one number for each channel, which Paddle leaves as it is
        return all(each.shape == x.shape[1:2] and each.dtype == paddle.float32 for each in numbers)

    def primitives(self, x: Tensor, backward: bool) -> BatchNormPrimitives:
        return prepared(BatchNormPrimitives, tuple(x.shape), x.dtype, self.epsilon, self.training, self.relu, backward)

    def forward(self, inputs: Sequence[Tensor], needs: Needs) -> tuple[Tensor, Any]:
        x, weight, bias = to_channels_last(inputs[0]), inputs[1], inputs[2]
        primitives, y = self.primitives(x, any(needs)), empty_channels_last(x.shape, x.dtype)
        mean, variance = self.mean, self.variance
        if self.training:
            mean, variance = empty(mean.shape), empty(variance.shape)
        signs = empty([primitives.workspace], "uint8") if primitives.workspace else None
        primitives.forward(*addresses(x, y, mean, variance, weight, bias, signs))
        if self.training:
            for running, batch in ((self.mean, mean), (self.variance, variance)):
                running.set_value(running * self.momentum + batch * (1 - self.momentum))
        return y, (x, mean, variance, weight, signs)

    def backward(self, kept: Any, gradient: Tensor, needs: Needs) -> Gradients:
        x, mean, variance, weight, signs = kept
        found, gradient = empty_channels_last(x.shape, x.dtype), to_channels_last(gradient, x.dtype)
        of_weight, of_bias = empty(weight.shape), empty(weight.shape)
        tensors = (x, gradient, found, mean, variance, weight, of_weight, of_bias, signs)
        self.primitives(x, True).backward(*addresses(*tensors))
        return [found, of_weight, of_bias]
