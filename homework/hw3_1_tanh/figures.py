"""The figures of homework 3-1: tanh and its derivative, the errors of the two formulas, the counts."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

import paddle_camp as camp


def draw_histogram(counts: np.ndarray, probabilities: np.ndarray, settings: Any) -> Figure:
    """Share of the matrices with each count, beside the binomial probabilities."""
    words = camp.plots.words
    shown, entries = np.flatnonzero(probabilities > 1e-5), len(probabilities) - 1
    shares = np.bincount(counts, minlength=len(probabilities)) / len(counts)
    name = words(f"binomial({entries}, 1/2)", f"二项分布 B({entries}, 1/2)")
    law = {"expected": probabilities[shown], "expected_name": name}
    title = words(
        f"Positive entries of {settings.draws:,} random {settings.rows} x {settings.columns} matrices",
        f"{settings.draws:,} 个 {settings.rows}×{settings.columns} 随机矩阵中大于 0 的元素个数",
    )
    label = words("entries > 0", "大于 0 的元素个数")
    return camp.plots.histogram_figure(shown, shares[shown], label, **law, title=title)


def draw_errors(errors: dict, nan_from: dict[str, float]) -> Figure:
    """The relative errors by type and formula."""
    words, panels = camp.plots.words, {}
    for name, curves in errors.items():
        at = f"x = {nan_from[name]:.4g}"
        panel = words(f"{name}: the formula is NaN from {at} on", f"{name}：题目的公式从 {at} 起为 nan")
        panels[panel] = {called(formula): curve for formula, curve in curves.items()}
    label = words(
        "relative error, largest of 40 neighbours\n(lowest level: none at all)",
        "相对误差（相邻 40 个 x 中最大的）\n（最低处：没有误差）",
    )
    title = words(
        "Near 0 the formula loses digits, far from 0 it is NaN",
        "题目的公式：x 接近 0 时丢失精度，离 0 远时为 nan",
    )
    return camp.plots.line_panels(panels, "x", label, log="xy", markers=False, title=title)


def draw(
    curves: dict, errors: dict, nan_from: dict[str, float], counts: np.ndarray, probabilities: np.ndarray, settings: Any
) -> dict:
    """The figures to post.

    Args:
        curves: by label.
        errors: by type and formula.
        nan_from: name of a type -> where the question's formula becomes NaN in it, for the panel's title.
        counts: of positive entries ``[draws]``; ``probabilities`` are those of 0, 1, 2, ...
    """
    lines = {called(name): curve for name, curve in curves.items()}
    title = camp.plots.words("tanh and its derivative", "tanh 及其导数")
    tanh = camp.plots.line_panels({"": lines}, "x", "", markers=False, title=title)
    return {
        "tanh": (f"tanh 及其导数，x 从 {settings.low:g} 到 {settings.high:g}", tanh),
        "errors": (
            "题目公式与稳定公式的相对误差（每点取相邻 40 个 x 中最大的；曲线中断处为 nan）",
            draw_errors(errors, nan_from),
        ),
        "counts": ("大于 0 的元素个数的分布", draw_histogram(counts, probabilities, settings)),
    }


def called(name: str) -> str:
    """What a curve is called in the figures."""
    names = {
        "tanh(x)": "tanh(x)",
        "its derivative, 1 - tanh(x)^2": "导数 1 − tanh²(x)",
        "stable formula": "稳定公式",
        "the question's formula": "题目的公式",
    }
    return camp.plots.words(name, names[name])
