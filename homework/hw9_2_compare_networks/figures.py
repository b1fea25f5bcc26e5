"""The figures of homework 9-2: the networks side by side, their ROC curves and their mistakes."""

from __future__ import annotations

from matplotlib.figure import Figure

from paddle_camp import metrics, plots
from paddle_camp.data.fundus.loading import FundusData
from paddle_camp.history import History


def draw(done: dict[str, dict], outputs: dict, histories: dict[str, History], data: FundusData) -> dict:
    """The figures to post."""
    labels = data.valid.labels
    curves = {name: (*metrics.roc(outputs[name], labels), done[name]["auc"]) for name in done}
    probability = {name: metrics.probabilities(output)[:, 1] for name, output in outputs.items()}
    epochs = {name: history.evaluations for name, history in histories.items()}
    accuracy = plots.metric_curves(epochs, "accuracy", "validation")
    wrong = plots.wrong_pictures(data.valid.images, labels, probability)
    return {
        "comparison": ("各网络在验证集上的准确率、AUC（横线为95%区间）、loss 与代价", draw_comparison(done)),
        "accuracy": ("每轮之后的验证准确率", accuracy),
        "roc": ("验证集 ROC 曲线", plots.roc_figure(curves)),
        "wrong": ("各网络判错的验证图片", wrong),
    }


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
