"""Results kept as soon as they are there, so that a long computation goes on with what is missing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from paddle_camp.files import write_json


def is_kept(path: Path) -> bool:
    """Whether there is a whole JSON value in ``path``."""
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return True


def kept(path: Path, compute: Callable[[], Any]) -> Any:
    """The JSON value in ``path``; where there is none yet (or a damaged one) it is computed and written.

    A long computation made of such pieces goes on after an interruption with the first one that is missing.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        write_json(path, compute())
    return json.loads(path.read_text(encoding="utf-8"))  # as a resumed run will read it: tuples are lists by now
