"""Figures of results: confusion matrix, ROC curves, a table as colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from paddle_camp.plots.language import columns_of, words
from paddle_camp.plots.style import GRID, INK, MUTED, WIDTH, WRONG, Look, colour, literal, new_figure, tidy

MANY = 12  # classes, from which on counts and shares do not fit into the cells of a confusion matrix


def confusion_figure(
    matrix: np.ndarray, class_names: Sequence[str], *, title: str | None = None, subtitle: str | None = None
) -> Figure:
    """Counts, and their share of each true class; of more than :data:`MANY` classes the mistakes alone are written in.

    Args:
        matrix: int ``[K, K]``; rows are the true classes, columns the predicted ones.
        class_names: K names.
    """
    matrix = np.asarray(matrix)
    if len(matrix) > MANY:
        return _many_classes(matrix, class_names, title, subtitle)
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


def _many_classes(matrix: np.ndarray, class_names: Sequence[str], title: str | None, subtitle: str | None) -> Figure:
    """The share of each true class as a colour; mistakes in red, with their number."""
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    names = 0.045 * max(map(columns_of, class_names))  # inches, of the longest name
    title = title or words("Confusion matrix: the mistakes in numbers", "混淆矩阵：判错的张数")
    figure = new_figure(WIDTH - 0.2, title, subtitle)
    axes = figure.add_subplot()
    axes.imshow(np.where(np.eye(len(matrix), dtype=bool), share, 0), cmap="Blues", vmin=0, vmax=1.3)
    for row, column in np.argwhere(matrix):
        if row != column:
            axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, color=WRONG, linewidth=0))
            size = min(7, 330 * (WIDTH - 1 - names) / WIDTH / len(matrix))
            place: Look = {"ha": "center", "va": "center_baseline", "fontsize": size}
            axes.text(column, row, str(matrix[row, column]), color="white", **place)
    places = range(len(matrix))
    small: Look = {"fontsize": 6.5, "parse_math": False}
    axes.set_xticks(places, class_names, rotation=90, **small)
    axes.set_yticks(places, class_names, **small)
    axes.set_ylabel(words("true class", "真实类别"), color=INK, fontsize=10)
    axes.set_xlabel(words("predicted class", "预测类别"), color=INK, fontsize=10)
    axes.set_xticks(np.arange(len(matrix) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(matrix) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color=GRID, linewidth=0.4)
    axes.tick_params(which="both", length=0, pad=2)
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
