"""The look shared by all figures: a header, quiet axes, a legend that cannot hide a curve, and a stable PNG."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.ticker import LogFormatterSciNotation

from paddle_camp.files import replace_file
from paddle_camp.plots.language import columns_of, families, in_chinese, wrapped

Look = dict[str, Any]  # keyword arguments of Matplotlib

# Okabe and Ito's palette (2008), told apart by colour-blind readers; its yellow is left out, too pale for a line.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#444444")
INK, MUTED, GRID, WARM, WRONG = "#222222", "#6b6b6b", "#e6e6e6", "#B84A00", "#C1121F"
DPI = 150
WIDTH = 8.0  # inches: 1200 pixels, what a forum page shows without scaling


def save(figure: Figure, path: str | Path) -> None:
    """Write ``figure`` as PNG to ``path``, atomically; the same figure gives the same bytes."""
    replace_file(
        Path(path), lambda temporary: figure.savefig(temporary, format="png", dpi=DPI, metadata={"Software": None})
    )


def colour(index: int) -> str:
    """The colour of run number ``index``."""
    return PALETTE[index % len(PALETTE)]


def tint(index: int, strength: float = 0.3) -> tuple[float, ...]:
    """A pale, opaque version of :func:`colour`: unlike transparent lines, lines that coincide do not turn to mud."""
    return tuple(1 - strength * (1 - part) for part in to_rgb(colour(index)))


class HeadedFigure(Figure):
    """A figure with a header of title, warm subtitle and legend; it shows itself in a notebook, whatever the backend.

    The header is measured in inches from the top and the panels are laid out below it, so that nothing overlaps
    whatever the texts. Texts are taken literally: a "$" in the name of a run is a "$".
    """

    subtitle: str = ""
    header: Sequence[Artist] = ()

    def head(self, height: float, title: str, subtitle: str, handles: Sequence[Line2D]) -> None:
        """Lay the header out above ``height`` inches for the panels; an earlier header is replaced."""
        self.subtitle, self.head_again = subtitle, partial(self.head, height, title, handles=handles)
        for artist in self.header:
            artist.remove()
        width = self.get_figwidth()
        title, subtitle = wrapped(title, int(width * 8)), wrapped(subtitle, int(width * 11))
        columns = _legend_columns(handles, width)
        title_bottom = 0.17 + 0.24 * len(title.splitlines())
        legend_top = title_bottom + 0.2 * len(subtitle.splitlines())
        header = legend_top + (0.08 + 0.22 * -(-len(handles) // columns) if handles else 0.06) + 0.04

        total = height + header
        self.set_figheight(total)
        self.set_layout_engine("constrained", rect=(0.005, 0.005, 0.99, 1 - header / total), h_pad=0.06, w_pad=0.06)
        left = 0.12 / width
        # One font may have a bold weight and the other none, which looks uneven in one line.
        style: Look = {"va": "top", "weight": "normal" if in_chinese() else "bold", "parse_math": False}
        self.header = [self.text(left, 1 - 0.14 / total, title, fontsize=14, color=INK, **style)]
        if subtitle:
            warm = self.text(left, 1 - (title_bottom + 0.01) / total, subtitle, fontsize=10.5, color=WARM, **style)
            self.header = [*self.header, warm]
        if handles:
            place: Look = {"loc": "upper left", "bbox_to_anchor": (left, 1 - (legend_top + 0.07) / total)}
            look: Look = {"frameon": False, "borderpad": 0, "borderaxespad": 0, "handlelength": 1.8}
            look |= {"columnspacing": 1.6, "labelcolor": INK}
            legend = self.legend(handles=list(handles), ncols=columns, fontsize=10, **place, **look)
            legend.set_in_layout(False)
            literal(legend)
            self.header = [*self.header, legend]

    def draw(self, renderer: RendererBase) -> None:
        """Draw, with a font for Chinese characters where there is one."""
        fonts = families()
        for artist in self.findobj(Text):
            artist.set(fontfamily=fonts)
        super().draw(renderer)

    def _repr_png_(self) -> bytes:
        stream = io.BytesIO()
        self.savefig(stream, format="png", dpi=DPI // 2)
        return stream.getvalue()


def new_figure(
    height: float, title: str, subtitle: str | None, width: float = WIDTH, handles: Sequence[Line2D] = ()
) -> Figure:
    """An empty :class:`HeadedFigure` with ``height`` inches for the panels."""
    figure = HeadedFigure(figsize=(width, height), dpi=DPI, facecolor="white")
    figure.head(height, title, subtitle or "", handles)
    return figure


def add_note(figure: Figure, note: str) -> None:
    """Put ``note`` into the warm line below the title, before what stands there; the figure grows by its height.

    A figure that :func:`new_figure` has not made gets it at its upper edge, on white. One that has it is left alone.
    """
    if isinstance(figure, HeadedFigure):
        if note not in figure.subtitle:
            figure.head_again(f"{note}; {figure.subtitle}" if figure.subtitle else note)
    elif not any(note in text.get_text() for text in figure.texts):
        box: Look = {"facecolor": "white", "edgecolor": "none", "pad": 2}
        figure.text(0.01, 0.995, note, va="top", fontsize=9, color=WARM, weight="bold", parse_math=False, bbox=box)


def _legend_columns(handles: Sequence[Line2D], width: float) -> int:
    longest = max((columns_of(str(handle.get_label())) for handle in handles), default=0)
    return max(1, min(len(handles), int(12 * width / (longest + 7))))


def literal(legend: Legend) -> None:
    """Take the texts of ``legend`` as they are, without TeX."""
    for text in legend.get_texts():
        text.set_parse_math(False)


def tidy(axes: Axes, ylabel: str, xlabel: str = "", grid: bool = True) -> None:
    """Labels, a light grid under the data, and no frame at the top and the right."""
    axes.set_ylabel(ylabel, color=INK, fontsize=11, parse_math=False)
    axes.set_xlabel(xlabel, color=INK, fontsize=11, parse_math=False)
    axes.tick_params(which="both", color=MUTED, labelcolor=INK, labelsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(MUTED)
    axes.set_axisbelow(True)
    if grid:
        axes.grid(color=GRID, linewidth=0.8)


class PlainNumbers(LogFormatterSciNotation):
    """Names the ticks of a logarithmic axis that Matplotlib names, but 300 and not 3 x 10^2 where numbers are short."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """The name of the tick at ``x``, or nothing."""
        name = super().__call__(x, pos)
        low, high = self.axis.get_view_interval() if self.axis else (0, 0)
        return f"{x:g}" if name and low >= 1e-4 and high < 1e5 else name


def draw_marks(panels: Sequence[Axes], marks: Mapping[str, float], runs: Iterable[str] = ()) -> None:
    """Vertical lines through ``panels``, named above the first one in as many rows as the labels need."""
    left, right = panels[0].get_xlim()
    names = list(runs)
    taken: list[float] = []  # where the labels of each row begin, as a fraction of the axis
    # From right to left: a label that would run into its neighbour climbs a row, and its line misses every text.
    for label, step in sorted(marks.items(), key=lambda item: -item[1]):
        ink = colour(names.index(label)) if label in names else MUTED
        for axes in panels:
            axes.axvline(step, color=ink, linestyle=(0, (5, 3)), linewidth=1.2, zorder=3)
        start, width = (step - left) / (right - left), 0.0105 * columns_of(label)
        flush_right = start + width > 1.01
        start -= width if flush_right else 0
        row = next((row for row, begin in enumerate(taken) if start + width < begin), len(taken))
        taken[row : row + 1] = [start]
        panels[0].annotate(
            label,
            xy=(step, 1),
            xycoords=panels[0].get_xaxis_transform(),
            xytext=(0, 3 + 14 * row),
            textcoords="offset points",
            ha="right" if flush_right else "left",
            color=ink,
            fontsize=9.5,
            arrowprops={"arrowstyle": "-", "color": ink, "relpos": (int(flush_right), 0), "shrinkA": 0, "shrinkB": 0},
            parse_math=False,
        )
