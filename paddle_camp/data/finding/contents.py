"""A file's bytes, and their hash; a file that cannot be read is one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from paddle_camp import files
from paddle_camp.errors import DataError

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
        return read(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); check that it is there and its rights") from None
