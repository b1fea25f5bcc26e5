"""The figures of transfer: the curve over the number of pictures, every training, the tips, layers, wrong pictures."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

import paddle_camp as camp
from paddle_camp import plots
from paddle_camp.metrics import probabilities

CHANNELS = 10  # of a layer that are drawn
WAYS = {
    "frozen": ("frozen features", "冻结的特征"),
    "fine-tuned": ("fine-tuned", "微调"),
    "scratch": ("from scratch", "从头训练"),
}
TIPS = {
    "none": ("none", "都不用"),
    "flips": ("flips", "翻转"),
    "rotation": ("rotation", "旋转"),
    "dropout": ("dropout", "dropout"),
    "decay": ("weight decay", "权重衰减"),
    "stopping": ("early stopping", "早停"),
    "all": ("all of them", "全部"),
}


def draw_all(curve: Mapping, tips: Mapping, maps: Mapping, valid: camp.ImageSet, outputs: np.ndarray) -> dict:
    """The figures to post: name -> (caption, figure).

    Args:
        curve: size -> what became of each way.
        tips: of ``judge_tips``.
        maps: which weights -> name of a layer -> what it makes of a picture.
        outputs: logits of the published network for the pictures of ``valid``.
    """
    return {
        "curve": ("训练图片的张数与验证错误率（各种子的平均，两轴都是对数）", draw_curve(curve, len(valid))),
        "trainings": ("每一次训练的验证准确率和 loss", draw_trainings(curve)),
        "tips": ("从头训练时各个技巧的效果（一点是一个种子）", draw_tips(tips)),
        "layers": ("按名字取出的层对一张图片的输出：预训练的和随机的", draw_maps(maps)),
        "wrong": ("验证图片，判错的在前", draw_wrong(valid, outputs)),
    }


def draw_curve(curve: Mapping, count: int) -> Figure:
    """The error on validation pictures against the number of training pictures; none wrong is drawn as half a one."""
    words, lines = plots.words, {}
    for way, names in WAYS.items():
        rows = {int(size): found["ways"][way] for size, found in curve.items() if way in found["ways"]}
        errors = [100 * max(1 - row["mean_accuracy"], 0.5 / count) for row in rows.values()]
        lines[words(*names)] = (list(rows), errors)
    labels = words("training pictures", "训练图片（张）"), words("validation error (%)", "验证错误率（%）")
    title = words("What pretraining is worth", "预训练值多少张图片")
    return plots.line_panels({"": lines}, *labels, log="xy", title=title)


def draw_trainings(curve: Mapping) -> Figure:
    """Accuracy and loss of every training, by size and way."""
    words, names = plots.words, []
    panels: dict[str, list] = {words("validation accuracy (%)", "验证准确率（%）"): []}
    panels[words("validation loss", "验证 loss")] = []
    for size, found in curve.items():
        for way, row in found["ways"].items():
            names.append(words(f"{size}, {WAYS[way][0]}", f"{size} 张，{WAYS[way][1]}"))
            for values, key, scale in zip(panels.values(), ("accuracy", "loss"), (100, 1), strict=True):
                values.append([scale * each for each in row[key]])
    loss = list(panels)[1]
    title = words("Every training; a line is a mean", "每一次训练；竖线是平均")
    return plots.strip_panels(names, panels, log=[loss], title=title)


def draw_tips(tips: Mapping) -> Figure:
    """Accuracy and loss of each tip on pictures that were not trained on."""
    words, table = plots.words, tips["table"]
    panels = {words("accuracy on new pictures (%)", "没有训练过的图片上的准确率（%）"): []}
    panels[words("loss on them", "loss")] = []
    for row in table.values():
        for values, key, scale in zip(panels.values(), ("accuracy", "loss"), (100, 1), strict=True):
            values.append([scale * each for each in row[key]])
    names = [words(*TIPS[tip]) for tip in table]
    return plots.strip_panels(names, panels, title=words("Tips for generalisation", "提高泛化的技巧"))


def draw_maps(maps: Mapping) -> Figure:
    """What some layers make of a picture, with pretrained weights and with those of the rule."""
    words = plots.words
    called = {"pretrained": words("pretrained", "预训练"), "drawn": words("drawn", "随机")}
    rows = {}
    for name in maps["pretrained"]:
        for which, word in called.items():
            rows[f"{name}\n{word}"] = maps[which][name]
    title = words("One picture, layers by their names", "同一张图片，按名字取出的层")
    return plots.feature_maps(rows, columns=CHANNELS, title=title)


def draw_wrong(valid: camp.ImageSet, outputs: np.ndarray) -> Figure:
    """Validation pictures, the wrong ones first."""
    classes = plots.words(("cat", "dog"), ("猫", "狗"))
    share = probabilities(np.asarray(outputs))[:, 1]
    names = [name.rpartition("/")[2] for name in valid.names]
    return plots.prediction_grid(valid.images, names, valid.labels, share, classes=classes, count=10)


def draw_recipe(history: camp.History) -> Figure:
    """The loss of a recipe's training and on held-out pictures, epoch by epoch."""
    words = plots.words
    names = {"train": words("training", "训练"), "holdout": words("held out", "留出")}
    lines = {}
    for split, name in names.items():
        losses = history.after_epochs(split, "loss")
        lines[name] = (np.arange(1, len(losses) + 1), losses)
    labels = words("epochs finished", "完成的轮数"), "loss"
    return plots.line_panels({"": lines}, *labels, title=words("The source's recipe", "原课程的做法"))
