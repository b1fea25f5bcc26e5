"""The figures of homework 4-2: both losses at every step, and how the time of a step grows."""

from __future__ import annotations

import numpy as np

from paddle_camp import plots


def draw(histories: dict, grown: dict) -> dict:
    """The figures to post."""
    panels = {}
    for name in ("linear", "network"):
        by_numpy, by_paddle = (np.array(histories[f"{name}, {which}"].column("loss")) for which in ("numpy", "paddle"))
        steps, difference = np.arange(1, len(by_numpy) + 1), np.abs(by_numpy - by_paddle)
        difference[difference == 0] = np.nan  # a logarithmic axis has no 0: a gap
        panels[name] = {"loss (numpy)": (steps, by_numpy), "|numpy - Paddle|": (steps, difference)}
    title = "The same loss at every step, but for rounding"
    same = plots.line_panels(panels, "step", "loss, and difference", log="y", markers=False, title=title)
    names = {"width": "hidden units", "depth": "layers with weights (hidden ones + 1)", "batch": "rows in a batch"}
    names["large"] = "units in each of two hidden layers, all rows"
    growths = {}
    for what, rows in grown.items():
        values, by_numpy, by_paddle = np.array([row[:3] for row in rows], float).T
        values = values + 1 if what == "depth" else values  # layers with weights: a logarithmic axis has no 0
        growths[names[what]] = {"numpy": (values, 1e3 * by_numpy), "Paddle": (values, 1e3 * by_paddle)}
    look = {"log": "xy", "share_x": False, "columns": 2, "title": "Time of a training step"}
    cost = plots.line_panels(growths, "", "milliseconds per step", **look)
    return {
        "same": ("numpy 与飞桨每一步的 loss，以及两者之差", same),
        "cost": ("每一步的时间随宽度、深度和 batch 的增长（双对数坐标）", cost),
    }
