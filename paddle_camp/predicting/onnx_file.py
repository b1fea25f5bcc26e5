"""An ONNX file that a stranger may have made, looked through before ONNX Runtime gets it.

Such a file is a message of Protocol Buffers (the fields below are numbered in ``onnx.proto``): a graph of operators and
the arrays of its weights. It may also name other files, which hold its arrays, and bodies of loops without an end. What
``export`` writes has neither, so both are refused here, and no array is copied to find out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from paddle_camp.errors import CheckpointError

MAX_BYTES = 1_000_000_000  # of a file, which is read as a whole; VGG-16 has 0.55 of it
OPERATORS = (b"", b"ai.onnx")  # the standard's

# A message -> its fields that are messages, and which; its fields that are refused, and what they hold.
PARTS = {
    "model": {7: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse tensor"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 10: "tensor", 22: "sparse tensor", 23: "sparse tensor"},
    "sparse tensor": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
REFUSED = {
    "model": {20: "a way to train it", 25: "functions of its own"},
    "attribute": {6: "a loop or a branch", 11: "a loop or a branch"},
    "tensor": {13: "weights in another file"},
}
DOMAIN = 7  # of a node: whose operator it is

LENGTHS = {1: 8, 5: 4}  # of a number of this wire type; 0: a varint, 2: a length and as many bytes
MAX_VARINT = 10  # bytes


def read_onnx(path: Path) -> bytes:
    """The content of an ONNX file whose operators are the standard's and whose weights stand in it.

    Raises:
        CheckpointError: it is missing, no regular file, too large, damaged, or holds what ``export`` does not write.
    """
    try:
        if not path.is_file():  # a pipe would be waited for
            raise CheckpointError(f"{path}: {'not a regular' if path.exists() else 'no such'} file")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise CheckpointError(f"{path}: {size / 1e9:.1f} GB, {MAX_BYTES / 1e9:.0f} GB at most is read")
        content = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror})") from None
    try:
        held = refused(memoryview(content), "model")
    except ValueError as error:
        raise CheckpointError(f"{path}: not an ONNX file, or damaged ({error}); export it again") from None
    if held:
        raise CheckpointError(f"{path}: it holds {held}, which no export writes; not read")
    return content


def refused(message: memoryview, kind: str) -> str | None:
    """The first thing that is refused in a message of this kind, a key of :data:`PARTS`; None: there is none.

    Raises:
        ValueError: it is cut short, or no message.
    """
    for number, value in fields(message):
        if number in REFUSED.get(kind, {}):
            return REFUSED[kind][number]
        if isinstance(value, int):
            continue
        if kind == "node" and number == DOMAIN and bytes(value) not in OPERATORS:
            return f"operators of {str(bytes(value[:40]))[2:-1]}"
        if number in PARTS[kind] and (held := refused(value, PARTS[kind][number])):
            return held
    return None


def fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Each field of a message: its number, and the bytes that it holds; of a plain number that number, or 0.

    Raises:
        ValueError: it is cut short, or no message.
    """
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        if key >> 32:  # readers differ in what they make of it
            raise ValueError("a field's number is too large")
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(message, at)
            yield number, value
            continue
        length = LENGTHS.get(wire)
        if wire == 2:
            length, at = _varint(message, at)
        if length is None or not number:
            raise ValueError("a field of no known kind")
        if length > len(message) - at:
            raise ValueError("it ends too early")
        yield number, message[at : at + length] if wire == 2 else 0
        at += length


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first, and where it ends."""
    value = 0
    for place in range(MAX_VARINT):
        if at + place >= len(message):
            raise ValueError("it ends too early")
        byte = message[at + place]
        value |= (byte & 127) << (7 * place)
        if byte < 128:
            return value, at + place + 1
    raise ValueError("a number is too long")
