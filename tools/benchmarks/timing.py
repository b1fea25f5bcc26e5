"""What every worker does alike: read its spec, time steps, say what it needed. Loads neither paddle nor torch."""

from __future__ import annotations

import json
import re
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SHORT = {"at_least": 1, "at_most": 2, "budget": 0.0}  # for a try


def answer(measure: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Call ``measure`` with the JSON object of the command line and print what it returns as one JSON line."""
    print(json.dumps(measure(json.loads(sys.argv[1]))))


def timed_steps(
    step: Callable[[], object], at_least: int = 3, at_most: int = 100, budget: float = 10.0
) -> dict[str, Any]:
    """Time ``step`` again and again, after one call that does not count; just once if that call exceeds ``budget``.

    Args:
        at_least, at_most: how many times.
        budget: seconds after which ``at_least`` are enough.

    Returns:
        ``seconds``, the median, and ``each``, all of them in order.
    """
    began = time.perf_counter()
    step()
    if time.perf_counter() - began > budget:
        at_least = 1
    each: list[float] = []
    while len(each) < at_least or (len(each) < at_most and sum(each) < budget):
        began = time.perf_counter()
        step()
        each.append(time.perf_counter() - began)
    return {"seconds": statistics.median(each), "each": [round(seconds, 7) for seconds in each]}


def resident_peak() -> int | None:
    """The most memory that this process has had resident, bytes; None where there is no /proc.

    As :func:`paddle_camp.speed.memory.resident_peak`, which a process without paddle cannot import.
    """
    try:
        found = re.search(r"^VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    except OSError:
        return None
    return 1024 * int(found[1]) if found else None
