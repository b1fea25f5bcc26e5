"""The figures of the second half of homework 2-1: the errors while training, and at its end."""

from __future__ import annotations

import numpy as np

import paddle_camp as camp


def draw(results: dict, histories: dict[str, camp.History], first: int) -> dict:
    """The figures of the challenge."""
    panels: dict[str, dict] = {}
    for split in ("train", "test"):
        rows = {name: histories[f"{name}-{first}"].split(split) for name in results["networks"]}
        curves = {name: ([r["epoch"] for r in part], [r["loss"] for r in part]) for name, part in rows.items()}
        panels["training rows" if split == "train" else "test rows"] = curves
    look = {"log": "y", "markers": False, "title": "Errors while training, first seed"}
    curves = camp.plots.line_panels(panels, "epochs finished", "mean squared error\n(normalised)", **look)
    found = results["baselines"] | {"least squares, x and x^2": results["squares"]} | results["networks"]
    dots = {name: np.atleast_1d(row["rmse_dollars"]) for name, row in found.items()}
    label, title = "root of the mean squared error, thousands of dollars", "Test errors; a dot is one seed"
    strips = camp.plots.strip_panels(list(dots), {label: list(dots.values())}, title=title)
    return {"training": ("第一个种子的训练误差和测试误差", curves), "errors": ("测试误差（每点一个种子）", strips)}
