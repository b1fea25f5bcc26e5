"""The kernels that work on each number of a picture, and on pictures as a whole: activations, sums, products, concat.

As those of :mod:`~paddle_camp.speed.onednn.kernels`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import paddle
import paddle.nn.functional as F
from paddle import Tensor

from paddle_camp.speed.onednn.kernels import Gradients, Needs, addresses, finite, gradient_of, mean_of_pixels
from paddle_camp.speed.onednn.layout import copy, empty_channels_last, to_channels_last
from paddle_camp.speed.onednn.primitive import prepared
from paddle_camp.speed.onednn.primitives import (
    LEAK,
    ConcatPrimitives,
    ElementwisePrimitives,
    ProductPrimitives,
    SumPrimitives,
    by_input,
    sum_of_several,
)


@dataclass(frozen=True)
class Activation:
    """relu: max(x, 0); leaky_relu: x, or LEAK x below 0; relu6: min(max(x, 0), 6); sigmoid: 1 / (1 + exp(-x)); tanh."""

    name: str

    def by_paddle(self, x: Tensor) -> Tensor:
        return F.leaky_relu(x, LEAK) if self.name == "leaky_relu" else getattr(F, self.name)(x)

    def fits(self, x: Tensor) -> bool:
        return self.name != "relu6" or finite(x)  # clipping takes NaN for 0, which would hide that a training diverged

    def forward(self, inputs: Sequence[Tensor], needs: Needs) -> tuple[Tensor, Any]:
        x = to_channels_last(inputs[0])
        y = empty_channels_last(x.shape, x.dtype)
        prepared(ElementwisePrimitives, tuple(x.shape), x.dtype, self.name).forward(*addresses(x, y))
        return y, (x if by_input(self.name, x.dtype) else y.detach(),)

    def backward(self, kept: Any, gradient: Tensor, needs: Needs) -> Gradients:
        return [gradient_of(self.name, kept[0], to_channels_last(gradient, kept[0].dtype))]


def common_format(pictures: Sequence[Tensor]) -> paddle.dtype:
    """bfloat16 if one of them is."""
    return paddle.bfloat16 if any(each.dtype == paddle.bfloat16 for each in pictures) else paddle.float32


@dataclass(frozen=True)
class Sum:
    """x + y, of the same shape; ``relu``: max(0, .) of it."""

    relu: bool

    def by_paddle(self, x: Tensor, y: Tensor) -> Tensor:
        return F.relu(x + y) if self.relu else x + y

    def fits(self, x: Tensor, y: Tensor) -> bool:
        return x.shape == y.shape

    def forward(self, inputs: Sequence[Tensor], needs: Needs) -> tuple[Tensor, Any]:
        dtype = common_format(inputs)
        x, other = (to_channels_last(each, dtype) for each in inputs)
        y = empty_channels_last(x.shape, dtype)
        prepared(SumPrimitives, tuple(x.shape), dtype, self.relu).forward(*addresses(x, other, y))
        return y, (y.detach() if self.relu else None, dtype)

    def backward(self, kept: Any, gradient: Tensor, needs: Needs) -> Gradients:
        y, dtype = kept
        found = to_channels_last(gradient, dtype)
        if y is not None:
            found = gradient_of("relu", y, found)
        if not all(needs):
            return [found, found]
        # Not the same one twice: autograd adds further gradients to either of them in place.
        other = empty_channels_last(found.shape, found.dtype)
        prepared(copy, tuple(found.shape), True, found.dtype, found.dtype)(*addresses(found, other))
        return [found, other]


def sum_of(pictures: Sequence[Tensor], dtype: paddle.dtype) -> Tensor:
    """The sum of pictures of the same shape."""
    terms, y = [to_channels_last(each, dtype) for each in pictures], empty_channels_last(pictures[0].shape, dtype)
    prepared(sum_of_several, tuple(y.shape), dtype, len(terms))(*addresses(*terms, y))
    return y


@dataclass(frozen=True)
class Scale:
    """x ``[N, C, H, W]`` times a float32 number ``[N, C, 1, 1]`` for each channel of each sample."""

    def by_paddle(self, x: Tensor, gate: Tensor) -> Tensor:
        return x * gate

    def fits(self, x: Tensor, gate: Tensor) -> bool:
        return gate.shape == [*x.shape[:2], 1, 1] and gate.dtype == paddle.float32

    def primitives(self, x: Tensor) -> ProductPrimitives:
        return prepared(ProductPrimitives, tuple(x.shape), x.dtype)

    def forward(self, inputs: Sequence[Tensor], needs: Needs) -> tuple[Tensor, Any]:
        x, gate = to_channels_last(inputs[0]), inputs[1].contiguous()
        y = empty_channels_last(x.shape, x.dtype)
        self.primitives(x).scale(*addresses(x, gate, y))
        return y, (x, gate)

    def backward(self, kept: Any, gradient: Tensor, needs: Needs) -> Gradients:
        x, gate = kept
        gradient, found, primitives = to_channels_last(gradient, x.dtype), [None, None], self.primitives(x)
        if needs[0]:
            found[0] = empty_channels_last(x.shape, x.dtype)
            primitives.scale(*addresses(gradient, gate, found[0]))
        if needs[1]:
            product = empty_channels_last(x.shape)
            primitives.multiply(*addresses(x, gradient, product))
            found[1] = mean_of_pixels(product) * math.prod(x.shape[2:])
        return found


@dataclass(frozen=True)
class Concat:
    """Pictures ``[N, C_k, H, W]`` one behind the other along the channels."""

    def by_paddle(self, *parts: Tensor) -> Tensor:
        return paddle.concat(parts, axis=1)

    def fits(self, *parts: Tensor) -> bool:
        sizes = [(part.shape[0], *part.shape[2:]) for part in parts]
        return all(size == sizes[0] for size in sizes)

    def primitives(self, channels: list[int], shape: Sequence[int], dtype: paddle.dtype) -> ConcatPrimitives:
        return prepared(ConcatPrimitives, tuple(channels), tuple(shape), dtype)

    def forward(self, inputs: Sequence[Tensor], needs: Needs) -> tuple[Tensor, Any]:
        dtype, channels = common_format(inputs), [part.shape[1] for part in inputs]
        parts = [to_channels_last(part, dtype) for part in inputs]
        batch, _, *sides = parts[0].shape
        y = empty_channels_last([batch, sum(channels), *sides], dtype)
        self.primitives(channels, y.shape, y.dtype).forward(*addresses(*parts, y))
        return y, (channels, dtype)

    def backward(self, kept: Any, gradient: Tensor, needs: Needs) -> Gradients:
        channels, dtype = kept
        gradient, found = to_channels_last(gradient, dtype), []
        address = gradient.data_ptr()
        batch, _, *sides = gradient.shape
        copies = self.primitives(channels, gradient.shape, dtype).parts
        for need, count, copy_part in zip(needs, channels, copies, strict=True):
            found.append(empty_channels_last([batch, count, *sides], dtype) if need else None)
            if need:
                copy_part(address, found[-1].data_ptr())
            address += count * gradient.element_size()
        return found
