"""What a homework's ``run`` is given: where to write, what to compute on, which data and seed."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from paddle_camp import runtime
from paddle_camp.data.info import DataInfo
from paddle_camp.distributed import collectives
from paddle_camp.errors import DataError
from paddle_camp.files import read_json, write_json
from paddle_camp.running.options import Options


@dataclass
class Context:
    """One run of one homework.

    Its folder is made when it is first used. Until then data, settings and options have been checked, so that a start
    that fails leaves no folder behind and the last good run stays ``latest``.

    Attributes:
        open_folder: makes or finds the run's folder; called once.
        settings: JSON values, for ``config.json``.
        began: on the clock of :func:`time.monotonic`; before this process's start by what earlier sessions worked.
    """

    homework: str
    open_folder: Callable[[], Path]
    options: Options
    settings: dict[str, Any]
    device: str = "cpu"
    data: DataInfo | None = None
    began: float = field(default_factory=time.monotonic)
    environment: dict[str, Any] = field(default_factory=runtime.environment)
    _path: Path | None = None

    @property
    def path(self) -> Path:
        """The run's folder.

        Raises:
            CampError: it cannot be made, or another process runs in it.
        """
        if self._path is None:
            self._path = self.open_folder()
            write_json(self._path / "env.json", self.environment)
            if not (self._path / "config.json").exists():
                self.write_config()
            self.write_metrics("running")
            print(f"homework {self.homework} on {self.device}; files: {self._path}", file=sys.stderr)
        return self._path

    @property
    def is_open(self) -> bool:
        """Whether the folder has been made."""
        return self._path is not None

    @property
    def seed(self) -> int:
        """The seed of everything random."""
        return self.options.seed

    @property
    def seconds(self) -> float:
        """How long the run has worked so far, earlier sessions included."""
        return time.monotonic() - self.began

    @property
    def checkpoints(self) -> Path:
        """The folder of ``{last,best}.*`` and, while it runs, of the run's single trainings."""
        return self.path / "checkpoints"

    @property
    def side_by_side(self) -> dict[str, Any]:
        """How :func:`paddle_camp.sweeps.sweep.run_cells` is to compute."""
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
        if len(set(collectives.all_gather_object(data.fingerprint))) > 1:
            raise DataError(f"the processes of this run do not hold the same data: this one has {data.path}")
        before = read_json(self.path / "config.json").get("data") if self.is_open else None
        if before and before["fingerprint"] != data.fingerprint:
            raise DataError(f"--resume: {data.path} holds other data than the run began with in {before['path']}")
        self.data = data
        if self.is_open:
            self.write_config()
            self.write_metrics("running")

    def write_config(self) -> None:
        """Write ``config.json``: all that ``--resume`` needs to go on."""
        value = {"homework": self.homework, "settings": self.settings, "options": asdict(self.options)}
        data = {} if self.data is None else {"data": asdict(self.data)}
        write_json(self.path / "config.json", value | data)

    def write_metrics(self, status: str, results: dict[str, Any] | None = None, error: str = "") -> None:
        """Write ``metrics.json``; ``status`` is running, done, failed or interrupted."""
        data = self.data
        described = {} if data is None else {"name": data.name, "origin": data.origin, "path": data.path} | data.counts
        value = {"homework": self.homework, "status": status, "data": described, "seed": self.seed}
        value |= {"device": self.device, "seconds": round(self.seconds, 1), "results": results or {}}
        write_json(self.path / "metrics.json", value | ({"error": error} if error else {}))

    def clean_up(self) -> None:
        """After the end: drop the single trainings' folders; ``checkpoints/{last,best}.*`` stay."""
        for folder in self.checkpoints.glob("*/"):
            shutil.rmtree(folder, ignore_errors=True)
