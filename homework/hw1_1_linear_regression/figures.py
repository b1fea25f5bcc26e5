"""The figures of homework 1-1: the first steps, the losses over all rows, and the predicted prices."""

from __future__ import annotations

import numpy as np

import paddle_camp as camp
from paddle_camp.data.housing import HousingData


def draw(data: HousingData, dollars: dict[str, np.ndarray], histories: dict[str, camp.History], results: dict) -> dict:
    """The figures to post; ``dollars``: each model's predictions for the test rows, thousands of dollars."""
    words = camp.plots.words
    steps = {called(name): history.steps for name, history in histories.items()}
    first = camp.plots.loss_curves(steps, title=words("Training loss, the first steps", "最初若干步的训练 loss"))
    least, panels = results["models"]["least squares"], {}
    for split, unit in (("train", "epoch"), ("train", "step"), ("test", "step")):
        rows = {called(name): history.split(split) for name, history in histories.items()}
        curves = {name: ([r[unit] for r in part], [r["loss"] for r in part]) for name, part in rows.items()}
        ends = [min(x[0] for x, _ in curves.values()), max(x[-1] for x, _ in curves.values())]
        lowest = least["train_loss"] if split == "train" else least["test"]["mse"]
        curves[called("least squares")] = (ends, 2 * [lowest])
        where = words("training rows", "训练集") if split == "train" else words("test rows", "测试集")
        along = words(f"{unit}s", "轮数" if unit == "epoch" else "步数")
        panels[words(f"{along} ({where})", f"{along}（{where}）")] = curves
    look = {"log": "xy", "markers": False, "share_x": False}
    title = words("Loss over all training or test rows", "全部训练样本或测试样本上的 loss")
    losses = camp.plots.line_panels(panels, "", "loss", **look, title=title)
    count, truth = len(data.test), data.to_dollars(data.test.prices)
    look = {"unit": words("thousands of dollars", "千美元")}
    look["title"] = words(f"Prices of the {count} test rows", f"测试集 {count} 行的房价")
    said = {called(name): prices for name, prices in dollars.items()}
    scatter = camp.plots.true_against_predicted(truth, said, **look)
    return {
        "first_steps": ("最初若干步的训练 loss：全批量平滑，小批量有噪声", first),
        "loss": ("整个训练过程中全部样本上的 loss", losses),
        "predictions": ("测试集上的预测价格与真实价格（千美元）", scatter),
    }


def called(name: str) -> str:
    """What a model is called in the figures."""
    names = {"least squares": "最小二乘", "full batch": "全批量", "mini-batch": "小批量"}
    return camp.plots.words(name, names[name])
