"""Say what a run will find on this machine, and what to type where something is missing."""

from __future__ import annotations

import argparse

from paddle_camp.commands.reporting import escape_what_cannot_be_shown, guarded, unless_unread
from paddle_camp.running.printing import printable


def build_parser(program: str | None = None) -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        program,
        description="Say what a run will find here: versions, processor, GPU, fonts, disk, data sets.",
        epilog="exit status: 0 runs work, 2 something that every run needs is missing",
    )
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    return parser


def main(arguments: list[str] | None = None, program: str | None = None) -> int:
    """Run the command line and return its exit status."""
    escape_what_cannot_be_shown()
    parsed = build_parser(program).parse_args(arguments)
    return guarded(examine, parsed.debug)


def examine() -> int:
    """Print the findings; 2 where no run works."""
    from paddle_camp.running.doctor import findings

    status = 0
    for each in findings():
        with unless_unread():
            print(printable(f"{each.what:24} {each.found}"), flush=True)
            if each.cure:
                print(printable(f"{'':24} -> {each.cure}"), flush=True)
        status = max(status, 2 if each.fatal else 0)
    return status
