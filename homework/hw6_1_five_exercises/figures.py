"""The figures of homework 6-1: accuracy, feature maps, losses, and the L2 weights."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from paddle_camp import plots
from paddle_camp.history import History


def draw_accuracy(curves: dict, stand_in: str | None) -> Figure:
    """Accuracy after every epoch; name -> (epochs, accuracies)."""
    return plots.line_panels(
        {"": curves}, "epochs finished", "accuracy", title="Accuracy while training", subtitle=stand_in
    )


def columns(rows: list[dict], *keys: str) -> tuple[list, ...]:
    """Some columns of a table of rows."""
    return tuple([row[key] for row in rows] for key in keys)


def draw_all(main: dict, history: History, losses: dict, by_l2: dict[str, list], stand_in: str | None) -> dict:
    """The figures to post: name -> (caption, figure).

    Args:
        main: the result of the main training, with its ``layers``.
        losses: name of a loss -> test accuracies.
        by_l2: L2 weight -> rows of one training.
    """
    splits = {"held-out digits": "holdout", "test digits": "test"}
    curves = {name: columns(history.split(split), "epoch", "accuracy") for name, split in splits.items()}
    maps = {row["name"]: np.array(row["maps"]) for row in main["layers"] if row["maps"]}
    gaps = {
        f"L2 weight {weight}": {
            split: columns([row for row in rows if row["split"] == split], "epoch", "loss")
            for split in ("training", "test")
        }
        for weight, rows in by_l2.items()
    }
    layers = plots.feature_maps(maps, title="What the layers make of a digit", subtitle=stand_in)
    strips = plots.strip_panels(
        list(losses),
        {"test accuracy": list(losses.values())},
        title="Trained with different losses",
        subtitle=stand_in,
    )
    l2 = plots.line_panels(
        gaps,
        "epochs finished",
        "loss",
        log="y",
        markers=False,
        title="Loss on training and on test digits, small training set",
        subtitle=stand_in,
    )
    return {
        "accuracy": ("训练过程中的准确率", draw_accuracy(curves, stand_in)),
        "layers": ("各层对一张图片的输出", layers),
        "losses": ("不同损失函数训练后的测试准确率（每个点是一个种子）", strips),
        "l2": ("不同正则化权重下训练集与测试集的 loss", l2),
    }
