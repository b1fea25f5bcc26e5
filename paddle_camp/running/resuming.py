"""Resuming an interrupted run: its folder, settings and options."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from paddle_camp.data.info import DataInfo, WeightsInfo
from paddle_camp.errors import CampError, one_line
from paddle_camp.files import read_json, read_sealed
from paddle_camp.running.folder import default_out, follow_latest, read_metrics
from paddle_camp.running.manifest import FILE as MANIFEST
from paddle_camp.running.options import Options
from paddle_camp.running.settings import restore


def find_resumable(homework: str, options: Options) -> Path:
    """The run folder that ``--resume`` refers to.

    Raises:
        CampError: there is none, it belongs to another homework, or that run is done.
    """
    parent = Path(options.out) if options.out else default_out()
    path = Path(options.resume) if options.resume else parent / homework / "latest"
    path = follow_latest(path)
    saved = read_json(path / "config.json").get("homework")
    if saved is None:
        raise CampError(f"--resume: {path} is no run folder (no config.json in it); start one without --resume")
    if saved != homework:
        raise CampError(f"--resume: {path} is a run of homework {saved}, not of {homework}")
    # The manifest is the last file of a run: killed between the two, it has the folders of its trainings still.
    if read_metrics(path).get("status") == "done" and (path / MANIFEST).exists():
        raise CampError(f"--resume: {path} is done already; its answer is {path / 'answer.md'}")
    return path.resolve()


def read_config(path: Path, options: Options) -> tuple[Any, Options]:
    """The settings and options of a run to be resumed.

    Device, jobs, cluster and reporting come from ``options``, and so does ``data_dir`` if it is given (the data may
    have moved); everything else is the run's own.

    Raises:
        CampError: the file is damaged or of another version, or ``options`` has another seed, data or precision.
    """
    try:
        saved = read_sealed(path / "config.json")
    except (OSError, ValueError) as error:
        raise CampError(f"--resume: {path / 'config.json'}: {error}; start a new run") from None
    try:
        began = restore(Options, saved.get("options"))
        data = restore(DataInfo, saved["data"]) if "data" in saved else None
        for weights in saved.get("weights", {}).values():
            restore(WeightsInfo, weights)
    except (CampError, TypeError, AttributeError) as error:  # TypeError: a value is missing; the other: no object
        raise CampError(
            f"--resume: {path / 'config.json'} is damaged or of another version ({one_line(error)}); start a new run"
        ) from None
    for name in ("seed", "data", "amp"):
        given, has = getattr(options, name), getattr(began, name)
        if given not in (getattr(Options, name), has):
            raise CampError(f"--resume: the run has --{name} {has}; leave --{name} out or start a new run")
    if data is not None:
        real = data.origin == "real"
        began = replace(began, data="real" if real else "synthetic", data_dir=data.path if real else None)
    now = {key: getattr(options, key) for key in ("resume", "out", "debug", "jobs", "cluster", "visualdl", "config")}
    now |= {key: getattr(options, key) for key in ("device", "data_dir") if getattr(options, key) not in (None, "auto")}
    return saved.get("settings"), replace(began, live=began.live or options.live, **now)


def seconds_so_far(path: Path) -> float:
    """Duration of the earlier sessions, seconds: as recorded, plus the time to the last file of one that was killed."""
    metrics = path / "metrics.json"
    if not metrics.exists():
        return 0.0
    newest = max(file.stat().st_mtime for file in path.rglob("*") if file.is_file())
    noted = read_metrics(path).get("seconds")
    seconds = float(noted) if isinstance(noted, int | float) else 0.0
    return seconds + max(0.0, newest - metrics.stat().st_mtime)
