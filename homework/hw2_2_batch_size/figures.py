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
    panels = {f"{x}, rate {r}": {} for r in settings.learning_rates for x in ("epochs", "steps", "milliseconds")}
    for (rate, size), history in sorted(histories.items(), reverse=True):  # the smooth curve of the largest batch first
        table = np.array([[row[key] for key in ("step", "loss")] for row in history.evaluations])
        shown = np.unique(np.searchsorted(table[:, 0], np.geomspace(1, table[-1, 0], 150)))  # lines, not a thick band
        steps, losses = table[shown].T
        x = {"epochs": steps / -(-rows // size), "steps": steps, "milliseconds": 1e3 * steps * per_step[size]}
        for unit, places in x.items():
            panels[f"{unit}, rate {rate}"][f"batch {size}"] = (places, losses / best - 1)
    panels = {name: curves for name, curves in panels.items() if curves}  # without a rate at which all diverged
    for curves in panels.values():
        every = np.concatenate([x for x, _ in curves.values()])
        curves["target"] = ([every.min(), every.max()], 2 * [settings.target - 1])
    return panels


def noise_panels(noise: dict, rows: int) -> dict:
    """Panel -> label -> curve of the distance from the gradient of all rows, measured and by the two laws."""
    laws, panels = {"1 / sqrt(batch)": "law", "without replacement": "law_without", "measured": "measured"}, {}
    for title, place in {"at the initial weights": "start", "at the least-squares solution": "solution"}.items():
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
    firsts = grid.over("seed", lambda trainings: trainings[0])  # of the first seed
    histories = {
        (point["rate"], point["batch_size"]): camp.History.from_dict(training["history"])
        for _, point, training in firsts.items()
        if not camp.diverged(training)
    }
    rate, kinds = settings.learning_rates[0], results["trainings"]
    first = {f"batch {size}": history.steps for (each, size), history in reversed(histories.items()) if each == rate}
    steps = camp.plots.loss_curves(first, title=f"Loss of each step's batch, learning rate {rate}")
    per_step = {kind["batch_size"]: cost["per_step"] for kind, cost in zip(kinds, results["cost"], strict=True)}
    panels = loss_panels(histories, per_step, results["best_loss"], rows, settings)
    look = {"log": "xy", "markers": False, "limits": (1e-3, 1e2), "share_x": False}
    title = "Training loss above least squares"
    losses = camp.plots.line_panels(panels, "", "loss / least squares - 1", **look, title=title)
    panels, title = noise_panels(results["noise"], rows), "How far a mini-batch's gradient lies from that of all rows"
    noise = camp.plots.line_panels(panels, "batch size", "root mean square distance", log="xy", title=title)
    names = [f"rate {kind['rate']}, batch {kind['batch_size']}" for kind in kinds]
    loss, error = "training loss / least squares", "test error (thousands of dollars)"
    points = {loss: [kind["hover"] for kind in kinds], error: [kind["test"] for kind in kinds]}
    marks = {error: {"least squares": results["baselines"]["least squares"]["rmse_dollars"]}}
    ends = camp.plots.strip_panels(names, points, marks=marks, title="At the end of training (a dot is a seed)")
    return {
        "steps": ("最初若干步每步的 batch loss", steps),
        "loss": ("训练集上的 loss 比最小二乘高出的比例：按轮数、步数、时间", losses),
        "noise": ("小批量梯度偏离全部样本梯度的程度", noise),
        "ends": ("训练结束时的训练 loss 与测试误差", ends),
    }
