"""The processor: its cores and name, the CPU settings made before Paddle loads, and Paddle's quiet import.

Paddle's CPU wheels start with one OpenMP thread and give freed buffers back to the system at every step; on AMD
processors their MKL also takes a slow path. :func:`tune_cpu` changes these three through the environment and the
allocator, never against what the user has set. The other optimisations are in :mod:`paddle_camp.speed` (layers by
oneDNN, feeding a GPU, cuDNN's search). ``PADDLE_CAMP_TUNE=0`` turns all of them off, and a list such as
``PADDLE_CAMP_TUNE=threads,allocator`` turns on only those of :data:`OPTIMISATIONS` that it names.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import importlib.abc
import importlib.machinery
import importlib.util
import io
import logging
import os
import platform
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from paddle_camp.notebook import drop_foreign_backend

STEP_OPTIMISATIONS = ("threads", "blas", "allocator", "onednn")  # those of a training step on the CPU
OPTIMISATIONS = (*STEP_OPTIMISATIONS, "feeding", "autotune")

MAX_PIXELS = 2**27  # of a picture that is decoded: the largest cameras have 100 to 150 million; OpenCV takes 2**30

INSTALL_LINE = "pip install -e .[cpu]    (or .[gpu] on a machine with an NVIDIA card; see README.md)"
NO_PADDLE = f"paddle is not installed; type: {INSTALL_LINE}"

# What Paddle prints at start-up that a student can do nothing about: the thread count is set on purpose, and
# ccache matters only to those who compile operators.
_NOISE = re.compile(r"OMP_NUM_THREADS set to|PLEASE USE OMP_NUM_THREADS WISELY")
_NOISE_WARNINGS = (".*No ccache found", "When training, we now always track global mean and variance")


def physical_cores() -> int:
    """Physical cores that this process may use (two hyper-threads of a core count once); at least 1."""
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    cores = set()
    for cpu in allowed:
        topology = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology")
        try:
            package = (topology / "physical_package_id").read_text().strip()
            cores.add((package, (topology / "core_id").read_text().strip()))
        except OSError:  # no such files (macOS, Windows, some containers): count the logical ones
            cores.add(("cpu", str(cpu)))
    return max(1, min(len(cores), _container_limit()))


def _container_limit() -> int:
    """How many CPUs the time quota of a container amounts to; a large number where there is none."""
    version_1 = ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us")
    for names in (("cpu.max",), version_1):
        try:
            quota, period = " ".join(Path(f"/sys/fs/cgroup/{name}").read_text() for name in names).split()
            if int(quota) > 0:  # version 1 writes -1 for "no limit"
                return max(1, int(quota) // int(period))
        except (OSError, ValueError):  # not this version, or "max"
            continue
    return 1_000_000


def cpu_name() -> str:
    """The processor's model name, for the environment record."""
    match = re.search(r"model name\s*:\s*(.+)", _cpuinfo())
    return match[1].strip() if match else platform.processor() or platform.machine()


def is_amd() -> bool:
    """Whether the processor says AuthenticAMD."""
    return "AuthenticAMD" in _cpuinfo()


def why_no_bfloat16() -> str:
    """Why this processor is not to compute in bfloat16, in words; "" if it is.

    oneDNN computes it on others too, slower than float32.
    """
    wanted = ("avx512_bf16", "amx_bf16")
    if not enabled("onednn"):
        return "bfloat16 on a CPU needs onednn, which PADDLE_CAMP_TUNE leaves out"
    return "" if _cpu_flags() & set(wanted) else f"this processor has neither {wanted[0]} nor {wanted[1]}"


@functools.cache  # every forward pass in mixed precision asks
def _cpu_flags() -> frozenset[str]:
    """The instruction sets that the processor names."""
    match = re.search(r"^flags\s*:(.*)", _cpuinfo(), re.MULTILINE)
    return frozenset(match[1].split() if match else ())


def _cpuinfo() -> str:
    """What Linux says of the processor; "" elsewhere."""
    try:
        return Path("/proc/cpuinfo").read_text()
    except OSError:
        return ""


def enabled(optimisation: str) -> bool:
    """Whether ``PADDLE_CAMP_TUNE`` admits the optimisation; it admits all where it is not set."""
    return optimisation in os.environ.get("PADDLE_CAMP_TUNE", ",".join(OPTIMISATIONS)).split(",")


