"""The figures of homework 5-1: how accuracies scatter, and the digits that were drawn."""

from __future__ import annotations

import numpy as np

import paddle_camp as camp


def draw(test: camp.ImageSet, drawn: np.ndarray, shares: np.ndarray, spread: dict, accuracy: float) -> dict:
    """The figures to post."""
    sample, share, labels = len(drawn), shares[drawn], test.labels[drawn]
    said, wrong = share.argmax(axis=1), share.argmax(axis=1) != labels
    order = np.argsort(~wrong, kind="stable")[:100]  # the mistakes first
    captions = [f"{said[i]}: {share[i].max():.2f}" + (f"\n(is {labels[i]})" if wrong[i] else "") for i in order]
    title = f"The {len(order)} digits drawn: prediction and its probability, mistakes first"
    grid = camp.plots.picture_grid(test.images[drawn[order]], captions, wrong[order], columns=10, title=title)
    seen = np.flatnonzero(spread["seen"])
    span = np.arange(seen[0], seen[-1] + 1)
    words = {"xlabel": f"accuracy on {sample} digits drawn at random", "marks": {"all test digits": accuracy}}
    words["title"] = "How accuracy scatters from draw to draw"
    shown = {"shares": spread["seen"][span], "expected": spread["chances"][span]}
    bars = camp.plots.histogram_figure(span / sample, **shown, **words)
    return {
        "scatter": (f"多次随机抽取{sample}个样本，准确率的分布", bars),
        "digits": ("抽到的样本及其预测（红框为判错）", grid),
    }
