"""The figures of groups: accuracy and time by the number of groups, every training, and which channels meet."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from homework.groups.verdicts import KINDS, by_groups
from paddle_camp import plots
from paddle_camp.plots.style import new_figure, tidy

NAMES = {
    "plain": "不混洗",
    "shuffled": "混洗",
    "wide": "加宽",
    "wide shuffled": "加宽、混洗",
    "depthwise": "逐通道",
    "separable": "可分离",
    "separable wide": "加宽的可分离",
}


def called(kind: str) -> str:
    """A kind in the words of the figures."""
    return plots.words(kind, NAMES[kind])


def named(variant: str) -> str:
    """A variant in the words of the figures: "4 shuffled"."""
    number, _, kind = variant.partition(" ")
    if not number.isdigit():
        return called(variant)
    groups = plots.words(f"{number} group{'s' * (number != '1')}", f"{number} 组")
    return groups + (plots.words(f", {kind}", f"，{NAMES[kind]}") if kind else "")


def draw_all(results: dict, times: dict, plans: Mapping[str, dict], reaches: Mapping[str, list]) -> dict:
    """The figures to post: name -> (caption, figure)."""
    return {
        "accuracy": ("准确率随组数的变化（各种子的平均）", draw_accuracy(results["table"], plans)),
        "trainings": ("每一个变体的准确率和训练 loss", draw_trainings(results["table"])),
        "time": ("比一组快几倍：按乘加次数应有的，与实际测得的", draw_times(times, plans)),
        "reach": ("四层卷积之后的通道（行）看得到第一层之后的哪些通道（列，黑色）", draw_reach(reaches)),
    }


def at_groups(figure: Figure, plans: Mapping[str, dict]) -> Figure:
    """The numbers of groups as the ticks of a logarithmic axis."""
    places = [plans[name]["groups"] for name in by_groups(plans, "plain")]
    for axes in figure.axes:
        axes.set_xticks(places, list(map(str, places)))
        axes.xaxis.set_minor_locator(NullLocator())
    return figure


def draw_accuracy(table: Mapping[str, dict], plans: Mapping[str, dict]) -> Figure:
    """The mean accuracy by groups, at equal width and at equal cost."""
    words, panels = plots.words, {}
    for title, kinds in (
        (words("equal width", "同样的宽度"), KINDS[:2]),
        (words("equal cost", "同样的乘加"), KINDS[2:]),
    ):
        panel = panels[title] = {}
        for kind in kinds:
            names = by_groups(plans, kind)
            label = words("shuffled", "混洗") if "shuffled" in kind else words("not shuffled", "不混洗")
            panel[label] = [plans[n]["groups"] for n in names], [100 * table[n]["accuracy"] for n in names]
    labels = words("groups", "组数"), words("accuracy (%)", "准确率（%）")
    figure = plots.line_panels(panels, *labels, log="x", title=words("Accuracy by groups", "准确率与组数"))
    return at_groups(figure, plans)


def draw_trainings(table: Mapping[str, dict]) -> Figure:
    """A dot for each training's accuracy, and the interval of the mean; the training loss."""
    words = plots.words
    rows = {
        words("accuracy (%)", "准确率（%）"): [[100 * a for a in row["accuracies"]] for row in table.values()],
        words("training loss, last epoch", "最后一轮的训练 loss"): [[row["train_loss"]] for row in table.values()],
    }
    title = words("All variants (a dot is a training; loss: their mean)", "所有变体（一个点是一次训练；loss 是平均）")
    return plots.strip_panels([named(name) for name in table], rows, title=title)


def draw_times(times: Mapping[str, Mapping[str, dict]], plans: Mapping[str, dict]) -> Figure:
    """How many times as fast as one group, promised and measured."""
    words, panels = plots.words, {}
    shown = {
        "train": words("training step", "训练一步"),
        "evaluate": words("evaluation", "评估"),
        "train by Paddle": words("training step, Paddle's operators", "训练一步，Paddle 的算子"),
    }
    for title, kind in ((words("equal width", "同样的宽度"), "plain"), (words("equal cost", "同样的乘加"), "wide")):
        names = by_groups(plans, kind)
        places = [plans[name]["groups"] for name in names]
        promised = [times["train"][name]["promised"] for name in names]
        panel = panels[title] = {words("by multiply-adds", "按乘加次数"): (places, promised)}
        for what, label in shown.items():
            if all(name in times[what] for name in names):
                panel[label] = places, [times[what][name]["speedup"] for name in names]
    labels = words("groups", "组数"), words("times as fast as one group", "比一组快几倍")
    title = words("Promised and measured speed", "应有的与测得的速度")
    return at_groups(plots.line_panels(panels, *labels, log="xy", title=title), plans)


def draw_reach(reaches: Mapping[str, list]) -> Figure:
    """A matrix for each kind: black where a last channel (row) sees one of the stem's (column)."""
    words = plots.words
    figure = new_figure(3.6, words("Which channels meet in four layers", "四层之内哪些通道相遇"), None)
    cells = figure.subplots(1, len(reaches), sharey=True)
    for axes, (name, seen) in zip(cells, reaches.items(), strict=True):
        matrix = np.asarray(seen, float)
        axes.imshow(1 - matrix, cmap="gray", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
        axes.set_title(named(name), fontsize=10.5)
        first = axes.get_subplotspec().is_first_col()
        tidy(
            axes,
            words("last channels", "最后的通道") if first else "",
            words("first channels", "开头的通道"),
            grid=False,
        )
        axes.set_xticks([0, matrix.shape[1] - 1], ["1", str(matrix.shape[1])])
        axes.set_yticks([0, len(matrix) - 1], ["1", str(len(matrix))])
        axes.spines[:].set_visible(True)
    return figure
