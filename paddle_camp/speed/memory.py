"""How much memory a computation needs at its peak, measured in a process of its own."""

from __future__ import annotations

import contextlib
import multiprocessing
import re
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import paddle


def peak_memory(function: Callable[..., object], *arguments: object, device: str = "cpu") -> int | None:
    """The peak memory of ``function(*arguments)``, bytes; None where it could not be measured.

    It runs in a fresh process, because what a process once took from the system it does not give back. On a CPU the
    figure is the whole process's resident memory, Paddle's own 300 MiB or so included; on a GPU it is what Paddle
    allocated there.

    Args:
        function: defined at the top of a module, so that the other process can import it.
        device: where it computes.
    """
    if device.startswith("gpu"):
        paddle.device.cuda.empty_cache()  # what this process keeps for later, the other one needs
    try:
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            return pool.submit(_measure, function, arguments, device).result()
    except (OSError, RuntimeError, MemoryError):  # BrokenProcessPool among them: killed for its memory, say
        return None


def _measure(function: Callable[..., object], arguments: tuple[object, ...], device: str) -> int | None:
    paddle.set_device(device)
    function(*arguments)
    if device.startswith("gpu"):
        return int(paddle.device.cuda.max_memory_allocated(device))
    return resident_peak()


def resident_peak() -> int | None:
    """The most memory that this process has had resident so far, bytes; None on Windows."""
    # On Linux not from getrusage: that also counts what the parent had when it forked this process.
    with contextlib.suppress(OSError):
        if found := re.search(r"^VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE):
            return 1024 * int(found[1])
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
