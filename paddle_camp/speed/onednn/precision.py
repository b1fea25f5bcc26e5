"""The format that convolutions compute in: float32, or bfloat16 inside of :func:`bfloat16`.

bfloat16 has float32's range and 8 bits of precision. Only pictures are stored in it; weights, their gradients and the
statistics of batch norms stay float32, and sums are added up in float32 (Micikevicius et al., Mixed Precision
Training, ICLR 2018, arXiv:1710.03740; Kalamkar et al., arXiv:1905.12322).
"""

from __future__ import annotations

import contextlib

import paddle

from paddle_camp.speed.onednn.switch import Switch

_format = Switch(paddle.float32)


def bfloat16() -> contextlib.AbstractContextManager[None]:
    """Inside, convolutions make bfloat16 pictures, and what comes behind them keeps to it."""
    return _format.turned(paddle.bfloat16)


def format_for(x: paddle.Tensor) -> paddle.dtype:
    """The format in which ``x`` is convolved."""
    return paddle.bfloat16 if x.dtype == paddle.bfloat16 else _format.value
