"""What a run will find on this machine, from versions to data sets, and the line to type for each lack."""

from __future__ import annotations

import importlib
import os
import platform
import shutil
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from paddle_camp import __version__, machine
from paddle_camp.data.finding.cache import default_cache_dir
from paddle_camp.data.finding.sources import DATASETS, Dataset, find
from paddle_camp.errors import CampError
from paddle_camp.running.folder import default_out

LITTLE = 2 << 30  # bytes; the pictures of iChallenge-PM, unpacked and decoded, take about that
ON_GPUS = ("feeding", "autotune")


class Finding(NamedTuple):
    """One line: what was looked at, what was found, what to type or do (or nothing), and whether no run works so."""

    what: str
    found: str
    cure: str = ""
    fatal: bool = False


def findings() -> Iterator[Finding]:
    """All of them, in the order in which they are printed."""
    yield Finding("python", platform.python_version())
    yield Finding("paddle_camp", __version__)
    yield from _packages()
    yield Finding("processor", f"{machine.cpu_name()}, {machine.physical_cores()} physical cores for this process")
    yield Finding("bfloat16", machine.why_no_bfloat16() or "yes: --amp")
    yield from _paddle()
    yield _fonts()
    yield _place("cache", default_cache_dir(), "export PADDLE_CAMP_CACHE=DIR")
    yield _place("runs", default_out(), "--out DIR")
    for name, known in DATASETS.items():
        yield _data(name, known)


def _packages() -> Iterator[Finding]:
    for package in ("numpy", "matplotlib", "scikit-learn", "opencv-python-headless"):
        try:
            yield Finding(package, metadata.version(package))
        except metadata.PackageNotFoundError:
            yield Finding(package, "not installed", machine.INSTALL_LINE, fatal=True)


def _paddle() -> Iterator[Finding]:
    try:
        paddle = importlib.import_module("paddle")
    except Exception as error:  # a broken installation may raise anything
        cure = machine.INSTALL_LINE
        yield Finding("paddle", f"cannot be loaded ({' '.join(str(error).split())[:120]})", cure, fatal=True)
        return
    yield Finding("paddle", paddle.__version__)
    compiled = paddle.device.is_compiled_with_cuda()
    count = paddle.device.cuda.device_count() if compiled else 0
    names = [paddle.device.cuda.get_device_name(number) for number in range(count)]
    none = "none that this Paddle sees" if compiled else "none: this is Paddle's CPU build"
    cure = "" if compiled else "pip install -e .[gpu]    (only on a machine with an NVIDIA card)"
    yield Finding("gpu", ", ".join(names) or none, "" if count else cure)
    yield Finding("threads", f"OMP_NUM_THREADS={os.environ.get('OMP_NUM_THREADS', 'not set')}")
    for name in machine.OPTIMISATIONS:
        yield Finding(f"  {name}", *_optimisation(name, count))


def _optimisation(name: str, gpus: int) -> tuple[str, str]:
    """(Whether an optimisation applies and why not, what to type)."""
    if not machine.enabled(name):
        return f"off: PADDLE_CAMP_TUNE={os.environ.get('PADDLE_CAMP_TUNE', '')}", "unset PADDLE_CAMP_TUNE"
    if name in ON_GPUS:
        return ("on" if gpus else "only on GPUs"), ""
    if name == "blas" and not machine.is_amd():
        return "only on AMD processors", ""
    if name == "onednn":
        from paddle_camp.speed.onednn.library import OneDnnError, library

        try:
            library()
        except OneDnnError as error:
            return f"off: {error}", ""
    return "on", ""


def _fonts() -> Finding:
    from paddle_camp.plots.language import chinese_font

    font = chinese_font()
    cure = "" if font else "apt install fonts-noto-cjk    (or any font with Chinese characters)"
    return Finding("fonts", font or "none with Chinese characters: figures are in English", cure)


def _place(what: str, folder: Path, cure: str) -> Finding:
    """A folder that is written to: where it is, and how much room there is."""
    there = folder.absolute()
    while not there.exists() and there != there.parent:
        there = there.parent
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        return Finding(what, f"{folder}: cannot be written", cure, fatal=what == "runs")
    free = shutil.disk_usage(there).free
    return Finding(what, f"{folder}: {free / 2**30:.1f} GB free", cure if free < LITTLE else "")


def _data(name: str, known: Dataset) -> Finding:
    try:
        found = find(name)
    except CampError as error:  # $PADDLE_CAMP_DATA is no folder
        return Finding(name, str(error), "unset PADDLE_CAMP_DATA")
    if found:
        return Finding(name, f"{found.path} ({found.how})")
    cache = default_cache_dir() / name
    if known.files and all((cache / remote.name).is_file() for remote in known.files):
        return Finding(name, f"{cache} (downloaded before)")
    if not known.files:
        return Finding(name, "not here: runs take the stand-in", known.how_to_get)
    if os.environ.get("PADDLE_CAMP_OFFLINE") == "1":
        return Finding(name, "not here, and PADDLE_CAMP_OFFLINE=1 forbids its download", "unset PADDLE_CAMP_OFFLINE")
    return Finding(name, f"not here: the first run that needs it downloads it from {known.files[0].urls[0]}")
