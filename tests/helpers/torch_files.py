"""Files in PyTorch's two forms, written byte by byte, honest ones and others."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from paddle_camp.networks.torch_pickle import MAGIC, VERSION

KINDS = {"f4": "Float", "f8": "Double", "f2": "Half", "i8": "Long", "i4": "Int", "u1": "Byte", "b1": "Bool"}
MACHINE = {"protocol_version": VERSION, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
ORDERED = b"ccollections\nOrderedDict\n)R"


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def number(value: int) -> bytes:
    return b"\x8a\x08" + struct.pack("<q", value)


def numbers(values: Iterable[int]) -> bytes:
    return b"(" + b"".join(map(number, values)) + b"t"


def tensor(key: str, count: int, shape, strides, offset: int = 0, kind: str = "Float") -> bytes:
    """The opcodes of a tensor: a piece of the storage ``key`` of ``count`` items."""
    storage = b"(" + text("storage") + f"ctorch\n{kind}Storage\n".encode() + text(key) + text("cpu") + number(count)
    piece = storage + b"tQ" + number(offset) + numbers(shape) + numbers(strides) + b"\x89" + ORDERED
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + piece + b"tR"


def state_dict(entries: dict[str, bytes]) -> bytes:
    """The pickle of an ordered dict; the values are opcodes."""
    items = b"".join(text(name) + value for name, value in entries.items())
    return b"\x80\x02" + ORDERED + b"(" + items + b"u" + b"}" + text("_metadata") + ORDERED + b"sb."


def old_form(pickled: bytes, storages: dict[str, tuple[int, bytes]]) -> bytes:
    """A file of the old form: key -> (the count that it says, bytes)."""
    pickles = [pickle.dumps(each, 2) for each in (MAGIC, VERSION, MACHINE)]
    pickles += [pickled, pickle.dumps(list(storages), 2)]
    return b"".join(pickles) + b"".join(struct.pack("<q", count) + content for count, content in storages.values())


def new_form(pickled: bytes, storages: dict[str, bytes], compressed: bool = False, **entries: bytes) -> bytes:
    """A file of the new form: key -> bytes; ``entries`` are further ones."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED) as archive:
        archive.writestr("net/data.pkl", pickled)
        for name, content in entries.items():
            archive.writestr(f"net/{name}", content)
        for key, content in storages.items():
            archive.writestr(f"net/data/{key}", content)
    return stream.getvalue()


def save_as_torch(arrays: dict[str, np.ndarray], path: Path) -> None:
    """Write arrays as ``torch.save`` once wrote a ``state_dict``, each in a storage of its own."""
    entries, storages = {}, {}
    for index, (name, array) in enumerate(arrays.items()):
        strides = [step // array.itemsize for step in np.ascontiguousarray(array).reshape(array.shape).strides]
        kind = KINDS[array.dtype.str[1:]]
        entries[name] = tensor(str(index), array.size, array.shape, strides, kind=kind)
        storages[str(index)] = (array.size, array.tobytes())
    path.write_bytes(old_form(state_dict(entries), storages))
