"""The text of an answer: a Jinja template beside the page, filled with the numbers of the run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def render(page: str, values: dict[str, Any]) -> str:
    """Fill ``answer.md.j2`` in the folder of an assignment's ``page`` (its ``__file__``).

    A sentence that a run could contradict stands in an ``if`` there; a name the template uses and the run does not
    provide is an error, never an empty gap. Filters: ``value | fixed(3)`` and ``share | percent`` ("93.00%").
    """
    environment = Environment(
        loader=FileSystemLoader(Path(page).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # the text is Markdown; page.py escapes it on its way to HTML
    )
    environment.filters |= {"fixed": _fixed, "percent": _percent}
    return environment.get_template("answer.md.j2").render(values).strip()


def _fixed(value: float, digits: int = 3) -> str:
    return f"{value:.{digits}f}"


def _percent(share: float) -> str:
    return f"{100 * share:.2f}%"
