"""The figures of homework 6-1: accuracy, feature maps, losses, and the L2 weights."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

import paddle_camp as camp
from paddle_camp import plots


def draw_accuracy(curves: dict) -> Figure:
    """Accuracy after every epoch; name -> (epochs, accuracies)."""
    return plots.line_panels({"": curves}, "epochs finished", "accuracy", title="Accuracy while training")


def draw_all(main: dict, history: camp.History, losses: dict, by_l2: dict[str, dict]) -> dict:
    """The figures to post: name -> (caption, figure).

    Args:
        main: the result of the main training, with its ``layers``.
        losses: name of a loss -> test accuracies.
        by_l2: L2 weight -> the cell of one training.
    """
    splits = {"held-out digits": "holdout", "test digits": "test"}
    curves = {name: history.curve(split, "accuracy") for name, split in splits.items()}
    maps = {row["name"]: np.array(row["maps"]) for row in main["layers"] if row["maps"]}
    gaps: dict[str, dict] = {}
    for weight, cell in by_l2.items():
        rows = camp.History() if camp.diverged(cell) else camp.History.from_dict(cell["history"])
        gaps[f"L2 weight {weight}"] = {s: rows.curve(s, "loss") for s in ("training", "test")}
    title = "Loss on training and on test digits, small training set"
    l2 = plots.line_panels(gaps, "epochs finished", "loss", log="y", markers=False, title=title)
    points = {"test accuracy": list(losses.values())}
    strips = plots.strip_panels(list(losses), points, title="Trained with different losses")
    return {
        "accuracy": ("训练过程中的准确率", draw_accuracy(curves)),
        "layers": ("各层对一张图片的输出", plots.feature_maps(maps, title="What the layers make of a digit")),
        "losses": ("不同损失函数训练后的测试准确率（每个点是一个种子）", strips),
        "l2": ("不同正则化权重下训练集与测试集的 loss（第一个种子）", l2),
    }
