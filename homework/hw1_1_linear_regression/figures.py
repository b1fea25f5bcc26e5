"""The figures of homework 1-1: the first steps, the losses over all rows, and the predicted prices."""

from __future__ import annotations

import numpy as np

import paddle_camp as camp
from paddle_camp.data.housing import HousingData


def draw(data: HousingData, dollars: dict[str, np.ndarray], histories: dict[str, camp.History], results: dict) -> dict:
    """The figures to post; ``dollars``: each model's predictions for the test rows, thousands of dollars."""
    steps = {name: history.steps for name, history in histories.items()}
    first = camp.plots.loss_curves(steps, title="Training loss, the first steps")
    least, panels = results["models"]["least squares"], {}
    for split, unit in (("train", "epoch"), ("train", "step"), ("test", "step")):
        rows = {name: history.split(split) for name, history in histories.items()}
        curves = {name: ([r[unit] for r in part], [r["loss"] for r in part]) for name, part in rows.items()}
        ends = [min(x[0] for x, _ in curves.values()), max(x[-1] for x, _ in curves.values())]
        curves["least squares"] = (ends, 2 * [least["train_loss"] if split == "train" else least["test"]["mse"]])
        panels[f"{unit}s ({'training' if split == 'train' else 'test'} rows)"] = curves
    look = {"log": "xy", "markers": False, "share_x": False}
    losses = camp.plots.line_panels(panels, "", "loss", **look, title="Loss over all training or test rows")
    words = {"unit": "thousands of dollars", "title": f"Prices of the {len(data.test)} test rows"}
    scatter = camp.plots.true_against_predicted(data.to_dollars(data.test.prices), dollars, **words)
    return {
        "first_steps": ("最初若干步的训练 loss：全批量平滑，小批量有噪声", first),
        "loss": ("整个训练过程中全部样本上的 loss", losses),
        "predictions": ("测试集上的预测价格与真实价格（千美元）", scatter),
    }
