"""Figures of a regression: predicted against true values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from paddle_camp.plots.language import words
from paddle_camp.plots.style import INK, MUTED, colour, new_figure, tidy


def true_against_predicted(
    truth: Sequence[float] | np.ndarray,
    predictions: Mapping[str, Sequence[float] | np.ndarray],
    *,
    unit: str = "",
    columns: int = 3,
    title: str | None = None,
    subtitle: str | None = None,
) -> Figure:
    """A square panel per model, a dot per sample; on the dashed diagonal the prediction is right.

    Args:
        truth: ``[N]``.
        predictions: title of a panel -> ``[N]``, in the order of ``truth``.
        unit: of both, written at the axes.
        columns: panels side by side at most.
    """
    truth = np.asarray(truth, np.float64)
    values = {name: np.asarray(value, np.float64).reshape(-1) for name, value in predictions.items()}
    every = np.concatenate([truth, *values.values()])
    every = every[np.isfinite(every)]
    low, high = (every.min(), every.max()) if every.size else (0.0, 1.0)
    margin = 0.04 * (high - low) or 1.0
    limits = (low - margin, high + margin)
    columns = max(1, min(columns, len(values)))
    rows = max(1, -(-len(values) // columns))
    title = title or words("Predicted and true values", "预测值与真实值")
    figure = new_figure(rows * min(5.5, 0.5 + 7.4 / columns), title, subtitle)
    cells = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for axes in cells.ravel()[len(values) :]:
        axes.set_axis_off()
    label = words(f" ({unit})", f"（{unit}）") if unit else ""
    along, up = (words(*each) + label for each in (("true", "真实值"), ("predicted", "预测值")))
    for axes, (name, value) in zip(cells.ravel(), values.items(), strict=False):
        axes.plot(limits, limits, color=MUTED, linestyle=(0, (4, 3)), linewidth=1.2, zorder=1)
        axes.plot(truth, value, "o", markersize=5, color=colour(0), alpha=0.5, markeredgewidth=0)
        axes.set(xlim=limits, ylim=limits, aspect="equal")
        axes.set_title(name, fontsize=10.5, color=INK, parse_math=False)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        place = axes.get_subplotspec()
        tidy(axes, up if place.is_first_col() else "", along if place.is_last_row() else "")
    return figure
