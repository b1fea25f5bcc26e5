"""Figures of results: confusion matrix, ROC curves, a table as colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from paddle_camp.plots.language import words
from paddle_camp.plots.style import GRID, INK, MUTED, WIDTH, colour, literal, new_figure, tidy


def confusion_figure(
    matrix: np.ndarray, class_names: Sequence[str], *, title: str | None = None, subtitle: str | None = None
) -> Figure:
    """Counts, and their share of each true class.

    Args:
        matrix: int ``[K, K]``; rows are the true classes, columns the predicted ones.
        class_names: K names.
    """
    matrix = np.asarray(matrix)
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    size = min(WIDTH, 3.4 + len(matrix))
    figure = new_figure(size - 0.6, title or words("Confusion matrix", "混淆矩阵"), subtitle, width=size)
    axes = figure.add_subplot()
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(matrix):
        ink = "white" if share[row, column] > 0.55 else INK
        text = f"{count}\n{share[row, column]:.1%}"
        axes.text(column, row, text, ha="center", va="center", color=ink, fontsize=14 if len(matrix) < 5 else 9)
    seen = words("true class (percent of the row)", "真实类别（占该行的百分比）")
    tidy(axes, seen, words("predicted class", "预测类别"), grid=False)
    places = range(len(matrix))
    axes.set_xticks(places, class_names, parse_math=False)
    axes.set_yticks(places, class_names, parse_math=False)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure


def heat_map(
    values: np.ndarray,
    *,
    rows: Sequence[str] = (),
    columns: Sequence[str] = (),
    text: str = "{:g}",
    empty: str = "",
    title: str = "",
    subtitle: str | None = None,
) -> Figure:
    """A table of numbers as colours with the numbers written in.

    Args:
        values: ``[R, C]``.
        rows, columns: R and C names; none for a picture's pixels.
        text: how a number is written.
        empty: what stands in a cell that is NaN.
    """
    values = np.asarray(values, np.float64)
    low, high = (np.nanmin(values), np.nanmax(values)) if np.isfinite(values).any() else (0, 1)
    width = float(np.clip(1.8 + 0.8 * values.shape[1], 5, WIDTH))
    figure = new_figure(float(np.clip(0.6 + 0.7 * values.shape[0], 3, 9)), title, subtitle, width=width)
    axes = figure.add_subplot()
    axes.imshow(values, cmap="Blues", vmin=low, vmax=high, aspect="auto" if rows else "equal")
    for (row, column), value in np.ndenumerate(values):
        if np.isnan(value) and not empty:
            continue
        if np.isnan(value):
            axes.text(column, row, empty, ha="center", va="center", color=MUTED, fontsize=9, style="italic")
        else:
            ink = "white" if value > low + 0.55 * (high - low) else INK
            axes.text(column, row, text.format(value), ha="center", va="center", color=ink, fontsize=10)
    axes.set_xticks(range(len(columns)), columns, parse_math=False)
    axes.set_yticks(range(len(rows)), rows, parse_math=False)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure


def roc_figure(
    curves: Mapping[str, tuple[np.ndarray, np.ndarray, float]],
    *,
    title: str | None = None,
    subtitle: str | None = None,
) -> Figure:
    """ROC curves: name -> (false positive rates ``[M]``, true positive rates ``[M]``, area under the curve)."""
    figure = new_figure(6.0, title or words("ROC curve", "ROC 曲线"), subtitle, width=6.4)
    axes = figure.add_subplot()
    chance = words("chance (AUC 0.5)", "随机猜测（AUC 0.5）")
    axes.plot([0, 1], [0, 1], color=MUTED, linestyle=(0, (4, 3)), linewidth=1.2, label=chance)
    for index, (name, (false_rate, true_rate, area)) in enumerate(curves.items()):
        label = words(f"{name} (AUC {area:.3f})", f"{name}（AUC {area:.3f}）")
        axes.plot(false_rate, true_rate, color=colour(index), linewidth=2, label=label, zorder=4 - 0.1 * index)
    up = words("true positive rate (sensitivity)", "真阳性率（灵敏度）")
    tidy(axes, up, words("false positive rate (1 - specificity)", "假阳性率（1 - 特异度）"))
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    # The lower right corner is the one place where a useful classifier has no curve.
    literal(axes.legend(loc="lower right", fontsize=10, labelcolor=INK, framealpha=0.95, edgecolor=GRID))
    return figure
