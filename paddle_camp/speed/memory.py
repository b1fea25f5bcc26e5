"""Memory: the error of a batch that does not fit, and a computation's peak, measured in a separate process."""

from __future__ import annotations

import contextlib
import multiprocessing
import re
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import paddle

from paddle_camp.errors import OutOfMemoryError


@contextlib.contextmanager
def memory_errors(batch_size: int, training: bool = True) -> Iterator[None]:
    """Turn MemoryError, which Paddle raises for a GPU's memory too, into :class:`OutOfMemoryError`."""
    try:
        yield
    except MemoryError as error:
        raise OutOfMemoryError(batch_size, training) from error


def peak_memory(function: Callable[..., object], *arguments: object, device: str = "cpu") -> int | None:
    """The peak memory of ``function(*arguments)``, bytes; None if it could not be measured.

    It runs in a new process, because a process does not return its peak to the system. On a CPU the figure is the
    process's resident memory, about 300 MiB of Paddle itself included; on a GPU it is what Paddle allocated there.

    Args:
        function: defined at the top of a module, so that the other process can import it.
        device: Paddle's device for the computation.
    """
    if device.startswith("gpu"):
        paddle.device.cuda.empty_cache()  # the other process needs the memory that this one caches
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
    """The peak resident memory of this process so far, bytes; None on Windows."""
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
