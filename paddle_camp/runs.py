"""The folder of a run: making it, finding it again, and the files of the contract in it."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from paddle_camp import parallel, plots, report
from paddle_camp.errors import CampError, DataError
from paddle_camp.files import write_csv, write_json
from paddle_camp.history import write_histories
from paddle_camp.options import Options
from paddle_camp.results import Answer, DataInfo


@dataclass
class Context:
    """What a homework's ``run`` is given: where to write, what to compute on, which seed."""

    homework: str
    path: Path
    options: Options
    settings: dict[str, Any]
    device: str = "cpu"
    data: DataInfo | None = None

    @property
    def seed(self) -> int:
        """The seed of everything random."""
        return self.options.seed

    @property
    def checkpoints(self) -> Path:
        """The folder of ``{last,best}.*`` and, while it runs, of the run's single trainings."""
        return self.path / "checkpoints"

    @property
    def side_by_side(self) -> dict[str, Any]:
        """How :func:`paddle_camp.sweep.run_cells` is to compute."""
        return {"jobs": self.options.jobs, "cluster": self.options.cluster}

    def say(self, text: str) -> None:
        """Print a result."""
        print(text, flush=True)

    def announce(self, data: DataInfo, how: str) -> None:
        """Say which data are used, a stand-in loudly, and hold a resumed run to those it began with.

        Raises:
            DataError: the run began on other data, or another process of it holds other data.
        """
        counts = ", ".join(f"{number} {part}" for part, number in data.counts.items())
        print(f"data: {data.name}, {data.origin}, {counts}; from {how}: {data.path}", file=sys.stderr)
        if data.stand_in:
            line = f"*** {data.stand_in.upper()} *** no number of this run is a result on real data"
            print(f"{'*' * len(line)}\n{line}\n{'*' * len(line)}", file=sys.stderr, flush=True)
        if len(set(parallel.every(data.fingerprint))) > 1:
            raise DataError(f"the processes of this run do not hold the same data: this one has {data.path}")
        before = _read_json(self.path / "config.json").get("data")
        if before and before["fingerprint"] != data.fingerprint:
            raise DataError(f"--resume: {data.path} holds other data than the run began with in {before['path']}")
        self.data = data
        write_config(self)
        write_metrics(self, "running", seconds_so_far(self.path), {})

    def clean_up(self) -> None:
        """After the end: drop the single trainings' folders; ``checkpoints/{last,best}.*`` stay."""
        for folder in self.checkpoints.glob("*/"):
            shutil.rmtree(folder, ignore_errors=True)


def default_out() -> Path:
    """``runs/``, or ``work/runs/`` on AI Studio, where only ``work/`` outlives a session."""
    return Path("/home/aistudio/work/runs") if Path("/home/aistudio/work").is_dir() else Path("runs")


def new_folder(homework: str, options: Options) -> Path:
    """Make ``OUT/<ID>/<YYYYmmdd-HHMMSS>/`` and point ``OUT/<ID>/latest`` at it.

    Raises:
        CampError: the place cannot be written.
    """
    parent = (Path(options.out) if options.out else default_out()) / homework
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for number in range(100):  # two runs in one second get different names
        path = parent / (stamp if number == 0 else f"{stamp}-{number}")
        try:
            path.mkdir(parents=True)
        except OSError as error:
            if path.is_dir():
                continue
            raise CampError(f"--out: {path} cannot be made ({error.strerror}); choose another place") from None
        _point_latest(path)
        return path
    raise CampError(f"--out: {parent}: too many runs in one second")


def _point_latest(path: Path) -> None:
    link = path.parent / "latest"
    temporary = path.parent / f".latest.{os.getpid()}"
    temporary.unlink(missing_ok=True)
    try:
        temporary.symlink_to(path.name)
    except OSError:  # a file system without symbolic links: a file that names the folder
        temporary.write_text(path.name + "\n")
    try:
        os.replace(temporary, link)
    except OSError:  # somebody made a folder of that name: it is theirs
        temporary.unlink()


def follow_latest(path: Path) -> Path:
    """The run folder that ``path`` means: where there are no links, ``latest`` is a file that names one."""
    is_name = path.name == "latest" and path.is_file()
    return path.parent / path.read_text(encoding="utf-8").strip() if is_name else path


