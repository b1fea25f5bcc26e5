"""The figures of homework 9-2: the networks side by side, their ROC curves and their mistakes."""

from __future__ import annotations

from paddle_camp import metrics, plots
from paddle_camp.data.fundus.loading import FundusData
from paddle_camp.history import History


def draw(done: dict[str, dict], outputs: dict, histories: dict[str, History], data: FundusData) -> dict:
    """The figures to post."""
    labels = data.valid.labels
    rows = list(done.values())
    panels = {key: [row[key.lower()] for row in rows] for key in ("accuracy", "AUC", "loss")}
    panels["parameters (millions)"] = [row["parameters"] / 1e6 for row in rows]
    panels["multiply-adds (millions)"] = [row["multiply_adds"] / 1e6 for row in rows]
    panels["seconds per epoch"] = [row["cost"]["seconds_per_epoch"] for row in rows]
    if all(row["cost"]["peak_memory"] for row in rows):
        panels["peak memory (MiB)"] = [row["cost"]["peak_memory"] / 2**20 for row in rows]
    comparison = plots.bar_panels(
        list(done),
        panels,
        linear={"accuracy": (0, 1), "AUC": (0, 1), "loss": None},
        intervals={"AUC": [row["auc_interval"] for row in rows]},
        title="Quality on the validation pictures, and its cost",
    )
    curves = {name: (*metrics.roc(outputs[name], labels), done[name]["auc"]) for name in done}
    probability = {name: metrics.probabilities(output)[:, 1] for name, output in outputs.items()}
    epochs = {name: history.evaluations for name, history in histories.items()}
    accuracy = plots.metric_curves(epochs, "accuracy", "validation")
    wrong = plots.wrong_pictures(data.valid.images, labels, probability)
    return {
        "comparison": ("各网络在验证集上的准确率、AUC（横线为95%区间）、loss 与代价", comparison),
        "accuracy": ("每轮之后的验证准确率", accuracy),
        "roc": ("验证集 ROC 曲线", plots.roc_figure(curves)),
        "wrong": ("各网络判错的验证图片", wrong),
    }
