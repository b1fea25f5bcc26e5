"""The figures of homework 2-2: losses by epoch, step and time, gradient noise, and the results by batch size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from paddle_camp import plots


def loss_panels(runs: Mapping, best: float, rows: int, settings: Any) -> dict:
    """Panel -> label -> curve of the loss above least squares, of the first seed, against epochs, steps and time."""
    panels = {f"{x}, rate {r}": {} for r in settings.learning_rates for x in ("epochs", "steps", "milliseconds")}
    for (rate, size), (run, *_) in sorted(runs.items(), reverse=True):  # the smooth curve of the largest batch first
        shown = np.unique(np.searchsorted(run.steps, np.geomspace(1, run.steps[-1], 150)))  # lines, not a thick band
        steps, above = np.array(run.steps)[shown], np.array(run.whole)[shown] / best - 1
        x = {"epochs": steps / -(-rows // size), "steps": steps, "milliseconds": 1e3 * np.array(run.seconds)[shown]}
        for unit, places in x.items():
            panels[f"{unit}, rate {rate}"][f"batch {size}"] = (places, above)
    for curves in panels.values():
        every = np.concatenate([x for x, _ in curves.values()])
        curves["target"] = ([every.min(), every.max()], 2 * [settings.target - 1])
    return panels


def draw(runs: Mapping, results: dict, settings: Any, rows: int, stand_in: str | None) -> dict[str, tuple[str, Figure]]:
    """The figures to post.

    Args:
        runs: (learning rate, batch size) -> the trainings, one a seed, as the homework's ``Descent``.
        results, settings: the homework's.
        rows: of the training part.
        stand_in: the warm line where the data are a stand-in.
    """
    rate, kinds = settings.learning_rates[0], results["trainings"]
    sizes = sorted(settings.batch_sizes, reverse=True)
    first = {}
    for size in sizes:
        noted = enumerate(runs[rate, size][0].losses[: settings.noted_steps], start=1)
        first[f"batch {size}"] = [{"step": step, "loss": loss} for step, loss in noted]
    steps = plots.loss_curves(first, title=f"Loss of each step's batch, learning rate {rate}", subtitle=stand_in)
    losses = plots.line_panels(
        loss_panels(runs, results["best_loss"], rows, settings),
        "",
        "loss / least squares - 1",
        log="xy",
        markers=False,
        limits=(1e-3, 1e2),
        share_x=False,
        title="Training loss above least squares",
        subtitle=stand_in,
    )
    laws, curves = {"1 / sqrt(batch)": "law", "without replacement": "law_without", "measured": "measured"}, {}
    for title, place in {"at the initial weights": "start", "at the least-squares solution": "solution"}.items():
        noisy = [row for row in results["noise"][place] if row["batch_size"] < rows]
        curves[title] = {
            name: ([r["batch_size"] for r in noisy], [r[key] for r in noisy]) for name, key in laws.items()
        }
    noise = plots.line_panels(
        curves,
        "batch size",
        "root mean square distance",
        log="xy",
        title="How far a mini-batch's gradient lies from that of all rows",
        subtitle=stand_in,
    )
    names = [f"rate {kind['rate']}, batch {kind['batch_size']}" for kind in kinds]
    loss, error = "training loss / least squares", "test error (thousands of dollars)"
    points = {loss: [kind["hover"] for kind in kinds], error: [kind["test"] for kind in kinds]}
    marks = {error: {"least squares": results["baselines"]["least squares"]["rmse_dollars"]}}
    ends = plots.strip_panels(
        names, points, marks=marks, title="At the end of training (a dot is a seed)", subtitle=stand_in
    )
    return {
        "steps": ("最初若干步每步的 batch loss", steps),
        "loss": ("训练集上的 loss 比最小二乘高出的比例：按轮数、步数、时间", losses),
        "noise": ("小批量梯度偏离全部样本梯度的程度", noise),
        "ends": ("训练结束时的训练 loss 与测试误差", ends),
    }
