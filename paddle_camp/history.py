"""The record of a training: rows per step and per evaluation, their CSV files, and the smoothing of a curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from paddle_camp.errors import SettingError
from paddle_camp.files import write_csv

Row = dict[str, Any]


@dataclass
class History:
    """What happened in one training.

    Attributes:
        steps: a row per optimizer step: ``step`` (1-based count of steps taken), ``epoch`` (0-based), ``batch``
            (0-based in its epoch), ``loss`` (mean over the batch), ``learning_rate`` (used in that step), ``samples``.
        evaluations: a row per measurement: ``epoch`` (epochs finished, a fraction within one), ``step``, ``split``
            ("train", "holdout", "validation", ...), ``loss``, ``accuracy`` (absent for regression), ``samples``,
            ``seconds`` that the measurement (for "train": the epoch) took.
    """

    steps: list[Row] = field(default_factory=list)
    evaluations: list[Row] = field(default_factory=list)

    def split(self, name: str) -> list[Row]:
        """The evaluation rows of one split, in order."""
        return [row for row in self.evaluations if row["split"] == name]

    def column(self, name: str) -> list[Any]:
        """One column of the step rows."""
        return [row[name] for row in self.steps]

    def as_dict(self) -> dict[str, list[Row]]:
        """Plain JSON values; floats survive the way there and back bit for bit."""
        return {"steps": self.steps, "evaluations": self.evaluations}

    @classmethod
    def from_dict(cls, value: Mapping[str, list[Row]]) -> History:
        """The inverse of :meth:`as_dict`."""
        return cls(list(value["steps"]), list(value["evaluations"]))


def write_histories(folder: Path, histories: Mapping[str, History]) -> None:
    """Write ``steps.csv`` and ``history.csv``; the column ``run`` says which training a row belongs to."""
    for name, attribute in (("steps.csv", "steps"), ("history.csv", "evaluations")):
        rows = [{"run": run} | row for run, history in histories.items() for row in getattr(history, attribute)]
        write_csv(folder / name, rows)


def smooth(values: Sequence[float] | np.ndarray, window: int) -> np.ndarray:
    """The trailing mean: entry i is the mean of the last ``window`` values up to and including i.

    The first ``window - 1`` entries average what is there, so nothing looks ahead and nothing is lost. A NaN
    spoils only the windows that contain it (a running sum would carry it to the end).

    Args:
        values: float ``[N]``.
        window: how many values to average, 1 or more.

    Returns:
        float64 ``[N]``.

    Raises:
        SettingError: ``window`` is below 1.
    """
    if window < 1:
        raise SettingError(f"the smoothing window is {window} values: use 1 (no smoothing) or more")
    series = np.asarray(values, np.float64)
    return np.array([series[max(0, i + 1 - window) : i + 1].mean() for i in range(len(series))], np.float64)
