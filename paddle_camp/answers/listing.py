""":func:`code_of`: the code that ran, for the answer to a question that asks for it."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from typing import Any


def code_of(*objects: Callable[..., Any]) -> str:
    """The source of functions or classes, one behind the other, for a fenced block of ``answer.md.j2``.

    It is taken from the file that ran, so that it cannot come to differ from it.
    """
    return "\n\n\n".join(textwrap.dedent(inspect.getsource(each)).rstrip() for each in objects)
