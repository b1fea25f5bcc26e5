"""The figures of deep-convnet: the long trainings, the recipes and the changed networks."""

from __future__ import annotations

from collections.abc import Mapping

from paddle_camp import plots
from paddle_camp.history import History

RECIPES = {
    "source": ("as the source", "原做法"),
    "decay": ("decaying rate", "学习率衰减"),
    "augmentation": ("warped digits", "数据增强"),
    "ensemble": ("ensemble", "集成"),
}
PARTS = {
    "source": ("as the source", "原网络"),
    "padding_1": ("fourth padding 1", "第四个卷积补 1"),
    "hidden_200": ("200 hidden units", "隐藏层 200"),
    "no_output_dropout": ("no dropout behind outputs", "输出后不加 dropout"),
    "no_dropout": ("no dropout", "没有 dropout"),
    "one_five": ("one 5x5 for two 3x3", "一个 5×5 代替两个 3×3"),
}


def draw_all(cells: Mapping[str, list[dict]], recipes: Mapping, parts: Mapping) -> dict:
    """The figures to post: name -> (caption, figure).

    Args:
        cells: recipe -> its long trainings; the curves are those of the first.
        recipes, parts: what :mod:`~homework.deep_convnet.verdicts` makes of the short ones.
    """
    words, panels = plots.words, {}
    names = {"training": words("training digits", "训练图片"), "test": words("test digits", "测试图片")}
    for recipe, row in cells.items():
        history = History.from_dict(row[0]["history"])
        curves = {}
        for split, name in names.items():
            epochs, values = history.curve(split, "accuracy")
            curves[name] = (epochs, [100 * value for value in values])
        panels[words(*RECIPES[recipe])] = curves
    axes = words("epochs finished", "完成的轮数"), words("accuracy (%)", "准确率（%）")
    title = words("Accuracy on samples of digits after every epoch", "每一轮之后抽样图片上的准确率")
    long = plots.line_panels(panels, *axes, title=title)
    table = recipes["table"]
    held, test = words("held-out accuracy (%)", "留出准确率（%）"), words("test accuracy (%)", "测试准确率（%）")
    rows = {held: "all_held", test: "all_test"}
    short = plots.strip_panels(
        [words(*RECIPES[recipe]) for recipe in table],
        {label: [[100 * value for value in row[key]] for row in table.values()] for label, key in rows.items()},
        title=words("Recipes after a few epochs (a dot is a seed)", "几种做法，训练几轮之后（一个点是一个种子）"),
    )
    shown = parts["table"]
    rows = {test: [[100 * value for value in row["all_accuracy"]] for row in shown.values()]}
    rows[words("test loss", "测试 loss")] = [row["all_loss"] for row in shown.values()]
    title = words("One change of the network at a time (a dot is a seed)", "每次只改网络的一处（一个点是一个种子）")
    changed = plots.strip_panels([words(*PARTS[part]) for part in shown], rows, title=title)
    return {
        "long": ("训练全部轮数：每一轮之后抽样的训练图片和测试图片上的准确率", long),
        "recipes": ("各种做法的准确率（竖线是各种子的平均；集成是所有种子的网络，只有一个点）", short),
        "parts": ("改动网络各个部分之后的测试准确率和测试 loss（竖线是各种子的平均）", changed),
    }
