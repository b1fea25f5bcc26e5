"""VisualDL logs of a run (``--visualdl``); the package is optional: ``pip install -e .[visualdl]``."""

from __future__ import annotations

import contextlib
import itertools
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from paddle_camp.errors import CampError
from paddle_camp.history import History, Row
from paddle_camp.training.progress import Progress


def require_visualdl() -> None:
    """Check that VisualDL can be imported, before the training.

    Raises:
        CampError: VisualDL is not installed.
    """
    try:
        import visualdl  # noqa: F401
    except (ImportError, TypeError) as error:  # TypeError: an old one on a new protobuf
        raise CampError(f"--visualdl: it cannot be imported ({error}); type: pip install -e .[visualdl]") from None


class LiveLogs:
    """A log for each training of a run, written while it goes on; ``visualdl --logdir FOLDER`` shows them.

    Scalars: ``step/loss`` and ``step/learning_rate`` per step, ``SPLIT/loss`` and ``SPLIT/accuracy`` per measurement.

    Args:
        folder: makes or finds the directory of all logs, when the first training begins.
    """

    def __init__(self, folder: Callable[[], Path]):
        self.folder = folder
        self.begun: dict[str, History] = {}

    def begin(self, name: str, history: History) -> Progress:
        """A watcher of trainings (:func:`~paddle_camp.training.progress.watched_by`)."""
        name = directory_name(name)
        names = itertools.chain([name], (f"{name}-{number}" for number in itertools.count(2)))
        name = next(each for each in names if each not in self.begun)
        self.begun[name] = history
        return LiveLog(self.folder() / name, history)

    def finish(self, histories: Mapping[str, History]) -> None:
        """Write those that were trained elsewhere, in the processes of ``--jobs`` or on a cluster."""
        for name, history in histories.items():
            if not any(history.steps == seen.steps for seen in self.begun.values()):
                LiveLog(self.folder() / directory_name(name), history).close()


def directory_name(name: str) -> str:
    """A training's name as that of a directory."""
    return re.sub(r"[\s/\\]+", "-", name)


class LiveLog(Progress):
    """The log of one training: what its history holds already, then every row, on the disk after each measurement.

    A full disk is ignored, so that the training reaches its next save.
    """

    def __init__(self, folder: Path, history: History):
        from visualdl import LogWriter

        shutil.rmtree(folder, ignore_errors=True)  # of a session before: VisualDL shows one file a directory
        self.writer = LogWriter(logdir=str(folder))
        for row in history.steps:
            self.step(row)
        for row in history.evaluations:
            self.add(row["split"], row)
        self.flush()

    def step(self, row: Row) -> None:
        """Loss and learning rate."""
        self.add("step", row)

    def epoch_done(self, row: Row) -> None:
        """The split "train", and the steps of the epoch to the disk."""
        self.measured(row)

    def measured(self, row: Row) -> None:
        """Loss and accuracy of a split, to the disk."""
        self.add(row["split"], row)
        self.flush()

    def close(self) -> None:
        """To the disk, also after an interruption."""
        with contextlib.suppress(OSError):
            self.writer.close()

    def flush(self) -> None:
        """To the disk."""
        with contextlib.suppress(OSError):
            self.writer.flush()

    def add(self, group: str, row: Row) -> None:
        """The row's numbers."""
        with contextlib.suppress(OSError):
            for key in ("loss", "learning_rate", "accuracy"):
                if key in row:
                    self.writer.add_scalar(tag=f"{group}/{key}", step=row["step"], value=row[key])
