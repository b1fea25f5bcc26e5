"""Verify a run that was handed in: its manifest, its records, its numbers computed again. See docs/collecting.md."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paddle_camp.commands.reporting import escape_what_cannot_be_shown, guarded
from paddle_camp.errors import CampError
from paddle_camp.running.catalogue import Catalogue
from paddle_camp.running.folder import follow_latest
from paddle_camp.running.printing import printable

if TYPE_CHECKING:
    from paddle_camp.collecting.record import RunRecord
    from paddle_camp.collecting.verifying import Check

MARKS = {True: "holds", False: "DOES NOT HOLD", None: "not checked"}

ORIGINS = {
    "real": "real data: {}",
    "synthetic": "STAND-IN DATA, no result on real ones: {}",
    "none": "no data set",
    "?": "data of unknown origin: {}",
}


def build_parser(program: str | None = None) -> argparse.ArgumentParser:
    """The command line of the contract."""
    parser = argparse.ArgumentParser(
        program,
        description="Verify a run: its manifest, its records, and its numbers computed again from predictions.csv.",
        epilog="exit status: 0 it holds, 1 it does not, 2 there is no run",
    )
    parser.add_argument("run", metavar="RUN_DIR", help="such as runs/9-1/latest")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    return parser


def main(catalogue: Catalogue, arguments: Sequence[str] | None = None, program: str | None = None) -> int:
    """Run the command line and return its exit status."""
    escape_what_cannot_be_shown()
    parsed = build_parser(program).parse_args(arguments)
    return guarded(lambda: _verify(catalogue, Path(parsed.run), parsed.json), parsed.debug)


def _verify(catalogue: Catalogue, path: Path, as_json: bool) -> int:
    from paddle_camp.collecting.record import is_run, read_record
    from paddle_camp.collecting.verifying import LIMITS, verify

    folder = follow_latest(path)
    if not is_run(folder):
        raise CampError(
            f"{path}: no run (neither metrics.json nor config.json in it, or it may not be read); "
            "name a folder such as runs/ID/latest"
        )
    record = read_record(folder.resolve())
    checks = verify(record)
    holds = all(check.holds is not False for check in checks)
    settings = _settings(catalogue, record)
    if as_json:
        found = {"run": str(folder), "homework": record.homework, "holds": holds, "data": record.origin}
        found |= {"stand_in": record.origin == "synthetic" or bool(record.random_weights)}
        found |= {"settings": settings, "checks": [vars(check) for check in checks], "limits": LIMITS}
        print(json.dumps(found, indent=2, ensure_ascii=True))
    else:
        print(printable("\n".join(_lines(folder, record, checks, settings))))
        print(f"\n{'This run holds.' if holds else 'This run DOES NOT HOLD.'} {LIMITS}")
    return 0 if holds else 1


def _settings(catalogue: Catalogue, record: RunRecord) -> dict[str, Any] | None:
    """The settings against the assignment's defaults; None where this version does not know them."""
    from paddle_camp.collecting.record import differing, is_quick, page_of

    if (page := page_of(record, catalogue.load)) is None:
        return None
    differ = {name: {"value": value, "default": usual} for name, (value, usual) in differing(record, page).items()}
    return {"quick": is_quick(record, page), "differ": differ}


def _lines(folder: Path, record: RunRecord, checks: Sequence[Check], settings: dict[str, Any] | None) -> list[str]:
    lines = [f"run: {folder}", f"homework {record.homework}, {record.status}, seed {record.seed}"]
    lines += [ORIGINS[record.origin].format(record.data)]
    if record.random_weights:
        lines += [f"RANDOM WEIGHTS where pretrained ones were meant: {', '.join(record.random_weights)}"]
    lines += [_settings_in_words(record, settings), ""]
    return lines + [f"{MARKS[check.holds]:15}{check.name}: {check.said}" for check in checks]


def _settings_in_words(record: RunRecord, settings: dict[str, Any] | None) -> str:
    from paddle_camp.collecting.record import value_in_words

    if settings is None:
        return f"settings: not compared, no homework {record.homework} can be loaded here"
    if not settings["differ"]:
        return "settings: the assignment's defaults"
    pairs = settings["differ"].items()
    words = [f"{name}={value_in_words(p['value'])} ({value_in_words(p['default'])})" for name, p in pairs]
    quick = "those of --quick; " if settings["quick"] else ""
    return f"settings: {quick}they differ from the defaults (in brackets): {', '.join(words)}"
