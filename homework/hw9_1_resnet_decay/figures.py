"""The figures of homework 9-1: the decayed trainings, and the predictions of the one decayed at the plateau."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from paddle_camp import metrics, plots
from paddle_camp.data.fundus.loading import FundusData


def draw(
    runs: Mapping[str, Any],
    boundaries: dict[str, int],
    data: FundusData,
    steps_per_epoch: int,
    course: Sequence[float] | None,
) -> dict:
    """The figures to post: name -> (caption, figure).

    Args:
        runs: name of a training -> the homework's ``Finished``; "decayed" is among them.
        boundaries: name of a training -> the step after which its rate is divided.
        course: its accuracies after each epoch at the constant rate, to compare with, or None.
    """
    decay = plots.decay_figure(
        {name: r.history.steps for name, r in runs.items()},
        {name: r.history.evaluations for name, r in runs.items()},
        steps_per_epoch=steps_per_epoch,
        window=steps_per_epoch,
        marks=boundaries,
        reference={"course, constant": course} if course else None,
    )
    labels, outputs = data.valid.labels, runs["decayed"].validation.outputs
    curves = {n: (*metrics.roc(r.validation.outputs, labels), r.validation.auc) for n, r in runs.items()}
    roc = plots.roc_figure(curves, title="ROC curve, validation pictures")
    classes = ("not PM", "PM")
    confusion = plots.confusion_figure(metrics.confusion(outputs, labels), classes)
    pictures = plots.prediction_grid(
        data.valid.images,
        data.valid.names,
        labels,
        metrics.probabilities(outputs)[:, 1],
        classes=classes,
    )
    return {
        "decay": ("学习率分段衰减的位置：训练 loss、学习率与验证准确率", decay),
        "roc": ("验证集 ROC 曲线", roc),
        "confusion": ("衰减后的模型在验证集上的混淆矩阵", confusion),
        "pictures": ("衰减后的模型判断的验证图片（红框为判错）", pictures),
    }
