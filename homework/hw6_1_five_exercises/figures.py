"""The figures of homework 6-1: accuracy, feature maps, losses, and the L2 weights."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

import paddle_camp as camp
from paddle_camp import plots

# What is drawn -> its name in the figures, in English and in Chinese.
LOSSES = {
    "cross_entropy": ("cross_entropy", "交叉熵"),
    "squared": ("squared", "softmax 上的平方误差"),
    "smoothed": ("smoothed", "标签平滑的交叉熵"),
    "hinge": ("hinge", "合页损失（hinge）"),
}
DIGITS = {"holdout": ("held-out digits", "留出图片"), "test": ("test digits", "测试图片")}
SETS = {"training": ("training", "训练图片"), "test": ("test", "测试图片")}


def draw_accuracy(curves: dict) -> Figure:
    """Accuracy after every epoch; "holdout" or "test" -> (epochs, accuracies)."""
    named = {plots.words(*DIGITS[split]): curve for split, curve in curves.items()}
    axes = (plots.words("epochs finished", "完成的轮数"), plots.words("accuracy", "准确率"))
    return plots.line_panels({"": named}, *axes, title=plots.words("Accuracy while training", "训练过程中的准确率"))


def draw_all(main: dict, history: camp.History, losses: dict, by_l2: dict[str, dict]) -> dict:
    """The figures to post: name -> (caption, figure).

    Args:
        main: the result of the main training, with its ``layers``.
        losses: name of a loss -> test accuracies.
        by_l2: L2 weight -> the cell of one training.
    """
    words = plots.words
    curves = {split: history.curve(split, "accuracy") for split in DIGITS}
    maps = {row["name"]: np.array(row["maps"]) for row in main["layers"] if row["maps"]}
    gaps: dict[str, dict] = {}
    for weight, cell in by_l2.items():
        rows = camp.History() if camp.diverged(cell) else camp.History.from_dict(cell["history"])
        name = words(f"L2 weight {weight}", f"L2 权重 {weight}")
        gaps[name] = {words(*named): rows.curve(split, "loss") for split, named in SETS.items()}
    title = words(
        "Loss on training and on test digits, small training set",
        "训练图片与测试图片上的 loss（只用少量训练图片）",
    )
    xlabel = words("epochs finished", "完成的轮数")
    l2 = plots.line_panels(gaps, xlabel, "loss", log="y", markers=False, title=title)
    points = {words("test accuracy", "测试准确率"): list(losses.values())}
    title = words("Trained with different losses", "用不同的损失函数训练（一个点是一次训练）")
    strips = plots.strip_panels([words(*LOSSES[name]) for name in losses], points, title=title)
    layers = plots.feature_maps(maps, title=words("What the layers make of a digit", "各层对一张图片的输出"))
    return {
        "accuracy": ("训练过程中的准确率", draw_accuracy(curves)),
        "layers": ("各层对一张图片的输出", layers),
        "losses": ("不同损失函数训练后的测试准确率（每个点是一个种子）", strips),
        "l2": ("不同正则化权重下训练集与测试集的 loss（第一个种子）", l2),
    }
