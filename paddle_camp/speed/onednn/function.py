"""One differentiable function for every kernel: oneDNN computes, and Paddle where oneDNN cannot."""

from __future__ import annotations

import contextlib
import logging
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import paddle
from paddle import Tensor
from paddle.autograd import PyLayer

from paddle_camp.errors import CampError
from paddle_camp.machine import OPTIMISATIONS, enabled
from paddle_camp.speed.onednn.elementwise import sum_of
from paddle_camp.speed.onednn.layout import has_channels_last, strides_are_kept, to_channels_last
from paddle_camp.speed.onednn.library import OneDnnError, library
from paddle_camp.speed.onednn.primitive import FORMATS
from paddle_camp.speed.onednn.switch import Switch

WAY_OUT = "to have more, compute the forward pass inside of paddle_camp.paddle_operators()"

# Of separate inputs, ``paddle.grad`` takes a gradient for an error where it was asked for another input's; of those in
# one list Paddle 2.6 loses all but the last, and Paddle 3 none if the first needs a gradient.
IN_ONE_LIST = not paddle.__version__.startswith("2.")

# Paddle 2.6 ends the process where ``paddle.grad`` meets a PyLayer of several outputs of which one was not used.
FORKS = IN_ONE_LIST

_log = logging.getLogger(__name__)
_said: set[str] = set()


_onednn = Switch(True)


def paddle_operators() -> contextlib.AbstractContextManager[None]:
    """Inside, the layers compute with Paddle's own operators; second derivatives need it around the forward pass."""
    return _onednn.turned(False)


def usable(x: Tensor, *more: Tensor) -> bool:
    """Whether oneDNN can compute with ``x`` ``[N, C, H, W]`` and others: on the CPU, dygraph, a format it knows, on."""
    if not (_onednn.value and paddle.in_dynamic_mode() and _available() and paddle.get_device() == "cpu"):
        return False
    there = all(each.dtype in FORMATS and each.place.is_cpu_place() for each in (x, *more))
    return there and x.ndim == 4 and 0 not in x.shape


@paddle.jit.not_to_static
def in_place(x: Tensor) -> bool:
    """Whether oneDNN can compute with ``x`` where it lies: its channels are last."""
    return usable(x) and has_channels_last(x)


def _available() -> bool:
    """Whether this process has a oneDNN that we know; else one line of the log says why, once."""
    if not enabled("onednn"):
        return False
    try:
        library()
    except OneDnnError as error:
        _say(error)
        return False
    return strides_are_kept()


def _say(error: Exception) -> None:
    """One line for each reason."""
    if str(error) not in _said:
        _said.add(str(error))
        _log.warning("Paddle's own operators compute instead of oneDNN: %s", error)


@paddle.jit.not_to_static
def compute(kernel: Any, *inputs: Tensor) -> Tensor:
    """The kernel's output, differentiable once with respect to the inputs; Paddle's operator where oneDNN cannot.

    Raises:
        CampError: in the backward pass, if it is itself to be differentiated.
    """
    if not usable(*inputs):
        return by_paddle(kernel, inputs)
    grads = paddle.is_grad_enabled()
    needs = [grads and not tensor.stop_gradient for tensor in inputs]
    try:
        if not kernel.fits(*inputs):
            return by_paddle(kernel, inputs)
        if any(needs):
            order = sorted(range(len(needs)), key=lambda k: not needs[k])
            call = _Call(kernel, needs, order, [each.dtype for each in inputs])
            tensors = [inputs[k] for k in call.order]
            output = _Function.apply(call, *([tensors] if IN_ONE_LIST else tensors))
            output.register_hook(_Once(call.name, weakref.ref(call)))
            return output
        with paddle.no_grad():
            return kernel.forward(inputs, needs)[0]
    except OneDnnError as error:
        _say(error)
        return by_paddle(kernel, inputs)


def by_paddle(kernel: Any, inputs: Sequence[Tensor]) -> Tensor:
    """By Paddle's operator, in float32: most of them have no bfloat16 on a CPU."""
    return kernel.by_paddle(*([x.astype("float32") for x in inputs] if cpu_bfloat16(inputs[0]) else inputs))


@paddle.jit.not_to_static
def cpu_bfloat16(x: Tensor) -> bool:
    """Whether ``x`` is bfloat16 on a CPU."""
    return paddle.in_dynamic_mode() and x.dtype == paddle.bfloat16 and x.place.is_cpu_place()


