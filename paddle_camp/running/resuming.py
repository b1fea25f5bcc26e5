"""Going on with a run that was interrupted: which folder, and with what it began."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from paddle_camp.errors import CampError
from paddle_camp.files import read_json
from paddle_camp.running.folder import default_out, follow_latest, read_metrics
from paddle_camp.running.options import Options


def find_resumable(homework: str, options: Options) -> Path:
    """The folder that ``--resume`` means.

    Raises:
        CampError: there is none, or it is of another homework, or that run is done.
    """
    parent = Path(options.out) if options.out else default_out()
    path = Path(options.resume) if options.resume else parent / homework / "latest"
    path = follow_latest(path)
    saved = read_json(path / "config.json").get("homework")
    if saved is None:
        raise CampError(f"--resume: {path} is no run folder (no config.json in it); start one without --resume")
    if saved != homework:
        raise CampError(f"--resume: {path} is a run of homework {saved}, not of {homework}")
    if read_metrics(path).get("status") == "done":
        raise CampError(f"--resume: {path} is done already; its answer is {path / 'answer.md'}")
    return path.resolve()


def read_config(path: Path, options: Options) -> tuple[dict[str, Any], Options]:
    """The settings and options of a run to be resumed.

    Where to compute and how to report come from ``options``, and so does ``data_dir`` (the data may have moved); the
    rest, and otherwise the place of the data, is the run's own.

    Raises:
        CampError: the file is not one of ours, or ``options`` asks for another seed, other data or precision.
    """
    saved = read_json(path / "config.json")
    known = {field.name for field in fields(Options)}
    if not {"settings", "options"} <= saved.keys() or not saved["options"].keys() <= known:
        raise CampError(f"--resume: {path / 'config.json'} is damaged or of another version; start a new run")
    values = {key: tuple(v) if isinstance(v, list) else v for key, v in saved["options"].items()}
    for name in ("seed", "data", "amp"):
        given = getattr(options, name)
        if given not in (getattr(Options, name), values[name]):
            raise CampError(f"--resume: the run has --{name} {values[name]}; leave --{name} out or start a new run")
    if saved.get("data"):
        real = saved["data"]["origin"] == "real"
        values |= {"data": "real" if real else "synthetic", "data_dir": saved["data"]["path"] if real else None}
    now = {key: getattr(options, key) for key in ("resume", "out", "debug", "jobs", "cluster", "visualdl")}
    now |= {key: getattr(options, key) for key in ("device", "data_dir") if getattr(options, key) not in (None, "auto")}
    return saved["settings"], Options(**values | now)


def seconds_so_far(path: Path) -> float:
    """How long earlier sessions worked on this run: what they noted, and up to the last file of one that was killed."""
    metrics = path / "metrics.json"
    if not metrics.exists():
        return 0.0
    newest = max(file.stat().st_mtime for file in path.rglob("*") if file.is_file())
    return float(read_metrics(path).get("seconds", 0.0)) + max(0.0, newest - metrics.stat().st_mtime)
