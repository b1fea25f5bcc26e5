"""Curves over steps and epochs: loss, learning rate, metrics, and all three over one axis."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, MultipleLocator, NullFormatter, StrMethodFormatter

from paddle_camp.history import smooth
from paddle_camp.plots.language import words
from paddle_camp.plots.style import MUTED, Look, colour, draw_marks, new_figure, tidy, tint

Runs = Mapping[str, Sequence[Mapping]]
Reference = Mapping[str, Sequence[float]]

MARKERS = "osD^vPX"
REFERENCE_STYLE: Look = {"color": MUTED, "linestyle": (0, (4, 3)), "linewidth": 1.4, "marker": "."}


def loss_curves(
    runs: Runs,
    *,
    window: int = 20,
    marks: Mapping[str, float] | None = None,
    title: str | None = None,
    subtitle: str | None = None,
) -> Figure:
    """Loss per step of each run: the raw values pale, the mean of the ``window`` steps about each strong.

    Args:
        runs: rows with ``step`` and ``loss``.
        window: how many steps the strong line averages.
        marks: label -> step, drawn as vertical lines; a label that is the name of a run takes that run's colour.
    """
    figure = new_figure(4.4, title or words("Training loss", "训练 loss"), subtitle, handles=_handles(runs))
    axes = figure.add_subplot()
    draw_loss(axes, runs, window)
    axes.set_xlabel(words("step", "步"))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    draw_marks([axes], marks or {}, runs)
    return figure


def learning_rate_curves(runs: Runs, *, title: str | None = None, subtitle: str | None = None) -> Figure:
    """Learning rate of each step on a logarithmic axis, from rows with ``step`` and ``learning_rate``."""
    figure = new_figure(3.4, title or words("Learning rate", "学习率"), subtitle, handles=_handles(runs))
    axes = figure.add_subplot()
    draw_learning_rate(axes, runs)
    axes.set_xlabel(words("step", "步"))
    return figure


def metric_curves(
    runs: Runs,
    metric: str,
    split: str,
    reference: Reference | None = None,
    *,
    title: str | None = None,
    subtitle: str | None = None,
) -> Figure:
    """A metric of one split against the number of epochs finished.

    Args:
        runs: rows with ``epoch`` (epochs finished, may be fractional), ``split`` and ``metric``.
        metric: the column drawn, "accuracy" or "loss".
        split: the rows drawn, such as "train" or "validation".
        reference: name -> published values after epochs 1, 2, ..., drawn grey and dashed.
    """
    handles = _handles(runs, MARKERS, reference)
    figure = new_figure(4.2, title or metric_of(split, metric).capitalize(), subtitle, handles=handles)
    axes = figure.add_subplot()
    draw_metric(axes, runs, metric, split, reference)
    axes.set_xlabel(words("epochs finished", "完成的轮数"))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


def decay_figure(
    steps: Runs,
    epochs: Runs,
    *,
    steps_per_epoch: int,
    window: int = 20,
    marks: Mapping[str, float] | None = None,
    metric: str = "accuracy",
    split: str = "validation",
    reference: Reference | None = None,
    title: str | None = None,
    subtitle: str | None = None,
) -> Figure:
    """Loss, learning rate and a per-epoch metric of the same runs over one axis of steps.

    Args:
        steps: rows with ``step``, ``loss`` and ``learning_rate``.
        epochs: rows with ``epoch`` (epochs finished), ``split`` and ``metric``; runs in the order of ``steps``.
        steps_per_epoch: turns epochs into steps.
        window, marks: as in :func:`loss_curves`.
        metric, split, reference: as in :func:`metric_curves`.
    """
    title = title or words("When to decay the learning rate", "学习率在哪里衰减")
    figure = new_figure(9.0, title, subtitle, handles=_handles(steps, MARKERS, reference))
    top, middle, bottom = figure.subplots(3, 1, sharex=True, squeeze=False, height_ratios=[3.2, 1.5, 2.3]).ravel()
    draw_loss(top, steps, window)
    draw_learning_rate(middle, steps)
    draw_metric(bottom, epochs, metric, split, reference, steps_per_epoch)
    num_epochs = max(bottom.dataLim.xmax, top.dataLim.xmax, 1) / steps_per_epoch
    if np.isfinite(num_epochs):
        bottom.xaxis.set_major_locator(MultipleLocator(steps_per_epoch * np.ceil(num_epochs / 10)))
    bottom.set_xlabel(words(f"step ({steps_per_epoch} steps = 1 epoch)", f"步（{steps_per_epoch} 步为一轮）"))
    draw_marks([top, middle, bottom], marks or {}, steps)
    figure.align_ylabels()
    return figure


# --- panels: each draws on the Axes it is given, so that figures can be composed of them --------------------------


def draw_loss(axes: Axes, runs: Runs, window: int) -> None:
    """Raw and smoothed loss per step; see :func:`loss_curves`."""
    tops, peaks = [], []
    window = max(1, min(window, max(map(len, runs.values()), default=1)))
    for index, rows in enumerate(runs.values()):
        step, loss = _column(rows, "step"), _column(rows, "loss")
        mean = smooth(loss, window)
        axes.plot(step, loss, color=tint(index), linewidth=0.9, zorder=2 - 0.1 * index)
        axes.plot(step, mean, color=colour(index), linewidth=2.2, zorder=4 - 0.1 * index)
        if np.isfinite(loss).any():
            shown = loss[np.isfinite(loss)]
            tops += [np.percentile(shown, 98), np.nanmax(mean, initial=0, where=np.isfinite(mean))]
            peaks.append(shown.max())
    axes.margins(x=0.01)
    # A few spikes must not press the curves flat; what is cut off is said.
    top, peak = 1.1 * max(tops, default=0), max(peaks, default=0)
    if top > 0:
        axes.set_ylim(0, top)
    what = words(f"training loss\n(bold: mean of {window} steps", f"训练 loss\n（粗线：{window} 步的平均")
    cut = words(f";\nraw reaches {peak:.3g}", f"；\n细线最高 {peak:.3g}") if peak > top else ""
    tidy(axes, what + cut + words(")", "）"))


def draw_learning_rate(axes: Axes, runs: Runs) -> None:
    """Learning rate used in each step; where it equals that of earlier runs, it is drawn over theirs in dashes."""
    shown: list[np.ndarray] = [np.empty(0)]
    drawn: dict[float, list[float]] = {}  # step -> the rates of the runs so far
    for index, rows in enumerate(runs.values()):
        step, rate = _column(rows, "step"), _column(rows, "learning_rate")
        shown.append(rate[rate > 0])
        under = np.array([drawn.setdefault(at, []).count(value) for at, value in zip(step, rate, strict=True)], int)
        for count in np.unique(under):
            here = under == count
            here[:-1] |= here[1:]  # a step's line begins at the point before
            look: Look = {"linestyle": (0, (4, 4 * count)), "dash_capstyle": "butt"} if count else {}
            # steps-pre: the rate of step i holds from the end of step i - 1 to the end of step i.
            look |= {"color": colour(index), "linewidth": 1.8, "drawstyle": "steps-pre"}
            axes.plot(step, np.where(here, rate, np.nan), **look)
        for at, value in zip(step, rate, strict=True):
            drawn[at].append(value)
    seen = np.concatenate(shown)
    if seen.size:
        axes.set_yscale("log")
        axes.set_ylim(seen.min() / 2, seen.max() * 2)
        axes.yaxis.set_major_locator(LogLocator(base=10))
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    beside = words("\n(dashed: as another run's)", "\n（虚线：与别的相同）") if len(runs) > 1 else ""
    tidy(axes, words("learning rate", "学习率") + beside)
    axes.margins(x=0.01)


def draw_metric(
    axes: Axes, runs: Runs, metric: str, split: str, reference: Reference | None = None, scale: float = 1.0
) -> None:
    """A metric per epoch; ``scale`` is what an epoch measures on the axis (1, or the steps of an epoch)."""
    for values in (reference or {}).values():
        axes.plot(scale * np.arange(1, len(values) + 1), values, **REFERENCE_STYLE, zorder=2)
    for index, rows in enumerate(runs.values()):
        rows = [row for row in rows if row.get("split") == split]
        # A later run lies under the earlier ones; its larger marker shows around theirs where the two agree.
        style: Look = {"marker": MARKERS[index % len(MARKERS)], "markersize": 6 + 1.5 * index}
        style |= {"markeredgecolor": "white", "color": colour(index)}
        place = scale * _column(rows, "epoch")
        axes.plot(place, _column(rows, metric), linewidth=2, zorder=4 - 0.1 * index, **style)
    tidy(axes, metric_of(split, metric))


SPLITS = {"train": "训练", "holdout": "留出", "validation": "验证", "test": "测试"}
METRICS = {"accuracy": "准确率"}


def metric_of(split: str, metric: str) -> str:
    """A metric of a split, in words."""
    chinese = f"{SPLITS.get(split, split)}{METRICS.get(metric, f' {metric}')}"
    return words(f"{split} {metric}", chinese)


def _handles(runs: Iterable[str], markers: str = " ", reference: Reference | None = None) -> list[Line2D]:
    """What the legend shows: the runs, with the markers they are drawn with, and the published curves."""
    style: Look = {"linewidth": 2.4, "markersize": 7, "markeredgecolor": "white"}
    lines = [
        Line2D([], [], color=colour(index), marker=markers[index % len(markers)], label=name, **style)
        for index, name in enumerate(runs)
    ]
    return lines + [Line2D([], [], label=name, **REFERENCE_STYLE) for name in reference or {}]


def _column(rows: Sequence[Mapping], key: str) -> np.ndarray:
    """One column as float64 ``[N]``; NaN where a row has no value."""
    values = [row.get(key) for row in rows]
    return np.array([np.nan if value in (None, "") else value for value in values], np.float64)
