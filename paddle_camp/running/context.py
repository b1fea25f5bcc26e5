"""The context of a run, passed to a homework's ``run``: folder, device, options, data, seed."""

from __future__ import annotations

import inspect
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from paddle_camp import plots, runtime
from paddle_camp.data.info import DataInfo, WeightsInfo
from paddle_camp.data.parts import three_parts
from paddle_camp.distributed import collectives
from paddle_camp.errors import CheckpointError, DataError
from paddle_camp.files import read_json, write_json, write_sealed
from paddle_camp.running import again
from paddle_camp.running.options import Options
from paddle_camp.running.printing import print_loudly, printable
from paddle_camp.sweeps.grid import Grid, run_grid
from paddle_camp.training import checkpoint
from paddle_camp.training.fit import publish


@dataclass
class Context:
    """One run of one homework.

    Its folder is created on first use. By then data, settings and options have been checked, so a start that fails
    leaves no folder behind and ``latest`` still points at the last good run.

    Attributes:
        open_folder: creates or finds the run's folder; called once.
        settings: JSON values, for ``config.json``.
        data, published: what :meth:`announce` and :meth:`publish` were told; ``weights``: by network.
        began: start on the clock of :func:`time.monotonic`, minus the seconds of earlier sessions.
        told: called with every new status of the run, and the error that ended it.
    """

    homework: str
    open_folder: Callable[[], Path]
    options: Options
    settings: dict[str, Any]
    device: str = "cpu"
    data: DataInfo | None = None
    began: float = field(default_factory=time.monotonic)
    environment: dict[str, Any] = field(default_factory=runtime.environment)
    weights: dict[str, WeightsInfo] = field(default_factory=dict)
    published: Any = None
    told: Callable[[str, str], object] = lambda status, error: None
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
        return self.options.seed or 0

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

    @property
    def fit_options(self) -> dict[str, Any]:
        """The keywords ``seed`` and ``amp`` of :func:`~paddle_camp.training.fit.fit`."""
        return {"seed": self.seed, "amp": self.options.amp}

    def load(self, loader: Callable[..., Any], **arguments: Any) -> Any:
        """``loader(data, data_dir, **arguments)``, announced; every figure will say if they are a stand-in."""
        data = loader(self.options.data, self.options.data_dir, **arguments)
        self.announce(data.info, data.how)
        return data

    def load_parts(self, loader: Callable[..., Any], settings: Any, augment: Any = None) -> tuple[Any, dict[str, Any]]:
        """Pictures and the batches of their :func:`~paddle_camp.data.parts.three_parts`, as a page's settings say.

        Args:
            loader: ``load_mnist``, ``load_fundus`` or ``load_cats_and_dogs``.
            settings: have ``train_pictures``, ``test_pictures`` or ``valid_pictures``, ``holdout`` and ``batch_size``;
                ``image_size``, which a loader without one (digits) is not told.
            augment: of the training batches.
        """
        reported = settings.test_pictures if hasattr(settings, "test_pictures") else settings.valid_pictures
        sized = hasattr(settings, "image_size") and "image_size" in inspect.signature(loader).parameters
        size = {"image_size": settings.image_size} if sized else {}
        data = self.load(loader, counts=(settings.train_pictures, reported), **size)
        return data, three_parts(data, settings.holdout, settings.batch_size, self.seed, augment=augment)

    def seeds(self, count: int) -> range:
        """The seeds of ``count`` trainings, from the run's own on."""
        return range(self.seed, self.seed + count)

    def grid(self, function: Callable[..., Any], axes: Mapping[str, Sequence], **options: Any) -> Grid:
        """A grid of trainings in this run: :func:`~paddle_camp.sweeps.grid.run_grid` with ``--jobs`` and ``--cluster``.

        Args:
            function: a cell, called with a value of every axis and ``common``.
            axes: name -> values.
            **options: ``common``, ``describe``, ``here``, ``prefix`` of ``run_grid``.
        """
        return run_grid(function, axes, self.path / "cells", **self.side_by_side, **options)

    def publish(self, folder: Path, model: Any) -> None:
        """Make the training in ``folder`` the run's: its ``last`` and ``best``, and ``model.json`` for ``predict``.

        Args:
            model: the :class:`~paddle_camp.predicting.saved_model.SavedModel` that the weights belong to.
        """
        model.write(self.checkpoints, self.data)
        publish(folder, self.checkpoints)
        self.published = model

    def publish_ensemble(self, folders: Sequence[Path], model: Any) -> Any:
        """Make several trainings the run's, for ``predict`` to average: each by its folder's name, the first ``last``.

        A single one is a network by itself. Gives ``model`` with the names of the weights.
        """
        if len(folders) > 1:
            for folder in folders:
                checkpoint.copy(folder, "last", self.checkpoints, folder.name)
            model = replace(model, weights=tuple(f"{folder.name}.pdparams" for folder in folders))
        self.publish(folders[0], model)
        return model

    def save_figure(self, name: str, figure: Figure) -> Path:
        """Write ``figures/NAME.png``, with a note on what stands in for the real; the page may go on drawing."""
        path = self.path / "figures" / f"{name}.png"
        notes = [(info.stand_in, info.stand_in_short_zh) for info in self.stand_ins]
        if notes:
            english, chinese = zip(*notes, strict=True)
            plots.add_note(figure, plots.words("; ".join(english), "；".join(chinese)))
        plots.save(figure, path)
        return path

    @property
    def stand_ins(self) -> list[DataInfo | WeightsInfo]:
        """Those of the data and the weights that are not the real ones."""
        return [info for info in (self.data, *self.weights.values()) if info is not None and info.stand_in]

    def say(self, text: str) -> None:
        """Print a result; where nobody reads any more the run is interrupted, and can be resumed."""
        try:
            print(text, flush=True)
        except BrokenPipeError:
            raise KeyboardInterrupt from None

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
        if self.options.config and again.fingerprint_of(self.options.config) not in ("", data.fingerprint):
            print(
                f"--config: its run used other data than {printable(data.path)}: the numbers will differ",
                file=sys.stderr,
            )
        self.data = data
        self._note()

    def announce_weights(self, info: WeightsInfo) -> None:
        """Print which weights a network begins with, with a banner for random ones; a resumed run must have the same.

        Every figure and the answer will say of random weights that they are none.

        Raises:
            CheckpointError: the run was started with other weights.
        """
        origin = f"{info.origin}; from {info.how}: {info.path}" if info.path else info.origin
        print(printable(f"weights: {info.model}, {origin}"), file=sys.stderr)
        if info.stand_in:
            print_loudly(f"*** {info.stand_in.upper()} *** no number of this run is one of transfer: {info.how}")
        before = self._weights_before().get(info.model) if self.is_open else None
        if before and before["fingerprint"] != info.fingerprint:
            has, had = (path or "random weights" for path in (info.path, before["path"]))
            raise CheckpointError(f"--resume: {info.model} begins with {has}, the run began with {had}")
        self.weights[info.model] = info
        self._note()

    def _note(self) -> None:
        if self.is_open:
            self.write_config()
            self.write_metrics("running")

    def write_config(self) -> None:
        """Write ``config.json``, which ``--resume`` reads."""
        value = {"homework": self.homework, "settings": self.settings, "options": asdict(self.options)}
        value |= {} if self.data is None else {"data": asdict(self.data)}
        weights = self._weights_before() | {name: asdict(info) for name, info in self.weights.items()}
        write_sealed(self.path / "config.json", value | ({"weights": weights} if weights else {}))

    def _weights_before(self) -> dict[str, Any]:
        """Network -> what ``config.json`` says of its weights."""
        return read_json(self.path / "config.json").get("weights", {})

    def write_metrics(
        self, status: str, results: dict | None = None, *, headline: dict | None = None, error: str = ""
    ) -> None:
        """Write ``metrics.json``; ``status`` is running, done, failed or interrupted."""
        data = self.data
        described = {} if data is None else {"name": data.name, "origin": data.origin, "path": data.path} | data.counts
        value = {"homework": self.homework, "status": status, "data": described, "seed": self.seed}
        value |= {"weights": {name: info.origin for name, info in self.weights.items()}} if self.weights else {}
        value |= {"device": self.device, "seconds": round(self.seconds, 1), "headline": headline}
        value |= {"results": results or {}} | ({"error": error} if error else {})
        write_json(self.path / "metrics.json", value)
        self.told(status, error)

    def clean_up(self) -> None:
        """Delete the subfolders of the single trainings; ``checkpoints/{last,best}.*`` stay."""
        for folder in self.checkpoints.glob("*/"):
            shutil.rmtree(folder, ignore_errors=True)
