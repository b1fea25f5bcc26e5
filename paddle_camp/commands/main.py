"""The installed command: ``paddle-camp run 9-1``, ``paddle-camp list``, ``paddle-camp predict RUN PICTURE``, …"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import paddle_camp
from paddle_camp.commands import compare, completion, doctor, export, predict, run, try_page, verify
from paddle_camp.running.catalogue import Catalogue

COMMANDS = {
    "run": "run assignments; plots and the answer land in runs/ID/latest/",
    "list": "list the assignments, course by course",
    "predict": "predict with the model of a run: pictures, messages, rows of a table",
    "try": "a page in the browser to try the model of a run: drop a picture, draw a digit, write a message",
    "export": "hand the model of a run on: Paddle's inference engine, ONNX, plain arrays",
    "compare": "compare runs, or a whole class's, on one page: table, curves, paired tests",
    "verify": "verify a run that was handed in: its files, its numbers computed again",
    "doctor": "what a run will find on this machine, and what to type where something is missing",
    "completion": 'tab completion for bash and zsh: eval "$(paddle-camp completion)"',
}


def main(catalogue: Catalogue, arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    listed = "\n".join(f"  {name:11}{what}" for name, what in COMMANDS.items())
    parser = argparse.ArgumentParser(
        "paddle-camp",
        description=f"{paddle_camp.__doc__.splitlines()[0]}\n\n{listed}",
        epilog="paddle-camp COMMAND --help shows the options of a command",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND", help=", ".join(COMMANDS))
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    parser.add_argument("--version", action="version", version=paddle_camp.__version__)
    parsed = parser.parse_args(arguments)
    program = f"paddle-camp {parsed.command}"
    if parsed.command in ("list", "completion") and parsed.arguments:
        parser.error(f"{parsed.command} takes no arguments, not {' '.join(parsed.arguments)}")
    if parsed.command == "completion":
        print(completion.script(catalogue, COMMANDS), end="")
        return 0
    if command := {"predict": predict, "try": try_page, "export": export, "doctor": doctor}.get(parsed.command):
        return command.main(parsed.arguments, program)
    if command := {"compare": compare, "verify": verify}.get(parsed.command):
        return command.main(catalogue, parsed.arguments, program)
    if parsed.command == "list":
        return run.main(catalogue, ["--list"], program)
    return run.main(catalogue, parsed.arguments, program)
