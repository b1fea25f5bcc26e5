"""Results written to disk as soon as they are computed, so that an interrupted computation can be resumed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from paddle_camp.files import read_sealed, write_sealed

_KEY = "result"


def is_kept(path: Path) -> bool:
    """Whether ``path`` holds a result, as it was written."""
    try:
        return _KEY in read_sealed(path)
    except (OSError, ValueError):
        return False


def kept(path: Path, compute: Callable[[], Any]) -> Any:
    """The JSON value in ``path``; a missing or damaged one is computed and written.

    A computation made of such pieces resumes after an interruption with the first missing one.
    """
    if not is_kept(path):
        write_sealed(path, {_KEY: compute()})
    return read_sealed(path)[_KEY]  # as a resumed run will read it: tuples have become lists
