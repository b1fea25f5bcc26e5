"""The figures of homework 4-1: the course's training, the candidates, and the predicted prices."""

from __future__ import annotations

import numpy as np

import paddle_camp as camp
from paddle_camp.data.housing import HousingData


def draw(history: camp.History, curves: dict, said: dict[str, np.ndarray], data: HousingData) -> dict:
    """The figures to post."""
    rows = {"training rows": history.split("train"), "test rows": history.split("test")}
    lines = {label: ([r["epoch"] for r in these], [r["loss"] for r in these]) for label, these in rows.items()}
    words = {"xlabel": "epochs finished", "ylabel": "mean squared error", "title": "The course's training"}
    losses = camp.plots.line_panels({"linear model": lines}, **words)
    title = "Candidates on blocks of training rows held out, mean over the blocks"
    choice = camp.plots.line_panels(curves, "epochs", "MSE", log="y", markers=False, title=title)
    words = {"unit": "thousands of dollars", "title": "Test rows"}
    scatter = camp.plots.true_against_predicted(data.to_dollars(data.test.prices), said, **words)
    return {
        "loss": ("线性模型的训练过程", losses),
        "choice": ("候选网络在整块留出的训练数据上的误差", choice),
        "predictions": ("测试集上的预测价格与真实价格", scatter),
    }
