"""The figures of homework 9-2: the networks side by side, what each change does, ROC curves and mistakes."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from paddle_camp import metrics, plots
from paddle_camp.data.fundus.loading import FundusData
from paddle_camp.history import History


def draw(done: dict[str, dict], outputs: dict, histories: dict[str, dict[str, History]], data: FundusData) -> dict:
    """The figures to post."""
    labels = data.valid.labels
    plain = {name: each["course"] for name, each in outputs.items()}
    curves = {name: (*metrics.roc(logits, labels), done[name]["auc"]) for name, logits in plain.items()}
    probability = {name: metrics.probabilities(logits)[:, 1] for name, logits in plain.items()}
    epochs = {name: each.get("mended", each["course"]).evaluations for name, each in histories.items()}
    accuracy = plots.metric_curves(epochs, "accuracy", "validation")
    wrong = plots.wrong_pictures(data.valid.images, labels, probability)
    mended = any("mended" in each for each in histories.values())
    later = "，前几轮是课程的配方，之后是改进的配方" if mended else ""
    return {
        "comparison": ("课程的配方：各网络的验证准确率、AUC（横线为95%区间）、loss 与代价", draw_comparison(done)),
        "changes": ("各种改变之后的验证准确率", draw_changes(done)),
        "accuracy": (f"每轮之后的验证准确率{later}", accuracy),
        "roc": ("课程的配方：验证集 ROC 曲线", plots.roc_figure(curves)),
        "wrong": ("课程的配方：各网络判错的验证图片", wrong),
    }


def draw_changes(done: dict[str, dict]) -> Figure:
    """Accuracies, network by change; an empty cell where a change has no meaning (no batch norm) or diverged."""
    words = plots.words
    columns = {
        "course": words("course", "课程"),
        "threshold": words("threshold", "阈值"),
        "mirrored": words("mirrored", "镜像"),
        "statistics": words("statistics", "统计量"),
        "averaged": words("averaged", "平均"),
        "decayed": words("decayed", "衰减"),
        "mended": words("mended", "改进"),
    }
    rows = []
    for row in done.values():
        found = {"course": row["accuracy"]} | row["changed"]
        found |= {"mended": row["mended"]["accuracy"]} if "mended" in row else {}
        rows.append([found.get(kind, np.nan) for kind in columns])
    title = words("Validation accuracy by change to the course's recipe", "对课程配方的各种改变：验证准确率")
    return plots.heat_map(
        np.array(rows), rows=list(done), columns=list(columns.values()), text="{:.1%}", empty="–", title=title
    )


def draw_comparison(done: dict[str, dict]) -> Figure:
    """Quality and cost of the networks; a bar has a length only where its axis begins at 0, so all of them do."""
    words, rows = plots.words, list(done.values())
    accuracy = words("accuracy", "准确率")
    panels = {
        accuracy: [row["accuracy"] for row in rows],
        "AUC": [row["auc"] for row in rows],
        "loss": [row["loss"] for row in rows],
        words("parameters (millions)", "参数（百万）"): [row["parameters"] / 1e6 for row in rows],
        words("multiply-adds (millions)", "乘加（百万）"): [row["multiply_adds"] / 1e6 for row in rows],
        words("seconds per epoch", "秒/轮"): [row["cost"]["seconds_per_epoch"] for row in rows],
    }
    if all(row["cost"]["peak_memory"] for row in rows):
        memory = words("peak memory (MiB)", "内存峰值（MiB）")
        panels[memory] = [row["cost"]["peak_memory"] / 2**20 for row in rows]
    return plots.bar_panels(
        list(done),
        panels,
        linear=dict.fromkeys(panels) | {accuracy: (0, 1), "AUC": (0, 1)},
        intervals={"AUC": [row["auc_interval"] for row in rows]},
        title=words("Quality on the validation pictures, and its cost", "验证集上的表现与代价"),
    )