@dataclass(eq=False)
class _Call:
    """A kernel; of its inputs: which need a gradient, the order for autograd (one that needs it first), the formats."""

    kernel: Any
    needs: list[bool]
    order: list[int]
    dtypes: list[paddle.dtype]

    @property
    def name(self) -> str:
        return getattr(self.kernel, "name", type(self.kernel).__name__)


@dataclass(frozen=True)
class _Once:
    """Called before the backward pass of an operation, whose ``call`` lives as long as what it has kept.

    Paddle (2.6.2 and 3.3.1) frees what a PyLayer has kept in the first ``backward``, ``retain_graph`` or not, and the
    second one ends the process; ``paddle.grad`` keeps it.
    """

    name: str
    call: weakref.ref

    def __call__(self, gradient: Tensor) -> None:
        if self.call() is None:
            raise CampError(f"{self.name}: one backward() for each forward pass; {WAY_OUT}")


class _Function(PyLayer):
    """A kernel as an operation of Paddle's autograd; see :data:`IN_ONE_LIST`."""

    @staticmethod
    def forward(ctx: Any, call: _Call, *tensors: Any) -> Tensor:
        given = dict(zip(call.order, tensors[0] if IN_ONE_LIST else tensors, strict=True))
        output, ctx.kept = call.kernel.forward([given[k].detach() for k in sorted(given)], call.needs)
        ctx.call, ctx.versions = call, versions(ctx.kept)
        return output

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        call = ctx.call
        if paddle.is_grad_enabled():
            raise CampError(f"{call.name}: has no second derivative; {WAY_OUT}")
        if ctx.versions != versions(ctx.kept):
            raise CampError(f"{call.name}: its input or output was changed in place before the backward pass")
        try:
            found = call.kernel.backward(ctx.kept, gradient, call.needs)
        except OneDnnError as error:  # what Paddle would need for it has not been kept
            raise failed(error) from None
        gradients = [in_format(found[k], call.dtypes[k]) if call.needs[k] else None for k in call.order]
        return gradients if IN_ONE_LIST else tuple(gradients)


def failed(error: OneDnnError) -> CampError:
    """oneDNN failed in a backward pass: how to go on."""
    return CampError(f"{error}; run it again with PADDLE_CAMP_TUNE={','.join(others())}")


def in_format(gradient: Tensor, dtype: paddle.dtype) -> Tensor:
    """The gradient of an input of this format."""
    return gradient if gradient.dtype == dtype else to_channels_last(gradient, dtype)


@paddle.jit.not_to_static
def fork(x: Tensor, count: int) -> Sequence[Tensor]:
    """``x`` for ``count`` users, whose gradients are added up where they lie.

    Paddle's autograd first copies gradients to its own layout, and oneDNN would copy their sum back: in ResNet-50 that
    took a tenth of a step. With Paddle 2.6 it still does, see :data:`FORKS`. Ask ``paddle.grad`` for the gradient of
    ``x``, not of one of the outputs, which it takes for an error.
    """
    if not (FORKS and in_place(x) and paddle.is_grad_enabled() and not x.stop_gradient):
        return [x] * count
    call = _ForkCall(x.dtype, count)
    outputs = _Fork.apply(call, x)
    for output in outputs:
        output.register_hook(_Once("fork", weakref.ref(call)))
    return outputs


@dataclass(eq=False)
class _ForkCall:
    """The format of a picture and the number of its users."""

    dtype: paddle.dtype
    count: int


class _Fork(PyLayer):
    """The same picture several times."""

    @staticmethod
    def forward(ctx: Any, call: _ForkCall, x: Tensor) -> tuple[Tensor, ...]:
        ctx.call = call
        return tuple(x.transpose([0, 1, 2, 3]) for _ in range(call.count))  # views: an input may not be an output

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        if paddle.is_grad_enabled():
            raise CampError(f"fork: has no second derivative; {WAY_OUT}")
        try:
            return sum_of(gradients, ctx.call.dtype)
        except OneDnnError as error:
            raise failed(error) from None


def versions(kept: tuple) -> list[int]:
    """How often each of the tensors was changed in place."""
    return [each.inplace_version for each in kept if isinstance(each, Tensor)]


def others() -> list[str]:
    """The optimisations that are on, without this one."""
    return [name for name in OPTIMISATIONS if enabled(name) and name != "onednn"]
