"""The figures of mnist-mlp: how the four networks trained, and their accuracies side by side."""

from __future__ import annotations

from collections.abc import Mapping

from paddle_camp import plots
from paddle_camp.history import History

NAMES = {  # in English and in Chinese
    "linear": ("three linear layers", "三个线性层"),
    "relu": ("ReLU", "加 ReLU"),
    "batch_norm": ("batch norm and ReLU", "加批标准化和 ReLU"),
    "one_layer": ("one 784-10", "一个线性层 784-10"),
}


def called(name: str) -> str:
    """What a network is called in the figures."""
    return plots.words(*NAMES[name])


def draw_all(histories: Mapping[str, History], cells: Mapping[str, list[dict]], seed: int) -> dict:
    """The figures to post: name -> (caption, figure); the curves are those of the first seed."""
    words = plots.words
    runs = {name: histories[f"{name}-{seed}"] for name in cells}
    panels = {
        words("training loss", "训练 loss"): {called(n): history.curve("train", "loss") for n, history in runs.items()},
        words("test loss", "测试 loss"): {called(n): history.curve("test", "loss") for n, history in runs.items()},
    }
    losses = plots.line_panels(
        panels,
        words("epochs finished", "完成的轮数"),
        "loss",
        log="y",
        title=words("Loss after every epoch", "每一轮之后的 loss"),
    )
    rows = {
        words("test accuracy (%)", "测试准确率（%）"): [[100 * cell["accuracy"] for cell in r] for r in cells.values()],
        words("test loss", "测试 loss"): [[cell["loss"] for cell in r] for r in cells.values()],
    }
    accuracies = plots.strip_panels(
        [called(name) for name in cells],
        rows,
        title=words("Four networks (a dot is a seed)", "四个网络（一个点是一个种子）"),
    )
    return {
        "loss": ("四个网络的训练 loss 和测试 loss（第一个种子）", losses),
        "accuracy": ("四个网络的测试准确率和测试 loss（竖线是各种子的平均）", accuracies),
    }
