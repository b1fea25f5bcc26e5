"""Compare runs, or all runs below a folder, on one page with a CSV file beside it. See docs/collecting.md."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from paddle_camp.commands.reporting import escape_what_cannot_be_shown, guarded
from paddle_camp.errors import CampError, require
from paddle_camp.running.catalogue import Catalogue
from paddle_camp.running.printing import printable

MOST_FAULTS = 20  # lines on the terminal; the page has all


def build_parser(program: str | None = None) -> argparse.ArgumentParser:
    """The command line of the contract."""
    parser = argparse.ArgumentParser(
        program,
        description="Compare runs on one page that needs nothing else: table, curves, paired tests, figures.",
        epilog="exit status: 0 done, 2 a path or the command line is wrong",
    )
    parser.add_argument("runs", nargs="+", metavar="RUN", help="a run, or a folder of runs such as a whole class's")
    parser.add_argument("--out", default="compare.html", metavar="FILE.html", help="default compare.html")
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    return parser


def main(catalogue: Catalogue, arguments: Sequence[str] | None = None, program: str | None = None) -> int:
    """Run the command line and return its exit status."""
    escape_what_cannot_be_shown()
    parsed = build_parser(program).parse_args(arguments)
    return guarded(lambda: _compare(catalogue, [Path(each) for each in parsed.runs], Path(parsed.out)), parsed.debug)


def _compare(catalogue: Catalogue, paths: list[Path], out: Path) -> int:
    from paddle_camp.collecting.comparing import collect, write_page, write_table
    from paddle_camp.collecting.finding import find_runs

    require(out.suffix.lower() in (".html", ".htm"), f"--out {out}: give it a name that ends in .html")
    unread: list[Path] = []
    table = out.with_suffix(".csv")
    _require_free(out, table)
    found = find_runs(paths, unread)
    sections = collect(found, catalogue)
    try:
        write_page(out, sections)
        write_table(table, sections)
    except OSError as error:
        raise CampError(f"--out {out}: cannot be written ({error.strerror}); choose another place") from None
    faults = [f"{folder}: may not be read, left out" for folder in unread] + [
        f"{section.homework}, {row.found.whose}: {note}"
        for section in sections
        for row in section.rows
        for note in row.notes
    ]
    for line in faults[:MOST_FAULTS]:
        print(printable(line), file=sys.stderr)
    if len(faults) > MOST_FAULTS:
        print(f"and {len(faults) - MOST_FAULTS} more; the page has all", file=sys.stderr)
    if len(sections) > 1:
        print(f"{len(sections)} different assignments: their headlines do not compare with each other", file=sys.stderr)
    print(printable(f"{len(found)} runs of {len(sections)} assignments\npage:  {out}\ntable: {table}"))
    return 0


def _require_free(out: Path, table: Path) -> None:
    """Nobody's file may be lost: a class.csv may be a teacher's list, and what lies in a run is the run's."""
    from paddle_camp.collecting.comparing import is_our_table
    from paddle_camp.collecting.record import is_run

    require(not is_run(out.parent), f"--out {out}: lies in the folder of a run; choose another place")
    ours = not os.path.lexists(table) or is_our_table(table)
    require(
        ours, f"{table}: the table beside --out would replace this file, which is none of compare; choose another name"
    )
