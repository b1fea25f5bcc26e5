"""What a Jupyter notebook needs: to be recognised, tables and pictures as HTML, an output that is replaced in place."""

from __future__ import annotations

import base64
import html
import importlib.util
import os
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any


def in_notebook() -> bool:
    """Whether this is the kernel of a notebook; IPython in a terminal has none. Loads nothing."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None


def drop_foreign_backend() -> None:
    """Forget an ``MPLBACKEND`` of a module that this Python does not have.

    A notebook hands its own (``module://matplotlib_inline.backend_inline``) to every ``!python ...`` in a cell, also to
    a Python in another environment, where Matplotlib would refuse to be imported.
    """
    named = re.match(r"module://(\w+)", os.environ.get("MPLBACKEND", ""))
    if named and importlib.util.find_spec(named[1]) is None:
        del os.environ["MPLBACKEND"]


def table_html(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """An HTML table; every text in it is escaped."""
    lines = [("th", header), *(("td", row) for row in rows)]
    cells = ("".join(f"<{tag}>{html.escape(str(cell))}</{tag}>" for cell in row) for tag, row in lines)
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"


def png_html(png: bytes, description: str) -> str:
    """An HTML image that holds the PNG itself; ``description`` is for those who do not see it."""
    data = base64.b64encode(png).decode()
    return f'<img alt="{html.escape(description)}" src="data:image/png;base64,{data}">'


class LiveOutput:
    """One output of a cell, which every :meth:`show` replaces."""

    def __init__(self) -> None:
        self.handle: Any = None

    def show(self, as_html: str, as_text: str) -> None:
        """Show this in place of what was shown before; ``as_text`` is for front ends without HTML."""
        bundle = {"text/html": as_html, "text/plain": as_text}
        if self.handle is None:
            display = sys.modules["IPython"].display.display  # what runs in a kernel has it
            self.handle = display(bundle, raw=True, display_id=True)
        else:
            self.handle.update(bundle, raw=True)
