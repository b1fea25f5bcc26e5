"""The figure of 7-2: how large each layer's output is, and where the parameters are."""

from __future__ import annotations

import math

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from paddle_camp.plots import words
from paddle_camp.plots.style import INK, MUTED, colour, new_figure, tidy

NAMED = 24  # layers that have room for their names and shapes


def draw(rows: list[dict], model: str) -> Figure:
    """Two panels over the layers in the order they run, on logarithmic axes.

    Args:
        rows: the table: ``name``, ``weight`` and ``bias`` (a shape or None), ``output`` (a shape, batch included).
        model: the network's name, for the title.
    """
    shapes = [row["output"][1:] for row in rows]
    numbers = [math.prod(shape) for shape in shapes]
    parameters = [sum(math.prod(row[key]) for key in ("weight", "bias") if row[key]) for row in rows]
    title = words(
        f"{model}: what a sample becomes, and where the parameters are",
        f"{model}：一个样本逐层变成什么，参数在哪里",
    )
    figure = new_figure(6.4, title, None)
    upper, lower = figure.subplots(2, 1, sharex=True)
    places = range(1, len(rows) + 1)
    for axes, values, index, label in (
        (upper, numbers, 0, words("numbers in the output\n(one sample)", "每个样本的输出个数")),
        (lower, parameters, 1, words("parameters", "参数个数")),
    ):
        axes.bar(places, values, color=colour(index), width=0.7)
        axes.set_yscale("log")
        axes.set_ylim(0.5, 12 * max(*values, 1))
        tidy(axes, label)
        axes.grid(axis="x", visible=False)
    if len(rows) <= NAMED:
        for place, shape, number, count in zip(places, shapes, numbers, parameters, strict=True):
            _write(upper, place, number, " x ".join(map(str, shape)), INK)
            _write(lower, place, count, f"{count:,}" if count else words("none", "无"), INK if count else MUTED)
        lower.set_xticks(places, [row["name"] for row in rows], rotation=45 if len(rows) > 8 else 0, parse_math=False)
    else:
        lower.set_xlabel(words("layer, in the order they run", "层（按运行的次序）"))
        lower.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


def _write(axes, place: int, height: float, text: str, ink: str) -> None:
    where = {"xytext": (0, 3), "textcoords": "offset points", "ha": "center", "va": "bottom"}
    axes.annotate(text, (place, max(height, 0.5)), fontsize=8.5, color=ink, **where)
