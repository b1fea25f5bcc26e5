"""The figures of `iris`: accuracy by epochs, the spread, how hard two losses pull, and the decision regions."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from paddle_camp import plots
from paddle_camp.data.built_in import LabelledTable
from paddle_camp.plots.style import INK, Look, colour, new_figure, tidy, tint

MARKS = "os^"
NAMES = {
    "squared error": ("squared error", "平方误差"),
    "squared error x 4.5": ("squared error, rate x 4.5", "平方误差，学习率×4.5"),
    "cross-entropy": ("cross-entropy", "交叉熵"),
}


def draw(cells: dict, results: dict, flowers: LabelledTable, settings: Any) -> dict:
    """The figures to post: name -> (caption, figure)."""
    words = plots.words
    names = {name: words(*NAMES[name]) for name in cells}
    curves = {
        names[name]: ([row["epoch"] for row in cell["rows"]], [np.mean(row["accuracy"]) for row in cell["rows"]])
        for name, cell in cells.items()
    }
    title = words(
        "Accuracy on the flowers held out, mean over folds and seeds", "留出的花上的准确率（各折、各种子的平均）"
    )
    labels = words("epochs", "轮数"), words("accuracy", "准确率")
    pulls = results["pulls"]
    shares = {words(*NAMES[key]): (pulls["share"], pulls[key]) for key in ("squared error", "cross-entropy")}
    along, up = words("probability of the right class", "正确类别的概率"), words("length of the gradient", "梯度的长度")
    how = words("How hard each loss pulls at the logits", "两种损失对 logits 的梯度")
    return {
        "accuracy": ("留出的花上的准确率随轮数的变化", plots.line_panels({"": curves}, *labels, log="x", title=title)),
        "spread": ("交叉验证的准确率：各种子、各折", draw_spread(names, results, cells, settings)),
        "pulls": ("损失对 logits 的梯度的长度", plots.line_panels({"": shares}, along, up, markers=False, title=how)),
        "regions": ("决策区域（花瓣的两个长度；花萼取平均值）", draw_regions(cells, flowers)),
        "confusion": (
            "平方误差：真实与预测的种类（各种子相加）",
            plots.confusion_figure(results["confusion"], flowers.classes),
        ),
    }


def draw_spread(names: dict[str, str], results: dict, cells: dict, settings: Any) -> Figure:
    """A dot a cross-validation, and a dot a fold, after few and after many epochs."""
    words, rows, seeds, folds = plots.words, [], [], []
    for when, epoch in (("short", settings.short_epochs), ("long", settings.num_epochs)):
        for name, cell in cells.items():
            table = next(row["accuracy"] for row in cell["rows"] if row["epoch"] == epoch)
            rows.append(words(f"{names[name]}, {epoch} epochs", f"{names[name]}，{epoch} 轮"))
            seeds.append(results[when][name]["seeds"])
            folds.append(np.ravel(table))
    panels = {words("a whole cross-validation", "一次交叉验证"): seeds, words("a single fold", "单独一折"): folds}
    return plots.strip_panels(rows, panels, title=words("How much the accuracy scatters", "准确率的波动"))


def draw_regions(cells: dict, flowers: LabelledTable) -> Figure:
    """The species predicted for petal lengths and widths, with the sepals' at their means; held-out flowers ringed.

    The networks are those of the first fold of the first seed.
    """
    words = plots.words
    style: Look = {"linestyle": "", "markersize": 8, "markeredgecolor": "white"}
    handles = [
        Line2D([], [], marker=MARKS[k], color=colour(k), label=name, **style) for k, name in enumerate(flowers.classes)
    ]
    ring: Look = {"markerfacecolor": "none", "markeredgecolor": INK, "markersize": 10}
    handles.append(Line2D([], [], marker="o", linestyle="", label=words("held out", "留出的花"), **ring))
    title = words("Decision regions of one fold's network", "一折的网络的决策区域")
    shown = [(name, epoch) for name in ("squared error", "cross-entropy") for epoch in cells[name]["networks"]]
    figure = new_figure(6.2, title, None, handles=handles)
    lengths, widths = np.meshgrid(np.linspace(0.5, 7.4, 240), np.linspace(-0.1, 2.8, 240))
    sepals = [np.full(lengths.size, mean) for mean in flowers.inputs[:, :2].mean(axis=0)]
    grid = np.column_stack([*sepals, lengths.ravel(), widths.ravel()])
    for axes, (name, epoch) in zip(figure.subplots(2, 2, sharex=True, sharey=True).ravel(), shown, strict=True):
        cell = cells[name]
        mean, deviation = cell["scaling"]
        w1, b1, w2, b2 = (np.array(part, np.float32) for part in cell["networks"][epoch])
        logits = np.tanh((grid - mean) / deviation @ w1 + b1) @ w2 + b2
        said = logits.argmax(axis=1).reshape(lengths.shape)
        axes.pcolormesh(lengths, widths, said, cmap=ListedColormap([tint(k) for k in range(3)]), vmin=0, vmax=2)
        for k in range(3):
            petals = flowers.inputs[flowers.labels == k, 2:]
            axes.plot(*petals.T, MARKS[k], color=colour(k), markersize=5, markeredgecolor="white", markeredgewidth=0.5)
        axes.plot(*flowers.inputs[cell["held_out"], 2:].T, "o", **(ring | {"markersize": 8}))
        axes.set_title(words(f"{name}, {epoch} epochs", f"{words(*NAMES[name])}，{epoch} 轮"), fontsize=10.5, color=INK)
        place = axes.get_subplotspec()
        along = words("petal length, cm", "花瓣长（cm）") if place.is_last_row() else ""
        tidy(axes, words("petal width, cm", "花瓣宽（cm）") if place.is_first_col() else "", along, grid=False)
    return figure
