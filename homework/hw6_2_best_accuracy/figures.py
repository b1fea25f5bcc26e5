"""The figures of homework 6-2: the ablation, the warped digits, the trainings, the digits that are still wrong."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

import paddle_camp as camp
from paddle_camp import plots

PER_ROW = 10  # digits side by side
MOST_WRONG = 40  # digits shown at most
# A row of the ablation -> its name in Chinese figures.
CHINESE = {
    "recipe": "原做法",
    "no warps": "不做任何变形",
    "only shifts": "只做平移",
    "no elastic bends": "不做弹性变形",
    "the course's network": "课程的两层卷积网络",
    "label smoothing 0.1": "标签平滑 0.1 的交叉熵",
    "Momentum, rate 0.1": "Momentum，最高学习率 0.1",
    "constant Adam, rate 0.001": "Adam，恒定学习率 0.001",
}


def called(name: str) -> str:
    """What a row of the ablation is called in the figures."""
    return plots.words(name, CHINESE.get(name, name))


def draw_all(rows: dict, results: dict, data, shares: np.ndarray, warp) -> dict:
    """The figures to post: name -> (caption, figure).

    Args:
        rows: name of an ablation's row -> its cell.
        results: of the run.
        data: the :class:`~paddle_camp.data.mnist.MnistData`.
        shares: class probabilities of the test digits by all networks together, ``[N, 10]``.
        warp: the recipe's random warp, or None.
    """
    figures = {
        "ablation": ("逐项改动之后，在留出的训练图片上判错的张数", draw_ablation(results["ablation"])),
        "trainings": ("各种做法训练时在留出的训练图片上判错的百分比", draw_trainings(rows)),
        "wrong": ("所有网络合起来仍然判错的测试图片", draw_wrong(data, shares)),
    }
    if warp is not None:
        caption = "训练图片（每行第一张是原图）及其随机变形"
        figures["warps"] = (caption, draw_warps(data.train.images[:6], warp))
    return figures


def draw_ablation(table: dict) -> Figure:
    """Mistakes on the held-out digits, one bar per row."""
    done = {called(name): row for name, row in table.items() if row is not None}
    axis = plots.words("mistakes on held-out training digits", "留出的训练图片中判错的张数")
    panels = {axis: [row["mistakes"] for row in done.values()]}
    title = plots.words("The recipe, and with one part changed", "原做法，以及每次换掉一个部分")
    return plots.bar_panels(list(done), panels, linear={axis: None}, title=title)


def draw_trainings(rows: dict) -> Figure:
    """Mistakes on the held-out digits after each epoch, in percent: each row of the ablation beside the recipe."""

    def curve(name: str) -> tuple[list, list]:
        held = camp.History.from_dict(rows[name]["history"]).split("holdout")
        return [row["epoch"] for row in held], [100 * (1 - row["accuracy"]) for row in held]

    others = [name for name in rows if name != "recipe" and not camp.diverged(rows[name])]
    recipe, change = called("recipe"), plots.words("with the change", "改动之后")
    panels = {called(name): {recipe: curve("recipe"), change: curve(name)} for name in others}
    axes = (plots.words("epochs finished", "完成的轮数"), plots.words("mistakes (%)", "判错（%）"))
    title = plots.words("Mistakes on held-out training digits, in percent", "留出的训练图片中判错的百分比")
    return plots.line_panels(panels, *axes, log="y", columns=3, title=title)


def draw_wrong(data, shares: np.ndarray) -> Figure:
    """The test digits that all networks together get wrong."""
    labels, said = data.test.labels, shares.argmax(axis=1)
    wrong = np.flatnonzero(said != labels)
    order = camp.metrics.top_losses(shares, labels, MOST_WRONG)
    truths = [plots.words(f"(is {labels[i]})", f"（真实 {labels[i]}）") for i in order]
    captions = [f"{said[i]}: {shares[i, said[i]]:.2f}\n{truth}" for i, truth in zip(order, truths, strict=True)]
    count, some = f"{len(wrong)}", ""
    if len(order) < len(wrong):
        count, some = f"{len(order)} of {len(wrong)}", f"，画出 {len(order)} 张"
    title = plots.words(
        f"All networks together: {count} mistakes on {len(labels):,} test digits",
        f"所有网络合起来：{len(labels):,} 张测试图片中判错 {len(wrong)} 张{some}",
    )
    images = data.test.images[order]
    return plots.picture_grid(images, captions, [True] * len(order), columns=PER_ROW, title=title)


def draw_warps(images: np.ndarray, warp) -> Figure:
    """Some training digits, each beside random warps of it."""
    rng = np.random.default_rng(0)
    versions = np.stack([images] + [warp(images, rng) for _ in range(PER_ROW - 1)], axis=1)
    flat = versions.reshape(-1, *images.shape[1:])
    captions = ["" if i % PER_ROW else plots.words("as it is", "原图") for i in range(len(flat))]
    marked = [False] * len(flat)
    title = plots.words("Training digits and how they are warped", "训练图片及其随机变形")
    return plots.picture_grid(flat, captions, marked, columns=PER_ROW, title=title)
