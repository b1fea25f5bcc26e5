"""The record of a training: rows per step and per evaluation, how they show themselves, CSV files, smoothing."""

from __future__ import annotations

import html
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddle_camp.errors import SettingError
from paddle_camp.files import write_csv
from paddle_camp.notebook import png_html, table_html

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Row = dict[str, Any]
MAX_ROWS = 20  # of the table of epochs
_PLACE = {"epoch", "step", "split", "samples", "seconds"}  # the rest of an evaluation's row was measured


@dataclass(repr=False)
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

    def last(self, split: str) -> Row:
        """The last evaluation row of a split.

        Raises:
            SettingError: it was never measured.
        """
        if rows := self.split(split):
            return rows[-1]
        known = ", ".join(dict.fromkeys(row["split"] for row in self.evaluations)) or "none"
        raise SettingError(f"there is no evaluation {split!r}; there are: {known}")

    def after_epochs(self, split: str, name: str) -> list[Any]:
        """One column of a split's rows that were measured at the end of an epoch."""
        return [row[name] for row in self.split(split) if row["epoch"] % 1 == 0]

    def curve(self, split: str, name: str, x: str = "epoch") -> tuple[list[Any], list[Any]]:
        """Two columns of a split's rows, to draw one against the other."""
        return [row[x] for row in self.split(split)], [row[name] for row in self.split(split)]

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

    def __repr__(self) -> str:
        epochs = int(max((row.get("epoch", 0) for row in self.evaluations), default=0))
        last = {row["split"]: row for row in self.evaluations if "loss" in row}
        texts = [f"{_count(len(self.steps), 'step')}, {_count(epochs, 'epoch')}"]
        for split in [name for name in last if name != "train"] or last:
            shown = [
                f"{key} {_number(last[split][key], 3)}"
                for key in ("loss", "accuracy", "mean_absolute_error")
                if key in last[split]
            ]
            texts.append(f"{split}: {', '.join(shown)}")
        return f"History({'; '.join(texts)})"

    def _repr_html_(self) -> str:
        """In a notebook: the table of epochs, and the loss against the steps."""
        curve = ""
        if self.steps or any("loss" in row for row in self.evaluations):
            png = io.BytesIO()
            self._loss_figure().savefig(png, format="png")
            curve = f"<div>{png_html(png.getvalue(), 'loss against steps')}</div>"
        return f"<p>{html.escape(repr(self))}</p>{epochs_html(self.evaluations)}{curve}"

    def _loss_figure(self) -> Figure:
        """The loss of every step (pale), its moving mean, and the loss of every evaluation."""
        from matplotlib.figure import Figure  # slow to load; pyplot would need a backend

        figure = Figure(figsize=(6.4, 2.8), layout="constrained")
        axes = figure.add_subplot(xlabel="step", ylabel="loss")
        if self.steps:
            steps, losses = self.column("step"), self.column("loss")
            axes.plot(steps, losses, color="C0", alpha=0.3)
            axes.plot(steps, smooth(losses, max(1, len(losses) // 25)), color="C0", label="training")
        measured = [r for r in self.evaluations if "loss" in r and (r["split"] != "train" or not self.steps)]
        for number, split in enumerate(dict.fromkeys(row["split"] for row in measured), 1):
            points = [(row["step"], row["loss"]) for row in measured if row["split"] == split]
            axes.plot(*zip(*points, strict=True), "o-", color=f"C{number}", markersize=4, label=split)
        for text in axes.legend(frameon=False).get_texts():
            text.set_parse_math(False)  # a "$" in the name of a split is a "$"
        return figure


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _number(value: float, decimals: int = 4) -> str:
    """With so many decimals; what would be all zeros or long, with as many digits."""
    fixed = value == 0 or 10**-decimals <= abs(value) < 10_000
    return f"{value:.{decimals}f}" if fixed else f"{value:.{decimals}g}"


def epochs_html(evaluations: Iterable[Row]) -> str:
    """The finished epochs as an HTML table: training loss, what was measured on each split, seconds of both.

    Evaluations within an epoch are left out, and the middle of many epochs. Empty before the end of the first.
    """
    epochs: dict[int, dict[str, float]] = {}
    for row in evaluations:
        if "loss" in row and float(row.get("epoch", "nan")).is_integer():
            cells = epochs.setdefault(int(row["epoch"]), {"seconds": 0.0})
            cells["seconds"] += row.get("seconds", 0.0)
            split = "training" if row["split"] == "train" else row["split"]
            cells |= {f"{split} {key}": value for key, value in row.items() if key not in _PLACE}
    columns = [name for name in dict.fromkeys(key for cells in epochs.values() for key in cells) if name != "seconds"]
    rows = [
        [str(epoch), *(_number(cells[name]) if name in cells else "" for name in columns), f"{cells['seconds']:.1f}"]
        for epoch, cells in epochs.items()
    ]
    if len(rows) > MAX_ROWS:
        rows[MAX_ROWS // 2 : -MAX_ROWS // 2] = [["…"] * (len(columns) + 2)]
    return table_html(["epoch", *columns, "seconds"], rows) if rows else ""


def write_histories(folder: Path, histories: Mapping[str, History]) -> None:
    """Write ``steps.csv`` and ``history.csv``; the column ``run`` says which training a row belongs to."""
    for name, attribute in (("steps.csv", "steps"), ("history.csv", "evaluations")):
        rows = [{"run": run} | row for run, history in histories.items() for row in getattr(history, attribute)]
        write_csv(folder / name, rows)


def smooth(values: Sequence[float] | np.ndarray, window: int) -> np.ndarray:
    """The moving mean: entry i is the mean of the ``window`` values about i, of an even number one more behind it.

    A trailing mean would draw a bend half a window late. Near the ends the window holds what is there. A NaN spoils
    only the windows that contain it (a running sum would carry it to the end).

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
    starts = range(-((window - 1) // 2), len(series) - (window - 1) // 2)
    return np.array([series[max(0, start) : start + window].mean() for start in starts], np.float64)


def means_of_parts(x: Sequence[float], y: Sequence[float], most: int) -> list[tuple[float, float]]:
    """(x, y) of a curve with at most so many points: each is the mean of a part, at the part's end."""
    starts = np.arange(0, len(y), -(-len(y) // most) or 1)
    if not len(starts):
        return []
    ends = np.append(starts[1:], len(y))
    means = np.add.reduceat(np.asarray(y, np.float64), starts) / (ends - starts)
    return list(zip(np.asarray(x)[ends - 1].tolist(), means.tolist(), strict=True))
