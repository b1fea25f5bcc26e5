#!/usr/bin/env python
"""Measure this project against stock Paddle, PyTorch and the course's scripts: ``python tools/benchmark.py train``."""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # works in a clone that was never installed

from paddle_camp import machine, runtime
from paddle_camp.errors import CampError
from paddle_camp.running.folder import default_out
from tools.benchmarks.bench import Bench
from tools.benchmarks.contest import measure
from tools.benchmarks.groups import GPU_GROUPS, GROUPS
from tools.benchmarks.tables import Report


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        description="Contenders take turns, each measurement in a process of its own; medians, ranges and ratios.",
        epilog="exit status: 0 done, 1 a group failed, 2 the command line is wrong, 130 interrupted (what is done is "
        "kept). Leave the machine alone meanwhile.",
    )
    add = parser.add_argument
    add("groups", nargs="*", metavar="GROUP", help="what to measure (default: everything that the device has)")
    add("--list", action="store_true", help="list the groups")
    add("--device", choices=("cpu", "gpu"), default="cpu", help=f"gpu: {' and '.join(GPU_GROUPS)} only")
    add("--models", metavar="NAME,NAME", help="train, optimisations and evaluate: only these networks of the zoo")
    add("--rounds", type=int, default=3, metavar="N", help="turns of each contender (default 3)")
    add("--quick", action="store_true", help="a few tiny networks and data sets: does it work at all?")
    add("--out", metavar="DIR", help="default runs/benchmark/<time>")
    add("--torch-python", default=sys.executable, metavar="PATH", help="a Python that has PyTorch (default: this one)")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    parser = build_parser()
    parsed = parser.parse_args(arguments)
    if parsed.list:
        for name, group in GROUPS.items():
            print(f"{name:12} {group.__doc__.splitlines()[0]}")
        return 0
    possible = GPU_GROUPS if parsed.device == "gpu" else tuple(GROUPS)
    wrong = [name for name in parsed.groups if name not in possible]
    if wrong:
        return _refuse(f"no group {wrong[0]!r} with --device {parsed.device}; there are: {', '.join(possible)}")
    if parsed.models is not None and not all(parsed.models.split(",")):
        return _refuse(f"--models {parsed.models}: names with commas between them, please")
    if parsed.rounds < 1:
        return _refuse(f"--rounds {parsed.rounds}: give 1 or more")
    command = shlex.join(["tools/benchmark.py", *(sys.argv[1:] if arguments is None else arguments)])
    try:
        report, facts = _open_report(parsed, command)
    except (CampError, ImportError, OSError) as error:
        return _refuse(error)
    return _run(parsed, parsed.groups or possible, report, facts)


def _refuse(said: object) -> int:
    print(f"error: {said}", file=sys.stderr)
    return 2


def _open_report(parsed: argparse.Namespace, command: str) -> tuple[Report, dict]:
    """The report, and what the groups need to know of the machine; refuses a device that is not there."""
    from paddle_camp.models import check_model_name, list_models

    runtime.choose_device(parsed.device)
    models = parsed.models.split(",") if parsed.models else list_models()
    for name in models:
        check_model_name(name)
    environment = runtime.environment()
    facts = {"cores": environment["physical_cores"], "models": models}
    facts |= {"optimisations": machine.OPTIMISATIONS, "step_optimisations": machine.STEP_OPTIMISATIONS}
    folder = Path(parsed.out) if parsed.out else default_out() / "benchmark" / time.strftime("%Y%m%d-%H%M%S")
    folder.mkdir(parents=True, exist_ok=True)
    # The environment record's threads are those of this process; each contender has its own.
    return Report(folder, {"command": command, "environment": environment}), facts


def _run(parsed: argparse.Namespace, names: tuple[str, ...] | list[str], report: Report, facts: dict) -> int:
    status = 0
    try:
        for name in dict.fromkeys(names):
            with tempfile.TemporaryDirectory(prefix="benchmark-") as scratch:
                options = {"rounds": parsed.rounds, "quick": parsed.quick, "device": parsed.device}
                options |= {"torch_python": parsed.torch_python, "scratch": Path(scratch), "measure": measure}
                bench = Bench(group=name, out=report.folder, log=report.measurements, **options, **facts)
                text = ""
                try:
                    for tables in GROUPS[name](bench):
                        text = report.put(name, tables)
                except Exception as error:  # the other groups still count
                    print(f"error: {name}: {error} ({type(error).__name__})", file=sys.stderr)
                    status = 1
                print(f"{text}\n", flush=True)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        status = 130
    print(f"tables: {report.folder / 'benchmark.md'}\nnumbers: {report.folder / 'benchmark.json'}")
    return status


if __name__ == "__main__":
    sys.exit(main())
