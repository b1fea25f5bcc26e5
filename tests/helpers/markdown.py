"""An answer out of made-up results, and the form of numbers in its Markdown."""

from __future__ import annotations

import re
from typing import Any

from paddle_camp.answers.template import render

NUMBER = re.compile(r"[-\d.,%～/e+]+")
EMPTY = ("—", "–", "发散")


def tables_of(text: str) -> list[list[list[str]]]:
    """Every table as rows of cells: the headers, the alignments, and the rest."""
    found = re.findall(r"(?:^\|.*\|\n?)+", text, re.MULTILINE)
    return [[[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()] for table in found]


def form_faults(text: str) -> list[str]:
    """Columns of numbers that are not set to the right, ragged rows, and percentages without their two decimals."""
    faults = [each for each in re.findall(r"[\d.]+%(?! ?区间)", text) if not re.fullmatch(r"\d+\.\d\d%", each)]
    for table in tables_of(text):
        headers, marks, *rows = table
        faults += [f"ragged: {row}" for row in table if len(row) != len(headers)]
        for header, mark, *cells in zip(headers, marks, *rows, strict=False):
            numbers = [cell for cell in cells if cell not in EMPTY]
            if numbers and all(NUMBER.fullmatch(cell) for cell in numbers) and mark != "---:":
                faults.append(f"not set to the right: {header}")
    return faults


def rendered(page: str, values: dict[str, Any]) -> str:
    """The text of a page's template (``page`` is its ``__file__``) with these values, held to the form of an answer."""
    text = render(page, values)
    assert form_faults(text) == [] and "None" not in text
    return text
