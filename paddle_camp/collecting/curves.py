"""Curves of many runs over each other, as SVG inside of a page; from the ``history.csv`` of each."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from markupsafe import Markup

from paddle_camp.collecting.foreign import read_text, shortened
from paddle_camp.collecting.record import RunRecord
from paddle_camp.errors import DataError
from paddle_camp.svg import Points, chart

MOST_BYTES, MOST_ROWS, MOST_POINTS = 16 << 20, 100_000, 60
MOST_CHARTS = 6  # of an assignment
SPLITS = ("holdout", "validation", "test", "train")  # the first one that was measured is drawn


@dataclass(frozen=True)
class Chart:
    """One picture: the curves of a training in all runs."""

    title: str
    svg: Markup


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
    return [Chart(title, chart(title, lines, names)) for title, lines in drawn[:MOST_CHARTS]], len(drawn[MOST_CHARTS:])
