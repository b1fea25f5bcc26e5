"""The figures of homework 2-2: losses by epoch, step and time, gradient noise, and the results by batch size."""

from __future__ import annotations

from typing import Any

import numpy as np

import paddle_camp as camp
from paddle_camp.sweeps.grid import Grid


def loss_panels(histories: dict, per_step: dict[int, float], best: float, rows: int, settings: Any) -> dict:
    """Panel -> label -> curve of the loss above least squares, of the first seed, against epochs, steps and time.

    The time is that of the answer: steps times the seconds ``per_step`` of the batch size.
    """
    words, units = camp.plots.words, {"epochs": "轮数", "steps": "步数", "milliseconds": "毫秒"}
    panels: dict[tuple, dict] = {(x, rate): {} for rate in settings.learning_rates for x in units}
    for (rate, size), history in sorted(histories.items(), reverse=True):  # the smooth curve of the largest batch first
        table = np.array([[row[key] for key in ("step", "loss")] for row in history.evaluations])
        shown = np.unique(np.searchsorted(table[:, 0], np.geomspace(1, table[-1, 0], 150)))  # lines, not a thick band
        steps, losses = table[shown].T
        x = {"epochs": steps / -(-rows // size), "steps": steps, "milliseconds": 1e3 * steps * per_step[size]}
        for unit, places in x.items():
            panels[unit, rate][f"batch {size}"] = (places, losses / best - 1)
    panels = {place: curves for place, curves in panels.items() if curves}  # without a rate at which all diverged
    for curves in panels.values():
        every = np.concatenate([x for x, _ in curves.values()])
        curves[words("target", "目标")] = ([every.min(), every.max()], 2 * [settings.target - 1])
    return {words(f"{x}, rate {r}", f"{units[x]}，学习率 {r}"): curves for (x, r), curves in panels.items()}


def noise_panels(noise: dict, rows: int) -> dict:
    """Panel -> label -> curve of the distance from the gradient of all rows, measured and by the two laws."""
    words, panels = camp.plots.words, {}
    laws = {
        words("1 / sqrt(batch)", "σ/√B"): "law",
        words("without replacement", "不放回抽样"): "law_without",
        words("measured", "测得"): "measured",
    }
    titles = {"start": words("at the initial weights", "初始权重处")}
    titles["solution"] = words("at the least-squares solution", "最小二乘解处")
    for place, title in titles.items():
        noisy = [row for row in noise[place] if row["batch_size"] < rows]
        sizes = [row["batch_size"] for row in noisy]
        panels[title] = {name: (sizes, [row[key] for row in noisy]) for name, key in laws.items()}
    return panels


def draw(grid: Grid, results: dict, settings: Any, rows: int) -> dict:
    """The figures to post.

    Args:
        grid: the trainings, by learning rate, batch size and seed.
        results, settings: the homework's.
        rows: of the training part.
    """
    words = camp.plots.words
    firsts = grid.over("seed", lambda trainings: trainings[0])  # of the first seed
    histories = {
        (point["rate"], point["batch_size"]): camp.History.from_dict(training["history"])
        for _, point, training in firsts.items()
        if not camp.diverged(training)
    }
    rate, kinds = settings.learning_rates[0], results["trainings"]
    first = {f"batch {size}": history.steps for (each, size), history in reversed(histories.items()) if each == rate}
    title = words(f"Loss of each step's batch, learning rate {rate}", f"每步的 batch loss，学习率 {rate}")
    steps = camp.plots.loss_curves(first, title=title)
    per_step = {kind["batch_size"]: cost["per_step"] for kind, cost in zip(kinds, results["cost"], strict=True)}
    panels = loss_panels(histories, per_step, results["best_loss"], rows, settings)
    look = {"log": "xy", "markers": False, "limits": (1e-3, 1e2), "share_x": False}
    title = words("Training loss above least squares", "训练 loss 比最小二乘高出的比例")
    above = words("loss / least squares - 1", "loss / 最小二乘 - 1")
    losses = camp.plots.line_panels(panels, "", above, **look, title=title)
    panels, distance = noise_panels(results["noise"], rows), words("root mean square distance", "差的均方根")
    title = words(
        "How far a mini-batch's gradient lies from that of all rows",
        "小批量的梯度偏离全部样本的梯度多远",
    )
    noise = camp.plots.line_panels(panels, words("batch size", "批大小"), distance, log="xy", title=title)
    points = [(kind["rate"], kind["batch_size"]) for kind in kinds]
    names = [words(f"rate {r}, batch {size}", f"学习率 {r}，batch {size}") for r, size in points]
    loss = words("training loss / least squares", "训练 loss / 最小二乘")
    error = words("test error (thousands of dollars)", "测试误差（千美元）")
    panels = {loss: [kind["hover"] for kind in kinds], error: [kind["test"] for kind in kinds]}
    marks = {error: {words("least squares", "最小二乘"): results["baselines"]["least squares"]["rmse_dollars"]}}
    title = words("At the end of training (a dot is a seed)", "训练结束时（一个点是一个种子）")
    ends = camp.plots.strip_panels(names, panels, marks=marks, title=title)
    return {
        "steps": ("最初若干步每步的 batch loss", steps),
        "loss": ("训练集上的 loss 比最小二乘高出的比例：按轮数、步数、时间", losses),
        "noise": ("小批量梯度偏离全部样本梯度的程度", noise),
        "ends": ("训练结束时的训练 loss 与测试误差", ends),
    }
