"""Contenders that take turns: A B C, A B C, ..., each measurement in a fresh process with an environment of its own.

What a machine does beside the measuring changes from minute to minute and then hits all contenders alike, so a ratio
is taken within each round and the median over the rounds is reported.
"""

from __future__ import annotations

import json
import os
import re
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
AS_GIVEN = dict(os.environ)  # before anything here loads paddle, which writes into it
TUNING = ("OMP_", "MKL_", "KMP_", "MALLOC_", "PADDLE_CAMP_TUNE")  # what a contender must not inherit from the shell
STOCK = {"PADDLE_CAMP_TUNE": "0"}  # Paddle as it comes: none of our optimisations
PATIENCE = 3600  # seconds after which a measurement is given up

Measurement = dict[str, Any]  # what a worker found, or {"error": why not}
Results = dict[str, list[Measurement]]  # contender -> its measurement of each round


@dataclass(frozen=True)
class Contender:
    """A command to measure; the time it takes, and the JSON object in the last line that it prints, are its result.

    Attributes:
        environment: variables it gets; none of the names in :data:`TUNING` are passed on from outside.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


def worker(
    name: str, module: str, spec: Mapping[str, Any], environment: Mapping[str, str] | None = None, python: str = ""
) -> Contender:
    """The contender ``python -m tools.benchmarks.MODULE SPEC``."""
    command = (python or sys.executable, "-m", f"tools.benchmarks.{module}", json.dumps(spec))
    return Contender(name, command, environment or {})


def surroundings(changes: Mapping[str, str]) -> dict[str, str]:
    """The environment of a contender."""
    kept = {name: value for name, value in AS_GIVEN.items() if not name.startswith(TUNING)}
    path = os.pathsep.join([str(ROOT), *filter(None, [kept.get("PYTHONPATH")])])
    return kept | {"PYTHONPATH": path} | dict(changes)


def measure(contender: Contender) -> Measurement:
    """Run a contender once; a failure is a result as well: ``{"error": one line}``."""
    began = time.perf_counter()
    options = {"env": surroundings(contender.environment), "capture_output": True, "text": True, "timeout": PATIENCE}
    try:
        done = subprocess.run(contender.command, **options)
    except OSError as error:
        return {"error": f"{contender.command[0]} cannot be run: {error.strerror}"}
    except subprocess.TimeoutExpired:
        return {"error": f"not done after {PATIENCE} s"}
    seconds = time.perf_counter() - began
    if done.returncode:
        return {"error": _why(done.returncode, done.stderr)}
    last = done.stdout.strip().rpartition("\n")[2]
    found = json.loads(last) if last.startswith("{") else {}
    return {"wall_seconds": seconds} | found


def _why(status: int, stderr: str) -> str:
    """The line of a failed process that says why it failed."""
    if status < 0:
        hint = " (out of memory?)" if status == -signal.SIGKILL else ""
        return f"killed by {signal.Signals(-status).name}{hint}"
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    telling = [line for line in lines if re.match(r"[\w.]*(Error|Exception)\b", line)]
    return (telling or lines or [f"exit status {status}"])[-1][:300]


def contest(
    contenders: Sequence[Contender],
    rounds: int,
    measure: Callable[[Contender], Measurement] = measure,
    note: Callable[[str, int, Measurement], None] = lambda name, number, found: None,
) -> Results:
    """Measure every contender once a round, in the same order; one that fails is not tried again.

    Args:
        note: called with (name of the contender, round from 1 on, its measurement) after each.
    """
    results: Results = {contender.name: [] for contender in contenders}
    for number in range(1, rounds + 1):
        for contender in contenders:
            if error_of(results[contender.name]) is None:
                found = measure(contender)
                results[contender.name].append(found)
                note(contender.name, number, found)
    return results


def error_of(found: Sequence[Measurement]) -> str | None:
    """Why a contender has no result; None where it has one."""
    return next((one["error"] for one in found if "error" in one), None)


@dataclass(frozen=True)
class Spread:
    """The median of a few measurements, the smallest and the largest."""

    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Median and range; of nothing, an error."""
    return Spread(statistics.median(values), min(values), max(values))


def values_of(results: Results, contender: str, key: str, over: str | None = None) -> list[float] | None:
    """A contender's ``key`` of each round, divided by that of ``over`` in the same round.

    Returns:
        None where one of the two has no result.
    """
    named = [name for name in (contender, over) if name]
    if any(not results.get(name) or error_of(results[name]) for name in named):
        return None
    columns = [[one.get(key) for one in results[name]] for name in named]
    if any(value is None for column in columns for value in column):
        return None
    return columns[0] if over is None else [a / b for a, b in zip(*columns, strict=True)]
