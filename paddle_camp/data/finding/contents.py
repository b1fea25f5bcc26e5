"""A file's bytes, and their hash; a file that cannot be read is one line."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from paddle_camp import files
from paddle_camp.errors import DataError

MAX_BYTES = 1_000_000_000  # of a file that is read as a whole: no data set of the courses has such a one

T = TypeVar("T")


def read_bytes(path: Path) -> bytes:
    """All bytes of a file.

    Raises:
        DataError: it cannot be read.
    """
    return _read(path, Path.read_bytes)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, as 64 hex digits.

    Raises:
        DataError: it cannot be read.
    """
    return _read(path, files.sha256_of)


def _read(path: Path, read: Callable[[Path], T]) -> T:
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode) and not stat.S_ISDIR(found.st_mode):  # a pipe would be waited for
            raise DataError(f"{path}: not a regular file; name or copy a file of data")
        if found.st_size > MAX_BYTES:
            raise DataError(f"{path}: {found.st_size:,} bytes, {MAX_BYTES:,} at most; is it the right file?")
        return read(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); check that it is there and its rights") from None
