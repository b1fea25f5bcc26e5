"""The folder of a run and the files of the contract; knows no paddle, so that ``--list`` and ``--help`` need none."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from paddle_camp import plots, report
from paddle_camp.errors import CampError
from paddle_camp.files import write_csv, write_json
from paddle_camp.history import History, write_histories


@dataclass(frozen=True)
class Options:
    """The command line of a run, as :mod:`tools.run_homework` or a notebook gives it; see the README."""

    data: str = "auto"
    data_dir: str | None = None
    device: str = "auto"
    amp: bool = False
    quick: bool = False
    seed: int = 0
    overrides: tuple[str, ...] = ()
    out: str | None = None
    resume: str | None = None  # None: a new run; "": the latest one; else its folder
    jobs: int = 1
    cluster: str | None = None
    visualdl: bool = False
    debug: bool = False


@dataclass(frozen=True)
class DataInfo:
    """Which data a run used, for ``metrics.json``, banners and subtitles.

    Attributes:
        origin: "real" or "synthetic".
        counts: samples in each part, such as ``{"train": 400, "valid": 200}``.
    """

    name: str
    origin: str
    path: str
    counts: dict[str, int]

    @property
    def stand_in(self) -> str | None:
        """The English line that figures carry when the data are a stand-in, else None."""
        return None if self.origin == "real" else f"stand-in data, generated: not {self.name}"

    @property
    def stand_in_zh(self) -> str | None:
        """The Chinese line that an answer begins with when the data are a stand-in, else None."""
        if self.origin == "real":
            return None
        return f"注意：没有找到 {self.name} 数据集，下面的数字和图来自程序生成的替代数据，不是真实数据的结果。"


@dataclass(frozen=True)
class Predictions:
    """A classifier's verdicts: N ``names``, labels int ``[N]``, ``probabilities`` float ``[N, K]``."""

    names: tuple[str, ...]
    labels: np.ndarray
    probabilities: np.ndarray

    def rows(self) -> list[dict[str, Any]]:
        """``sample, label`` and one probability column per class."""
        columns = [f"probability_{k}" for k in range(self.probabilities.shape[1])]
        return [
            {"sample": name, "label": int(label)} | dict(zip(columns, map(float, row), strict=True))
            for name, label, row in zip(self.names, self.labels, self.probabilities, strict=True)
        ]


@dataclass
class Answer:
    """What a homework's ``run`` returns.

    Attributes:
        title: as the student posts it, ``作业9-1:…``.
        text: Markdown in Chinese, built from the run's numbers.
        data: None where an assignment needs none.
        results: JSON values that depend on data, settings and seed alone (no times): the same run, the same bits.
        figures: name to (caption, matplotlib figure).
        histories: name of the training to its history.
    """

    title: str
    text: str
    data: DataInfo | None
    results: dict[str, Any]
    figures: dict[str, tuple[str, Any]] = field(default_factory=dict)
    histories: dict[str, History] = field(default_factory=dict)
    predictions: Predictions | None = None


@dataclass(frozen=True)
class Context:
    """What a homework's ``run`` is given: where to write, what to compute on, which seed."""

    homework: str
    path: Path
    options: Options
    device: str = "cpu"

    @property
    def seed(self) -> int:
        """The seed of everything random."""
        return self.options.seed

    @property
    def checkpoints(self) -> Path:
        """The folder of ``{last,best}.*`` and of the run's single trainings."""
        return self.path / "checkpoints"

    def say(self, text: str) -> None:
        """Print a result."""
        print(text, flush=True)

    def announce(self, data: DataInfo, how: str) -> None:
        """Say which data are used; a stand-in loudly."""
        counts = ", ".join(f"{number} {part}" for part, number in data.counts.items())
        print(f"data: {data.name}, {data.origin}, {counts}; from {how}: {data.path}", file=sys.stderr)
        if data.stand_in:
            line = f"*** {data.stand_in.upper()} *** no number of this run is a result on real data"
            print(f"{'*' * len(line)}\n{line}\n{'*' * len(line)}", file=sys.stderr, flush=True)

    def clean_up(self) -> None:
        """After the end: drop the single trainings' folders; ``checkpoints/{last,best}.*`` stay."""
        for folder in self.checkpoints.glob("*/"):
            shutil.rmtree(folder, ignore_errors=True)


def default_out() -> Path:
    """``runs/``, or ``work/runs/`` on AI Studio, where only ``work/`` outlives a session."""
    return Path("/home/aistudio/work/runs") if Path("/home/aistudio/work").is_dir() else Path("runs")


def new_folder(homework: str, options: Options) -> Path:
    """Make ``OUT/<ID>/<YYYYmmdd-HHMMSS>/`` and point ``OUT/<ID>/latest`` at it."""
    parent = Path(options.out) if options.out else default_out()
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for number in range(100):  # two runs in one second get different names
        path = parent / homework / (stamp if number == 0 else f"{stamp}-{number}")
        with contextlib.suppress(FileExistsError):
            path.mkdir(parents=True)
            _point_latest(path)
            return path
    raise CampError(f"{parent / homework}: cannot make a new folder for this run")


