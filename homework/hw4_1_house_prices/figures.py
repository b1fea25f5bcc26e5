"""The figures of homework 4-1: the course's training, the candidates, and the predicted prices."""

from __future__ import annotations

import numpy as np

import paddle_camp as camp
from paddle_camp.data.housing import HousingData


def draw(history: camp.History, curves: dict, said: dict[str, np.ndarray], data: HousingData) -> dict:
    """The figures to post.

    Args:
        history: of the linear model.
        curves: hidden units -> (rate, weight decay) -> (epochs, losses on held-out rows).
        said: "linear" and "network" -> predictions for the test rows, thousands of dollars.
    """
    words = camp.plots.words
    rows = {words("training rows", "训练集"): history.split("train")}
    rows |= {words("test rows", "测试集"): history.split("test")}
    lines = {label: ([r["epoch"] for r in these], [r["loss"] for r in these]) for label, these in rows.items()}
    labels = {"xlabel": words("epochs finished", "完成的轮数"), "ylabel": words("mean squared error", "均方误差")}
    title = words("The course's training", "课程的训练")
    losses = camp.plots.line_panels({words("linear model", "线性模型"): lines}, **labels, title=title)
    panels: dict[str, dict] = {}
    for hidden, each in curves.items():
        panel = panels[words(f"{hidden} hidden units", f"{hidden} 个隐藏单元")] = {}
        for (rate, decay), curve in each.items():
            panel[words(f"rate {rate}, weight decay {decay}", f"学习率 {rate}，权重衰减 {decay}")] = curve
    labels = {"xlabel": words("epochs", "轮数"), "ylabel": words("MSE", "均方误差")}
    title = words(
        "Candidates on blocks of training rows held out, mean over the blocks",
        "候选网络在整块留出的训练数据上的误差（各块的平均）",
    )
    choice = camp.plots.line_panels(panels, **labels, log="y", markers=False, title=title)
    names = {"linear": words("linear", "线性模型"), "network": words("network", "小网络")}
    look = {"unit": words("thousands of dollars", "千美元"), "title": words("Test rows", "测试集")}
    predicted = {names[name]: prices for name, prices in said.items()}
    scatter = camp.plots.true_against_predicted(data.to_dollars(data.test.prices), predicted, **look)
    return {
        "loss": ("线性模型的训练过程", losses),
        "choice": ("候选网络在整块留出的训练数据上的误差", choice),
        "predictions": ("测试集上的预测价格与真实价格", scatter),
    }
