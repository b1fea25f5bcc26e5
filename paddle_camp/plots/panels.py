"""Several quantities side by side: bars, dots of repeated trainings, curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter

from paddle_camp.plots.language import words, wrapped
from paddle_camp.plots.style import INK, MUTED, Look, PlainNumbers, colour, new_figure, tidy

REFERENCE: Look = {"color": MUTED, "linestyle": (0, (4, 3)), "linewidth": 1.3}


def bar_panels(
    names: Sequence[str],
    panels: Mapping[str, Sequence[float]],
    *,
    linear: Mapping[str, tuple[float, float] | None] | None = None,
    intervals: Mapping[str, Sequence[tuple[float, float]]] | None = None,
    title: str = "",
    subtitle: str | None = None,
) -> Figure:
    """One row per name, one panel of horizontal bars per quantity, at most four side by side, the values written in.

    Args:
        names: R names, drawn from top to bottom.
        panels: axis label -> R positive numbers, on a logarithmic axis unless named in ``linear``.
        linear: axis label -> the limits of its linear axis; None: from 0 to a little beyond the longest bar.
        intervals: axis label -> R pairs (low, high), drawn as error bars.
    """
    linear, intervals = linear or {}, intervals or {}
    columns = min(4, len(panels))
    rows = -(-len(panels) // columns)
    figure = new_figure(rows * (0.9 + 0.34 * len(names)), title, subtitle)
    cells = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
    for axes in cells[len(panels) :]:
        axes.set_axis_off()
    for index, (axes, (label, values)) in enumerate(zip(cells, panels.items(), strict=False)):
        axes.barh(range(len(names)), values, color=colour(index), height=0.62)
        ends = list(values)
        for row, (low, high) in enumerate(intervals.get(label, ())):
            axes.plot([low, high], [row, row], color=INK, linewidth=1.4, marker="|", markersize=7)
            ends[row] = max(ends[row], high)
        place: Look = {"xytext": (5, 0), "textcoords": "offset points", "va": "center"}
        for row, text in enumerate(_written(values)):
            axes.annotate(text, (ends[row], row), fontsize=9, color=INK, **place)
        tidy(axes, "", wrapped(label, 64 // columns))
        if label in linear:
            low, high = linear[label] or (0, max(values))
            room = 0.35 if linear[label] else 0.14 * columns  # for the numbers
            axes.set(xlim=(low, high + room * (high - low)))
            axes.xaxis.set_major_locator(MaxNLocator(3))
        else:
            axes.set(xscale="log", xlim=(min(values) / 2, max(values) * 3**columns))
        axes.set(ylim=(len(names) - 0.4, -0.6))
        axes.set_yticks(range(len(names)), names, parse_math=False)
        axes.grid(axis="y", visible=False)
    return figure


def _written(values: Sequence[float]) -> list[str]:
    """Numbers to three digits, with as many decimals as each other where three digits have them: 0.60 beside 0.97."""
    large = 999.5  # rounds to four digits
    shortest = [f"{value:,.0f}" if value >= large else f"{value:.3g}" for value in values]
    decimals = max((len(text.partition(".")[2]) for text in shortest if "e" not in text), default=0)
    written = []
    for value, text in zip(values, shortest, strict=True):
        possible = len(f"{value:#.3g}".partition(".")[2])
        written.append(text if value >= large or "e" in text else f"{value:.{min(decimals, possible)}f}")
    return written


def strip_panels(
    names: Sequence[str],
    panels: Mapping[str, Sequence[Sequence[float]]],
    *,
    marks: Mapping[str, Mapping[str, float]] | None = None,
    log: Sequence[str] = (),
    title: str = "",
    subtitle: str | None = None,
) -> Figure:
    """One row per name, one panel per quantity; a dot is one training, the line their mean.

    Args:
        names: R names, drawn from top to bottom.
        panels: axis label -> R lists of values; an empty list leaves its row empty and says "diverged".
        marks: axis label -> (name -> place) of dashed vertical lines.
        log: labels of logarithmic axes.
    """
    figure = new_figure(1.0 + 0.27 * len(names), title, subtitle)
    cells = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axes, (label, rows) in zip(cells, panels.items(), strict=True):
        for row, values in enumerate(rows):
            if len(values):
                axes.plot(np.mean(values), row, marker="|", markersize=14, markeredgewidth=2, color=INK)
                axes.plot(values, [row] * len(values), "o", markersize=6, color=colour(0), alpha=0.6)
            else:
                beside: Look = {"transform": axes.get_yaxis_transform(), "va": "center", "fontsize": 9}
                axes.text(0.02, row, words("diverged", "发散"), color=MUTED, style="italic", **beside)
        _mark_places(axes, (marks or {}).get(label, {}))
        if label in log:
            _logarithmic(axes)
        tidy(axes, "", label)
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.set_yticks(range(len(names)), names, parse_math=False)
    return figure


def _mark_places(axes: Axes, marks: Mapping[str, float]) -> None:
    """Dashed vertical lines behind dots and in front of bars, named above."""
    above: Look = {"transform": axes.get_xaxis_transform(), "va": "bottom", "ha": "center", "fontsize": 9}
    for name, place in marks.items():
        axes.axvline(place, **REFERENCE, zorder=1.5)
        axes.text(place, 1.005, name, color=MUTED, parse_math=False, **above)


def _logarithmic(axes: Axes) -> None:
    """Make the x axis logarithmic; only powers of ten are named there, and two of them are in sight at least."""
    axes.set_xscale("log")
    low, high = np.log10(axes.get_xlim())
    if np.floor(high) - np.ceil(low) < 1:
        axes.set_xlim(10 ** np.floor(low), 10 ** np.ceil(high))
    axes.xaxis.set_major_locator(LogLocator(base=10))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def histogram_figure(
    values: Sequence[float] | np.ndarray,
    shares: Sequence[float] | np.ndarray,
    xlabel: str,
    *,
    expected: Sequence[float] | np.ndarray | None = None,
    expected_name: str | None = None,
    marks: Mapping[str, float] | None = None,
    title: str = "",
    subtitle: str | None = None,
) -> Figure:
    """How often each value was seen, as bars, and how often it should be, as points.

    Args:
        values: evenly spaced, ``[M]``.
        shares: of the draws that gave this value, ``[M]``.
        expected: probabilities to compare with, ``[M]``.
        expected_name: what the legend calls them.
        marks: name -> place of dashed vertical lines.
    """
    name = expected_name or words("expected", "应有")
    handles = [Line2D([], [], color=colour(0), linewidth=6, label=words("seen", "实际"))]
    handles.append(Line2D([], [], color=colour(1), marker="o", linewidth=1.2, markersize=4, label=name))
    figure = new_figure(3.6, title, subtitle, handles=handles if expected is not None else ())
    axes = figure.add_subplot()
    width = 0.85 * (values[1] - values[0] if len(values) > 1 else 1)
    axes.bar(values, shares, width=width, color=colour(0))
    if expected is not None:
        axes.plot(values, expected, "o-", color=colour(1), linewidth=1.2, markersize=4)
    _mark_places(axes, marks or {})
    tidy(axes, words("share of the draws", "占抽取次数的比例"), xlabel)
    return figure


def line_panels(
    panels: Mapping[str, Mapping[str, tuple[Sequence[float], Sequence[float]]]],
    xlabel: str,
    ylabel: str,
    *,
    log: str = "",
    markers: bool = True,
    limits: tuple[float, float] | None = None,
    columns: int = 3,
    share_x: bool = True,
    title: str = "",
    subtitle: str | None = None,
) -> Figure:
    """Curves in panels that share their axes; a label has the same colour in every panel.

    A curve that runs along an earlier one of its panel is drawn over it in dashes, so that both are seen.

    Args:
        panels: title of a panel -> label -> (x, y); a NaN leaves a gap.
        log: which axes are logarithmic: "", "x", "y" or "xy".
        limits: of the y axis.
        columns: panels side by side at most.
        share_x: False: each panel has an x axis of its own, named by the panel's title.
    """
    labels = list(dict.fromkeys(label for curves in panels.values() for label in curves))
    style: Look = {"linewidth": 1.8} | ({"marker": "o", "markersize": 4} if markers else {})
    handles = [Line2D([], [], color=colour(i), label=label, **style) for i, label in enumerate(labels)]
    columns = max(1, min(columns, len(panels)))
    rows = max(1, -(-len(panels) // columns))
    figure = new_figure(3.4 if rows == 1 else 2.5 * rows, title, subtitle, handles=handles if len(labels) > 1 else ())
    cells = figure.subplots(rows, columns, sharex=share_x, sharey=True, squeeze=False)
    for axes in cells.ravel()[len(panels) :]:
        axes.set_axis_off()
    for index, (axes, (name, curves)) in enumerate(zip(cells.ravel(), panels.items(), strict=False)):
        for (label, (x, y)), under in zip(curves.items(), _covered(list(curves.values()), log), strict=True):
            look = style | {"zorder": 3 + 0.1 * under, "solid_capstyle": "butt", "dash_capstyle": "butt"}
            look |= {"linestyle": (0, (5, 5 * under)), "marker": ""} if under else {}
            axes.plot(x, y, color=colour(labels.index(label)), **look)
        axes.set(xscale="log" if "x" in log else "linear", yscale="log" if "y" in log else "linear")
        for axis in [axes.xaxis] * ("x" in log) + [axes.yaxis] * ("y" in log):
            axis.set_major_formatter(PlainNumbers())
            axis.set_minor_formatter(PlainNumbers())
        if limits:
            axes.set_ylim(*limits)
        if "x" not in log and all(np.equal(np.mod(x, 1), 0).all() for x, _ in curves.values()):
            axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))  # there is no epoch 1.5
        place = axes.get_subplotspec()
        if share_x:
            axes.set_title(name, fontsize=10.5, color=INK, parse_math=False)
        lowest = index + columns >= len(panels)  # nothing below, or an empty cell
        if share_x and lowest:
            axes.tick_params(labelbottom=True)
        below = (xlabel if lowest else "") if share_x else name
        tidy(axes, ylabel if place.is_first_col() else "", below)
    return figure


def _covered(curves: Sequence[tuple[Sequence[float], Sequence[float]]], log: str) -> list[int]:
    """For each curve (x, y), x increasing, how many of the earlier ones it runs along.

    Two curves run along each other where they are less than a hundredth of the panel's height apart.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        scaled = [np.log10(np.asarray(y, float)) if "y" in log else np.asarray(y, float) for _, y in curves]
    scaled = [np.where(np.isfinite(y), y, np.nan) for y in scaled]  # a logarithmic axis has no 0
    seen = np.concatenate(scaled or [[]])
    near = 0.01 * (np.nanmax(seen) - np.nanmin(seen)) if np.isfinite(seen).any() else 0.0
    lines = [(np.asarray(x, float), y) for (x, _), y in zip(curves, scaled, strict=True)]
    return [sum(_together(line, other, near) for other in lines[:index]) for index, line in enumerate(lines)]


def _together(one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray], near: float) -> bool:
    """Whether two lines are at most ``near`` apart at more than half of their points that lie where both are."""
    if not (len(one[0]) and len(other[0])):
        return False
    places = np.union1d(one[0], other[0])
    gap = np.abs(np.subtract(*(np.interp(places, x, y, left=np.nan, right=np.nan) for x, y in (one, other))))
    return bool((gap <= near).sum() > np.isfinite(gap).sum() / 2)
