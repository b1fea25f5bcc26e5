"""The text of an answer: a Jinja template beside the page, filled with the numbers of the run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from paddle_camp.answers.page import in_a_cell
from paddle_camp.comparisons import not_beaten

TEMPLATE = "answer.md.j2"
PARTS = {"interpretation": "mistakes.md.j2", "diagnosis": "diagnosis.md.j2"}  # key of the results -> template


def render(page: str, values: dict[str, Any]) -> str:
    """Fill ``answer.md.j2`` in the folder of an assignment's ``page`` (its ``__file__``).

    A sentence that a run could contradict stands in an ``if`` there; a name the template uses and the run does not
    provide is an error, never an empty gap. Filters: ``value | fixed(3)`` and ``share | percent`` ("93.00%"), which
    write a dash for None: what was not measured, or was no number; ``against | not_beaten``, the names of those that
    the best one cannot be told apart from.
    """
    return _environment(Path(page).parent).get_template(TEMPLATE).render(values).strip()


def render_more(results: dict[str, Any]) -> list[str]:
    """What the library adds to the text of every answer: its :data:`PARTS`, where the results have them."""
    environment = _environment(Path(__file__).parent)
    return [environment.get_template(file).render(results).strip() for key, file in PARTS.items() if key in results]


def render_card(values: dict[str, Any]) -> str:
    """The model card: ``model_card.md.j2`` with these values."""
    return _environment(Path(__file__).parent).get_template("model_card.md.j2").render(values).strip()


def _environment(folder: Path) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # the text is Markdown; page.py escapes it on its way to HTML
    )
    environment.filters |= {"fixed": _fixed, "percent": _percent, "not_beaten": not_beaten, "cell": in_a_cell}
    return environment


def _fixed(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{float(value):.{digits}f}"  # float: a missing name says its name


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * float(share):.2f}%"
