"""The figures of fundus-transfer: the three ways, their ROC curves, held-out losses, and where the network looks."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

import paddle_camp as camp
from homework.fundus_transfer.occlusion import painted
from paddle_camp import plots
from paddle_camp.metrics import auc, probabilities, roc
from paddle_camp.ways import mean_log_odds

WAYS = {
    "frozen": ("frozen features", "冻结的特征"),
    "fine-tuned": ("fine-tuned", "微调"),
    "scratch": ("from scratch", "从头训练"),
}


def name_of(way: str) -> str:
    """A way in the words of the figures."""
    return plots.words(*WAYS[way])


def draw_all(ways: dict, results: dict, histories: dict, valid: camp.ImageSet, shown: list, maps: list) -> dict:
    """The figures to post: name -> (caption, figure).

    Args:
        ways: way -> its trainings.
        shown: which validation pictures are looked into, and ``maps``: their occlusion maps.
    """
    outputs = mean_log_odds(ways[results["chosen"]])
    figures = {"ways": ("三种做法的验证准确率和 AUC（一点是一次训练）", draw_ways(results["ways"]))}
    if len(np.unique(valid.labels)) > 1:
        figures["roc"] = ("ROC 曲线（各种子的概率的平均）", draw_roc(ways, valid.labels))
    figures["curves"] = ("留出图片上的 loss（各种子的平均）", draw_curves(histories))
    caption = "遮住一块之后判断的变化：红色支持 PM，蓝色反对 PM；红框是判错的"
    return figures | {"occlusion": (caption, draw_occlusion(valid, outputs, shown, maps))}


def draw_ways(rows: dict) -> Figure:
    """Accuracy and AUC of each training."""
    words = plots.words
    panels: dict[str, Any] = {words("validation accuracy (%)", "验证准确率（%）"): []}
    panels[words("AUC", "AUC")] = []
    for row, scale, key in zip(panels.values(), (100, 1), ("accuracy", "auc"), strict=True):
        row += [[scale * each for each in found[key] if each is not None] for found in rows.values()]
    title = words("Three ways to the same pictures", "同样的图片，三种做法")
    return plots.strip_panels([name_of(way) for way in rows], panels, title=title)


def draw_roc(ways: dict, labels: np.ndarray) -> Figure:
    """The ROC curve of each way's mean probabilities."""
    outputs = {way: mean_log_odds(cells) for way, cells in ways.items()}
    return plots.roc_figure({name_of(way): (*roc(each, labels), auc(each, labels)) for way, each in outputs.items()})


def draw_curves(histories: dict[str, list]) -> Figure:
    """The loss on held-out pictures after each epoch, a line for each way and rate."""
    words, lines = plots.words, {}
    for name, row in histories.items():
        way, _, rate = name.partition(" ")
        name = f"{name_of(way)} {rate}".strip()
        losses = np.mean([history.after_epochs("holdout", "loss") for history in row], axis=0)
        lines[name] = (np.arange(1, len(losses) + 1), losses)
    labels = words("epochs finished", "完成的轮数"), words("held-out loss", "留出 loss")
    return plots.line_panels({"": lines}, *labels, title=words("Held-out loss", "留出图片上的 loss"))


def draw_occlusion(valid: camp.ImageSet, outputs: np.ndarray, shown: list[int], maps: list[np.ndarray]) -> Figure:
    """Pictures, and below each one where it speaks for PM."""
    words, share = plots.words, probabilities(outputs)[:, 1]
    wrong = [bool((share[i] > 0.5) != (valid.labels[i] == 1)) for i in shown]
    names = words("not PM", "非 PM"), words("PM", "PM")
    captions = [words(f"is {names[valid.labels[i]]}", f"真实：{names[valid.labels[i]]}") for i in shown]
    captions = [f"{text}\nP(PM) = {share[i]:.2f}" for text, i in zip(captions, shown, strict=True)]
    below = [painted(valid.images[i], found) for i, found in zip(shown, maps, strict=True)]
    pictures = np.concatenate([valid.images[shown], np.stack(below)])
    title = words("Red speaks for PM, blue against it; a red frame: wrong", "红色支持 PM，蓝色反对 PM；红框：判错")
    grid = plots.picture_grid
    return grid(pictures, captions + [""] * len(shown), wrong + [False] * len(shown), columns=len(shown), title=title)
