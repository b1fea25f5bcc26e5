"""Mixed precision: the half-precision dtype of a device, and the autocast context."""

from __future__ import annotations

import contextlib
import functools
import logging

import paddle
from paddle import nn

from paddle_camp import machine
from paddle_camp.speed.onednn.precision import bfloat16

_log = logging.getLogger(__name__)


def autocast(amp: bool, *networks: nn.Layer) -> contextlib.AbstractContextManager[None]:
    """The context of a forward pass of ``networks`` in mixed precision; off for ``amp=False``.

    On a GPU it is Paddle's: bfloat16 where the card has it, else float16. On a CPU the zoo's convolutions compute in
    bfloat16 where the processor is made for it; where it is not, one line of the log says so, and all is float32. So
    it is with a network that is not the zoo's, since Paddle's layers cannot take what the zoo's hand on: one that gives
    them ``as_float32(x)`` (:mod:`paddle_camp.models.layers`) says so by ``takes_bfloat16 = True``.
    """
    if not amp or paddle.get_device() != "cpu":
        return paddle.amp.auto_cast(enable=amp, dtype=amp_dtype() if amp else "float16")
    reason = machine.why_no_bfloat16()
    if strangers := sorted({type(each).__name__ for each in networks if not takes_bfloat16(each)}):
        reason = reason or f"{', '.join(strangers)}: not of the zoo, and without takes_bfloat16 = True"
    if not reason:
        return bfloat16()
    _say(reason)
    return contextlib.nullcontext()


def takes_bfloat16(network: nn.Layer) -> bool:
    """Whether a network computes where its convolutions make bfloat16 pictures: one of the zoo, or one that says so."""
    return getattr(network, "takes_bfloat16", type(network).__module__.startswith("paddle_camp.models."))


@functools.cache
def _say(reason: str) -> None:
    """One line for each reason."""
    _log.warning("mixed precision: %s; all is computed in float32", reason)


def amp_dtype() -> str:
    """The half precision of this device: "bfloat16" from compute capability 8.0 (Ampere) on and on CPUs."""
    device = paddle.get_device()
    if not device.startswith("gpu") or paddle.device.cuda.get_device_capability(device)[0] >= 8:
        return "bfloat16"
    return "float16"
