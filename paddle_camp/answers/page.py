"""The answer as Markdown for the forum, and the whole run as one HTML file that needs nothing else; knows no paddle."""

from __future__ import annotations

import base64
import numbers
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from paddle_camp.files import write_text

TEMPLATES = Path(__file__).parent


def html_templates(*folders: Path) -> Environment:
    """The HTML templates in some folders and here, where the style of all pages is; what they are given is escaped."""
    return Environment(
        loader=FileSystemLoader([*folders, TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def write_answer(path: str | Path, title: str, body_markdown: str, stand_in_note: str | None = None) -> None:
    """Write ``answer.md``: the title and the text; with ``stand_in_note``, that note is the first line.

    Figures are referenced relatively, ``![caption](figures/loss.png)``. Keep Chinese punctuation outside of the
    ``**`` of bold text (``**第80步**。``): CommonMark does not close bold between punctuation and a character.
    """
    note = f"> **{' '.join(stand_in_note.split())}**\n\n" if stand_in_note else ""
    write_text(Path(path), f"{note}# {title}\n\n{body_markdown.strip()}\n")


def write_report(
    path: str | Path,
    *,
    title: str,
    body_markdown: str,
    figures: Sequence[tuple[str, str | Path]] = (),
    tables: Sequence[tuple[str, Sequence[str], Sequence[Sequence[Any]]]] = (),
    facts: Mapping[str, Any] | None = None,
    stand_in_note: str | None = None,
) -> None:
    """Write ``report.html``: one page, figures inside, nothing loaded from anywhere.

    Args:
        path: where the page goes; the images of ``body_markdown`` are found relative to its folder.
        title: of the page.
        body_markdown: the answer: headings, paragraphs, lists, bold, code, tables, images.
        figures: (caption, PNG file); those that the text does not show already follow after it.
        tables: (caption, headers, rows), set after the figures.
        facts: name -> value, such as the data, the seed and the device; a mapping as value is set on one line.
        stand_in_note: said in a banner on top of the page.
    """
    path = Path(path)
    shown: set[Path] = set()
    env = {"folder": path.parent, "shown": shown}
    answer = Markup(_markdown().render(body_markdown, env))
    rest = [(caption, _data_uri(Path(file))) for caption, file in figures if Path(file).resolve() not in shown]
    environment = html_templates()
    environment.filters |= {"cell": _cell, "is_number": _is_number}
    page = environment.get_template("report.html.j2").render(
        title=title,
        stand_in_note=stand_in_note,
        answer=answer,
        figures=rest,
        tables=tables,
        facts={name: _fact(value) for name, value in (facts or {}).items()},
    )
    write_text(path, page)


def as_html(text: str) -> str:
    """Markdown without images as HTML; HTML in it is shown, not obeyed."""
    return str(_markdown().render(text, {"folder": Path(), "shown": set()}))


def markdown_table(headers: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A Markdown table; columns of numbers are set to the right, and a ``|`` in a cell stays in its cell."""
    numeric = [bool(rows) and all(_is_number(row[i]) or row[i] is None for row in rows) for i in range(len(headers))]
    lines = [headers, ["---:" if right else "---" for right in numeric], *rows]
    return "\n".join("| " + " | ".join(in_a_cell(_cell(value)) for value in line) + " |" for line in lines) + "\n"


def _markdown() -> MarkdownIt:
    """CommonMark with tables; HTML in the text is shown, not obeyed; images are embedded."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    markdown.add_render_rule("image", _render_image)
    markdown.add_render_rule("table_open", lambda *_: '<div class="wide"><table>\n')
    markdown.add_render_rule("table_close", lambda *_: "</table></div>\n")
    return markdown


def _render_image(renderer: Any, tokens: Sequence[Any], index: int, options: Any, env: dict) -> str:
    """An image of the text as a data URI; one that is not a local PNG file becomes its caption."""
    caption = renderer.renderInlineAsText(tokens[index].children, options, env)
    file = env["folder"] / unquote(str(tokens[index].attrs["src"]))
    uri = _data_uri(file)
    if not uri:
        return str(Markup("<em>[{}]</em>").format(caption))
    env["shown"].add(file.resolve())
    return str(Markup('<img src="{}" alt="{}"><span class="caption">{}</span>').format(uri, caption, caption))


def _data_uri(file: Path) -> str:
    """The PNG ``file`` as a data URI; empty if there is no such file."""
    if file.suffix.lower() != ".png" or not file.is_file():
        return ""
    return "data:image/png;base64," + base64.b64encode(file.read_bytes()).decode("ascii")


def in_a_cell(text: str) -> str:
    """A text that stays in one cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")


def _is_number(value: Any) -> bool:
    """Whether a cell is set to the right: a number, or one already formatted, such as "0.9300" or "93.0%"."""
    if isinstance(value, str):
        return re.fullmatch(r"[-+]?[\d.,]+(e[-+]?\d+)?\s?%?", value) is not None
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _cell(value: Any) -> str:
    """A value as text: four significant digits of a fraction, a dash for nothing."""
    if value is None:
        return "–"
    if isinstance(value, numbers.Real) and not isinstance(value, numbers.Integral):
        number = float(value)
        return f"{number:.4g}" if abs(number) < 1e4 else f"{number:.0f}"
    return str(value)


def _fact(value: Any) -> str:
    if isinstance(value, Mapping):
        return " · ".join(f"{name} {_cell(part)}" for name, part in value.items())
    return _cell(value)
