"""The figures of the page on overfitting: signals and gradients by layer, the search, the remedies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

import paddle_camp as camp
from homework.overfitting.networks import INITIALISATIONS
from paddle_camp import plots
from paddle_camp.sweeps.grid import Grid

ACTIVATION = {"sigmoid": "sigmoid", "tanh": "tanh", "relu": "ReLU", "leaky_relu": "LeakyReLU"}
INITIAL = {"zero": "全零", "normal": "N(0, 1)", "xavier": "Xavier", "he": "He"}
REMEDY = {"none": "不加", "dropout": "dropout", "l2": "L2", "l1": "L1", "max_norm": "max-norm"}


def called(label: str) -> str:
    """What a remedy at a strength is called."""
    kind, _, strength = label.partition(" ")
    return f"{plots.words(kind.replace('_', '-'), REMEDY[kind])} {strength}".strip()


def draw_all(signals: Mapping, without: Grid, cells: Grid, remedies: Mapping, depths: Sequence[int]) -> dict:
    """The figures to post: name -> (caption, figure)."""
    deepest = max(depths)
    return {
        "signals": (f"{deepest} 层网络各层激活值的标准差（训练之前）", draw_layers(signals, "signal", deepest)),
        "gradients": (f"{deepest} 层网络中到达各层的梯度的范数（训练之前）", draw_layers(signals, "arriving", deepest)),
        "search": ("随机搜索与梯度下降：训练 loss 随前向次数的变化（第一个种子）", draw_search(without, deepest)),
        "curves": ("各种方法训练和测试的准确率（各种子的平均）", draw_curves(cells, remedies)),
        "strengths": ("各种方法和强度的准确率（竖线是各种子的平均）", draw_strengths(cells)),
    }


def draw_layers(signals: Mapping, kind: str, depth: int) -> Figure:
    """One of the probe's numbers layer by layer: a panel an activation, a curve an initialisation."""
    words, panels, drawn = plots.words, {}, set()
    for activation, panel in ACTIVATION.items():
        panels[panel] = {}
        for name in INITIALISATIONS:
            values = signals[f"{activation} {name} {depth}"][kind]
            shown = [np.nan if value is None or value < 1e-30 else value for value in values]  # 0 has no logarithm
            if not np.isnan(shown).all():
                drawn.add(name)
                panels[panel][words(name, INITIAL[name])] = (range(1, len(shown) + 1), shown)
    title, label = {
        "signal": (
            words("Activations by layer, before training", "训练之前，各层激活值的标准差"),
            words("standard deviation", "标准差"),
        ),
        "arriving": (
            words("Gradient that arrives at each layer, before training", "训练之前，到达各层的梯度的范数"),
            words("norm of the gradient", "梯度的范数"),
        ),
    }[kind]
    absent = [words(name, INITIAL[name]) for name in INITIALISATIONS if name not in drawn]
    if absent:
        title += words(" ({}: 0, not drawn)", "（{}：都是 0，没有画）").format(words(", ", "、").join(absent))
    return plots.line_panels(panels, words("hidden layer", "隐藏层"), label, log="y", columns=2, title=title)


def draw_search(without: Grid, deepest: int) -> Figure:
    """The loss against the passes used, of the first seed."""
    words, panels = plots.words, {}
    seed = without.axes["seed"][0]
    names = {"gradient": words("gradient descent", "梯度下降"), "search": words("random search", "随机搜索")}
    titles = {"shallow": words("2 layers, ReLU", "2 层 ReLU")}
    titles["deep"] = words(f"{deepest} layers, sigmoid", f"{deepest} 层 sigmoid")
    for network, title in titles.items():
        panels[title] = {}
        for method, name in names.items():
            cell = without.at(network=network, method=method, seed=seed)
            curve = [] if camp.diverged(cell) else cell["curve"]
            panels[title][name] = ([used for used, _ in curve], [loss for _, loss in curve])
    passes = words("forward passes (a gradient step is three)", "前向次数（一步梯度下降算三次）")
    title = words("With and without gradients", "用梯度与不用梯度")
    return plots.line_panels(panels, passes, words("training loss", "训练 loss"), markers=False, title=title)


def draw_curves(cells: Grid, remedies: Mapping) -> Figure:
    """Accuracy on training and test digits after every epoch: a panel a remedy, at its chosen strength."""
    words, panels = plots.words, {}
    parts = {"training": words("training digits", "训练图片"), "test": words("test digits", "测试图片")}
    for label in ("none", *(row["label"] for row in remedies["chosen"].values())):
        done = camp.finished([cells.at(remedy=label, seed=seed) for seed in cells.axes["seed"]])
        histories = [camp.History.from_dict(cell["history"]) for cell in done]
        panels[called(label)] = {}
        for part, name in parts.items():
            curves = [history.after_epochs(part, "accuracy") for history in histories]
            mean = 100 * np.mean(curves, axis=0) if done else []
            panels[called(label)][name] = (range(1, len(mean) + 1), mean)
    axes = words("epochs finished", "完成的轮数"), words("accuracy (%)", "准确率（%）")
    title = words("Each remedy at its chosen strength", "各种方法，强度由留出图片选定")
    return plots.line_panels(panels, *axes, markers=False, title=title)


def draw_strengths(cells: Grid) -> Figure:
    """Accuracy on held-out and test digits of every remedy at every strength."""
    rows = {label: [cells.at(remedy=label, seed=s) for s in cells.axes["seed"]] for label in cells.axes["remedy"]}
    panels = {
        name: [[100 * cell[part]["accuracy"] for cell in camp.finished(row)] for row in rows.values()]
        for part, name in (
            ("holdout", plots.words("held-out accuracy (%)", "留出准确率（%）")),
            ("test", plots.words("test accuracy (%)", "测试准确率（%）")),
        )
    }
    title = plots.words("All strengths (a dot is a seed)", "所有强度（一个点是一个种子）")
    return plots.strip_panels([called(label) for label in rows], panels, title=title)
