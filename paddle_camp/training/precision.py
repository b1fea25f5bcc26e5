"""Mixed precision: the half-precision dtype of a device, and the autocast context."""

from __future__ import annotations

import contextlib

import paddle


def autocast(amp: bool) -> contextlib.AbstractContextManager[None]:
    """Paddle's mixed-precision context: bfloat16 where the card has it, else float16; off for ``amp=False``."""
    return paddle.amp.auto_cast(enable=amp, dtype=amp_dtype() if amp else "float16")


def amp_dtype() -> str:
    """The half precision of this device: "bfloat16" from compute capability 8.0 (Ampere) on and on CPUs."""
    device = paddle.get_device()
    if not device.startswith("gpu") or paddle.device.cuda.get_device_capability(device)[0] >= 8:
        return "bfloat16"
    return "float16"
