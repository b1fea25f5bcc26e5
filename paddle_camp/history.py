"""The record of a training: plain rows per step and per evaluation, read by plots, files and tests alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from paddle_camp.files import write_csv

Row = dict[str, Any]


@dataclass
class History:
    """What happened in one training.

    Attributes:
        steps: a row per optimizer step: ``step`` (1-based count of steps taken), ``epoch`` (0-based), ``batch``
            (0-based in its epoch), ``loss`` (mean over the batch), ``learning_rate`` (used in that step), ``samples``.
        epochs: a row per measurement: ``epoch`` (epochs finished, a fraction within one), ``step``, ``split``
            ("train", "holdout", "validation", ...), ``loss``, ``accuracy`` (absent for regression), ``samples``,
            ``seconds`` that the measurement (for "train": the epoch) took.
    """

    steps: list[Row] = field(default_factory=list)
    epochs: list[Row] = field(default_factory=list)

    def split(self, name: str) -> list[Row]:
        """The evaluation rows of one split, in order."""
        return [row for row in self.epochs if row["split"] == name]

    def column(self, name: str) -> list[Any]:
        """One column of the step rows."""
        return [row[name] for row in self.steps]

    def as_dict(self) -> dict[str, list[Row]]:
        """Plain JSON values; floats survive the way there and back bit for bit."""
        return {"steps": self.steps, "epochs": self.epochs}

    @classmethod
    def from_dict(cls, value: Mapping[str, list[Row]]) -> History:
        """The inverse of :meth:`as_dict`."""
        return cls(list(value["steps"]), list(value["epochs"]))


def write_histories(folder: Path, histories: Mapping[str, History]) -> None:
    """Write ``steps.csv`` and ``history.csv``; the column ``run`` says which training a row belongs to."""
    for name, attribute in (("steps.csv", "steps"), ("history.csv", "epochs")):
        rows = [{"run": run} | row for run, history in histories.items() for row in getattr(history, attribute)]
        write_csv(folder / name, rows)
