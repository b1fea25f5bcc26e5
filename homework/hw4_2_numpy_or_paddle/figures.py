"""The figures of homework 4-2: both losses at every step, and how the time of a step grows."""

from __future__ import annotations

import numpy as np

from paddle_camp import plots


def draw(histories: dict, grown: dict) -> dict:
    """The figures to post."""
    words, panels = plots.words, {}
    for name, chinese in (("linear", "线性模型"), ("network", "两层网络")):
        by_numpy, by_paddle = (np.array(histories[f"{name}, {which}"].column("loss")) for which in ("numpy", "paddle"))
        steps, difference = np.arange(1, len(by_numpy) + 1), np.abs(by_numpy - by_paddle)
        difference[difference == 0] = np.nan  # a logarithmic axis has no 0: a gap
        panels[words(name, chinese)] = {
            words("loss (numpy)", "loss（numpy）"): (steps, by_numpy),
            words("|numpy - Paddle|", "|numpy − 飞桨|"): (steps, difference),
        }
    title = words("The same loss at every step, but for rounding", "每一步的 loss 相同，只差舍入误差")
    look = {"log": "y", "markers": False, "title": title}
    same = plots.line_panels(panels, words("step", "步"), words("loss, and difference", "loss 与两者之差"), **look)
    names = {
        "width": words("hidden units", "隐藏单元"),
        "depth": words("layers with weights (hidden ones + 1)", "有权重的层数（隐藏层数 + 1）"),
        "batch": words("rows in a batch", "batch 的行数"),
        "large": words("units in each of two hidden layers, all rows", "两个隐藏层，每层的单元（batch 为全部数据）"),
    }
    growths = {}
    for what, rows in grown.items():
        values, by_numpy, by_paddle = np.array([row[:3] for row in rows], float).T
        values = values + 1 if what == "depth" else values  # layers with weights: a logarithmic axis has no 0
        both = {"numpy": (values, 1e3 * by_numpy), words("Paddle", "飞桨"): (values, 1e3 * by_paddle)}
        growths[names[what]] = both
    look = {"log": "xy", "share_x": False, "columns": 2, "title": words("Time of a training step", "训练一步的时间")}
    cost = plots.line_panels(growths, "", words("milliseconds per step", "每步毫秒"), **look)
    return {
        "same": ("numpy 与飞桨每一步的 loss，以及两者之差", same),
        "cost": ("每一步的时间随宽度、深度和 batch 的增长（双对数坐标）", cost),
    }
