"""Hand the model of a run on to other programs. See docs/running.md."""

from __future__ import annotations

import argparse
from pathlib import Path

from paddle_camp.commands.parsing import add_common_options
from paddle_camp.commands.reporting import escape_what_cannot_be_shown, guarded
from paddle_camp.running.printing import printable

FORMS = ("inference", "onnx", "safetensors")


def build_parser(program: str | None = None) -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        program,
        description="Write the model of a run for Paddle's inference engine, as ONNX, or as plain arrays.",
        epilog="exit status: 0 done, 1 failed, 2 the run or the command line is wrong, 130 interrupted",
    )
    add = parser.add_argument
    add("source", metavar="RUN_OR_WEIGHTS", help="a run such as runs/5-1/latest: its best weights; or a weights file")
    add("--to", required=True, choices=FORMS, help="onnx needs the extra [export]")
    add("--out", required=True, metavar="DIR", help="where the files go; they have the names of the weights")
    add_common_options(parser)
    return parser


def main(arguments: list[str] | None = None, program: str | None = None) -> int:
    """Run the command line and return its exit status."""
    escape_what_cannot_be_shown()
    parsed = build_parser(program).parse_args(arguments)
    return guarded(lambda: run(parsed), parsed.debug)


def run(parsed: argparse.Namespace) -> int:
    """Print the files, one a line."""
    from paddle_camp import runtime
    from paddle_camp.models import import_networks
    from paddle_camp.predicting.exporting import export

    runtime.choose_device(parsed.device)
    import_networks(parsed.imports)
    for path in export(Path(parsed.source), parsed.to, Path(parsed.out)):
        print(printable(str(path)), flush=True)
    return 0
