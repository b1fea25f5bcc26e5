"""The figures of the second half of homework 2-1: the errors while training, and at its end."""

from __future__ import annotations

import numpy as np

import paddle_camp as camp


def draw(results: dict, histories: dict[str, camp.History], first: int) -> dict:
    """The figures of the challenge."""
    words, panels = camp.plots.words, {}
    for split in ("train", "test"):
        rows = {called(name): histories[f"{name}-{first}"].split(split) for name in results["networks"]}
        curves = {name: ([r["epoch"] for r in part], [r["loss"] for r in part]) for name, part in rows.items()}
        panels[words("training rows", "训练集") if split == "train" else words("test rows", "测试集")] = curves
    look = {"log": "y", "markers": False}
    look["title"] = words("Errors while training, first seed", "训练过程中的误差，第一个种子")
    error = words("mean squared error\n(normalised)", "均方误差\n（归一化）")
    curves = camp.plots.line_panels(panels, words("epochs finished", "完成的轮数"), error, **look)
    found = results["baselines"] | {"least squares, x and x^2": results["squares"]} | results["networks"]
    dots = {called(name): np.atleast_1d(row["rmse_dollars"]) for name, row in found.items()}
    label = words("root of the mean squared error, thousands of dollars", "均方根误差（千美元）")
    title = words("Test errors; a dot is one seed", "测试误差（一个点是一个种子）")
    strips = camp.plots.strip_panels(list(dots), {label: list(dots.values())}, title=title)
    return {"training": ("第一个种子的训练误差和测试误差", curves), "errors": ("测试误差（每点一个种子）", strips)}


def called(name: str) -> str:
    """What a model is called in the figures."""
    names = {
        "mean": "总是回答训练集的平均价",
        "least squares": "线性模型，最小二乘",
        "least squares, x and x^2": "二次模型，最小二乘",
        "quadratic": "二次模型，梯度下降",
        "two-layer": "两层网络，梯度下降",
    }
    return camp.plots.words(name, names[name])
