"""The context of a run, passed to a homework's ``run``: folder, device, options, data, seed."""

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
from paddle_camp.files import read_json, write_json, write_sealed
from paddle_camp.running.options import Options
from paddle_camp.running.printing import print_loudly, printable


@dataclass
class Context:
    """One run of one homework.

    Its folder is created on first use. By then data, settings and options have been checked, so a start that fails
    leaves no folder behind and ``latest`` still points at the last good run.

    Attributes:
        open_folder: creates or finds the run's folder; called once.
        settings: JSON values, for ``config.json``.
        began: start on the clock of :func:`time.monotonic`, minus the seconds of earlier sessions.
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
        """The run's folder; its first use opens it."""
        return self._path or self.open()

    def open(self) -> Path:
        """Create the run's folder, or lock that of a resumed run, with the first of its files.

        Raises:
            CampError: it cannot be created, or another process uses it.
        """
        self._path = self.open_folder()
        write_json(self._path / "env.json", self.environment)
        if not (self._path / "config.json").exists():
            self.write_config()
        self.write_metrics("running")
        print(printable(f"homework {self.homework} on {self.device}; files: {self._path}"), file=sys.stderr)
        return self._path

    @property
    def is_open(self) -> bool:
        """Whether the folder has been created."""
        return self._path is not None

    @property
    def seed(self) -> int:
        """The seed of everything random."""
        return self.options.seed

    @property
    def seconds(self) -> float:
        """Duration of the run so far, seconds, earlier sessions included."""
        return time.monotonic() - self.began

    @property
    def checkpoints(self) -> Path:
        """The folder of ``{last,best}.*`` and, during the run, of a subfolder for each training."""
        return self.path / "checkpoints"

    @property
    def side_by_side(self) -> dict[str, Any]:
        """The arguments ``jobs`` and ``cluster`` of :func:`paddle_camp.sweeps.sweep.run_cells`."""
        return {"jobs": self.options.jobs, "cluster": self.options.cluster}

    def say(self, text: str) -> None:
        """Print a result."""
        print(text, flush=True)

    def announce(self, data: DataInfo, how: str) -> None:
        """Print which data are used, with a banner for a stand-in, and check that a resumed run has the same data.

        Raises:
            DataError: the run was started with other data, or another process of it has other data.
        """
        counts = ", ".join(f"{number} {part}" for part, number in data.counts.items())
        print(printable(f"data: {data.name}, {data.origin}, {counts}; from {how}: {data.path}"), file=sys.stderr)
        if data.stand_in:
            print_loudly(f"*** {data.stand_in.upper()} *** no number of this run is a result on real data")
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
        """Write ``config.json``, which ``--resume`` reads."""
        value = {"homework": self.homework, "settings": self.settings, "options": asdict(self.options)}
        data = {} if self.data is None else {"data": asdict(self.data)}
        write_sealed(self.path / "config.json", value | data)

    def write_metrics(self, status: str, results: dict[str, Any] | None = None, error: str = "") -> None:
        """Write ``metrics.json``; ``status`` is running, done, failed or interrupted."""
        data = self.data
        described = {} if data is None else {"name": data.name, "origin": data.origin, "path": data.path} | data.counts
        value = {"homework": self.homework, "status": status, "data": described, "seed": self.seed}
        value |= {"device": self.device, "seconds": round(self.seconds, 1), "results": results or {}}
        write_json(self.path / "metrics.json", value | ({"error": error} if error else {}))

    def clean_up(self) -> None:
        """Delete the subfolders of the single trainings; ``checkpoints/{last,best}.*`` stay."""
        for folder in self.checkpoints.glob("*/"):
            shutil.rmtree(folder, ignore_errors=True)
