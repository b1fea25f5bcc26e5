"""The device that Paddle computes on, and the record of the environment that a run is made in."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import signal
import threading
from collections.abc import Iterator
from importlib import metadata
from typing import Any

from paddle_camp import __version__
from paddle_camp.errors import CampError
from paddle_camp.machine import cpu_name, physical_cores

SEARCH = "FLAGS_cudnn_exhaustive_search"


@contextlib.contextmanager
def ended_as_by_ctrl_c() -> Iterator[None]:
    """Inside, SIGTERM (``kill``, a batch system, ``docker stop``) does what Ctrl-C does: a run says so in its files.

    Paddle's own handler ends the process at once, with a trace of C++. Outside of the main thread nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)  # None: it was Paddle's, in C++


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


def environment() -> dict[str, Any]:
    """What a run was made with: versions, processor, threads, the settings that change speed or rounding."""
    import paddle

    packages = ("numpy", "opencv-python-headless", "scikit-learn", "matplotlib", "paddlepaddle", "paddlepaddle-gpu")
    versions = {"paddle_camp": __version__}
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
