"""The figures of `car-buyers`: the six people with the decision line, the trainings, and growth without end."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from paddle_camp import plots
from paddle_camp.data.built_in import LabelledTable
from paddle_camp.plots.style import INK, MUTED, Look, colour, new_figure, tidy

MARKS = (("o", 1), ("s", 2))  # who has not bought, who has: marker and colour
DRAWN = 400  # points of a long curve


def draw(people: LabelledTable, paths: dict, free: np.ndarray, results: dict, settings: Any) -> dict:
    """The figures to post: name -> (caption, figure)."""
    return {
        "line": ("六个人、要判断的人和决策线（概率 0.5）", draw_plane(people, results["theta"], free[-1], settings)),
        "steps": ("离精确解的距离：梯度下降与牛顿法", draw_distances(paths, results["exact"])),
        "free": ("有和没有惩罚项时的系数", draw_growth(free, results["exact"])),
    }


def draw_plane(people: LabelledTable, theta: np.ndarray, free: np.ndarray, settings: Any) -> Figure:
    """Age and income; the probability as a shade, the line where it is a half, and the line without a penalty."""
    words = plots.words
    names = (words("not bought", "没有买"), words("bought", "买了"))
    style: Look = {"linestyle": "", "markersize": 9, "markeredgecolor": "white"}
    handles = [
        Line2D([], [], marker=mark, color=colour(index), label=name, **style)
        for name, (mark, index) in zip(names, MARKS, strict=True)
    ]
    asked = Line2D([], [], marker="*", color=INK, label=words("to predict", "要判断的人"), **style)
    line = Line2D([], [], color=INK, linewidth=2, label=words("P = 0.5", "概率 0.5"))
    without = {"color": MUTED, "linestyle": (0, (4, 3)), "label": words("no penalty", "没有惩罚项")}
    handles += [asked, line, Line2D([], [], **without)]
    title = words("Six people and the line that parts them", "六个人和把他们分开的直线")
    figure = new_figure(4.6, title, None, handles=handles)
    axes = figure.add_subplot()
    ages, incomes = (np.append(people.inputs[:, k], value) for k, value in enumerate((settings.age, settings.income)))
    limits = [
        (values.min() - 0.12 * np.ptp(values), values.max() + 0.12 * np.ptp(values)) for values in (ages, incomes)
    ]
    age, income = np.meshgrid(np.linspace(*limits[0], 300), np.linspace(*limits[1], 300))
    share = 1 / (1 + np.exp(-(theta[0] + theta[1] * age + theta[2] * income)))
    shade = axes.contourf(age, income, share, levels=np.linspace(0, 1, 11), cmap="BrBG", alpha=0.45)
    axes.contour(age, income, share, levels=[0.5], colors=[INK], linewidths=2)
    axes.contour(age, income, free[0] + free[1] * age + free[2] * income, levels=[0], colors=[MUTED], linestyles="--")
    for label, (mark, index) in enumerate(MARKS):
        here = people.labels == label
        axes.plot(*people.inputs[here].T, mark, color=colour(index), markersize=10, markeredgecolor="white")
    axes.plot(settings.age, settings.income, "*", color=INK, markersize=16, markeredgecolor="white")
    tidy(axes, words("income", "收入"), words("age, years", "年龄（岁）"), grid=False)
    bar = figure.colorbar(shade, ax=axes)
    bar.set_label(words("probability of buying", "买车的概率"), color=INK, fontsize=11)
    return figure


def thinned(path: np.ndarray) -> np.ndarray:
    """The steps of a long path that are drawn, evenly spread on a logarithmic axis."""
    return np.unique(np.geomspace(1, len(path) - 1, DRAWN).astype(int))


def draw_distances(paths: dict[str, np.ndarray], exact: np.ndarray) -> Figure:
    """The largest error of a coefficient after each step."""
    words = plots.words
    names = {
        "standardised": words("gradient descent, standardised", "梯度下降，特征标准化"),
        "plain": words("gradient descent, plain features", "梯度下降，原来的特征"),
        "newton": words("Newton, plain features", "牛顿法，原来的特征"),
    }
    curves = {}
    for name, path in paths.items():
        steps = thinned(path)
        gaps = np.abs(path[steps] - exact).max(axis=1)
        curves[names[name]] = (steps, np.where(gaps > 1e-15, gaps, np.nan))
    labels = (words("step", "步"), words("largest error of a coefficient", "系数的最大误差"))
    title = words("How fast the exact optimum is reached", "多少步到达精确的最优解")
    return plots.line_panels({"": curves}, *labels, log="xy", markers=False, title=title)


def draw_growth(free: np.ndarray, exact: np.ndarray) -> Figure:
    """The coefficients without a penalty, on a logarithmic axis of steps, beside those with one."""
    words, steps = plots.words, thinned(free)
    panels = {}
    for place, name in ((2, words("income", "收入的系数")), (1, words("age", "年龄的系数"))):
        panels[name] = {
            words("without a penalty", "没有惩罚项"): (steps, free[steps, place]),
            words("with the penalty, exact", "有惩罚项（精确解）"): (steps[[0, -1]], np.repeat(exact[place], 2)),
        }
    title = words("The coefficients with and without a penalty", "有和没有惩罚项时的系数")
    return plots.line_panels(
        panels, words("step", "步"), words("coefficient", "系数"), log="x", markers=False, title=title
    )
