"""The figures of conv-features: where the time goes, the head's curve, what versions are worth, and the versions."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

import paddle_camp as camp
from homework.conv_features.training import changed
from paddle_camp import plots
from paddle_camp.history import History

SHOWN = 6  # pictures whose versions are drawn


def draw_all(
    cost: dict, measured: list[float], cells: list[dict], versions: dict, rest: camp.ImageSet, settings: Any, seed: int
) -> dict:
    """The figures to post: name -> (caption, figure)."""
    return {
        "time": ("训练所用的时间：先算一次特征，或每轮都经过整个网络", draw_time(cost, measured)),
        "curve": ("线性层在留出图片上的 loss（各种子的平均）", draw_curve(cells)),
        "versions": ("加入翻转和裁剪之后的特征，验证 loss 和准确率", draw_versions(versions, settings)),
        "pictures": ("同一张图片的各个版本", draw_pictures(rest, settings, seed)),
    }


def draw_time(cost: dict, measured: list[float]) -> Figure:
    """Seconds since the start, by epochs; behind the network all but the first epochs are computed."""
    words, epochs = plots.words, np.arange(cost["epochs"] + 1)
    once = words("features once, then the head", "先算一次特征，再训练线性层")
    each = words("the network in every epoch (computed)", "每轮都经过整个网络（推算）")
    lines = {once: cost["extracting"] + epochs * cost["head_epoch"], each: epochs * cost["network_epoch"]}
    curves = {name: (epochs, values) for name, values in lines.items()}
    ran = np.cumsum([0.0, *measured])
    curves[words("the same, measured", "每轮都经过整个网络（实测）")] = (np.arange(len(ran)), ran)
    labels = words("epochs", "轮"), words("seconds", "秒")
    title = words("What an epoch costs", "每一轮的代价")
    return plots.line_panels({"": curves}, *labels, markers=False, title=title)


def draw_curve(cells: list[dict]) -> Figure:
    """The loss of the linear layer on held-out pictures after each epoch."""
    words = plots.words
    losses = np.mean([History.from_dict(cell["history"]).after_epochs("holdout", "loss") for cell in cells], axis=0)
    title = words("A linear layer on features", "在特征上训练线性层")
    labels = words("epochs finished", "完成的轮数"), words("held-out loss", "留出 loss")
    return plots.line_panels({"": {"": (np.arange(1, len(losses) + 1), losses)}}, *labels, title=title)


def draw_versions(versions: dict, settings: Any) -> Figure:
    """Loss and accuracy on validation pictures of each seed, by pictures and versions."""
    words, names = plots.words, []
    rows: dict[str, list] = {"loss": [], "accuracy": []}
    for found in versions.values():
        for name, row in found.items():
            count = row["rows"] // int(name)
            names.append(words(f"{count} pictures, ", f"{count} 张图片，") + name_of(int(name)))
            rows["loss"].append(row["loss"])
            rows["accuracy"].append([100 * each for each in row["accuracy"]])
    panels = {words("validation loss", "验证 loss"): rows["loss"]}
    panels[words("validation accuracy (%)", "验证准确率（%）")] = rows["accuracy"]
    return plots.strip_panels(names, panels, title=words("Versions of each picture", "每张图片的版本"))


def name_of(versions: int) -> str:
    """So many versions of a picture in words."""
    english = {1: "as they are", 2: "+ mirrored"}.get(versions, f"+ mirrored, {versions - 2} crops")
    chinese = {1: "原图", 2: "加翻转"}.get(versions, f"加翻转和 {versions - 2} 次裁剪")
    return plots.words(english, chinese)


def draw_pictures(rest: camp.ImageSet, settings: Any, seed: int) -> Figure:
    """Some training pictures, mirrored, and cropped."""
    words = plots.words
    some = rest.take(np.linspace(0, len(rest) - 1, SHOWN).astype(int))
    rows = {words("as it is", "原图"): some.images, words("mirrored", "翻转"): changed(some, 0, seed).images}
    for crop in range(1, 1 + min(2, settings.crops)):
        rows[words(f"crop {crop}", f"裁剪 {crop}")] = changed(some, crop, seed).images
    captions = [name if index == 0 else "" for name, row in rows.items() for index in range(len(row))]
    pictures, marked = np.concatenate(list(rows.values())), [False] * len(captions)
    title = words("Versions of training pictures", "训练图片的各个版本")
    return plots.picture_grid(pictures, captions, marked, columns=SHOWN, title=title)
