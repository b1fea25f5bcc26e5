"""The primitives that each kernel needs for one shape.

Pictures have channels last and are of the format ``dtype``, float32 or bfloat16; everything else is float32.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import paddle
from paddle import Tensor

from paddle_camp.speed.onednn.library import Handle, library
from paddle_camp.speed.onednn.primitive import (
    BIAS,
    DIFF_BIAS,
    DIFF_DST,
    DIFF_SCALE,
    DIFF_SHIFT,
    DIFF_SRC,
    DIFF_WEIGHTS,
    DST,
    FIRST_SRC,
    MEAN,
    SCALE,
    SHIFT,
    SRC,
    SRC_1,
    VARIANCE,
    WEIGHTS,
    WORKSPACE,
    Primitive,
    Shape,
    any_layout,
    channels_last,
    channels_last_strides,
    copying,
    describe,
    integers,
    plain,
    reorder,
    scratch,
    with_strides,
)
from paddle_camp.speed.onednn.weights import copied

# dnnl_types.h
TRAINING, INFERENCE, BACKWARD = 64, 96, 128
DIRECT, ADD, MULTIPLY = 1, 0x1FFF0, 0x1FFF1
POOLS = {"max": 0x1FF, "average": 0x3FF}  # the mean is that of the places inside of the picture
LEAK = 0.2  # the slope of a leaky ReLU below 0
# Those that give their derivative by their output: oneDNN's number, and its two parameters, which are a slope below 0
# for relu, and the limits of relu6.
ACTIVATIONS = {"relu": (0x100, 0, 0), "leaky_relu": (0x100, LEAK, 0), "relu6": (0x106, 0, 6)}
ACTIVATIONS |= {"sigmoid": (0x104, 0, 0), "tanh": (0x101, 0, 0)}
# The same by their input: in bfloat16 the output of these two is 1 from about 6 on, where their slope is not yet 0.
BY_INPUT = {"sigmoid": 0x29, "tanh": 0x21}
BEHIND = {"relu": (0x20, 0, 0), "relu6": (0x2E, 0, 6)}  # another primitive, without a derivative
GLOBAL_STATISTICS, SCALED_AND_SHIFTED, WITH_RELU = 1, 2 | 4, 8
QUERY_WEIGHTS, QUERY_DIFF_WEIGHTS, QUERY_WORKSPACE = 131, 132, 135


def ending_with(activation: str) -> Handle:
    """The attribute of a primitive whose output goes through an activation."""
    known, (algorithm, *numbers) = library(), BEHIND[activation]
    operations = known.create("post_ops", "dnnl_post_ops_create")
    parameters = [ctypes.c_float(number) for number in numbers]
    known.call("dnnl_post_ops_append_eltwise", operations.value, algorithm, *parameters)
    attribute = known.create("primitive_attr", "dnnl_primitive_attr_create")
    known.call("dnnl_primitive_attr_set_post_ops", attribute.value, operations.value)
    return attribute


def by_input(activation: str, dtype: paddle.dtype) -> bool:
    """Whether the backward pass of an activation reads its input; else it reads the output."""
    return dtype == paddle.bfloat16 and activation in BY_INPUT


class ElementwisePrimitives:
    """An activation; see :func:`by_input`."""

    def __init__(self, shape: Shape, dtype: paddle.dtype, activation: str):
        x, (algorithm, *numbers) = channels_last(shape, dtype), ACTIVATIONS[activation]
        algorithm = BY_INPUT[activation] if by_input(activation, dtype) else algorithm
        parameters = [ctypes.c_float(number) for number in numbers]
        forward = describe("eltwise_forward", TRAINING, algorithm, x, x, *parameters, None)
        self.forward = Primitive(forward, {SRC: x, DST: x})
        backward = describe("eltwise_backward", algorithm, x, x, x, *parameters, forward, None)
        read = SRC if by_input(activation, dtype) else DST
        self.backward = Primitive(backward, {read: x, DIFF_DST: x, DIFF_SRC: x})


class SumPrimitives:
    """The sum of two pictures, and perhaps a ReLU of it."""

    def __init__(self, shape: Shape, dtype: paddle.dtype, relu: bool):
        x = channels_last(shape, dtype)
        descriptor = describe("binary", ADD, x, x, x, ending_with("relu") if relu else None)
        self.forward = Primitive(descriptor, {SRC: x, SRC_1: x, DST: x})


def sum_of_several(shape: Shape, dtype: paddle.dtype, count: int) -> Primitive:
    """The sum of so many pictures."""
    x = channels_last(shape, dtype)
    ones, sources = (ctypes.c_float * count)(*[1] * count), (ctypes.c_void_p * count)(*[x.value] * count)
    return Primitive(describe("sum", x, count, ones, sources, None), several([x] * count) | {DST: x})


def several(sources: Sequence[Handle]) -> dict[int, Handle]:
    """The arguments of a primitive with any number of inputs."""
    return {FIRST_SRC + k: source for k, source in enumerate(sources)}


class ProductPrimitives:
    """A picture times a number for each channel of each sample, and times another picture."""

    def __init__(self, shape: Shape, dtype: paddle.dtype):
        x, gate, product = channels_last(shape, dtype), plain((*shape[:2], 1, 1)), channels_last(shape, paddle.float32)
        self.scale = Primitive(describe("binary", MULTIPLY, x, gate, x, None), {SRC: x, SRC_1: gate, DST: x})
        self.multiply = Primitive(describe("binary", MULTIPLY, x, x, product, None), {SRC: x, SRC_1: x, DST: product})


class ConcatPrimitives:
    """Pictures of so many ``channels`` each side by side in one of this shape; ``parts``: the copies out of it."""

    def __init__(self, channels: Shape, shape: Shape, dtype: paddle.dtype):
        whole = channels_last(shape, dtype)
        shapes = [(shape[0], count, *shape[2:]) for count in channels]
        each = [channels_last(part, dtype) for part in shapes]
        sources = (ctypes.c_void_p * len(each))(*(part.value for part in each))
        descriptor = describe("concat", whole, len(each), 1, sources, None)
        self.forward = Primitive(descriptor, several(each) | {DST: whole})
        within = channels_last_strides(shape)
        self.parts = [copying(with_strides(part, within, dtype), channels_last(part, dtype)) for part in shapes]


def output_shape(shape: Shape, channels: int, window: Shape, before: Shape, behind: Shape, stride: Shape) -> Shape:
    """Of a convolution or a pool of pictures of this shape, padded before and behind."""
    axes = zip(shape[2:], window, before, behind, stride, strict=True)
    return (shape[0], channels, *((side + one + two - size) // step + 1 for side, size, one, two, step in axes))


class PoolPrimitives:
    """Largest or mean values of windows; ``workspace``: bytes in which a max pool remembers where the largest were."""

    def __init__(
        self, shape: Shape, dtype: paddle.dtype, kind: str, size: Shape, stride: Shape, padding: Shape, training: bool
    ):
        self.output = output_shape(shape, shape[1], size, padding, padding, stride)
        x, y, algorithm = channels_last(shape, dtype), channels_last(self.output, dtype), POOLS[kind]
        behind = self._behind(shape, size, stride, padding)
        geometry = [integers(each) for each in (stride, size, (0, 0), padding, behind)]
        forward = describe("pooling_forward", TRAINING if training else INFERENCE, algorithm, x, y, *geometry, None)
        places = library().queried(forward, QUERY_WORKSPACE) if training and kind == "max" else None
        self.workspace = library().size(places) if places is not None else 0
        more = {WORKSPACE: places} if places is not None else {}
        self.forward = Primitive(forward, {SRC: x, DST: y} | more)
        if training:
            backward = describe("pooling_backward", algorithm, x, y, *geometry, forward, None)
            self.backward = Primitive(backward, {DIFF_DST: y, DIFF_SRC: x} | more)

    def _behind(self, shape: Shape, size: Shape, stride: Shape, padding: Shape) -> Shape:
        """The padding behind the picture that the last window reaches into; negative where it does not get that far."""
        axes = zip(shape[2:], self.output[2:], size, stride, padding, strict=True)
        return tuple((count - 1) * step + window - side - pad for side, count, window, step, pad in axes)


class BatchNormPrimitives:
    """Batch norm by the batch's statistics (``training``) or by given ones, and perhaps a ReLU of it.

    ``workspace``: bytes in which the backward pass finds where the ReLU let through.
    """

    def __init__(self, shape: Shape, dtype: paddle.dtype, epsilon: float, training: bool, relu: bool, backward: bool):
        x, channels = channels_last(shape, dtype), plain(shape[1:2])
        flags = SCALED_AND_SHIFTED | (0 if training else GLOBAL_STATISTICS) | (WITH_RELU if relu else 0)
        limit, kind = ctypes.c_float(epsilon), TRAINING if training or backward else INFERENCE
        forward = describe("batch_normalization_forward", kind, x, x, limit, flags, None)
        signs = library().queried(forward, QUERY_WORKSPACE) if relu and kind == TRAINING else None
        self.workspace = library().size(signs) if signs is not None else 0
        more = {WORKSPACE: signs} if signs is not None else {}
        both = {MEAN: channels, VARIANCE: channels, SCALE: channels}
        self.forward = Primitive(forward, {SRC: x, DST: x} | both | {SHIFT: channels} | more)
        if backward:
            descriptor = describe("batch_normalization_backward", BACKWARD, x, x, x, limit, flags, forward, None)
            gradients = {DIFF_SCALE: channels, DIFF_SHIFT: channels}
            self.backward = Primitive(descriptor, {SRC: x, DIFF_DST: x, DIFF_SRC: x} | both | gradients | more)


class ConvolutionPrimitives:
    """A convolution, the gradients of its input and of its weights, and the reorders of the weights between layouts.

    oneDNN chooses the layout of the weights, another one for each of the three, and computes with weights in the
    pictures' format. ``around``: the padding before and behind; ``activation``: of the output, a key of BEHIND.
    """

    def __init__(
        self,
        shape: Shape,
        dtype: paddle.dtype,
        weight: Shape,
        stride: Shape,
        around: tuple[Shape, Shape],
        groups: int,
        bias: bool,
        activation: str | None,
        training: bool,
    ):
        self.output = output_shape(shape, weight[0], weight[2:], *around, stride)
        grouped = (groups, weight[0] // groups, *weight[1:]) if groups > 1 else weight
        x, w, y = channels_last(shape, dtype), any_layout(grouped, dtype), channels_last(self.output, dtype)
        b = plain(weight[:1]) if bias else None
        self._paddles = plain(grouped)
        geometry = [integers(each) for each in (stride, (0, 0), *around)]
        attribute = ending_with(activation) if activation else None
        kind = TRAINING if training else INFERENCE
        forward = describe("convolution_forward", kind, DIRECT, x, w, b, y, *geometry, attribute)
        self._for_forward = self._from_paddle(forward)
        self.forward = Primitive(forward, {SRC: x, WEIGHTS: self._wanted(forward), DST: y} | ({BIAS: b} if b else {}))
        if not training:
            return
        hint = describe("convolution_forward", kind, DIRECT, x, w, b, y, *geometry, None) if activation else forward
        data = describe("convolution_backward_data", DIRECT, x, w, y, *geometry, hint, None)
        self._for_data = self._from_paddle(data)
        self.backward_data = Primitive(data, {DIFF_DST: y, WEIGHTS: self._wanted(data), DIFF_SRC: x})
        gradient = any_layout(grouped)
        weights = describe("convolution_backward_weights", DIRECT, x, gradient, b, y, *geometry, hint, None)
        made = library().queried(weights, QUERY_DIFF_WEIGHTS)
        self._size_of_gradient, self._to_paddle = library().size(made), reorder(made, self._paddles)
        more = {DIFF_BIAS: b} if b else {}
        self._backward_weights = Primitive(weights, {SRC: x, DIFF_DST: y, DIFF_WEIGHTS: made} | more)

    def _wanted(self, descriptor: Handle) -> ctypes.c_void_p:
        return library().queried(descriptor, QUERY_WEIGHTS)

    def _from_paddle(self, descriptor: Handle) -> tuple[Primitive | None, int]:
        """The reorder of Paddle's weights into the layout that a primitive wants, and its bytes."""
        wanted = self._wanted(descriptor)
        return reorder(self._paddles, wanted), library().size(wanted)

    def weights_for_forward(self, weight: Tensor) -> int:
        """Where Paddle's weights lie as the forward pass wants them."""
        return copied(*self._for_forward, weight)

    def weights_for_data(self, weight: Tensor) -> int:
        """The same for the gradient of the input."""
        return copied(*self._for_data, weight)

    def gradients_of_weights(self, x: Tensor, gradient: Tensor, of_weight: Tensor, *of_bias: Tensor) -> None:
        """Write those of the weights, as Paddle has them, and of the bias: of the input and the output's gradient."""
        address = of_weight.data_ptr()
        place = address if self._to_paddle is None else scratch(self._size_of_gradient)
        self._backward_weights(*(each.data_ptr() for each in (x, gradient)), place, *(b.data_ptr() for b in of_bias))
        if self._to_paddle is not None:
            self._to_paddle(place, address)
