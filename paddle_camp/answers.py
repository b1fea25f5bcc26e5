"""The text of an answer: a Jinja template beside the homework file, filled with the numbers of the run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def render(homework_file: str, values: dict[str, Any]) -> str:
    """Fill ``NAME.md.j2`` beside ``NAME.py``.

    A sentence that a run could contradict stands in an ``if`` there; a name the template uses and the run does not
    provide is an error, never an empty gap. Filters: ``value | fixed(3)`` and ``share | percent`` ("93.00%").
    """
    path = Path(homework_file)
    environment = Environment(
        loader=FileSystemLoader(path.parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # the text is Markdown; report.py escapes it on its way to HTML
    )
    environment.filters |= {"fixed": _fixed, "percent": _percent}
    return environment.get_template(f"{path.stem}.md.j2").render(values).strip()


def _fixed(value: float, digits: int = 3) -> str:
    return f"{value:.{digits}f}"


def _percent(share: float) -> str:
    return f"{100 * share:.2f}%"
