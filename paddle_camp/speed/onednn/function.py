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
from paddle_camp.speed.onednn.layout import strides_are_kept
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


@paddle.jit.not_to_static
def usable(x: Tensor) -> bool:
    """Whether oneDNN can compute with ``x``: float32 ``[N, C, H, W]`` on the CPU, in dygraph, and not switched off."""
    if not (_switch.on and paddle.in_dynamic_mode() and _available()):
        return False
    return x.ndim == 4 and _on_cpu(x) and paddle.get_device() == "cpu" and 0 not in x.shape


def _on_cpu(tensor: Tensor) -> bool:
    """Whether it is float32 and on the CPU."""
    return tensor.dtype == paddle.float32 and tensor.place.is_cpu_place()


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
    """The kernel's output, differentiable once with respect to the inputs.

    Raises:
        CampError: in the backward pass, if it is itself to be differentiated.
    """
    if not (all(map(_on_cpu, inputs)) and kernel.fits(*inputs)):
        return kernel.by_paddle(*inputs)
    grads = paddle.is_grad_enabled()
    needs = [grads and not tensor.stop_gradient for tensor in inputs]
    try:
        if any(needs):
            call = _Call(kernel, needs)
            tensors = [inputs[k] for k in call.order]
            output = _Function.apply(call, *([tensors] if IN_ONE_LIST else tensors))
            output.register_hook(_Once(type(kernel).__name__, weakref.ref(call)))
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

    @property
    def order(self) -> list[int]:
        return sorted(range(len(self.needs)), key=lambda k: not self.needs[k])


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
        given = tensors[0] if IN_ONE_LIST else tensors
        inputs = [given[call.order.index(k)].detach() for k in range(len(given))]
        output, ctx.kept = call.kernel.forward(inputs, call.needs)
        ctx.call, ctx.versions = call, versions(ctx.kept)
        return output

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        call = ctx.call
        if paddle.is_grad_enabled():
            raise CampError(f"{type(call.kernel).__name__}: has no second derivative; {WAY_OUT}")
        if ctx.versions != versions(ctx.kept):
            name = type(call.kernel).__name__
            raise CampError(f"{name}: its input or output was changed in place before the backward pass")
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
