"""Primitives of oneDNN on the memory of Paddle's tensors: made once for a shape, then only given addresses.

A primitive's memory objects hold addresses, so a primitive belongs to one thread of Python; :func:`prepared` keeps
those of each thread apart, and the latest :data:`KEPT` of them.
"""

from __future__ import annotations

import ctypes
import functools
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import paddle

from paddle_camp.speed.onednn.library import IN_ORDER, Handle, OneDnnError, library

Shape = tuple[int, ...]
Descriptor = Handle | ctypes.c_void_p  # of memory: made here, or owned by a primitive descriptor

KEPT = 1024  # prepared operations of each thread; ResNet-152 has 70 different ones in training
ALIGNMENT = 64  # bytes; of a cache line

# dnnl_types.h: data types, a layout of oneDNN's choice, and the numbers of the arguments
FORMATS = {paddle.float32: 3, paddle.bfloat16: 2}
ANY = 1
SRC, SRC_1, DST, WEIGHTS, BIAS, MEAN, VARIANCE, SCALE, SHIFT, WORKSPACE = 1, 2, 17, 33, 41, 49, 50, 51, 52, 64
FIRST_SRC = 1024  # of several
DIFF_SRC, DIFF_DST, DIFF_WEIGHTS, DIFF_BIAS, DIFF_SCALE, DIFF_SHIFT = 129, 145, 161, 169, 255, 256


class Argument(ctypes.Structure):
    """``dnnl_exec_arg_t``."""

    _fields_ = (("number", ctypes.c_int), ("memory", ctypes.c_void_p))


def integers(values: Sequence[int]) -> ctypes.Array:
    """``dnnl_dims_t``, as far as it is read."""
    return (ctypes.c_int64 * len(values))(*values)


def raw(descriptor: Descriptor | None) -> ctypes.c_void_p | None:
    """The pointer; None: a null pointer."""
    return descriptor.value if isinstance(descriptor, Handle) else descriptor


def with_strides(shape: Shape, strides: Shape, dtype: paddle.dtype = paddle.float32) -> Handle:
    """An array of this layout."""
    sizes = integers(shape), FORMATS[dtype], integers(strides)
    return library().create("memory_desc", "dnnl_memory_desc_create_with_strides", len(shape), *sizes)


def plain(shape: Shape, dtype: paddle.dtype = paddle.float32) -> Handle:
    """A contiguous array."""
    return with_strides(shape, tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape))), dtype)


def channels_last_strides(shape: Sequence[int]) -> Shape:
    """The strides of ``[N, C, H, W]`` that lies in memory as ``[N, H, W, C]``, in numbers."""
    _, channels, height, width = shape
    return channels * height * width, 1, width * channels, channels


def channels_last(shape: Shape, dtype: paddle.dtype) -> Handle:
    """``[N, C, H, W]`` whose channels are next to each other in memory."""
    return with_strides(shape, channels_last_strides(shape), dtype)


def any_layout(shape: Shape, dtype: paddle.dtype = paddle.float32) -> Handle:
    """In the layout that suits the primitive."""
    sizes = integers(shape), FORMATS[dtype], ANY
    return library().create("memory_desc", "dnnl_memory_desc_create_with_tag", len(shape), *sizes)


class Primitive:
    """An operation with its arguments, called with their addresses in the order of ``arguments``.

    Args:
        descriptor: the primitive descriptor.
        arguments: number of an argument (``SRC``, ...) -> the layout of its memory.
    """

    def __init__(self, descriptor: Handle, arguments: Mapping[int, Descriptor]):
        self._library = library()
        self._descriptor = descriptor  # owns layouts that were queried from it
        self._primitive = self._library.create("primitive", "dnnl_primitive_create", descriptor.value)
        nowhere = ctypes.c_void_p(None)
        self._memory = [
            self._library.create("memory", "dnnl_memory_create", raw(layout), self._library.engine.value, nowhere)
            for layout in arguments.values()
        ]
        pairs = zip(arguments, self._memory, strict=True)
        self._arguments = (Argument * len(arguments))(*(Argument(n, memory.value) for n, memory in pairs))
        self._addresses = [0] * len(arguments)

    def __call__(self, *addresses: int) -> None:
        """Compute.

        Raises:
            OneDnnError: the primitive failed.
        """
        for place, (known, address) in enumerate(zip(self._addresses, addresses, strict=True)):
            if address != known:  # often the allocator gives the place of the last step again
                handle = self._memory[place].value
                self._library.call("dnnl_memory_set_data_handle", handle, ctypes.c_void_p(address))
                self._addresses[place] = address
        count = len(self._arguments)
        self._library.call("dnnl_primitive_execute", self._primitive.value, _here.stream.value, count, self._arguments)


def describe(function: str, *arguments: Any) -> Handle:
    """A primitive descriptor: ``dnnl_{function}_primitive_desc_create`` for this processor."""
    known = library()
    name = f"dnnl_{function}_primitive_desc_create"
    values = [raw(a) if a is None or isinstance(a, Handle) else a for a in arguments]
    return known.create("primitive_desc", name, known.engine.value, *values)


def reorder(source: Descriptor, target: Descriptor) -> Primitive | None:
    """Copy from one layout into another; None where they are the same."""
    return None if library().same(raw(source), raw(target)) else copying(source, target)


def copying(source: Descriptor, target: Descriptor) -> Primitive:
    """Copy, from one layout into the same or another."""
    known, name = library(), "dnnl_reorder_primitive_desc_create"
    engine = known.engine.value
    made = known.create("primitive_desc", name, raw(source), engine, raw(target), engine, None)
    return Primitive(made, {SRC: source, DST: target})


class _Here(threading.local):
    """What a thread of Python has for itself."""

    def __init__(self) -> None:
        known = library()
        self.stream = known.create("stream", "dnnl_stream_create", known.engine.value, IN_ORDER)
        self.make = functools.lru_cache(maxsize=KEPT)(_make)
        self.scratch = np.empty(0, np.uint8)


_here: Any = None
_lock = threading.Lock()
Kind = TypeVar("Kind")


def _make(kind: Callable[..., Kind], threads: int, *key: Any) -> Kind:
    """An operation for these shapes, planned for so many threads."""
    try:
        return kind(*key)
    except OneDnnError as error:
        raise OneDnnError(f"{kind.__name__} {' '.join(map(str, key))}: {error}") from None


def prepared(kind: Callable[..., Kind], *key: Any) -> Kind:
    """``kind(*key)``, made once in each thread for its number of OpenMP threads.

    Raises:
        OneDnnError: oneDNN is not there, or has no such primitive; the text names it and the shapes.
    """
    global _here
    if _here is None:
        with _lock:
            _here = _here or _Here()
    return _here.make(kind, library().threads(), *key)


def scratch(size: int) -> int:
    """The address of ``size`` bytes that are this thread's until it asks again; they grow to the largest size asked."""
    if len(_here.scratch) < size + ALIGNMENT:
        _here.scratch = np.empty(size + ALIGNMENT, np.uint8)
    return aligned(_here.scratch)


def aligned(memory: np.ndarray) -> int:
    """The first address in ``memory`` at the beginning of a cache line."""
    address = memory.ctypes.data
    return address + -address % ALIGNMENT
