"""Read the tensors of a file of ``torch.save`` as numpy arrays; PyTorch is not needed, and nothing of the file is run.

There are two forms. The old one, until PyTorch 1.5, is five pickles in a row (a magic number, a version, facts about
the machine, the object, the names of its storages) and then each storage: its number of items and their bytes. The new
one is a zip of uncompressed entries: ``data.pkl``, the object, and an entry for each storage. In both a tensor of the
object is a piece of a storage, which the pickle refers to by a persistent id. The pickles are read by
:mod:`~paddle_camp.array_pickle`; sizes are held against the file before anything is allocated.
"""

from __future__ import annotations

import io
import math
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from paddle_camp.array_pickle import the_state, unpickle
from paddle_camp.pickle_words import PickleError, Storage, Tensor, need

MAGIC = 0x1950A86A20F9469CFC6C
OLD = b"\x80\x02\x8a\x0a" + MAGIC.to_bytes(10, "little") + b"."  # how the first pickle is written
ZIP = b"PK\x03\x04"
VERSION = 1001
_COUNT = struct.Struct("<q")


def is_torch(beginning: bytes) -> bool:
    """Whether a file that begins so is one of ``torch.save``: 15 bytes tell; nothing else for weights is a zip."""
    return beginning.startswith((OLD, ZIP))


def read_torch(path: Path) -> dict[str, Any]:
    """The object in a file of ``torch.save``, a dict such as a ``state_dict``, its tensors as numpy arrays.

    Raises:
        PickleError: damaged, or it holds anything else than a dict of tensors, texts and numbers.
        OSError: the file cannot be read.
    """
    with path.open("rb") as stream:
        beginning = stream.read(len(OLD))
    try:
        return _read_zip(path) if beginning.startswith(ZIP) else _read_old(path)
    except PickleError:
        raise
    # What zipfile and struct raise for a file that is cut, encrypted, compressed or has a flipped bit.
    except (zipfile.BadZipFile, zlib.error, struct.error, ValueError, RuntimeError, EOFError, KeyError) as error:
        raise PickleError(str(error) or type(error).__name__) from error


def _read_old(path: Path) -> dict[str, Any]:
    stream = io.BytesIO(path.read_bytes())
    need(unpickle(stream) == MAGIC and unpickle(stream) == VERSION, "another version")
    machine = unpickle(stream)
    need(type(machine) is dict and machine.get("little_endian") is True, "another byte order than little")
    found, keys = _state_of(unpickle(stream)), unpickle(stream)
    storages = _storages_of(found)
    need(type(keys) is list and all(type(key) is str for key in keys), "storages without names")
    need(sorted(keys) == sorted(storages), "other storages than its tensors have")
    for key in keys:
        storage, counted = storages[key], stream.read(_COUNT.size)
        need(len(counted) == _COUNT.size, "more: the file ends too early")
        need(_COUNT.unpack(counted)[0] == storage.count, "a storage of another size")
        storage.values = _items(stream.read(storage.bytes), storage)
    return _finished(found, storages)


def _read_zip(path: Path) -> dict[str, Any]:
    length = path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        pickled = [name for name in archive.namelist() if name.endswith("/data.pkl")]
        need(len(pickled) == 1, f"{len(pickled)} files data.pkl")
        folder = pickled[0].removesuffix("data.pkl")

        def content(name: str, room: int) -> bytes:
            entry = archive.getinfo(folder + name)
            need(entry.compress_type == zipfile.ZIP_STORED, "a compressed entry")
            need(entry.file_size <= room, "an entry that is larger than the file")
            return archive.read(entry)

        if f"{folder}byteorder" in archive.namelist():
            need(content("byteorder", 100) == b"little", "another byte order than little")
        found = _state_of(unpickle(io.BytesIO(content("data.pkl", length))))
        storages = _storages_of(found)
        need(sum(storage.bytes for storage in storages.values()) <= length, "storages that are larger than the file")
        for key, storage in storages.items():
            storage.values = _items(content(f"data/{key}", storage.bytes), storage)
    return _finished(found, storages)


def _state_of(found: Any) -> dict[str, Any]:
    need(type(found) is dict, "something else than a dict of tensors")
    return the_state(found, Tensor)


def _storages_of(found: dict[str, Any]) -> dict[str, Storage]:
    """Key -> storage of the tensors of a dict; what two tensors say of the same storage must agree."""
    storages: dict[str, Storage] = {}
    for tensor in found.values():
        if isinstance(tensor, Tensor):
            known = storages.setdefault(tensor.storage.key, tensor.storage)
            need((known.item_type, known.count) == (tensor.storage.item_type, tensor.storage.count), "such storages")
    return storages


def _items(content: bytes, storage: Storage) -> np.ndarray:
    """The items of a storage, ``[count]``."""
    need(len(content) == storage.bytes, "more: a storage ends too early")
    items = np.frombuffer(content, storage.item_type.newbyteorder("<"))
    return items.astype(storage.item_type)  # a copy that lies where arrays may lie, in the machine's byte order


def _finished(found: dict[str, Any], storages: dict[str, Storage]) -> dict[str, Any]:
    """The tensors as views of their storages; the other values as they are."""
    return {key: _cut(value, storages) if isinstance(value, Tensor) else value for key, value in found.items()}


def _cut(tensor: Tensor, storages: dict[str, Storage]) -> np.ndarray:
    items, shape, strides = storages[tensor.storage.key].values, tensor.shape, tensor.strides
    size = math.prod(shape)
    need(size <= items.size, "a tensor of more numbers than its storage has")
    last = tensor.offset + sum((count - 1) * step for count, step in zip(shape, strides, strict=True)) if size else -1
    need(last < items.size, "a tensor that reaches out of its storage")
    if size == 0:
        return np.empty(shape, items.dtype)
    rest = items[tensor.offset :]
    return as_strided(rest, shape, [step * items.itemsize for step in strides], writeable=False)
