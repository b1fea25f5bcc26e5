"""The figures of cats-and-dogs: a batch, accuracies, shortcuts and their gradients, crops, schedules, mistakes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

import paddle_camp as camp
from paddle_camp import plots
from paddle_camp.metrics import predict_labels, probabilities, top_losses
from paddle_camp.preprocessing import undo_scale_to_unit

SHOWN, WRONG = 6, 15  # pictures of the batch; wrong ones at most
NETWORKS = {"lenet": "LeNet", "simple_cnn": "SimpleCNN", "resnet18": "ResNet-18"}
CLASSES = {"cat": "猫", "dog": "狗"}
RULES = {
    "constant": ("constant", "不变"),
    "step": ("StepLR", "StepLR"),
    "multistep": ("MultiStepLR", "MultiStepLR"),
    "exponential": ("ExponentialLR", "ExponentialLR"),
    "plateau": ("ReduceLROnPlateau", "ReduceLROnPlateau"),
}


def recipe_name(recipe: str) -> str:
    """A recipe in the words of the figures: "lenet-course"."""
    network, _, kind = recipe.rpartition("-")
    return f"{NETWORKS[network]} " + (
        plots.words("course", "原讲义") if kind == "course" else plots.words("mended", "改进")
    )


def class_name(name: str) -> str:
    """A class in the words of the figures; one's own stay as they are."""
    return plots.words(name, CLASSES.get(name, name))


def draw_all(
    results: dict, histories: Mapping[str, list], sets: Mapping[str, camp.Batches], outputs: np.ndarray
) -> dict:
    """The figures to post: name -> (caption, figure).

    Args:
        histories: recipe -> those of its trainings.
        outputs: logits ``[N, K]`` of the chosen recipe for the validation pictures.
    """
    compared, schedules, valid = results["compared"]["table"], results["schedules"]["table"], sets["validation"].data
    figures = {
        "batch": ("训练的一个批次的开头：上面反标准化，下面没有", draw_batch(sets["train"])),
        "recipes": ("各网络、各做法的准确率（一点是一次训练）", draw_recipes(results["table"])),
        "curves": ("留出图片上的准确率（各种子的平均）", draw_curves(histories)),
        "gradients": ("训练之前，到达各块输出的梯度的范数", draw_gradients(results["gradients"])),
        "shortcuts": ("有没有残差连接：训练 loss", draw_shortcuts(compared)),
        "crops": ("同样的权重：整张图片与随机裁剪的验证图片（一点是一次裁剪）", draw_crops(results["table"])),
        "rates": ("各种学习率的曲线（第一个种子）", draw_rates(schedules)),
        "schedules": ("各种学习率，留出图片上的 loss（各种子的平均）", draw_losses(schedules)),
    }
    if (predict_labels(outputs) != valid.labels).any():
        figures["wrong"] = ("选中的做法判错的验证图片，最有把握的在前", draw_wrong(valid, outputs))
    return figures


def draw_batch(train: camp.Batches) -> Figure:
    """The first pictures of a batch with the names of their classes, with and without undoing the normalisation."""
    inputs, labels = (part[:SHOWN] for part in next(train.epoch()))
    as_they_are = (255 * np.clip(inputs, 0, 1)).astype(np.uint8)  # what a plot makes of numbers from -1 to 1
    names = [class_name(train.data.kind.classes[label]) for label in labels]
    pictures = np.concatenate([undo_scale_to_unit(inputs), as_they_are])
    title = plots.words("A batch: normalisation undone, and not", "一个批次：反标准化之后，以及没有反标准化")
    marked = [False] * len(pictures)
    return plots.picture_grid(pictures, names + [""] * len(names), marked, columns=len(names), title=title)


def draw_recipes(table: Mapping[str, dict]) -> Figure:
    """Validation accuracy of each training, and the held-out accuracy of each recipe."""
    words = plots.words
    panels = {
        words("validation accuracy (%)", "验证准确率（%）"): [
            [100 * a for a in row["accuracies"]] for row in table.values()
        ],
        words("held-out accuracy, mean (%)", "留出准确率，平均（%）"): [
            [100 * r["holdout_accuracy"]] for r in table.values()
        ],
    }
    title = words("Networks and recipes (a dot is a training)", "网络和做法（一个点是一次训练）")
    return plots.strip_panels([recipe_name(name) for name in table], panels, title=title)


def draw_curves(histories: Mapping[str, Sequence[camp.History]]) -> Figure:
    """The accuracy on held-out pictures after each epoch, a panel a network."""
    words, panels = plots.words, {}
    for name, row in histories.items():
        network, _, kind = name.rpartition("-")
        values = 100 * np.mean([history.after_epochs("holdout", "accuracy") for history in row], axis=0)
        label = words("course", "原讲义") if kind == "course" else words("mended", "改进")
        panels.setdefault(NETWORKS[network], {})[label] = (np.arange(1, len(values) + 1), values)
    labels = words("epochs finished", "完成的轮数"), words("held-out accuracy (%)", "留出准确率（%）")
    title = words("Accuracy on held-out pictures", "留出图片上的准确率")
    return plots.line_panels(panels, *labels, markers=False, share_x=True, title=title)


