"""What the layers compute with oneDNN: each kernel's forward pass, backward pass, and the operator of Paddle it equals.

A kernel is called by :func:`~paddle_camp.speed.onednn.function.compute`: ``fits`` says whether oneDNN can take these
shapes and numbers (Paddle says what is wrong with others), ``forward`` gives the output and what the backward pass
needs, ``backward`` a gradient for each input, of its own memory, ``by_paddle`` the same in Paddle's words. What is kept
is detached: an output that is kept by the graph that it belongs to would never be freed. Pictures are float32
``[N, C, H, W]``, here with channels last; weights are as Paddle has them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import paddle
import paddle.nn.functional as F
from paddle import Tensor

from paddle_camp.speed.onednn.layout import empty_channels_last, finite, to_channels_last
from paddle_camp.speed.onednn.primitive import prepared
from paddle_camp.speed.onednn.primitives import (
    BatchNormPrimitives,
    ConvolutionPrimitives,
    ElementwisePrimitives,
    PoolPrimitives,
    SumPrimitives,
    copy_of_picture,
)

Needs = Sequence[bool]  # which inputs need a gradient
Gradients = list[Tensor | None]


def empty(size: Sequence[int], dtype: str = "float32") -> Tensor:
    """A tensor that is not filled, of this dtype whatever ``paddle.set_default_dtype`` says."""
    return paddle.empty(size, dtype)


def addresses(*tensors: Tensor | None) -> list[int]:
    """Where the tensors lie; None is left out."""
    return [tensor.data_ptr() for tensor in tensors if tensor is not None]


@dataclass(frozen=True)
class Convolution:
    """x ``[N, I, H, W]``, weight ``[O, I / groups, kh, kw]`` and perhaps bias ``[O]``; ``relu``: max(0, .) of it."""

    stride: tuple[int, int]
    padding: tuple[int, int]
    groups: int
    relu: bool

    def by_paddle(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        y = F.conv2d(x, weight, bias, self.stride, self.padding, groups=self.groups)
        return F.relu(y) if self.relu else y

    def fits(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> bool:
        outputs, inputs, *window = weight.shape
        sides = zip(x.shape[2:], self.padding, window, strict=True)
        return (
            x.shape[1] == self.groups * inputs
            and outputs % self.groups == 0
            and (bias is None or bias.shape == [outputs])
            and all(side + 2 * pad >= size for side, pad, size in sides)
        )

    def primitives(self, x: Tensor, weight: Tensor, bias: bool, training: bool) -> ConvolutionPrimitives:
        shapes = tuple(x.shape), tuple(weight.shape)
        geometry = self.stride, self.padding, self.groups, bias, self.relu, training
        return prepared(ConvolutionPrimitives, *shapes, *geometry)

    def forward(self, inputs: Sequence[Tensor], needs: Needs) -> tuple[Tensor, Any]:
        x, weight, bias = to_channels_last(inputs[0]), inputs[1].contiguous(), inputs[2] if len(inputs) == 3 else None
        primitives = self.primitives(x, weight, bias is not None, any(needs))
        y = empty_channels_last(primitives.output)
        weights = primitives.weights_for_forward(weight.data_ptr())
        primitives.forward(x.data_ptr(), weights, *addresses(y, bias))
        return y, (x, weight, y.detach() if self.relu else None)

    def backward(self, kept: Any, gradient: Tensor, needs: Needs) -> Gradients:
        x, weight, y = kept
        gradient, bias = to_channels_last(gradient), len(needs) == 3
        if y is not None:
            gradient = relu_gradient(y, gradient)
        primitives, found = self.primitives(x, weight, bias, True), [None] * len(needs)
        if needs[0]:
            found[0] = empty_channels_last(x.shape)
            weights = primitives.weights_for_data(weight.data_ptr())
            primitives.backward_data(gradient.data_ptr(), weights, found[0].data_ptr())
        if any(needs[1:]):
            found[1:] = [empty(weight.shape), *([empty([weight.shape[0]])] if bias else [])]
            place = primitives.place_for_gradient(found[1].data_ptr())
            primitives.backward_weights(*addresses(x, gradient), place, *addresses(*found[2:]))
            primitives.store_gradient(place, found[1].data_ptr())
        return found


def relu_gradient(y: Tensor, gradient: Tensor, ceiling: float = 0.0) -> Tensor:
    """The gradient in front of a ReLU whose output is ``y``; both with channels last."""
    found = empty_channels_last(y.shape)
    primitives = prepared(ElementwisePrimitives, tuple(y.shape), ceiling)
    primitives.backward(*addresses(y, gradient, found))
    return found


@dataclass(frozen=True)
class ReLU:
    """max(x, 0); with a ``ceiling``, min(max(x, 0), ceiling): ReLU6 has 6."""

    ceiling: float = 0.0

    def by_paddle(self, x: Tensor) -> Tensor:
        return F.hardtanh(x, 0.0, self.ceiling) if self.ceiling else F.relu(x)

    def fits(self, x: Tensor) -> bool:
        return not self.ceiling or finite(x)  # clipping takes NaN for 0, which would hide that a training has diverged

    def forward(self, inputs: Sequence[Tensor], needs: Needs) -> tuple[Tensor, Any]:
        x = to_channels_last(inputs[0])
        y = empty_channels_last(x.shape)
        prepared(ElementwisePrimitives, tuple(x.shape), self.ceiling).forward(*addresses(x, y))
        return y, (y.detach(),)

    def backward(self, kept: Any, gradient: Tensor, needs: Needs) -> Gradients:
        return [relu_gradient(kept[0], to_channels_last(gradient), self.ceiling)]


@dataclass(frozen=True)
class Sum:
    """x + y, of the same shape; ``relu``: max(0, .) of it."""

    relu: bool

    def by_paddle(self, x: Tensor, y: Tensor) -> Tensor:
        return F.relu(x + y) if self.relu else x + y

    def fits(self, x: Tensor, y: Tensor) -> bool:
        return x.shape == y.shape

    def forward(self, inputs: Sequence[Tensor], needs: Needs) -> tuple[Tensor, Any]:
        x, other = map(to_channels_last, inputs)
        y = empty_channels_last(x.shape)
        prepared(SumPrimitives, tuple(x.shape), self.relu).forward(*addresses(x, other, y))
        return y, (y.detach() if self.relu else None,)

    def backward(self, kept: Any, gradient: Tensor, needs: Needs) -> Gradients:
        found = to_channels_last(gradient)
        if kept[0] is not None:
            found = relu_gradient(kept[0], found)
        if not all(needs):
            return [found, found]
        # Not the same one twice: autograd adds further gradients to either of them in place.
        other = empty_channels_last(found.shape)
        prepared(copy_of_picture, tuple(found.shape))(*addresses(found, other))
        return [found, other]


@dataclass(frozen=True)
class Pool:
    """The largest (``kind`` max) or the mean (average, of what lies inside the picture) of every window."""

    kind: str
    size: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]

    def by_paddle(self, x: Tensor) -> Tensor:
        pool = F.max_pool2d if self.kind == "max" else F.avg_pool2d
        return pool(x, self.size, self.stride, self.padding)

    def fits(self, x: Tensor) -> bool:
        sides = zip(x.shape[2:], self.padding, self.size, strict=True)
        inside = all(side + 2 * pad >= size and 2 * pad <= size for side, pad, size in sides)
        return inside and (self.kind != "max" or finite(x))  # which skips NaN

    def primitives(self, shape: Sequence[int], training: bool) -> PoolPrimitives:
        return prepared(PoolPrimitives, tuple(shape), self.kind, self.size, self.stride, self.padding, training)

    def forward(self, inputs: Sequence[Tensor], needs: Needs) -> tuple[Tensor, Any]:
        x = to_channels_last(inputs[0])
        primitives = self.primitives(x.shape, needs[0])
        y = empty_channels_last(primitives.output)
        places = empty([primitives.workspace], "uint8") if primitives.workspace else None
        primitives.forward(*addresses(x, y, places))
        return y, (x.shape, places)

    def backward(self, kept: Any, gradient: Tensor, needs: Needs) -> Gradients:
        shape, places = kept
        found, gradient = empty_channels_last(shape), to_channels_last(gradient)
        self.primitives(shape, True).backward(*addresses(gradient, found, places))
        return [found]


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
        return all(each.shape == x.shape[1:2] for each in (weight, bias, self.mean, self.variance))

    def primitives(self, shape: Sequence[int], backward: bool) -> BatchNormPrimitives:
        return prepared(BatchNormPrimitives, tuple(shape), self.epsilon, self.training, self.relu, backward)

    def forward(self, inputs: Sequence[Tensor], needs: Needs) -> tuple[Tensor, Any]:
        x, weight, bias = to_channels_last(inputs[0]), inputs[1], inputs[2]
        primitives, y = self.primitives(x.shape, any(needs)), empty_channels_last(x.shape)
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
        found, gradient = empty_channels_last(x.shape), to_channels_last(gradient)
        of_weight, of_bias = empty(weight.shape), empty(weight.shape)
        tensors = (x, gradient, found, mean, variance, weight, of_weight, of_bias, signs)
        self.primitives(x.shape, True).backward(*addresses(*tensors))
        return [found, of_weight, of_bias]