def _point_latest(path: Path) -> None:
    link = path.parent / "latest"
    temporary = path.parent / f".latest.{os.getpid()}"
    temporary.unlink(missing_ok=True)
    try:
        temporary.symlink_to(path.name)
    except OSError:  # a file system without symbolic links: a file that names the folder
        temporary.write_text(path.name + "\n")
    os.replace(temporary, link)


def find_resumable(homework: str, options: Options) -> Path:
    """The folder that ``--resume`` means.

    Raises:
        CampError: there is none, or it is of another homework, or that run is done.
    """
    parent = Path(options.out) if options.out else default_out()
    path = Path(options.resume) if options.resume else parent / homework / "latest"
    if path.is_file():
        path = path.parent / path.read_text().strip()
    config = path / "config.json"
    if not config.is_file():
        raise CampError(f"--resume: {path} is no run folder (no config.json in it); start one without --resume")
    saved = json.loads(config.read_text(encoding="utf-8"))
    if saved["homework"] != homework:
        raise CampError(f"--resume: {path} is a run of homework {saved['homework']}, not of {homework}")
    with contextlib.suppress(OSError, ValueError):
        if json.loads((path / "metrics.json").read_text(encoding="utf-8"))["status"] == "done":
            raise CampError(f"--resume: {path} is done already; its answer is {path / 'answer.md'}")
    return path.resolve()


def write_config(context: Context, settings: dict[str, Any]) -> None:
    """Write ``config.json``: all that ``--resume`` needs to go on."""
    write_json(
        context.path / "config.json",
        {"homework": context.homework, "settings": settings, "options": asdict(context.options)},
    )


def read_config(path: Path, options: Options) -> tuple[dict[str, Any], Options]:
    """The settings and options of a run to be resumed; where to compute and how to report come from ``options``."""
    saved = json.loads((path / "config.json").read_text(encoding="utf-8"))
    values = {key: tuple(v) if isinstance(v, list) else v for key, v in saved["options"].items()}
    now = {key: getattr(options, key) for key in ("resume", "out", "debug", "jobs", "cluster", "visualdl")}
    if options.data_dir is not None:  # the data may have moved
        now["data_dir"] = options.data_dir
    return saved["settings"], Options(**values | now)


def write_metrics(context: Context, status: str, seconds: float, answer: Answer | None, error: str = "") -> None:
    """Write ``metrics.json``; ``status`` is running, done, failed or interrupted."""
    data = answer.data if answer else None
    described = {} if data is None else {"name": data.name, "origin": data.origin, "path": data.path} | data.counts
    value = {"homework": context.homework, "status": status, "data": described, "seed": context.seed}
    value |= {"device": context.device, "seconds": round(seconds, 1), "results": answer.results if answer else {}}
    write_json(context.path / "metrics.json", value | ({"error": error} if error else {}))


def write_answer_files(context: Context, answer: Answer, facts: dict[str, str]) -> None:
    """Write figures, tables, ``answer.md`` and ``report.html``."""
    figures = []
    for name, (caption, figure) in answer.figures.items():
        path = context.path / "figures" / f"{name}.png"
        plots.save(figure, path)
        figures.append((caption, path))
    write_histories(context.path, answer.histories)
    if answer.predictions is not None:
        write_csv(context.path / "predictions.csv", answer.predictions.rows())
    note = answer.data.stand_in_zh if answer.data else None
    links = "\n\n".join(f"![{caption}](figures/{path.name})" for caption, path in figures)
    report.write_answer(context.path / "answer.md", answer.title, f"{answer.text}\n\n{links}", note)
    body = f"**{note}**\n\n{answer.text}" if note else answer.text
    report.write_report(
        context.path / "report.html", title=answer.title, body_markdown=body, figures=figures, facts=facts
    )


def safe_name(text: str) -> str:
    """``text`` as a file name: anything but letters, digits, dot, dash and underscore becomes an underscore."""
    return re.sub(r"[^\w.-]", "_", text)


def facts(context: Context, answer: Answer, seconds: float, environment: dict[str, Any]) -> dict[str, str]:
    """The facts that head the report: data, seed, device, time, versions."""
    data = answer.data
    where = "GPU " + environment["gpu"] if context.device.startswith("gpu") else environment["cpu"]
    listed = {} if data is None else {"data": f"{data.name} ({data.origin}), {data.counts}"}
    versions = ", ".join(f"{name} {version}" for name, version in environment["versions"].items())
    return listed | {
        "homework": context.homework,
        "seed": str(context.seed),
        "device": f"{context.device}: {where}, {environment['physical_cores']} core(s)",
        "time": f"{seconds / 60:.1f} min",
        "software": f"Python {environment['python']}, {versions}",
    }
