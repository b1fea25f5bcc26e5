"""Many runs on one page that needs nothing else, and in a CSV file beside it; knows no paddle."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from markupsafe import Markup

from paddle_camp.answers.page import html_templates
from paddle_camp.collecting.curves import Chart, charts, read_curves
from paddle_camp.collecting.finding import Found
from paddle_camp.collecting.foreign import read_start
from paddle_camp.collecting.pairs import Marks, paired_tests, read_marks
from paddle_camp.collecting.predictions import FILE as PREDICTIONS
from paddle_camp.collecting.record import differing, is_quick, page_of, value_in_words
from paddle_camp.collecting.thumbnails import thumbnails
from paddle_camp.comparisons import BETTER, EVEN
from paddle_camp.errors import DataError
from paddle_camp.files import write_csv, write_text
from paddle_camp.running.catalogue import Catalogue
from paddle_camp.svg import colour

HERE = Path(__file__).parent
MOST_THUMBNAILS, THUMBNAILS_OF_A_RUN = 400, 6  # on a page; a page of 300 runs shows one of each
MOST_CHANGES = 12  # settings that a cell names
VERDICTS = {BETTER: "最好的一次更好", EVEN: "分不出高下"}  # the best one is never worse


@dataclass(frozen=True)
class Row:
    """A run as the table and the CSV file show it; ``changes`` is None where the defaults are not known."""

    found: Found
    index: int  # within its assignment
    colour: str
    quick: bool
    changes: tuple[str, ...] | None
    notes: tuple[str, ...]

    @property
    def minutes(self) -> float | None:
        """How long the run took."""
        seconds = self.found.record.seconds
        return None if seconds is None else seconds / 60


@dataclass(frozen=True)
class Section:
    """The runs of one assignment.

    Attributes:
        left_out: how many charts more there would be.
        unpaired: how many runs have no predictions that pair with another's.
        thumbs: for each run with figures: its row, and (name, data URI) of each.
    """

    homework: str
    title: str
    rows: list[Row]
    charts: list[Chart]
    left_out: int
    tests: list[dict[str, Any]]
    unpaired: int
    thumbs: list[tuple[Row, list[tuple[str, str]]]]


def collect(found: Sequence[Found], catalogue: Catalogue) -> list[Section]:
    """A section for each assignment, in the order of the catalogue; foreign ones last."""
    known = {name: place for place, name in enumerate(catalogue.assignments)}
    ordered = sorted(found, key=lambda each: (known.get(each.record.homework, len(known)), each.record.homework))
    most = max(1, min(THUMBNAILS_OF_A_RUN, MOST_THUMBNAILS // max(1, len(found))))
    budget = [MOST_THUMBNAILS]
    return [
        _section(homework, list(group), catalogue, most, budget)
        for homework, group in groupby(ordered, lambda each: each.record.homework)
    ]


def _section(homework: str, group: list[Found], catalogue: Catalogue, most: int, budget: list[int]) -> Section:
    page = page_of(group[0].record, catalogue.load)
    rows, marks, thumbs = [], [], []
    for index, each in enumerate(group):
        mark, note = _marks(each)
        marks.append(mark)
        record = each.record
        changes = None
        if page is not None and record.settings:
            pairs = differing(record, page).items()
            changes = tuple(
                f"{name}={value_in_words(value)} ({value_in_words(usual)})" for name, (value, usual) in pairs
            )
        quick = record.quick or (page is not None and is_quick(record, page))
        row = Row(each, index, colour(index, len(group)), quick, changes, (*record.faults, *note))
        rows.append(row)
        if small := thumbnails(record.folder, min(most, budget[0])):
            budget[0] -= len(small)
            thumbs.append((row, small))
    drawn, left_out = charts([read_curves(each.record) for each in group], [each.whose for each in group])
    tests = paired_tests(marks)
    unpaired = len(group) - sum(1 + len(test["rows"]) for test in tests)
    title = catalogue.assignments[homework].short_title if homework in catalogue.assignments else ""
    return Section(homework, title, rows, drawn, left_out, tests, unpaired, thumbs)


def _marks(found: Found) -> tuple[Marks | None, list[str]]:
    """The marks of a run, and what is wrong with its predictions; a run without any is none the worse."""
    try:
        return read_marks(found.record.folder, found.record.origin), []
    except DataError as error:
        return None, [str(error)] if (found.record.folder / PREDICTIONS).is_symlink() or _there(found) else []


def _there(found: Found) -> bool:
    return (found.record.folder / PREDICTIONS).exists()


def write_page(path: Path, sections: Sequence[Section]) -> None:
    """Write the page; no script but its own can run in it, whatever the runs are called."""
    environment = html_templates(HERE)
    environment.filters |= {"number": lambda value: "" if value is None else f"{value:.4g}"}
    script = (HERE / "compare.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    rows = [row for section in sections for row in section.rows]
    page = environment.get_template("compare.html.j2").render(
        sections=sections,
        rows=rows,
        script=Markup(script),
        digest=digest,
        whose=len({row.found.whose.partition(" · ")[0] for row in rows}),
        stand_ins=sum(row.found.record.origin == "synthetic" for row in rows),
        faulty=sum(bool(row.notes) for row in rows),
        most_changes=MOST_CHANGES,
        verdicts=VERDICTS,
    )
    write_text(path, page)


def csv_rows(sections: Sequence[Section]) -> list[Mapping[str, Any]]:
    """A row for each run, with everything that the table has."""
    return [_csv_row(row) for section in sections for row in section.rows]


def write_table(path: Path, sections: Sequence[Section]) -> None:
    """Write the CSV file, for a spreadsheet."""
    write_csv(path, csv_rows(sections), excel=True)


def is_our_table(path: Path) -> bool:
    """Whether a file begins as :func:`write_table` does."""
    start = "assignment,whose,status,"
    try:
        return read_start(path.parent, path.name, 3 + len(start)).decode("utf-8-sig", "replace").startswith(start)
    except DataError:
        return False


def _csv_row(row: Row) -> dict[str, Any]:
    record = row.found.record
    headline: dict[str, Any] = record.headline or {}
    low, high = headline.get("interval") or (None, None)
    return {
        "assignment": record.homework,
        "whose": row.found.whose,
        "status": record.status,
        "data": None if record.origin == "none" else record.data,
        "origin": record.origin,
        "headline": headline.get("name"),
        "value": headline.get("value"),
        "low": low,
        "high": high,
        "split": headline.get("split"),
        "differs_from_defaults": None if row.changes is None else "; ".join(row.changes),
        "quick": row.quick,
        "seed": record.seed,
        "minutes": None if row.minutes is None else round(row.minutes, 2),
        "machine": record.machine,
        "notes": "; ".join(row.notes),
        "folder": str(record.folder),
    }
