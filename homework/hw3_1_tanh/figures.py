"""The figures of homework 3-1: tanh and its derivative, the errors of the two formulas, the counts."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

import paddle_camp as camp


def draw_histogram(counts: np.ndarray, probabilities: np.ndarray, settings: Any) -> Figure:
    """Share of the matrices with each count, beside the binomial probabilities."""
    shown = np.flatnonzero(probabilities > 1e-5)
    shares = np.bincount(counts, minlength=len(probabilities)) / len(counts)
    law = {"expected": probabilities[shown], "expected_name": f"binomial({len(probabilities) - 1}, 1/2)"}
    title = f"Positive entries of {settings.draws:,} random {settings.rows} x {settings.columns} matrices"
    return camp.plots.histogram_figure(shown, shares[shown], "entries > 0", **law, title=title)


def draw(curves: dict, errors: dict, counts: np.ndarray, probabilities: np.ndarray, settings: Any) -> dict:
    """The figures to post: curves by label, errors by panel and label, and the counts ``[draws]``."""
    tanh = camp.plots.line_panels({"": curves}, "x", "", markers=False, title="tanh and its derivative")
    label = "relative error, largest of 40 neighbours\n(lowest level: none at all)"
    title = "Near 0 the formula loses digits, far from 0 it is NaN"
    worst = camp.plots.line_panels(errors, "x", label, log="xy", markers=False, title=title)
    return {
        "tanh": (f"tanh 及其导数，x 从 {settings.low:g} 到 {settings.high:g}", tanh),
        "errors": ("题目公式与稳定公式的相对误差（每点取相邻 40 个 x 中最大的；曲线中断处为 nan）", worst),
        "counts": ("大于 0 的元素个数的分布", draw_histogram(counts, probabilities, settings)),
    }
