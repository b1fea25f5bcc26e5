"""The machine: CPU settings that must be made before paddle loads, the device, seeds, the environment record.

Paddle's CPU wheels start with one OpenMP thread and give freed buffers back to the system at every step; on AMD
processors their MKL also takes a slow path. :func:`tune_cpu` mends these three through the environment and the
allocator, never against what the user has set. More levers are elsewhere: how a convolution adds its bias and a max
pool goes back (``Conv2D`` and ``MaxPool2D`` in :mod:`paddle_camp.models.layers`), evaluation by oneDNN in
:mod:`paddle_camp.inference`; for GPUs there is :func:`search_algorithms`. ``PADDLE_CAMP_TUNE=0`` turns everything off,
and a list such as ``PADDLE_CAMP_TUNE=threads,allocator`` turns on just what it names of :data:`LEVERS`.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import logging
import os
import platform
import re
import sys
import warnings
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from paddle_camp.errors import CampError

STEP_LEVERS = ("threads", "blas", "allocator", "bias", "pool")  # those of a training step on the CPU
LEVERS = (*STEP_LEVERS, "inference", "feeding", "autotune")
SEARCH = "FLAGS_cudnn_exhaustive_search"
INSTALL_LINE = "pip install -e .[cpu]    (or .[gpu] on a machine with an NVIDIA card; see README.md)"

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
    with contextlib.suppress(OSError):
        match = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
        if match:
            return match[1].strip()
    return platform.processor() or platform.machine()


def is_amd() -> bool:
    """Whether the processor says AuthenticAMD."""
    try:
        return "AuthenticAMD" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False


def wanted(lever: str) -> bool:
    """Whether ``PADDLE_CAMP_TUNE`` admits the lever; it admits all where it is not set."""
    return lever in os.environ.get("PADDLE_CAMP_TUNE", ",".join(LEVERS)).split(",")


def tune_cpu() -> list[str]:
    """Set threads, BLAS path and allocator; returns the names of the levers that were set.

    Call it before the first ``import paddle``. Nothing that stands in the environment already is changed.
    """
    done = []
    # Paddle's launcher loads paddle, and that sets 1 where nothing was set (a 1 of the user's
    # cannot be told from it); its processes share the cores.
    together = int(os.environ.get("PADDLE_TRAINERS_NUM") or 1) > 1
    local = int(os.environ.get("PADDLE_LOCAL_SIZE") or 1) if together else 1
    unset = "OMP_NUM_THREADS" not in os.environ or (together and os.environ["OMP_NUM_THREADS"] == "1")
    if wanted("threads") and unset:
        os.environ["OMP_NUM_THREADS"] = str(max(1, physical_cores() // local))
        done.append("threads")
    # MKL looks at the vendor, not at the instruction set. Only on AMD: on an Intel Xeon with AVX-512 forcing this
    # (AVX2) path made ResNet-50's step 1.4 times slower.
    if wanted("blas") and "MKL_DEBUG_CPU_TYPE" not in os.environ and is_amd():
        os.environ["MKL_DEBUG_CPU_TYPE"] = "5"
        done.append("blas")
    if wanted("allocator") and _keep_freed_memory():
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


def load_paddle() -> list[str]:
    """Tune the CPU and import paddle, without the start-up warnings that mean nothing to a student.

    Returns:
        The levers that were set, as :func:`tune_cpu`.

    Raises:
        CampError: paddle is not installed; the message is the line to type.
    """
    if sys.modules.get("paddle") is not None:
        if os.environ.get("PADDLE_CAMP_TUNE") != "0":
            print("paddle_camp: import it before paddle, then its faster CPU settings apply", file=sys.stderr)
        return []
    levers = tune_cpu()
    for message in _NOISE_WARNINGS:
        warnings.filterwarnings("ignore", message=message, category=UserWarning)
    printed = io.StringIO()
    try:
        with _loggers_kept(printed), contextlib.redirect_stderr(printed):
            import paddle  # noqa: F401
    except ModuleNotFoundError as error:
        if error.name != "paddle":
            raise
        raise CampError(f"paddle is not installed; type: {INSTALL_LINE}") from None
    finally:
        for line in printed.getvalue().splitlines():
            if not _NOISE.search(line):
                print(line, file=sys.stderr)
    return levers


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


def choose_device(name: str = "auto") -> str:
    """Make ``name`` Paddle's device and return what was chosen: "cpu" or "gpu:N".

    Args:
        name: "auto" (a GPU if this Paddle and this machine have one), "cpu", "gpu" or "gpu:N".

    Raises:
        CampError: a GPU is asked for that is not there, or the name is none of these.
    """
    import paddle

    if not re.fullmatch(r"auto|cpu|gpu(:\d+)?", name):
        raise CampError(f"--device {name}: write auto, cpu, gpu or gpu:N")
    count = paddle.device.cuda.device_count() if paddle.device.is_compiled_with_cuda() else 0
    own = f"gpu:{paddle.distributed.ParallelEnv().device_id if count else 0}"  # the launcher gives each process one
    if name == "auto":
        name = own if count else "cpu"
    if name == "gpu":
        name = own
    if name.startswith("gpu"):
        if not paddle.device.is_compiled_with_cuda():
            raise CampError(f"--device {name}: this paddle is the CPU build; for a GPU type: pip install -e .[gpu]")
        if int(name[4:]) >= count:
            raise CampError(f"--device {name}: this machine shows {count} GPU(s), numbered from 0")
    paddle.set_device(name)
    return name


def search_algorithms() -> bool:
    """On a GPU, have cuDNN try its algorithms for every shape of convolution and keep the fastest.

    Which one wins may change from run to run, and with it the last bits: ``PADDLE_CAMP_TUNE`` without ``autotune``
    leaves the choice to cuDNN's rules, and so does ``FLAGS_cudnn_deterministic``, which allows no search.

    Returns:
        Whether it was off before and is on now; :func:`stop_searching` turns it off again.
    """
    import paddle

    flags = (SEARCH, "FLAGS_cudnn_deterministic")
    if not wanted("autotune") or not paddle.get_device().startswith("gpu") or any(name in os.environ for name in flags):
        return False
    if any(paddle.get_flags(list(flags)).values()):
        return False
    paddle.set_flags({SEARCH: True})
    return True


def stop_searching() -> None:
    """Undo :func:`search_algorithms`."""
    import paddle

    paddle.set_flags({SEARCH: False})


def environment() -> dict[str, Any]:
    """What a run was made with: versions, processor, threads, the settings that change speed or rounding."""
    import paddle

    packages = ("numpy", "opencv-python-headless", "scikit-learn", "matplotlib", "paddlepaddle", "paddlepaddle-gpu")
    versions = {}
    for package in packages:
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions[package] = metadata.version(package)
    gpu = None
    if paddle.device.is_compiled_with_cuda() and paddle.device.cuda.device_count():
        chosen = paddle.get_device()  # without it CUDA's own current device is asked, which set_device leaves at 0
        gpu = paddle.device.cuda.get_device_name(chosen if chosen.startswith("gpu") else 0)
    keep = ("OMP_NUM_THREADS", "MKL_DEBUG_CPU_TYPE", "MKL_NUM_THREADS", "PADDLE_CAMP_TUNE", "CUDA_VISIBLE_DEVICES")
    keep += ("PADDLE_TRAINERS_NUM", SEARCH, "FLAGS_cudnn_deterministic")
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu": cpu_name(),
        "physical_cores": physical_cores(),
        "gpu": gpu,
        "versions": versions,
        "environment": {name: os.environ[name] for name in keep if name in os.environ},
    }
