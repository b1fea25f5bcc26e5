"""The record that a training keeps of itself while it goes on (:mod:`paddle_camp.live`)."""

from __future__ import annotations

import math
import sys
import time
from typing import Any

import numpy as np

from paddle_camp.history import History, Row, means_of_parts
from paddle_camp.live import Recording
from paddle_camp.training.progress import Progress

MOST = 200  # points of a curve


class Recorder(Progress):
    """Keeps the record of one training.

    Args:
        name: of the training.
        history: to which its rows are appended.
        num_epochs, num_steps: how many it will have in all.
    """

    def __init__(self, recording: Recording, name: str, history: History, num_epochs: int, num_steps: int):
        self.recording, self.history = recording, history
        self.path, self.name = recording.begin(name)
        self.whole = {"num_epochs": num_epochs, "num_steps": num_steps, "first": self.taken, "cell": recording.cell}
        self.began, self.ended, self.broken_off = time.time(), False, False
        self.note()

    @property
    def taken(self) -> int:
        """How many steps are done."""
        return int(self.history.steps[-1]["step"]) if self.history.steps else 0

    def step(self, row: Row) -> None:
        """Note it."""
        self.note()

    def epoch_done(self, row: Row) -> None:
        """Note it."""
        self.note()

    def measured(self, row: Row) -> None:
        """Note it."""
        self.note()

    def close(self) -> None:
        """Note that it has ended: by itself, or because an error or a Ctrl-C is on its way out."""
        self.ended, self.broken_off = True, sys.exc_info()[0] is not None
        self.note()

    def note(self) -> None:
        """Have it written, if it is time."""
        self.recording.note(self.path, self.record)

    def record(self) -> dict[str, Any]:
        """What there is now, as JSON values; ``began`` and ``written`` are seconds since 1970."""
        place = {"name": self.name, "step": self.taken, "ended": self.ended, "broken_off": self.broken_off}
        times = {"began": self.began, "written": time.time()}
        return place | self.whole | times | {"losses": self.losses(), "splits": self.splits()}

    def losses(self) -> list[list[float]]:
        """(step, loss) of the steps, or the means of as many parts as a curve may have points."""
        points = means_of_parts(self.history.column("step"), self.history.column("loss"), MOST)
        return [list(point) for point in points if math.isfinite(point[1])]

    def splits(self) -> dict[str, dict[str, list[list[float]]]]:
        """Split -> loss and accuracy -> (epoch, value) of some or all measurements."""
        found: dict[str, dict[str, list[list[float]]]] = {}
        for row in self.history.evaluations:
            for measure in ("loss", "accuracy"):
                if measure in row and math.isfinite(row[measure]):
                    points = found.setdefault(row["split"], {}).setdefault(measure, [])
                    points.append([row["epoch"], float(row[measure])])
        return {split: {name: _some(each) for name, each in of.items()} for split, of in found.items()}


def _some(points: list[list[float]]) -> list[list[float]]:
    places = np.linspace(0, len(points) - 1, min(len(points), MOST))
    return [points[round(place)] for place in places]
