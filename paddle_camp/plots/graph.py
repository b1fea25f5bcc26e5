"""A computation graph: operations as circles, values and gradients written on the edges."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import ScaledTranslation

from paddle_camp.plots.language import words
from paddle_camp.plots.style import INK, MUTED, Look, colour, new_figure

LABEL_AT = 0.42  # of the way along an edge: nearer to its start, edges that end in one node are still apart
Edge = tuple[str, str, float, float]  # from, to, value going forward, gradient coming back


def computation_graph(
    places: Mapping[str, tuple[float, float]],
    signs: Mapping[str, str],
    edges: Sequence[Edge],
    *,
    title: str = "",
    subtitle: str | None = None,
) -> Figure:
    """Draw a graph from left to right: the value of each edge above it, the gradient that comes back below it.

    Args:
        places: node -> (column, row), rows from top to bottom; both may be fractions.
        signs: node -> the sign of its operation, drawn in a circle; nodes without one are written with their names.
        edges: between nodes of ``places``.
    """
    forward, backward = colour(0), colour(1)
    handles = [
        Line2D([], [], color=forward, marker=">", label=words("value, forward (above)", "前向的值（上）")),
        Line2D(
            [],
            [],
            color=backward,
            marker="<",
            label=words("gradient of the result, backward (below)", "反向的梯度（下）"),
        ),
    ]
    rows, columns = ([place[i] for place in places.values()] for i in (1, 0))
    figure = new_figure(0.8 + 0.85 * (max(rows) - min(rows)), title, subtitle, handles=handles)
    axes = figure.add_subplot()
    axes.set_axis_off()
    axes.set(xlim=(min(columns) - 0.35, max(columns) + 0.3), ylim=(max(rows) + 0.45, min(rows) - 0.45))
    for name, place in places.items():
        shape = {"boxstyle": "circle,pad=0.35"} if name in signs else {"boxstyle": "round,pad=0.35", "linewidth": 0}
        box = {"facecolor": "white", "edgecolor": INK} | shape
        look: Look = {"ha": "center", "va": "center", "zorder": 3, "bbox": box, "parse_math": False}
        axes.text(*place, signs.get(name, name), fontsize=15 if name in signs else 10.5, color=INK, **look)
    for start, end, value, gradient in edges:
        (x0, y0), (x1, y1) = places[start], places[end]
        arrow = {"arrowstyle": "-|>", "color": MUTED, "shrinkA": 19, "shrinkB": 17, "linewidth": 1.2}
        axes.annotate("", (x1, y1), (x0, y0), arrowprops=arrow, zorder=1)
        x, y = x0 + LABEL_AT * (x1 - x0), y0 + LABEL_AT * (y1 - y0)
        slope: Look = {"rotation": math.degrees(math.atan2(y1 - y0, x1 - x0)), "rotation_mode": "anchor"}
        for text, ink, side, points in ((f"{value:g}", forward, "bottom", 2), (f"{gradient:g}", backward, "top", -4)):
            beside = axes.transData + ScaledTranslation(0, points / 72, figure.dpi_scale_trans)
            look = {"color": ink, "fontsize": 11, "weight": "bold", "ha": "center", "va": side}
            axes.text(x, y, text, transform=beside, transform_rotates_text=True, **slope, **look)
    return figure
