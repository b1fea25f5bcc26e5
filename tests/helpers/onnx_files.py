"""ONNX files written byte by byte, honest ones and others: Protocol Buffers, with the numbers of ``onnx.proto``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

Shape = Sequence[int | str]


def varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first."""
    low = bytes([value & 127 | (128 if value > 127 else 0)])
    return low + varint(value >> 7) if value > 127 else low


def field(number: int, value: int | bytes | str) -> bytes:
    """A field of a message: a number, or bytes with their length before them."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def node(operator: str, inputs: Sequence[str], output: str, *more: bytes) -> bytes:
    """A node of a graph; ``more`` are fields of it, such as attributes."""
    return b"".join(field(1, name) for name in inputs) + field(2, output) + field(4, operator) + b"".join(more)


def tensor(name: str, array: np.ndarray, *more: bytes) -> bytes:
    """A float32 array."""
    dims = b"".join(field(1, size) for size in array.shape)
    return dims + field(2, 1) + field(8, name) + field(9, array.astype("<f4").tobytes()) + b"".join(more)


def value(name: str, shape: Shape, kind: int = 1) -> bytes:
    """An input or output of a graph; ``kind`` 1 is float32, 11 float64; a name in ``shape`` is any size."""
    sizes = b"".join(field(1, field(1 if isinstance(size, int) else 2, size)) for size in shape)
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, sizes)))


def model(graph: bytes, *more: bytes) -> bytes:
    """A file of operators of set 16; ``more`` are fields of it."""
    return field(1, 8) + field(8, field(1, "") + field(2, 16)) + field(7, graph) + b"".join(more)


FLATTEN = node("Flatten", ["x"], "rows")


def linear(
    weights: np.ndarray,
    bias: np.ndarray,
    takes: Shape | None = None,
    gives: Shape | None = None,
    *,
    kinds: tuple[int, int] = (1, 1),
    first: bytes = FLATTEN,
    more: bytes = b"",
) -> bytes:
    """A file that computes ``x @ weights + bias``, of each input's numbers in one row.

    Args:
        takes, gives: the shapes that it says; default: a batch of any size of rows.
        kinds: of the numbers that it says.
        first: the node that makes "rows" of "x".
        more: fields of its graph.
    """
    parts = [field(1, first)]
    parts += [field(1, node("MatMul", ["rows", "w"], "sums")), field(1, node("Add", ["sums", "b"], "y"))]
    parts += [field(2, "g"), field(5, tensor("w", weights)), field(5, tensor("b", bias))]
    parts.append(field(11, value("x", takes or ["n", len(weights)], kinds[0])))
    parts.append(field(12, value("y", gives or ["n", len(bias)], kinds[1])))
    return model(b"".join([*parts, more]))


def write(path: Path, content: bytes) -> Path:
    """A file with this content, and its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
