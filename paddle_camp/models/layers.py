"""Building blocks of several networks of the zoo: Paddle's layers, which oneDNN computes on a CPU.

They have Paddle's parameters, names and results (to rounding). Where oneDNN cannot compute, on a GPU, in an export, in
float64, inside of :func:`~paddle_camp.speed.onednn.function.paddle_operators`, they are Paddle's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from paddle import Tensor, nn

from paddle_camp.speed.onednn import elementwise, kernels, transposed
from paddle_camp.speed.onednn.function import compute, cpu_bfloat16, in_place
from paddle_camp.speed.onednn.function import fork as fork  # for the networks


class Observed(nn.Layer):
    """A layer that knows how many hooks see what goes in and comes out."""

    observers = 0

    def register_forward_pre_hook(self, hook: Callable) -> Any:
        """As Paddle's."""
        return _Observer(self, super().register_forward_pre_hook(hook))

    def register_forward_post_hook(self, hook: Callable) -> Any:
        """As Paddle's."""
        return _Observer(self, super().register_forward_post_hook(hook))


class _Observer:
    """Paddle's handle of a hook, which takes it off again."""

    def __init__(self, layer: Observed, handle: Any):
        self._layer, self._handle = layer, handle
        layer.observers += 1

    def remove(self) -> None:
        """The hook is not called any more."""
        if self._handle is not None:
            self._handle.remove()
            self._layer.observers -= 1
        self._handle = None


class Conv2D(Observed, nn.Conv2D):
    """Paddle's convolution; ``padding`` "same": TensorFlow's SAME; ``relu``: with a ReLU behind it."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int | Literal["same"] = 0,
        groups: int = 1,
        bias_attr: bool | None = None,
        relu: bool = False,
    ):
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, groups=groups, bias_attr=bias_attr)
        self.relu = relu
        zeros = None if padding == "same" else (padding, padding)
        self.kernel = kernels.Convolution((stride, stride), zeros, groups, relu)

    def forward(self, x: Tensor) -> Tensor:
        """``[N, C, H, W]`` in and out."""
        return compute(self.kernel, x, self.weight, *([] if self.bias is None else [self.bias]))


class Conv2DTranspose(nn.Conv2DTranspose):
    """Paddle's transposed convolution, of one group and without output padding."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
        bias_attr: bool | None = None,
    ):
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, bias_attr=bias_attr)
        self.kernel = transposed.TransposedConvolution((stride, stride), (padding, padding))

    def forward(self, x: Tensor) -> Tensor:
        """``[N, in_channels, H, W]`` to ``[N, out_channels, H2, W2]``, H2 = (H - 1) stride - 2 padding + kernel."""
        y, bias = compute(self.kernel, x, self.weight), self.bias
        return y if bias is None else _add_to_channels(y, bias)


class BatchNorm2D(Observed, nn.BatchNorm2D):
    """Paddle's batch norm; ``relu``: with a ReLU behind it."""

    def __init__(self, num_features: int, relu: bool = False, momentum: float = 0.9, epsilon: float = 1e-5):
        super().__init__(num_features, momentum, epsilon)
        self.relu, self.numbers = relu, (momentum, epsilon)

    def forward(self, x: Tensor) -> Tensor:
        """``[N, C, H, W]`` in and out."""
        statistics = self._mean, self._variance  # their names in a state_dict
        kernel = kernels.BatchNorm(*statistics, self.training, *self.numbers, self.relu)
        return compute(kernel, x, self.weight, self.bias)


class MaxPool2D(nn.MaxPool2D):
    """Paddle's max pool."""

    def __init__(self, kernel_size: int, stride: int, padding: int = 0):
        super().__init__(kernel_size, stride, padding)
        self.kernel = kernels.Pool("max", *((each, each) for each in (kernel_size, stride, padding)))

    def forward(self, x: Tensor) -> Tensor:
        """``[N, C, H, W]`` in and out."""
        return compute(self.kernel, x)


class ReLU(nn.ReLU):
    """Paddle's ReLU."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape."""
        return relu(x)


class LeakyReLU(nn.LeakyReLU):
    """Paddle's leaky ReLU, with the slope of DCGAN (Radford et al., arXiv:1511.06434) below 0: 0.2."""

    def __init__(self):
        super().__init__(elementwise.LEAK)

    def forward(self, x: Tensor) -> Tensor:
        """Any shape."""
        return compute(elementwise.Activation("leaky_relu"), x)


class ReLU6(Observed, nn.ReLU6):
    """Paddle's ReLU6: min(max(x, 0), 6)."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape."""
        return compute(elementwise.Activation("relu6"), x)


def relu(x: Tensor) -> Tensor:
    """max(x, 0)."""
    return compute(elementwise.Activation("relu"), x)


def sigmoid(x: Tensor) -> Tensor:
    """1 / (1 + exp(-x))."""
    return compute(elementwise.Activation("sigmoid"), x)


def tanh(x: Tensor) -> Tensor:
    """The hyperbolic tangent."""
    return compute(elementwise.Activation("tanh"), x)


def add(x: Tensor, y: Tensor) -> Tensor:
    """x + y."""
    return compute(elementwise.Sum(relu=False), x, y)


def add_relu(x: Tensor, y: Tensor) -> Tensor:
    """max(x + y, 0)."""
    return compute(elementwise.Sum(relu=True), x, y)


def average_pool(x: Tensor, size: int | tuple[int, int], stride: int | None = None) -> Tensor:
    """The mean of every ``size`` x ``size`` square (or rectangle), each next to the last or ``stride`` from it."""
    window = (size, size) if isinstance(size, int) else size
    step = window if stride is None else (stride, stride)
    return compute(kernels.Pool("average", window, step, (0, 0)), x)


def global_average_pool(x: Tensor) -> Tensor:
    """The mean of every channel: ``[N, C, 1, 1]`` of ``[N, C, H, W]``."""
    return average_pool(x, tuple(x.shape[2:]))


def scale(x: Tensor, gate: Tensor) -> Tensor:
    """``[N, C, H, W]`` times ``[N, C, 1, 1]``."""
    return compute(elementwise.Scale(), x, gate)


def concat(parts: list[Tensor]) -> Tensor:
    """``[N, C, H, W]`` one behind the other along the channels."""
    return compute(elementwise.Concat(), *parts)


def as_float32(x: Tensor) -> Tensor:
    """``x`` for Paddle's operators, few of which have bfloat16 on a CPU; on a GPU ``x`` itself."""
    if not cpu_bfloat16(x):
        return x
    if x.ndim != 4:
        return x.astype("float32")
    return x.transpose([0, 2, 3, 1]).astype("float32").transpose([0, 3, 1, 2])


def flatten(x: Tensor) -> Tensor:
    """``[N, C, H, W]`` as ``[N, C x H x W]``, for a fully connected layer."""
    return as_float32(x).flatten(1)


def as_it_lies(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """``function(x)`` of an elementwise function in float32, without a copy where channels are last."""
    x = as_float32(x)
    if not in_place(x):
        return function(x)
    return function(x.transpose([0, 2, 3, 1])).transpose([0, 3, 1, 2])


def _add_to_channels(x: Tensor, bias: Tensor) -> Tensor:
    """``[N, C, H, W]`` plus ``[C]``."""
    if not in_place(x):
        return as_float32(x) + bias.reshape([1, -1, 1, 1])
    return as_it_lies(lambda y: y + bias, x)
