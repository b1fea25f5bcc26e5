"""The figures of homework 5-1: how accuracies scatter, the digits that were drawn, and one's own."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

import paddle_camp as camp


def draw(test: camp.ImageSet, drawn: np.ndarray, shares: np.ndarray, spread: dict, accuracy: float) -> dict:
    """The figures to post."""
    words = camp.plots.words
    sample, share, labels = len(drawn), shares[drawn], test.labels[drawn]
    said, wrong = share.argmax(axis=1), share.argmax(axis=1) != labels
    order = np.argsort(~wrong, kind="stable")[:100]  # the mistakes first
    captions = [f"{said[i]}: {share[i].max():.2f}" + (mistaken(labels[i]) if wrong[i] else "") for i in order]
    title = words(
        f"The {len(order)} digits drawn: prediction and its probability, mistakes first",
        f"抽到的 {len(order)} 个样本：预测及其概率，判错的在前",
    )
    grid = camp.plots.picture_grid(test.images[drawn[order]], captions, wrong[order], columns=10, title=title)
    seen = np.flatnonzero(spread["seen"])
    span = np.arange(seen[0], seen[-1] + 1)
    look = {"xlabel": words(f"accuracy on {sample} digits drawn at random", f"随机抽取 {sample} 个样本的准确率")}
    look["marks"] = {words("all test digits", "全部测试样本"): accuracy}
    look["title"] = words("How accuracy scatters from draw to draw", "每次抽取的准确率怎样波动")
    shown = {"shares": spread["seen"][span], "expected": spread["chances"][span]}
    bars = camp.plots.histogram_figure(span / sample, **shown, **look)
    return {
        "scatter": (f"多次随机抽取{sample}个样本，准确率的分布", bars),
        "digits": ("抽到的样本及其预测（红框为判错）", grid),
    }


def mistaken(label: int) -> str:
    """What is said of a mistake below its prediction."""
    return camp.plots.words(f"\n(is {label})", f"\n（真实 {label}）")


def draw_own(steps: dict[str, np.ndarray], own: dict) -> Figure:
    """One's own digit, step by step; the answer calls the steps by their English names, which stay."""
    words = camp.plots.words
    chinese = {"grey": "灰度", "light on dark": "黑底白字", "without paper": "去掉纸", "cropped": "裁剪"}
    chinese = {step: f"{name}\n{step}" for step, name in chinese.items()}
    named = {words(step, chinese.get(step, step)): image for step, image in steps.items()}
    title = words(
        f"Your digit is taken for a {own['digit']} (probability {own['probability']:.2f})",
        f"自己写的数字被判为 {own['digit']}（概率 {own['probability']:.2f}）",
    )
    return camp.plots.steps_figure(named, title=title)
