"""What the names in a pickle of arrays mean: each has a function of the project's own, and nothing else is called."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np

ITEM_TYPES = re.compile(r"f[248]|[iu][1248]|b1")  # bfloat16 is saved as u2
STORAGES = {"Float": "f4", "Double": "f8", "Half": "f2", "Long": "i8", "Int": "i4", "Short": "i2", "Char": "i1"}
STORAGES |= {"Byte": "u1", "Bool": "b1"}  # of PyTorch, FloatStorage and so on


class PickleError(ValueError):
    """A pickle is damaged, or asks for something that no file of arrays needs."""


class Word:
    """A name that the pickle refers to; it stands for nothing but itself."""

    __slots__ = ("name",)

    def __init__(self, name: str):
        self.name = name


class ItemType:
    """A dtype on its way: its name comes first, its byte order later."""

    __slots__ = ("name", "order")

    def __init__(self, name: str):
        self.name, self.order = name, "="

    def build(self, state: Any) -> None:
        """Take the state of a numpy dtype: (version, byte order, None, None, None, -1, -1, 0)."""
        need(type(state) is tuple and len(state) == 8 and state[1] in ("<", ">", "|", "="), "a dtype's state")
        need(state[2:] == (None, None, None, -1, -1, 0), "a dtype with fields")
        self.order = state[1]

    def numpy(self) -> np.dtype:
        """The dtype."""
        return np.dtype(self.name).newbyteorder(self.order)


class Array:
    """An array on its way: made empty, filled once."""

    __slots__ = ("values",)

    def __init__(self) -> None:
        self.values: np.ndarray | None = None

    def build(self, state: Any) -> None:
        """Take the state of a numpy array: (version, shape, dtype, in Fortran's order, bytes)."""
        need(self.values is None and type(state) is tuple and len(state) == 5, "an array's state")
        _, shape, item_type, fortran, content = state
        self.values = _as_array(content, item_type, shape, "F" if fortran else "C")


class Storage:
    """A storage of PyTorch's, from the persistent id that stands for it; its items are elsewhere in the file."""

    __slots__ = ("item_type", "key", "count", "values")

    def __init__(self, item_type: np.dtype, key: str, count: int):
        self.item_type, self.key, self.count = item_type, key, count
        self.values: np.ndarray | None = None

    @classmethod
    def of(cls, identity: Any) -> Storage:
        """By the id: ("storage", its class, its key, the device, the number of items, perhaps None)."""
        need(type(identity) is tuple and len(identity) in (5, 6) and identity[0] == "storage", "such a persistent id")
        _, kind, key, device, count, *view = identity
        named = isinstance(kind, Word) and kind.name.startswith("torch.") and kind.name.endswith("Storage")
        need(named and type(key) is str and type(device) is str and view in ([], [None]), "such a storage")
        item_type = STORAGES.get(kind.name.removeprefix("torch.").removesuffix("Storage"))
        need(item_type is not None and _is_size(count), "such a storage")
        return cls(np.dtype(item_type), key, count)

    @property
    def bytes(self) -> int:
        """Of all its items."""
        return self.count * self.item_type.itemsize


class Tensor:
    """A tensor of PyTorch's: which piece of a storage it is."""

    __slots__ = ("storage", "offset", "shape", "strides")

    def __init__(self, storage: Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]):
        self.storage, self.offset, self.shape, self.strides = storage, offset, shape, strides


def need(condition: bool, what: str) -> None:
    """Refuse a pickle that asks for ``what`` unless ``condition`` holds."""
    if not condition:
        raise PickleError(f"it asks for {what}, which no file of arrays needs")


def put(target: Any, key: Any, value: Any) -> None:
    """Set an item of a dict, whose keys are texts."""
    need(type(target) is dict and type(key) is str, "a dict whose keys are no texts")
    target[key] = value


def _is_size(number: Any) -> bool:
    return type(number) is int and 0 <= number < 2**40


def _are_sizes(numbers: Any) -> bool:
    return type(numbers) is tuple and len(numbers) <= 32 and all(map(_is_size, numbers))