def by_depth(depth: str) -> str:
    """The title of a panel."""
    return plots.words(f"{depth} layers", f"{depth} 层")


def kinds() -> dict[str, str]:
    """Plain and residual, in the words of the figures."""
    return {"plain": plots.words("plain", "没有残差连接"), "residual": plots.words("residual", "有残差连接")}


def draw_gradients(gradients: Mapping[str, dict]) -> Figure:
    """The norm that arrives at the stem's output (0) and at each block's, before training."""
    words, panels = plots.words, {}
    for depth in ("18", "34"):
        panels[by_depth(depth)] = {}
        for kind, label in kinds().items():
            norms = [np.nan if x is None else x for x in gradients[f"{kind} {depth}"]["arriving"]]
            panels[by_depth(depth)][label] = (np.arange(len(norms)), norms)
    labels = words("block (0: the stem)", "块（0 是第一层）"), words("norm of the gradient", "梯度的范数")
    title = words("Gradient that arrives at each block, before training", "训练之前，到达各块输出的梯度")
    return plots.line_panels(panels, *labels, log="y", title=title)


def draw_shortcuts(table: Mapping[str, dict]) -> Figure:
    """The training loss of each epoch, plain and residual."""
    words, panels = plots.words, {}
    for depth in ("18", "34"):
        panels[by_depth(depth)] = {}
        for kind, label in kinds().items():
            losses = table[f"{kind} {depth}"]["losses"]
            panels[by_depth(depth)][label] = (np.arange(1, len(losses) + 1), losses)
    labels = words("epoch", "轮"), words("training loss", "训练 loss")
    title = words("The same nets with and without shortcuts", "同样的网络，有和没有残差连接")
    return plots.line_panels(panels, *labels, title=title)


def draw_crops(table: Mapping[str, dict]) -> Figure:
    """Accuracy on the whole pictures, and on random crops of them, of every draw and training."""
    words, names, rows = plots.words, [], []
    for name, row in table.items():
        names += [recipe_name(name) + words(", whole", "，整张"), recipe_name(name) + words(", cropped", "，裁剪")]
        rows += [[100 * a for a in row["plain"]], [100 * a for draws in row["crops"]["draws"] for a in draws]]
    panels = {words("validation accuracy (%)", "验证准确率（%）"): rows}
    title = words("The same weights on whole and on cropped pictures", "同样的权重：整张图片与随机裁剪")
    return plots.strip_panels(names, panels, title=title)


def draw_rates(table: Mapping[str, dict]) -> Figure:
    """The learning rate of every epoch."""
    words = plots.words
    lines = {words(*RULES[name]): (np.arange(1, len(row["rates"]) + 1), row["rates"]) for name, row in table.items()}
    labels = words("epoch", "轮"), words("learning rate", "学习率")
    title = words("Schedules of the learning rate", "学习率怎样下降")
    return plots.line_panels({"": lines}, *labels, log="y", title=title)


def draw_losses(table: Mapping[str, dict]) -> Figure:
    """The held-out loss after each epoch, a line a schedule."""
    words = plots.words
    lines = {words(*RULES[name]): (np.arange(1, len(row["losses"]) + 1), row["losses"]) for name, row in table.items()}
    labels = words("epochs finished", "完成的轮数"), words("held-out loss", "留出 loss")
    title = words("Held-out loss by schedule", "各种学习率：留出图片上的 loss")
    return plots.line_panels({"": lines}, *labels, title=title)


def draw_wrong(valid: camp.ImageSet, outputs: np.ndarray) -> Figure:
    """The wrong pictures, the surest first."""
    shares, said = probabilities(outputs), predict_labels(outputs)
    sure = shares.max(axis=1)
    wrong = np.flatnonzero(said != valid.labels)
    shown = top_losses(shares, valid.labels, WRONG)
    names = [class_name(name) for name in valid.kind.classes]
    captions = [f"{names[valid.labels[i]]} → {names[said[i]]} {sure[i]:.2f}" for i in shown]
    words = plots.words
    title = words("Wrong pictures: true → said, with its probability", "判错的图片：真实 → 判为，及其概率")
    if len(wrong) > len(shown):
        title += words(f" ({len(shown)} of {len(wrong)})", f"（共 {len(wrong)} 张，画出 {len(shown)} 张）")
    return plots.picture_grid(valid.images[shown], captions, [False] * len(shown), title=title)
