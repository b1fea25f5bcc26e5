"""Results written to disk as soon as they are computed, so that an interrupted computation can be resumed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from paddle_camp.errors import SettingError
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

    Raises:
        SettingError: the value is no JSON: a numpy array, NaN, an object.
    """
    if not is_kept(path):
        result = compute()
        try:
            write_sealed(path, {_KEY: result})
        except (TypeError, ValueError) as error:
            raise SettingError(f"{path.stem}: its result cannot be kept as JSON: {error}") from error
    return read_sealed(path)[_KEY]  # as a resumed run will read it: tuples have become lists
