"""The transposed convolution: forward it is the data gradient of a convolution, backward that convolution itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import paddle
import paddle.nn.functional as F
from paddle import Tensor

from paddle_camp.speed.onednn.kernels import Convolution, Gradients, Needs, empty
from paddle_camp.speed.onednn.layout import empty_channels_last, to_channels_last
from paddle_camp.speed.onednn.precision import format_for
from paddle_camp.speed.onednn.primitives import ConvolutionPrimitives


@dataclass(frozen=True)
class TransposedConvolution:
    """x ``[N, I, H, W]`` and weight ``[I, O, kh, kw]``, those of the convolution from O to I channels.

    The picture grows to (H - 1) stride - 2 padding + kh rows, and columns likewise.
    """

    stride: tuple[int, int]
    padding: tuple[int, int]

    @property
    def convolution(self) -> Convolution:
        """The one that this is the transpose of."""
        return Convolution(self.stride, self.padding, groups=1, relu=False)

    def by_paddle(self, x: Tensor, weight: Tensor) -> Tensor:
        return F.conv2d_transpose(x, weight, None, self.stride, self.padding)

    def size(self, x: Tensor, weight: Tensor) -> list[int]:
        """The shape of the output."""
        axes = zip(x.shape[2:], self.stride, self.padding, weight.shape[2:], strict=True)
        return [x.shape[0], weight.shape[1], *((side - 1) * step - 2 * pad + size for side, step, pad, size in axes)]

    def fits(self, x: Tensor, weight: Tensor) -> bool:
        size = self.size(x, weight)
        grown = x.shape[1] == weight.shape[0] and weight.dtype == paddle.float32 and min(size) > 0
        return grown and self.convolution.fits(empty(size), weight)

    def primitives(self, x: Tensor, size: list[int], weight: Tensor) -> ConvolutionPrimitives:
        picture = empty_channels_last(size, x.dtype)
        return self.convolution.primitives(picture, weight, bias=False, training=True)

    def forward(self, inputs: Sequence[Tensor], needs: Needs) -> tuple[Tensor, Any]:
        x, weight = to_channels_last(inputs[0], format_for(inputs[0])), inputs[1].contiguous()
        y = empty_channels_last(self.size(x, weight), x.dtype)
        primitives = self.primitives(x, y.shape, weight)
        primitives.backward_data(x.data_ptr(), primitives.weights_for_data(weight), y.data_ptr())
        return y, (x, weight)

    def backward(self, kept: Any, gradient: Tensor, needs: Needs) -> Gradients:
        x, weight = kept
        gradient = to_channels_last(gradient, x.dtype)
        primitives, found = self.primitives(x, gradient.shape, weight), [None] * len(needs)
        if needs[0]:
            found[0] = empty_channels_last(x.shape, x.dtype)
            primitives.forward(gradient.data_ptr(), primitives.weights_for_forward(weight), found[0].data_ptr())
        if needs[1]:
            found[1] = empty(weight.shape)
            primitives.gradients_of_weights(gradient, x, found[1])
        return found