def find_resumable(homework: str, options: Options) -> Path:
    """The folder that ``--resume`` means.

    Raises:
        CampError: there is none, or it is of another homework, or that run is done.
    """
    parent = Path(options.out) if options.out else default_out()
    path = Path(options.resume) if options.resume else parent / homework / "latest"
    path = follow_latest(path)
    saved = _read_json(path / "config.json").get("homework")
    if saved is None:
        raise CampError(f"--resume: {path} is no run folder (no config.json in it); start one without --resume")
    if saved != homework:
        raise CampError(f"--resume: {path} is a run of homework {saved}, not of {homework}")
    if read_metrics(path).get("status") == "done":
        raise CampError(f"--resume: {path} is done already; its answer is {path / 'answer.md'}")
    return path.resolve()


def read_metrics(path: Path) -> dict[str, Any]:
    """The ``metrics.json`` of a run folder; an empty one where there is none."""
    return _read_json(path / "metrics.json")


def _read_json(path: Path) -> dict[str, Any]:
    """A JSON object; an empty one where the file is missing or is none."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def write_config(context: Context) -> None:
    """Write ``config.json``: all that ``--resume`` needs to go on."""
    value = {"homework": context.homework, "settings": context.settings, "options": asdict(context.options)}
    data = {} if context.data is None else {"data": asdict(context.data)}
    write_json(context.path / "config.json", value | data)


def read_config(path: Path, options: Options) -> tuple[dict[str, Any], Options]:
    """The settings and options of a run to be resumed.

    Where to compute and how to report come from ``options``, and so does ``data_dir`` (the data may have moved); the
    rest, and otherwise the place of the data, is the run's own.

    Raises:
        CampError: the file is not one of ours, or ``options`` asks for another seed, other data or precision.
    """
    saved = _read_json(path / "config.json")
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


def write_metrics(context: Context, status: str, seconds: float, results: dict[str, Any], error: str = "") -> None:
    """Write ``metrics.json``; ``status`` is running, done, failed or interrupted."""
    data = context.data
    described = {} if data is None else {"name": data.name, "origin": data.origin, "path": data.path} | data.counts
    value = {"homework": context.homework, "status": status, "data": described, "seed": context.seed}
    value |= {"device": context.device, "seconds": round(seconds, 1), "results": results}
    write_json(context.path / "metrics.json", value | ({"error": error} if error else {}))


def write_answer_files(context: Context, answer: Answer, facts: dict[str, str]) -> None:
    """Write figures, tables, ``answer.md`` and ``report.html``."""
    figures = []
    for number, (name, (caption, figure)) in enumerate(answer.figures.items(), start=1):
        path = context.path / "figures" / f"{name}.png"
        plots.save(figure, path)
        figures.append((f"图 {number}：{caption}", path))
    write_histories(context.path, answer.histories)
    if answer.predictions is not None:
        write_csv(context.path / "predictions.csv", answer.predictions.rows())
    note = context.data.stand_in_zh if context.data else None
    # A forum shows the text of a picture only where the picture is missing: the caption stands above it as well.
    shown = [f"{caption}\n\n![{caption}](figures/{path.name})" for caption, path in figures]
    text = "\n\n".join([answer.text.strip(), *(["## 图"] if shown else []), *shown])
    report.write_answer(context.path / "answer.md", answer.title, text, note)
    page = {"title": answer.title, "body_markdown": answer.text, "stand_in_note": note}
    report.write_report(context.path / "report.html", **page, figures=figures, facts=facts)


def _in_words(peak_memory: int | None) -> str:
    if peak_memory is None:
        return "not measured: this system does not tell"
    return f"{peak_memory / 2**30:.1f} GiB resident at most, in this process since its start"


def facts(context: Context, seconds: float, environment: dict[str, Any]) -> dict[str, str]:
    """The facts that head the report: data, seed, device, time, versions."""
    data = context.data
    where = "GPU " + environment["gpu"] if context.device.startswith("gpu") else environment["cpu"]
    listed = {} if data is None else {"data": f"{data.name} ({data.origin}), {data.counts}"}
    versions = ", ".join(f"{name} {version}" for name, version in environment["versions"].items())
    return listed | {
        "homework": context.homework,
        "seed": str(context.seed),
        "device": f"{context.device}: {where}, {environment['physical_cores']} core(s)",
        "time": f"{seconds / 60:.1f} min",
        "memory": _in_words(environment["peak_memory"]),
        "software": f"Python {environment['python']}, {versions}",
    }
