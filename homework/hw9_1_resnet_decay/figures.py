"""The figures of homework 9-1: where the plateau begins, the decayed trainings, and one network's predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from homework.hw9_1_resnet_decay.plateau import Plateau, broken_line
from paddle_camp import metrics, plots
from paddle_camp.data.fundus.loading import FundusData
from paddle_camp.history import Row, smooth


def draw(
    runs: Mapping[str, Sequence[Any]],
    boundaries: dict[str, int],
    plateau: Plateau | None,
    data: FundusData,
    steps_per_epoch: int,
    course: Sequence[float] | None,
) -> dict:
    """The figures to post: name -> (caption, figure).

    Args:
        runs: name of a training -> the homework's ``Finished`` of each seed; "constant" comes first.
        boundaries: name of a training -> the step after which its rate is divided.
        plateau: None where nothing was learned.
        course: its accuracies after each epoch at the constant rate, to compare with, or None.
    """
    named = {called(name): each for name, each in runs.items()}
    count = len(runs["constant"])
    several = plots.words(f": mean of {count} seeds", f"：{count} 个种子的平均") if count > 1 else ""
    decay = plots.decay_figure(
        {name: mean_rows([r.history.steps for r in each], ("loss", "learning_rate")) for name, each in named.items()},
        {name: mean_rows([r.history.split("validation") for r in each], ("accuracy",)) for name, each in named.items()},
        steps_per_epoch=steps_per_epoch,
        window=steps_per_epoch,
        marks={called(name): step for name, step in boundaries.items()},
        reference={plots.words("course, constant", "课程，固定"): course} if course else None,
        title=plots.words("When to decay the learning rate", "学习率在哪里衰减") + several,
    )
    shown = runs["decayed" if boundaries else "constant"][0].validation
    labels, outputs = data.valid.labels, shown.outputs
    first = {name: each[0].validation for name, each in named.items()}
    curves = {name: (*metrics.roc(found.outputs, labels), found.auc) for name, found in first.items()}
    title = plots.words("ROC curve, validation pictures, first seed", "ROC 曲线：验证图片，第一个种子")
    roc = plots.roc_figure(curves, title=title)
    classes = (plots.words("not PM", "非病理性近视"), plots.words("PM", "病理性近视"))
    probabilities = metrics.probabilities(outputs)[:, 1]
    pictures = plots.prediction_grid(data.valid.images, data.valid.names, labels, probabilities, classes=classes)
    figures = {}
    if plateau:
        figure = plateau_figure(runs["constant"], plateau, steps_per_epoch)
        figures["plateau"] = ("固定学习率下的训练 loss、拟合的折线与留出 loss", figure)
    return figures | {
        "decay": ("学习率分段衰减的位置：训练 loss、学习率与验证准确率（各随机种子的平均）", decay),
        "roc": ("验证集 ROC 曲线（第一个种子）", roc),
        "pictures": ("第一个种子的模型判断的验证图片（红框为判错）", pictures),
    }


def called(name: str) -> str:
    """What a training is called in the figures."""
    names = {"constant": "固定学习率", "decayed": "衰减", "earlier": "更早衰减", "later": "更晚衰减"}
    return plots.words(name, names[name])


def mean_rows(histories: Sequence[Sequence[Row]], columns: Sequence[str]) -> list[Row]:
    """The rows of the first history, with the means of all of them in some columns."""
    rows = zip(*histories, strict=True)
    return [dict(row[0]) | {name: float(np.mean([each[name] for each in row])) for name in columns} for row in rows]


def plateau_figure(constant: Sequence[Any], plateau: Plateau, steps_per_epoch: int) -> Figure:
    """The loss at the constant rate, the broken line through it, and the held-out loss of the same trainings."""
    words = plots.words
    losses = [row["loss"] for row in mean_rows([run.history.steps for run in constant], ("loss",))]
    holdout = [run.history.after_epochs("holdout", "loss") for run in constant]
    epochs = [float(np.mean(each)) for each in zip(*holdout, strict=True)]
    steps = np.arange(1, len(losses) + 1)
    whole = slice((steps_per_epoch - 1) // 2, len(losses) - steps_per_epoch // 2)  # where an epoch lies about a step
    curves = {
        words(f"training loss, mean of {steps_per_epoch} steps", f"训练 loss（{steps_per_epoch} 步的平均）"): (
            steps[whole],
            smooth(losses, steps_per_epoch)[whole],
        ),
        words("broken line", "折线"): (steps, broken_line(plateau, len(losses), steps_per_epoch)),
        words("held-out loss", "留出 loss"): (steps_per_epoch * np.arange(1, len(epochs) + 1), epochs),
    }
    low, high = plateau.interval
    english = "A plateau begins" if plateau.found else "No plateau yet; the loss bends"
    chinese = "平台期始于" if plateau.found else "还没有平台期；折点在"
    title = words(
        f"{english} at step {plateau.step} (95 %: {low} to {high})",
        f"{chinese}第 {plateau.step} 步（95% 区间 {low}～{high}）",
    )
    ylabel = words("loss at the constant rate", "固定学习率下的 loss")
    return plots.line_panels({"": curves}, words("step", "步"), ylabel, markers=False, title=title)
