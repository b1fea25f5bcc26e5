"""The figures of homework 5-3: the table of accuracies as colours, and the losses by optimizer and by rate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import paddle_camp as camp
from paddle_camp import plots
from paddle_camp.history import smooth
from paddle_camp.sweeps.grid import Grid

WINDOW = 20  # steps that a curve averages


def draw(cells: Grid, table: Grid, names: Sequence[str], rates: Sequence[float], seed: int) -> dict:
    """The figures to post: name -> (caption, figure).

    Args:
        cells: the trained grid; the curves are those of ``seed``.
        table: the grid over its seeds.
        names: of the optimizers.
        rates: the learning rates.
    """

    def curve(name: str, rate: float) -> tuple:
        cell = cells.at(optimizer=name, rate=rate, seed=seed)
        losses = [] if camp.diverged(cell) else camp.History.from_dict(cell["history"]).column("loss")
        return range(1, len(losses) + 1), smooth(losses, WINDOW)

    def accuracy(name: str, rate: float) -> float:
        row = table.at(optimizer=name, rate=rate)
        return np.nan if row["diverged"] == len(row["test_accuracies"]) else 100 * row["test_accuracy"]

    words, look = plots.words, {"markers": False, "limits": (0, 2.6)}
    by_optimizer = {name: {f"{rate:g}": curve(name, rate) for rate in rates} for name in names}
    by_rate = {words(f"rate {r:g}", f"学习率 {r:g}"): {name: curve(name, r) for name in names} for r in rates}
    axes = (words("step", "步"), words(f"loss (mean of {WINDOW} steps)", f"训练 loss\n（{WINDOW} 步的平均）"))
    heat_map = plots.heat_map(
        [[accuracy(name, rate) for rate in rates] for name in names],
        rows=names,
        columns=[f"{rate:g}" for rate in rates],
        text="{:.2f}",
        empty=words("diverged", "发散"),
        title=words(
            "Test accuracy in percent (rows: optimizers, columns: learning rates)",
            "测试准确率（%；行：优化算法，列：学习率）",
        ),
    )
    title = words("One panel per optimizer", "每种优化算法在各学习率下的训练 loss")
    optimizers = plots.line_panels(by_optimizer, *axes, title=title, **look)
    title = words("One panel per learning rate", "每种学习率下各优化算法的训练 loss")
    learning_rates = plots.line_panels(by_rate, *axes, columns=2, title=title, **look)
    return {
        "heat_map": ("各优化算法与学习率的测试准确率（%，各种子的平均）", heat_map),
        "by_optimizer": ("每种优化算法在各学习率下的训练 loss", optimizers),
        "by_rate": ("每种学习率下各优化算法的训练 loss", learning_rates),
    }