def _as_array(content: Any, item_type: Any, shape: Any, order: Any) -> np.ndarray:
    """Bytes as an array; they must be exactly as many as the shape says."""
    if type(content) is str:  # of Python 2, whose bytes are its texts
        content = content.encode("latin-1")
    need(isinstance(content, bytes | bytearray), "an array of objects")
    need(isinstance(item_type, ItemType) and order in ("C", "F"), "an array without a dtype")
    need(_are_sizes(shape), "such a shape")
    dtype = item_type.numpy()
    need(math.prod(shape) * dtype.itemsize == len(content), "an array whose bytes do not fit its shape")
    values = np.frombuffer(content, dtype).reshape(shape, order=order)
    return np.asarray(values, dtype.newbyteorder("="), order="C")


def _dtype(arguments: tuple) -> ItemType:
    need(1 <= len(arguments) <= 3 and type(arguments[0]) is str, "a dtype's arguments")
    need(bool(ITEM_TYPES.fullmatch(arguments[0])), f"dtype {arguments[0][:20]!r}")
    return ItemType(arguments[0])


def _reconstruct(arguments: tuple) -> Array:
    need(len(arguments) == 3 and isinstance(arguments[0], Word), "an array's arguments")
    need(arguments[0].name == "numpy.ndarray" and arguments[1] == (0,), "an array's arguments")
    return Array()


def _frombuffer(arguments: tuple) -> Array:
    need(len(arguments) == 4, "an array's arguments")
    content, item_type, shape, order = arguments
    array = Array()
    array.values = _as_array(content, item_type, shape, order)
    return array


def _scalar(arguments: tuple) -> Array:
    need(len(arguments) == 2, "a number's arguments")
    return _frombuffer((arguments[1], arguments[0], (), "C"))


def _tensor(arguments: tuple) -> Tensor:
    need(len(arguments) in (6, 7), "a tensor's arguments")  # the last: whether it is trained, its hooks, what else
    storage, offset, shape, strides = arguments[:4]
    need(isinstance(storage, Storage) and _is_size(offset), "a tensor without a storage")
    need(_are_sizes(shape) and _are_sizes(strides) and len(shape) == len(strides), "such a shape")
    return Tensor(storage, offset, shape, strides)


def _encode(arguments: tuple) -> bytes:
    need(len(arguments) == 2 and type(arguments[0]) is str, "an encoding's arguments")
    need(arguments[1] in ("latin1", "latin-1"), "an encoding other than latin-1")
    return arguments[0].encode("latin-1")


def _no_bytes(arguments: tuple) -> bytes:
    need(arguments == (), "bytes made of something")  # protocol 2 writes those of an empty array so
    return b""


def _tuple(arguments: tuple) -> tuple:
    need(len(arguments) == 1 and type(arguments[0]) in (tuple, list), "a tuple's arguments")
    return tuple(arguments[0])


def _dict(arguments: tuple) -> dict:
    filled: dict[str, Any] = {}
    need(len(arguments) <= 1, "a dict's arguments")
    for pair in arguments[0] if arguments else ():
        need(type(pair) in (tuple, list) and len(pair) == 2, "a dict's arguments")
        put(filled, pair[0], pair[1])
    return filled


CALLS: dict[str, Callable[[tuple], Any]] = {
    "numpy.dtype": _dtype,
    "_codecs.encode": _encode,
    "collections.OrderedDict": _dict,
    "torch._utils._rebuild_tensor_v2": _tensor,
}
for _module in ("builtins", "__builtin__"):
    CALLS |= {f"{_module}.tuple": _tuple, f"{_module}.bytes": _no_bytes}
for _core in ("numpy.core", "numpy._core"):
    CALLS[f"{_core}.multiarray._reconstruct"] = _reconstruct
    CALLS[f"{_core}.multiarray.scalar"] = _scalar
    CALLS[f"{_core}.numeric._frombuffer"] = _frombuffer
WORDS = {*CALLS, "numpy.ndarray", *(f"torch.{name}Storage" for name in STORAGES)}
