"""Curves as SVG inside of a page, which needs no script and no file for them; knows no paddle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup, escape

from paddle_camp.history import means_of_parts, smooth

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 420, 240, 60, 24, 12, 34  # pixels
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a5195", "#8c6d31")  # Okabe and Ito
EPOCHS, STEPS = "轮（epoch）", "步（step）"  # what is drawn against
MOST = 400  # steps that a curve is drawn of
STYLE = """.paddle-camp-losses svg { display: block; width: 420px; max-width: 100%; }
.paddle-camp-losses text { fill: currentColor; font-size: 11px; } .paddle-camp-losses .x { text-anchor: middle; }
.paddle-camp-losses .y { text-anchor: end; dominant-baseline: middle; }
.paddle-camp-losses .grid { stroke: currentColor; opacity: .15; }
.paddle-camp-losses polyline { fill: none; stroke-width: 1.6; }"""
Points = list[tuple[float, float]]


def colour(index: int, count: int) -> str:
    """The colour of a run among ``count``, the same in all charts of a page."""
    if count <= len(COLOURS):
        return COLOURS[index]
    return f"hsl({index * 137.5 % 360:.0f} 65% {42 + index % 3 * 9}%)"


def _tick(value: float) -> str:
    """An epoch: 8,200 rather than 8.2e+03."""
    return f"{value:,.0f}" if 1 <= abs(value) < 1e6 and value == round(value) else f"{value:.3g}"


def smoothed(line: Points) -> Points:
    """The moving mean over a 25th of the line."""
    means = smooth([y for _, y in line], max(1, len(line) // 25))
    return [(x, mean) for (x, _), mean in zip(line, means.tolist(), strict=True)]


def chart(
    title: str,
    runs: Sequence[Sequence[Points]],
    names: Sequence[str],
    across: str = EPOCHS,
    higher: str = "；更高的画在上边线上",
) -> Markup:
    """The curves of some runs over each other, a colour a run.

    Args:
        title: for those who do not see it.
        runs: the curves of each, finite (x, y); a run may have none, all together one point at least.
        names: of the runs, for who points at a curve.
        across: what x is.
        higher: said behind it where the curves of a few go up so far that they would flatten the others.
    """
    points = np.array([point for lines in runs for line in lines for point in line])
    (left, low), (right, high) = points.min(axis=0), points.max(axis=0)
    usual = float(np.percentile(points[:, 1], 90))
    diverged = high - low > 4 * (usual - low) > 0
    if diverged:  # it must not flatten the others
        high = low + 1.5 * (usual - low)
    heights = np.linspace(low, high, 4 if high > low else 1)
    ticks = np.linspace(left, right, 4 if right > left else 1)
    right, high = (max(end, start + 1e-9) for start, end in ((left, right), (low, high)))

    def place(line: Points) -> list[str]:
        x, y = np.array(line, np.float64).T
        along = LEFT + (x - left) / (right - left) * (WIDTH - LEFT - RIGHT)
        up = TOP + (1 - (np.minimum(y, high) - low) / (high - low)) * (HEIGHT - TOP - BOTTOM)
        return [f"{x:.1f},{y:.1f}" for x, y in zip(along.tolist(), up.tolist(), strict=True)]

    parts: list[str] = []
    higher = higher if diverged else ""
    for value, at in zip(heights, place([(left, height) for height in heights]), strict=True):
        x, y = at.split(",")
        parts.append(
            f'<path class="grid" d="M{x},{y}H{WIDTH - RIGHT}"/>'
            f'<text x="{LEFT - 6}" y="{y}" class="y">{value:.3g}</text>'
        )
    ticks = np.unique(ticks.round()) if right - left >= 1 else ticks
    for value, at in zip(ticks, place([(tick, low) for tick in ticks]), strict=True):
        x = at.split(",")[0]
        parts.append(f'<text x="{x}" y="{HEIGHT - BOTTOM + 16}" class="x">{_tick(value)}</text>')
    parts.append(f'<text x="{(WIDTH + LEFT) / 2}" y="{HEIGHT - 3}" class="x">{across}{higher}</text>')
    for index, lines in enumerate(runs):
        for line in lines:
            path = " ".join(place(line))
            shown = f'<polyline data-run="{index}" points="{path}" stroke="{colour(index, len(runs))}">'
            parts.append(f"{shown}<title>{escape(names[index])}</title></polyline>")
            if len(line) == 1:  # a line of one point is not seen
                x, y = path.split(",")
                parts.append(f'<circle cx="{x}" cy="{y}" r="2.5" fill="{colour(index, len(runs))}"/>')
    label = escape(title)
    return Markup(f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{"".join(parts)}</svg>')


def losses_html(losses: Points, evaluations: Iterable[Mapping[str, Any]]) -> str:
    """The loss against the steps so far, as a notebook shows it: training (its moving mean), and each evaluation.

    It brings its style along, and takes the colour of the text from the notebook, which may be a dark one. Empty before
    the first step.

    Args:
        losses: (step, loss).
        evaluations: rows of a :class:`~paddle_camp.history.History`; those of the split "train" are left out.
    """
    steps = means_of_parts([step for step, _ in losses], [loss for _, loss in losses], MOST)
    lines = {"training": smoothed(steps)}
    for row in evaluations:
        if "loss" in row and row["split"] != "train":
            lines.setdefault(row["split"], []).append((row["step"], row["loss"]))
    if not any(lines.values()):
        return ""
    runs = [[line] if line else [] for line in lines.values()]
    svg = chart("loss against steps", runs, list(lines), "step", "; higher ones stand at the top")
    colours = (colour(index, len(lines)) for index in range(len(lines)))
    legend = "".join(f'<b style="color:{c}">— {escape(name)}</b> ' for c, name in zip(colours, lines, strict=True))
    return f'<div class="paddle-camp-losses"><style>{STYLE}</style>{svg}{legend}</div>'
