#!/usr/bin/env python
"""Run homework of the camp: ``python tools/run_homework.py 9-1``. See README.md."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # works in a clone that was never installed

import homework
from tools.reporting import escape_what_cannot_be_shown, guarded


def build_parser() -> argparse.ArgumentParser:
    """The command line of the contract."""
    parser = argparse.ArgumentParser(
        description="Run homework of the deep-learning training camp; plots and the answer land in runs/ID/latest/.",
        epilog="exit status: 0 done, 1 the run failed, 2 command line, setting or data wrong, 130 interrupted",
    )
    add = parser.add_argument
    add("ids", nargs="*", metavar="ID", help="assignments such as 9-1, or all")
    add("--list", action="store_true", help="list the assignments")
    add("--data", choices=("auto", "real", "synthetic"), default="auto", help="auto: real if found, else stand-in")
    add("--data-dir", metavar="DIR", help="where to look for data first (also $PADDLE_CAMP_DATA)")
    add("--device", default="auto", metavar="auto|cpu|gpu|gpu:N", help="auto: a GPU where there is one")
    add("--amp", action="store_true", help="mixed precision (for GPUs)")
    add("--quick", action="store_true", help="small settings that end in a minute or two on a CPU")
    add("--seed", type=int, default=0, metavar="N", help="default 0")
    add("-o", dest="overrides", action="append", default=[], metavar="key=value", help="override a setting")
    add("--image", metavar="FILE", help="5-1: a picture of your own digit, the same as -o image=FILE")
    add("--out", metavar="DIR", help="default runs/ (work/runs/ on AI Studio)")
    add("--resume", nargs="?", const="", metavar="RUN_DIR", help="go on with an interrupted run (default: the latest)")
    add("--jobs", type=int, metavar="N", help="sweeps: how many trainings run side by side (default 1)")
    add(
        "--cluster",
        metavar="auto|ADDRESS",
        help="sweeps: run on a Ray cluster, at its full width",
    )
    add("--visualdl", action="store_true", help="also write VisualDL logs")
    add("--debug", action="store_true", help="show tracebacks")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    escape_what_cannot_be_shown()
    parser = build_parser()
    parsed = vars(parser.parse_args(arguments))
    ids, listing = parsed.pop("ids"), parsed.pop("list")
    if image := parsed.pop("image"):
        parsed["overrides"].append(f"image={image}")
    if listing:
        for name, path in homework.list_homework().items():
            print(f"{name:5} {homework.title_of(path)}")
        return 0
    if not ids:
        parser.error("name an assignment, for example: run_homework.py 9-1 (or --list)")
    ids = list(homework.list_homework()) if ids == ["all"] else ids
    return guarded(lambda: _run_all(ids, parsed), parsed["debug"])


def _run_all(ids: list[str], parsed: dict) -> int:
    from paddle_camp.runs import Options

    options = Options(**parsed | {"overrides": tuple(parsed["overrides"])})
    if len(ids) > 1:  # a slip in the last one must not be found after hours
        for name in ids:
            homework.check(name, options)
    for name in ids:
        _run(name, options)
    return 0


def _run(name: str, options) -> None:
    from paddle_camp import parallel

    answer, path = homework.run(name, options)
    if parallel.world().rank > 0:
        return  # process 0 speaks for all
    print(f"\n{answer.title}\n")
    print(answer.text)
    print(f"\nanswer:  {path / 'answer.md'}\nreport:  {path / 'report.html'}\nfigures: {path / 'figures'}")


if __name__ == "__main__":
    sys.exit(main())
