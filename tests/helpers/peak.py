"""What a piece of work takes in a process of its own: its status, its words, seconds, and memory above the start's."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOM = 8 << 30  # bytes of addresses; what asks for more ends with a MemoryError instead of the machine
# VmHWM is this program's own; ru_maxrss begins with the peak of the process that has started it.
CHILD = f"""
import re, resource, sys, time
resource.setrlimit(resource.RLIMIT_AS, ({ROOM}, {ROOM}))
peak = lambda: int(re.search(r"VmHWM:\\s+([0-9]+)", open("/proc/self/status").read())[1])
%s
before = peak()
status = None
try:
    status = work(*sys.argv[1:])
except Exception as error:
    print("error:", type(error).__name__, error, file=sys.stderr)
print("took", peak() - before, time.process_time(), status)
"""


@dataclass(frozen=True)
class Taken:
    """Of one piece of work."""

    status: str  # what ``work`` returned
    error: str  # its last line on stderr
    seconds: float  # of processor time, imports included: the clock would count what other processes do
    megabytes: float  # the peak of its memory above that before it began


def taken_by(work: str, *arguments: object) -> Taken:
    """Run Python code that defines ``work(*texts)``; an exception of it is a line of stderr."""
    command = [sys.executable, "-c", CHILD % work, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, (done.returncode, done.stderr[-2000:])
    _, kilobytes, seconds, status = done.stdout.splitlines()[-1].split(" ", 3)
    error = (done.stderr.strip().splitlines() or [""])[-1]
    return Taken(status, error, float(seconds), int(kilobytes) / 1024)
