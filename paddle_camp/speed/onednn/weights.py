"""Weights of convolutions as oneDNN wants them: made anew for every call, or kept where they do not change."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import numpy as np
from paddle import Tensor

from paddle_camp.speed.onednn.primitive import ALIGNMENT, Primitive, aligned, scratch
from paddle_camp.speed.onednn.switch import Switch

_kept: Switch[dict[Any, Any] | None] = Switch(None)
Made = TypeVar("Made")


def constant_weights(kept: dict[Any, Any] | None = None) -> contextlib.AbstractContextManager[None]:
    """Inside, nobody trains: a parameter's copy in oneDNN's layout serves all batches, and is freed at the end.

    Args:
        kept: a dictionary for such copies, empty at first, of one who knows that no weight changes while it lives.
    """
    if kept is None:
        kept = {} if _kept.value is None else _kept.value
    return _kept.turned(kept)


def constant(key: Hashable, make: Callable[[], Made]) -> Made | None:
    """What ``make()`` gives, made once inside of :func:`constant_weights`; None outside."""
    kept = _kept.value
    if kept is None:
        return None
    if key not in kept:
        kept[key] = make()
    return kept[key]


def copied(copy: Primitive | None, size: int, weight: Tensor) -> int:
    """Where ``weight``, contiguous float32, or its copy of ``size`` bytes lies, which is of use until the next call."""
    if copy is None:
        return weight.data_ptr()
    kept = _kept.value
    if kept is None or not weight.persistable:
        place = scratch(size)
        copy(weight.data_ptr(), place)
        return place
    key = copy, weight.data_ptr()
    if key not in kept:
        memory = np.empty(size + ALIGNMENT, np.uint8)
        copy(weight.data_ptr(), aligned(memory))
        kept[key] = memory, weight  # held as well, lest its address come to be another one's
    return aligned(kept[key][0])