def tune_cpu() -> list[str]:
    """Set threads, BLAS path and allocator; returns the names of the optimisations that were set.

    Call it before the first ``import paddle``. Nothing that stands in the environment already is changed.
    """
    done = []
    # Paddle's launcher loads paddle, which sets 1 where nothing was set (indistinguishable from a 1 that the user
    # set). The processes of one machine divide its cores.
    launched = int(os.environ.get("PADDLE_TRAINERS_NUM") or 1) > 1
    local = int(os.environ.get("PADDLE_LOCAL_SIZE") or 1) if launched else 1
    unset = "OMP_NUM_THREADS" not in os.environ or (launched and os.environ["OMP_NUM_THREADS"] == "1")
    if enabled("threads") and unset:
        os.environ["OMP_NUM_THREADS"] = str(max(1, physical_cores() // local))
        done.append("threads")
    # MKL looks at the vendor, not at the instruction set. Only on AMD: on an Intel Xeon with AVX-512 forcing this
    # (AVX2) path made ResNet-50's step 1.4 times slower.
    if enabled("blas") and "MKL_DEBUG_CPU_TYPE" not in os.environ and is_amd():
        os.environ["MKL_DEBUG_CPU_TYPE"] = "5"
        done.append("blas")
    if enabled("allocator") and _keep_freed_memory():
        done.append("allocator")
    return done


def _keep_freed_memory() -> bool:
    """Have glibc keep large freed blocks, so that the next step's buffers need no new pages from the kernel."""
    if any(name.startswith("MALLOC_") for name in os.environ):  # the user tunes malloc
        return False
    if platform.libc_ver()[0] != "glibc":
        return False
    m_trim_threshold, m_mmap_max = -1, -4  # from glibc's <malloc.h>
    mallopt = ctypes.CDLL(None).mallopt
    return bool(mallopt(m_mmap_max, 0)) and bool(mallopt(m_trim_threshold, 2**31 - 1))


def prepare() -> list[str]:
    """Tune the CPU for a Paddle that is loaded later, which then comes without the warnings that help no student.

    An OpenCV that is loaded later refuses pictures of more than :data:`MAX_PIXELS` by their headers.

    Returns:
        The optimisations that were set, as :func:`tune_cpu`; none where Paddle has been loaded before.
    """
    drop_foreign_backend()
    os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(MAX_PIXELS))  # read when cv2 is imported
    tuned = os.environ.get("PADDLE_CAMP_TUNE", "0")
    if unknown := [name for name in tuned.split(",") if name not in (*OPTIMISATIONS, "", "0")]:
        there = ", ".join(OPTIMISATIONS)
        print(f"PADDLE_CAMP_TUNE: there is no {', '.join(unknown)} (any more); there are {there}", file=sys.stderr)
    if sys.modules.get("paddle") is not None:
        if os.environ.get("PADDLE_CAMP_TUNE") != "0":
            print(
                "paddle_camp: import it before paddle, then its faster CPU settings apply "
                "(in a notebook: restart the kernel and begin with import paddle_camp)",
                file=sys.stderr,
            )
        return []
    done = tune_cpu()
    sys.meta_path.insert(0, _QuietPaddle())
    return done


class _QuietPaddle(importlib.abc.MetaPathFinder):
    """Finds paddle as Python would, once, and lets it load quietly: whoever imports it first, and wherever."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if name != "paddle":
            return None
        with contextlib.suppress(ValueError):  # another thread was here
            sys.meta_path.remove(self)
        spec = importlib.util.find_spec("paddle")
        if spec is None:
            raise ModuleNotFoundError(NO_PADDLE, name="paddle")
        load = spec.loader.exec_module

        def load_quietly(module: ModuleType) -> None:
            with _quiet():
                load(module)

        spec.loader.exec_module = load_quietly
        return spec


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep back what Paddle prints and warns of while it loads, as far as it means nothing to a student."""
    for message in _NOISE_WARNINGS:
        warnings.filterwarnings("ignore", message=message, category=UserWarning)
    printed = io.StringIO()
    try:
        with _loggers_kept(printed), contextlib.redirect_stderr(printed):
            yield
    finally:
        for line in printed.getvalue().splitlines():
            if not _NOISE.search(line):
                print(line, file=sys.stderr)


@contextlib.contextmanager
def _loggers_kept(stream: io.StringIO) -> Iterator[None]:
    """The root logger stays the user's, though Paddle sets it up; loggers that took ``stream`` get stderr."""
    root = logging.root
    handlers, level = list(root.handlers), root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        for logger in root.manager.loggerDict.values():
            for handler in getattr(logger, "handlers", ()):  # a placeholder has none
                if getattr(handler, "stream", None) is stream:
                    handler.setStream(sys.stderr or stream)
