"""The tables of the command line: which assignments there are, and how several runs went."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from paddle_camp.files import read_json
from paddle_camp.running.catalogue import COURSES, Assignment, Catalogue
from paddle_camp.running.folder import default_out, follow_latest, read_metrics
from paddle_camp.running.options import Options
from paddle_camp.running.printing import duration, table_lines

UNKNOWN = "–"
MEASURED = "docs/results.json"  # beside the package of the assignments, in a clone


def list_lines(catalogue: Catalogue) -> list[str]:
    """The assignments, course by course: ID, how long a full run took, data sets, title."""
    measured = read_json(catalogue.folder.parent / MEASURED).get("records", {})
    assignments = list(catalogue.assignments.values())
    rows = [("ID", "full run", "data", "question")]
    rows += [(each.id, _took(measured.get(each.id)), _data(each), each.short_title) for each in assignments]
    head, *lines = table_lines(rows)
    listed = [f"  {head}"]
    courses = zip(assignments, lines, strict=True)
    for course, group in itertools.groupby(courses, lambda pair: pair[0].course):
        listed += [f"{course}: {COURSES[course]}", *(f"  {line}" for _, line in group)]
    if measured:
        listed.append(f"full run: on the real data, as docs/results.md measured it; {UNKNOWN}: not measured yet")
    return listed


def _took(record: dict[str, Any] | None) -> str:
    """``29 min --jobs 2``: the record's time, and what was asked for."""
    if record is None:
        return UNKNOWN
    asked = f" --jobs {record['jobs']}" if record.get("jobs", 1) > 1 else ""
    asked += " --amp" if record.get("amp") else ""
    if "time" in record:  # in words: 49 min with `--jobs 3`, three seeds of ...
        return str(record["time"]).partition(",")[0].replace(" with ", " ").replace("`", "")
    return duration(record["seconds"]) + asked


def _data(assignment: Assignment) -> str:
    return ", ".join(assignment.data_sets) or UNKNOWN


class Run(NamedTuple):
    """One of several runs, for the table behind the last of them; ``folder`` is None where none was made."""

    id: str
    folder: Path | None
    status: str


def latest_run(homework: str, options: Options) -> Path | None:
    """Where ``latest`` of an assignment points; None if there is no run yet."""
    out = Path(options.out) if options.out else default_out()
    path = follow_latest(out / homework / "latest")
    return out / homework / path.resolve().name if path.is_dir() else None


def summary_lines(runs: Sequence[Run]) -> list[str]:
    """A row for each run: ID, status, its headline, how long it took, and where its files are."""
    rows = [("ID", "status", "headline", "took", "folder")]
    for run in runs:
        metrics = read_metrics(run.folder) if run.folder else {}
        took = duration(metrics["seconds"]) if "seconds" in metrics else UNKNOWN
        rows.append((run.id, run.status, _headline(metrics.get("headline")), took, str(run.folder or UNKNOWN)))
    return table_lines(rows)


def _headline(headline: dict[str, Any] | None) -> str:
    return f"{headline['name']} {headline['value']:.4g}" if headline else UNKNOWN
