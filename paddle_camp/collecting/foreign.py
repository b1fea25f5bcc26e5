"""Files in a folder that somebody else filled: regular ones inside of it, of bounded size; no links, no pipes.

Every fault is a :class:`~paddle_camp.errors.DataError` that begins with the file's name.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from paddle_camp.errors import DataError, one_line

MOST_JSON = 16 << 20  # bytes
DEEPEST_JSON = 50  # objects and lists within each other; a run has about 6, Python's recursion ends at 1,000
MOST_HASHED = 8 << 30  # bytes; a VGG-16 has 0.54 GB, and a sparse file may claim any size
LONGEST = 120  # characters of a text that is shown


@contextlib.contextmanager
def opened(folder: Path, name: str) -> Iterator[BinaryIO]:
    """A file below ``folder``, for reading.

    Args:
        name: relative, with slashes; no part of it may be a link, which could lead to a file of the reader's own.

    Raises:
        DataError: it leads elsewhere, is missing, no regular file, or cannot be read.
    """
    path, parts = folder, PurePosixPath(name).parts
    strange = "\0\\:" if os.name == "nt" else "\0"
    if not parts or parts[0] == "/" or ".." in parts or set(strange) & set(name):
        raise DataError(f"{shortened(name)}: not a name of a file in the run's folder")
    try:
        for part in parts:
            path = path / part
            if path.is_symlink():
                raise DataError(f"{shortened(name)}: a link, which is not followed")
        # Without O_NONBLOCK a pipe would be waited for.
        flags = sum(getattr(os, flag, 0) for flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))
        descriptor = os.open(path, os.O_RDONLY | flags)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise DataError(f"{shortened(name)}: no regular file")
            with os.fdopen(descriptor, "rb", closefd=False) as stream:
                yield stream
        finally:
            os.close(descriptor)
    except (FileNotFoundError, UnicodeEncodeError):  # the other one: no system can have such a name
        raise DataError(f"{shortened(name)}: no such file") from None
    except OSError as error:
        raise DataError(f"{shortened(name)}: cannot be read ({error.strerror})") from None


def read_bytes(folder: Path, name: str, most: int) -> bytes:
    """The content of a file of at most ``most`` bytes."""
    with opened(folder, name) as stream:
        content = stream.read(most + 1)
    if len(content) > most:
        raise DataError(f"{shortened(name)}: larger than {most / 2**20:.0f} MiB")
    return content


def read_start(folder: Path, name: str, most: int) -> bytes:
    """The first ``most`` bytes of a file."""
    with opened(folder, name) as stream:
        return stream.read(most)


def read_text(folder: Path, name: str, most: int = MOST_JSON) -> str:
    """The content of a file in UTF-8, with or without a byte-order mark."""
    try:
        return read_bytes(folder, name, most).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{shortened(name)}: not UTF-8") from None


def read_object(folder: Path, name: str) -> dict[str, Any]:
    """A JSON object."""
    try:
        value = json.loads(read_text(folder, name), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise DataError(f"{name}: damaged (not JSON)") from None
    if not isinstance(value, dict):
        raise DataError(f"{name}: damaged (no object)")
    require_shallow(value, name)
    return value


def require_shallow(value: Any, name: str) -> None:
    """Refuse what is nested so deep that comparing or writing it would end in a :class:`RecursionError`.

    Raises:
        DataError: it is.
    """
    level = [value]
    for _ in range(DEEPEST_JSON):
        inner = [each.values() if isinstance(each, dict) else each for each in level if isinstance(each, dict | list)]
        level = [each for values in inner for each in values]
    if level:
        raise DataError(f"{name}: damaged (nested more than {DEEPEST_JSON} deep)")


def describe(folder: Path, name: str) -> dict[str, Any]:
    """Bytes and SHA-256 of a file, as a manifest has them."""
    digest = hashlib.sha256()
    with opened(folder, name) as stream:
        if os.fstat(stream.fileno()).st_size > MOST_HASHED:
            raise DataError(f"{shortened(name)}: larger than {MOST_HASHED / 2**30:.0f} GiB")
        while block := stream.read(1 << 20):
            digest.update(block)
        return {"bytes": stream.tell(), "sha256": digest.hexdigest()}


def shortened(text: object, longest: int = LONGEST) -> str:
    """A text of theirs as it is shown."""
    return one_line(text, longest - 1)


def _no_constant(name: str) -> None:
    raise ValueError(name)
