"""Mixed precision: the half-precision dtype of a device, and the autocast context."""

from __future__ import annotations

import contextlib
import functools
import logging

import paddle

from paddle_camp import machine
from paddle_camp.speed.onednn.precision import bfloat16

_log = logging.getLogger(__name__)


def autocast(amp: bool) -> contextlib.AbstractContextManager[None]:
    """The context of a forward pass in mixed precision; off for ``amp=False``.

    On a GPU it is Paddle's: bfloat16 where the card has it, else float16. On a CPU the zoo's convolutions compute in
    bfloat16 where the processor is made for it; where it is not, one line of the log says so, and all is float32.
    """
    if amp and paddle.get_device() == "cpu":
        return bfloat16() if _cpu_has_bfloat16() else contextlib.nullcontext()
    return paddle.amp.auto_cast(enable=amp, dtype=amp_dtype() if amp else "float16")


@functools.cache
def _cpu_has_bfloat16() -> bool:
    """As :func:`why_no_bfloat16`, said once."""
    reason = machine.why_no_bfloat16()
    if reason:
        _log.warning("mixed precision: %s; all is computed in float32", reason)
    return not reason


def amp_dtype() -> str:
    """The half precision of this device: "bfloat16" from compute capability 8.0 (Ampere) on and on CPUs."""
    device = paddle.get_device()
    if not device.startswith("gpu") or paddle.device.cuda.get_device_capability(device)[0] >= 8:
        return "bfloat16"
    return "float16"
