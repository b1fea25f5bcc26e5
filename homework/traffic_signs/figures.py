"""The figures of traffic-signs: splits, changes, who is taken for whom, size and light, being sure, the mirror."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

import paddle_camp as camp
from homework.traffic_signs.names import name_of
from homework.traffic_signs.training import augmentation
from paddle_camp import plots
from paddle_camp.calibration import risk_curve
from paddle_camp.history import History
from paddle_camp.plots.language import words, wrapped

PER_ROW = 8  # pictures side by side
MOST_WRONG = 32  # wrong test pictures shown at most
ROWS = {
    "recipe": "原做法",
    "transformer": "加上空间变换网络",
    "no transformer": "去掉空间变换网络",
    "no shortcuts": "去掉残差连接",
    "no warps": "不做变形",
    "no light": "不改变光线",
    "no erasing": "不遮挡",
    "no contrast": "不按对比度缩放",
    "mirrored": "加上左右翻转",
}


def draw_all(settings: Any, data: Any, results: dict, found: dict, parts: dict) -> dict[str, tuple[str, Figure]]:
    """The figures to post: name -> (caption, figure).

    Args:
        results: of the run; ``found``: "cells", "changes" and so on, the trainings.
        parts: "held" and "test" -> (probabilities of all networks together, labels).
    """
    shares, labels = parts["test"]
    recipe = results["splits"]["track"]["plain"]
    figures = {
        "splits": ("同样的做法，按轨迹和按图片留出（各种子的平均）", draw_splits(found["cells"])),
        "changes": ("每次改动一处，在留出的轨迹上判错的比例", draw_changes(results["changes"], recipe, settings)),
    }
    if results["pairs"]:
        plain = np.array([cell["plain"] for cell in found["final"]])
        caption = "最难分的几对：每种两张训练图片，红框是有网络判错的测试图片（显示时提亮）"
        figures["pairs"] = (caption, draw_pairs(results["pairs"], data, plain))
    if (shares.argmax(axis=1) != labels).any():
        figures["wrong"] = (
            "各网络合起来仍然判错的测试图片（显示时提亮）",
            draw_wrong(data.test, data.sizes["test"], shares),
        )
    figures["quarters"] = ("测试准确率与大小、亮度", draw_quarters(results["quarters"]))
    figures["reliability"] = ("概率与准确率", draw_reliability(results["sure"]))
    figures["risk"] = ("只回答最有把握的图片时，判错的比例", draw_risk(parts, settings.sure))
    if results["mirror"]["turned"]:
        figures["mirror"] = ("左右翻转之后被当作另一种的标志", draw_mirror(results["mirror"], data.train))
    if augmentation(settings) is not None:
        figures["augmentation"] = ("训练图片的随机变化（显示时提亮）", draw_augmentation(data.train, settings))
    return figures


def row_name(name: str, settings: Any) -> str:
    """A row of the changes in the language of the figures."""
    name = "no transformer" if name == "transformer" and settings.transformer else name
    return words(name, ROWS[name])


def draw_splits(cells: dict[str, list[dict]]) -> Figure:
    """Mistakes on held-out pictures after each epoch, for both splits: the mean over seeds."""
    names = {"track": words("split by track", "按轨迹划分"), "picture": words("split by picture", "按图片划分")}
    curves = {}
    for split, row in cells.items():
        shares = [History.from_dict(cell["history"]).after_epochs("holdout", "accuracy") for cell in row]
        wrong = 100 * (1 - np.mean(shares, axis=0))
        curves[names[split]] = (np.arange(1, len(wrong) + 1), np.where(wrong > 0, wrong, np.nan))
    labels = words("epochs finished", "完成的轮数"), words("held-out pictures wrong (%)", "留出图片判错（%）")
    title = words("The same recipe, held out in two ways", "同样的做法，两种留出方式")
    return plots.line_panels({"": curves}, *labels, log="y", title=title)


def draw_changes(table: dict, recipe: Sequence[float], settings: Any) -> Figure:
    """Mistakes on the held-out tracks of each training."""
    rows = {"recipe": list(recipe)} | {name: row["accuracies"] if row else [] for name, row in table.items()}
    axis = words("held-out pictures wrong (%)", "留出图片判错（%）")
    panels = {axis: [[100 * (1 - each) for each in row] for row in rows.values()]}
    title = words("The recipe, and with one part changed", "原做法，以及每次改动一处")
    return plots.strip_panels([row_name(name, settings) for name in rows], panels, title=title)


def draw_wrong(test: camp.ImageSet, sizes: np.ndarray, shares: np.ndarray) -> Figure:
    """The test pictures that all networks together get wrong, the surest mistakes first."""
    said = shares.argmax(axis=1)
    wrong = np.flatnonzero(said != test.labels)
    order = camp.metrics.top_losses(shares, test.labels, MOST_WRONG)
    captions = []
    for i in order:
        is_, taken = (name_of(label) for label in (test.labels[i], said[i]))
        lines = words(f"is {is_}", f"是{is_}"), words(f"said {taken}", f"判为{taken}")
        sure = words(f"{shares[i, said[i]]:.2f}, {sizes[i]} px", f"{shares[i, said[i]]:.2f}，{sizes[i]} 像素")
        captions.append("\n".join([*map(short, lines), sure]))
    count = words(f"{len(wrong)} mistakes on", f"{len(test):,} 张测试图片中判错 {len(wrong)} 张")
    some = words(f", {len(order)} shown", f"，画出 {len(order)} 张") if len(order) < len(wrong) else ""
    title = words(f"All networks together: {count} {len(test):,} test pictures{some}", f"各网络合起来：{count}{some}")
    pictures = brightened(test.images[order])
    return plots.picture_grid(pictures, captions, [True] * len(order), columns=PER_ROW, title=title)


def short(text: str) -> str:
    """A text in lines that fit above a small picture."""
    return wrapped(text, 14)


def brightened(images: np.ndarray) -> np.ndarray:
    """The pictures from black to white, for eyes: many signs stand in the dark."""
    darkest, lightest = np.percentile(images, (1, 99), axis=(1, 2, 3), keepdims=True)[:, :, 0, 0, 0]
    spread = (images - darkest[:, None, None, None]) / np.maximum(lightest - darkest, 1)[:, None, None, None]
    return (255 * np.clip(spread, 0, 1)).astype(np.uint8)


def draw_pairs(pairs: list[dict], data: Any, shares: np.ndarray) -> Figure:
    """For each of the hardest pairs two training pictures of either sign, and test pictures that some network mistakes.

    Args:
        shares: class probabilities of S networks, ``[S, N, K]``.
    """
    pictures, captions, marked, room = [], [], [], PER_ROW - 4
    said, labels = shares.argmax(axis=2), data.test.labels
    for row in pairs:
        one, other = row["labels"]
        for label in (one, other):
            own = np.flatnonzero(data.train.labels == label)
            pictures += list(brightened(data.train.images[own[[len(own) // 3, -1]]]))
            captions += [short(name_of(label)), ""]
        mistaken = ((labels == one) & (said == other)) | ((labels == other) & (said == one))
        wrong = np.flatnonzero(mistaken.any(axis=0))[:room]
        pictures += list(brightened(data.test.images[wrong]))
        pictures += [np.full_like(pictures[0], 255)] * (room - len(wrong))
        captions += [short(words(f"is {name_of(labels[i])}", f"是{name_of(labels[i])}")) for i in wrong]
        captions += [""] * (room - len(wrong))
        marked += [False] * 4 + [True] * len(wrong) + [False] * (room - len(wrong))
    title = words(
        "The hardest pairs: training pictures, mistaken test pictures", "最难分的几对：训练图片，判错的测试图片"
    )
    return plots.picture_grid(np.stack(pictures), captions, marked, columns=PER_ROW, title=title)


def draw_quarters(quarters: dict[str, dict]) -> Figure:
    """The accuracy of each quarter of the test pictures, by size and by brightness."""
    names, values, intervals = [], [], []
    words_of = {"size": words("side, pixels:", "边长（像素）"), "brightness": words("brightness:", "亮度")}
    for quantity, found in quarters.items():
        for row in found["rows"]:
            low, high = row["low"], row["high"]
            names.append(
                f"{words_of[quantity]} {low:.0f}–{high:.0f}" if high > low else f"{words_of[quantity]} {low:.0f}"
            )
            values.append(100 * row["accuracy"])
            intervals.append(tuple(100 * each for each in row["interval"]))
    axis = words("test accuracy (%), 95 % interval", "测试准确率（%），95% 区间")
    limits = {axis: (0.0, 100.0)}
    title = words("Accuracy by size and brightness, in quarters", "按大小和亮度（各分四份）的准确率")
    return plots.bar_panels(names, {axis: values}, linear=limits, intervals={axis: intervals}, title=title)


def draw_reliability(sure: dict) -> Figure:
    """In bins of the confidence: how many pictures, the mean confidence, the accuracy."""
    rows = sure["reliability"]
    names = [f"{row['low']:g}–{row['high']:g}" for row in rows]
    count, mean = words("test pictures", "测试图片（张）"), words("mean confidence (%)", "平均置信度（%）")
    axis = words("accuracy (%), 95 % interval", "准确率（%），95% 区间")
    panels = {count: [row["count"] for row in rows], mean: [100 * row["confidence"] for row in rows]}
    panels[axis] = [100 * row["accuracy"] for row in rows]
    intervals = {axis: [tuple(100 * each for each in row["interval"]) for row in rows]}
    limits: dict[str, tuple[float, float] | None] = {count: None, mean: (0.0, 100.0), axis: (0.0, 100.0)}
    title = words("Are the probabilities right? By confidence", "概率可信吗？按置信度分组")
    return plots.bar_panels(names, panels, linear=limits, intervals=intervals, title=title)


def draw_risk(parts: dict[str, tuple[np.ndarray, np.ndarray]], wanted: float) -> Figure:
    """The share that is wrong among the surest pictures, against how many of them are answered."""
    names = {"held": words("held-out tracks", "留出的轨迹"), "test": words("test pictures", "测试图片")}
    curves = {names[name]: tuple(100 * each for each in risk_curve(*part)) for name, part in parts.items()}
    curves[words("wanted", "要求")] = ([0, 100], [100 * (1 - wanted)] * 2)
    labels = (
        words("pictures answered, the surest first (%)", "回答的图片，最有把握的在前（%）"),
        words("wrong (%)", "判错（%）"),
    )
    title = words("What is wrong among the surest", "最有把握的图片中判错的比例")
    return plots.line_panels({"": curves}, *labels, markers=False, title=title)


def draw_mirror(mirror: dict, train: camp.ImageSet) -> Figure:
    """Signs that a mirror turns into others: a training picture, and its mirror image with what it is called."""
    pictures, captions = [], []
    for row in mirror["turned"]:
        own = np.flatnonzero(train.labels == row["label"])
        picture = train.images[own[-1]]
        pictures += [picture, picture[..., ::-1]]
        share = f"{row['share']:.0%}"
        said = words(f"mirrored: {name_of(row['into'])} ({share})", f"翻转：{name_of(row['into'])}（{share}）")
        captions += [short(name_of(row["label"])), short(said)]
    title = words("What a mirror turns into another sign, by the networks", "左右翻转之后被网络当作另一种标志的")
    marked = [False] * len(pictures)
    return plots.picture_grid(brightened(np.stack(pictures)), captions, marked, columns=PER_ROW, title=title)


def draw_augmentation(train: camp.ImageSet, settings: Any) -> Figure:
    """Some training pictures, each beside random changes of it."""
    change = augmentation(settings)
    images = train.images[np.linspace(0, len(train) - 1, 4).astype(int)]
    rng = np.random.default_rng(0)
    versions = np.stack([images] + [change(images, rng) for _ in range(PER_ROW - 1)], axis=1)
    flat = brightened(versions.reshape(-1, *images.shape[1:]))
    captions = ["" if i % PER_ROW else words("as it is", "原图") for i in range(len(flat))]
    title = words("Training pictures and their random changes", "训练图片及其随机变化")
    return plots.picture_grid(flat, captions, [False] * len(flat), columns=PER_ROW, title=title)
