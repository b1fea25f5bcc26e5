"""Curves of many runs over each other, as SVG inside of a page; from the ``history.csv`` of each."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from markupsafe import Markup, escape

from paddle_camp.collecting.foreign import read_text, shortened
from paddle_camp.collecting.record import RunRecord
from paddle_camp.errors import DataError

MOST_BYTES, MOST_ROWS, MOST_POINTS = 16 << 20, 100_000, 60
MOST_CHARTS = 6  # of an assignment
SPLITS = ("holdout", "validation", "test", "train")  # the first one that was measured is drawn
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 420, 240, 60, 24, 12, 34  # pixels
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a5195", "#8c6d31")  # Okabe and Ito
Points = list[tuple[float, float]]


@dataclass(frozen=True)
class Chart:
    """One picture: the curves of a training in all runs."""

    title: str
    svg: Markup


def colour(index: int, count: int) -> str:
    """The colour of a run among ``count``, the same in all charts of its assignment."""
    if count <= len(COLOURS):
        return COLOURS[index]
    return f"hsl({index * 137.5 % 360:.0f} 65% {42 + index % 3 * 9}%)"


def read_curves(record: RunRecord) -> dict[tuple[str, str, str], list[Points]]:
    """(training, split, loss or accuracy) -> curves against epochs, one a seed; empty where there are none."""
    try:
        rows = csv.DictReader(io.StringIO(read_text(record.folder, "history.csv", MOST_BYTES), newline=""))
        return _curves(record, list(islice(rows, MOST_ROWS)))
    except (DataError, csv.Error):
        return {}


def _curves(record: RunRecord, rows: Sequence[Mapping[str, str]]) -> dict[tuple[str, str, str], list[Points]]:
    lines: dict[tuple[str, str, str], Points] = {}
    for row in rows:
        for measure in ("loss", "accuracy"):
            try:
                point = float(row.get("epoch") or "nan"), float(row.get(measure) or "nan")
            except (TypeError, ValueError):
                continue
            most = 1 if measure == "accuracy" else 1e12
            if (
                all(np.isfinite(point))
                and abs(point[0]) < 1e12
                and (0 if measure == "accuracy" else -1e12) <= point[1] <= most
            ):
                lines.setdefault((str(row.get("run")), str(row.get("split")), measure), []).append(point)
    found: dict[tuple[str, str, str], list[Points]] = {}
    for (training, split, measure), points in lines.items():
        if split in SPLITS and len(points) > 1:
            found.setdefault((_without_seed(training, record.seed), split, measure), []).append(_thinned(points))
    return found


def _without_seed(training: str, seed: int | None) -> str:
    """The seeds of a training are curves of one chart: ``constant, seed 3`` and ``relu-3`` where 3 is a seed."""
    name = re.sub(r"[,_\s-]*seed[\s_=]*\d+$", "", training)
    number = re.search(r"-(\d{1,9})$", name)
    if number and seed is not None and 0 <= int(number[1]) - seed < 10:
        name = name[: number.start()]
    return shortened(name, 60)


def _thinned(points: Points) -> Points:
    if len(points) <= MOST_POINTS:
        return points
    return [points[round(place)] for place in np.linspace(0, len(points) - 1, MOST_POINTS)]


def charts(
    runs: Sequence[Mapping[tuple[str, str, str], list[Points]]], names: Sequence[str]
) -> tuple[list[Chart], int]:
    """A chart for each training and measure, those of the most runs first, and how many were left out.

    Args:
        runs: of one assignment, :func:`read_curves` of each.
        names: of the runs, for who points at a curve.
    """
    trainings: dict[str, int] = {}
    for run in runs:
        for training in dict.fromkeys(key[0] for key in run):
            trainings[training] = trainings.get(training, 0) + 1
    drawn = []
    for training in sorted(trainings, key=lambda name: -trainings[name]):
        there = {key[1] for run in runs for key in run if key[0] == training}
        split = next(each for each in SPLITS if each in there)
        for measure in ("loss", "accuracy"):
            lines = [run.get((training, split, measure), []) for run in runs]
            if any(lines):
                drawn.append((f"{training} · {split} {measure}", lines))
    return [Chart(title, _svg(title, lines, names)) for title, lines in drawn[:MOST_CHARTS]], len(drawn[MOST_CHARTS:])


def _tick(value: float) -> str:
    """An epoch: 8,200 rather than 8.2e+03."""
    return f"{value:,.0f}" if 1 <= abs(value) < 1e6 and value == round(value) else f"{value:.3g}"


def _svg(title: str, runs: Sequence[list[Points]], names: Sequence[str]) -> Markup:
    points = np.array([point for lines in runs for line in lines for point in line])
    (left, low), (right, high) = points.min(axis=0), points.max(axis=0)
    usual = float(np.percentile(points[:, 1], 90))
    diverged = high - low > 4 * (usual - low) > 0
    if diverged:  # it must not flatten the others
        high = low + 1.5 * (usual - low)
    right, high = (max(end, start + 1e-9) for start, end in ((left, right), (low, high)))

    def place(x: float, y: float) -> str:
        across = LEFT + (x - left) / (right - left) * (WIDTH - LEFT - RIGHT)
        up = TOP + (1 - (min(y, high) - low) / (high - low)) * (HEIGHT - TOP - BOTTOM)
        return f"{across:.1f},{up:.1f}"

    parts: list[str] = []
    higher = "；更高的画在上边线上" if diverged else ""
    for value in np.linspace(low, high, 4):
        x, y = place(left, value).split(",")
        parts.append(
            f'<path class="grid" d="M{x},{y}H{WIDTH - RIGHT}"/>'
            f'<text x="{LEFT - 6}" y="{y}" class="y">{value:.3g}</text>'
        )
    ticks = np.linspace(left, right, 4)
    for value in np.unique(ticks.round()) if right - left >= 1 else ticks:
        parts.append(
            f'<text x="{place(value, low).split(",")[0]}" y="{HEIGHT - BOTTOM + 16}" class="x">{_tick(value)}</text>'
        )
    parts.append(f'<text x="{(WIDTH + LEFT) / 2}" y="{HEIGHT - 3}" class="x">轮（epoch）{higher}</text>')
    for index, lines in enumerate(runs):
        for line in lines:
            path = " ".join(place(x, y) for x, y in line)
            shown = f'<polyline data-run="{index}" points="{path}" stroke="{colour(index, len(runs))}">'
            parts.append(f"{shown}<title>{escape(names[index])}</title></polyline>")
    label = escape(title)
    return Markup(f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{"".join(parts)}</svg>')
