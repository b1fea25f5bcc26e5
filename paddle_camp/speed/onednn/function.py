"""One differentiable function for every kernel: oneDNN computes, and Paddle where oneDNN cannot."""

from __future__ import annotations

import contextlib
import logging
import threading
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import paddle
from paddle import Tensor
from paddle.autograd import PyLayer

from paddle_camp.errors import CampError
from paddle_camp.machine import OPTIMISATIONS, enabled
from paddle_camp.speed.onednn.layout import has_channels_last, strides_are_kept
from paddle_camp.speed.onednn.library import OneDnnError, library

WAY_OUT = "to have more, compute the forward pass inside of paddle_camp.paddle_operators()"

# Of separate inputs, ``paddle.grad`` takes a gradient for an error where it was asked for another input's; of those in
# one list Paddle 2.6 loses all but the last, and Paddle 3 none if the first needs a gradient.
IN_ONE_LIST = not paddle.__version__.startswith("2.")

_log = logging.getLogger(__name__)
_said: set[str] = set()


class _Switch(threading.local):
    on = True


_switch = _Switch()


@contextlib.contextmanager
def paddle_operators() -> Iterator[None]:
    """Inside, the layers compute with Paddle's own operators; second derivatives need it around the forward pass."""
    before, _switch.on = _switch.on, False
    try:
        yield
    finally:
        _switch.on = before


def usable(x: Tensor, *more: Tensor) -> bool:
    """Whether oneDNN can compute with ``x`` ``[N, C, H, W]`` and others: on the CPU, float32, dygraph, switched on."""
    if not (_switch.on and paddle.in_dynamic_mode() and _available() and paddle.get_device() == "cpu"):
        return False
    there = all(each.dtype == paddle.float32 and each.place.is_cpu_place() for each in (x, *more))
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
    if not (usable(*inputs) and kernel.fits(*inputs)):
        return kernel.by_paddle(*inputs)
    grads = paddle.is_grad_enabled()
    needs = [grads and not tensor.stop_gradient for tensor in inputs]
    try:
        if any(needs):
            call = _Call(kernel, needs, sorted(range(len(needs)), key=lambda k: not needs[k]))
            tensors = [inputs[k] for k in call.order]
            output = _Function.apply(call, *([tensors] if IN_ONE_LIST else tensors))
            output.register_hook(_Once(call.name, weakref.ref(call)))
            return output
        with paddle.no_grad():
            return kernel.forward(inputs, needs)[0]
    except OneDnnError as error:
        _say(error)
        return kernel.by_paddle(*inputs)


@dataclass(eq=False)
class _Call:
    """A kernel, which inputs need a gradient, and the order in which autograd gets them: one that needs it first."""

    kernel: Any
    needs: list[bool]
    order: list[int]

    @property
    def name(self) -> str:
        return type(self.kernel).__name__


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
            raise CampError(f"{error}; run it again with PADDLE_CAMP_TUNE={','.join(others())}") from None
        gradients = [found[k] if call.needs[k] else None for k in call.order]
        return gradients if IN_ONE_LIST else tuple(gradients)


def versions(kept: tuple) -> list[int]:
    """How often each of the tensors was changed in place."""
    return [each.inplace_version for each in kept if isinstance(each, Tensor)]


def others() -> list[str]:
    """The optimisations that are on, without this one."""
    return [name for name in OPTIMISATIONS if enabled(name) and name != "onednn"]
