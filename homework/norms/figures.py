"""The figures of norms: who is averaged with whom, accuracies by batch, the two modes, what a step costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from homework.norms.by_hand import GROUPS, scope
from paddle_camp import plots
from paddle_camp.plots.style import INK, colour, new_figure

NAMES = {"none": "不归一化", "batch": "批", "layer": "层", "instance": "实例", "group": "组"}


def called(norm: str) -> str:
    """A norm in the words of the figures."""
    return plots.words(norm, NAMES[norm])


def draw_all(results: dict, times: dict, memory: dict, sizes: Sequence[int]) -> dict:
    """The figures to post: name -> (caption, figure)."""
    figures = {
        "blocks": ("一个数和哪些数一起求平均（由梯度得到；N：图片，C：通道，HW：像素）", draw_blocks()),
        "accuracy": ("评估模式的准确率随 batch 的变化（各种子的平均）", draw_accuracy(results["table"], sizes)),
        "modes": ("同样的权重，评估模式与训练模式", draw_modes(results["table"], sizes)),
        "time": ("每张图片的训练时间", draw_times(times, sizes)),
    }
    if None not in memory.values():
        figures["memory"] = ("训练几步的内存峰值", draw_memory(memory))
    return figures


def draw_blocks() -> Figure:
    """Four blocks N x C x HW; what one number is averaged with is coloured."""
    words = plots.words
    figure = new_figure(2.6, words("Who is averaged with whom", "哪些数一起求平均"), None)
    for index, norm in enumerate(("batch", "layer", "instance", "group")):
        seen = scope(norm)  # [N, C, HW]
        axes = figure.add_subplot(1, 4, index + 1, projection="3d")
        # From the viewer's side: channels to the right, pictures to the back, pixels upwards.
        block = seen.transpose(1, 0, 2)
        faces = np.where(block, colour(0), "#ffffff")
        axes.voxels(np.ones_like(block), facecolors=faces, edgecolor=INK, linewidth=0.5, shade=False)
        axes.view_init(elev=24, azim=-58)
        axes.set_box_aspect(block.shape, zoom=1.0)
        channels, pictures, pixels = block.shape
        edges = {
            "C": (channels / 2, -1.0, -0.6),
            "N": (channels + 0.8, pictures / 2, -0.6),
            "HW": (-0.9, 0, pixels / 2),
        }
        for name, place in edges.items():
            axes.text(*place, name, fontsize=9, color=INK, ha="center", va="center")
        axes.set_axis_off()
        extra = words(f", {GROUPS} groups", f"（{GROUPS} 组）") if norm == "group" else ""
        axes.set_title(called(norm) + words(" norm", "归一化") + extra, fontsize=10.5, color=INK)
    return figure


def at_sizes(figure: Figure, sizes: Sequence[int]) -> Figure:
    """The batch sizes as the ticks of a logarithmic axis."""
    for axes in figure.axes:
        axes.set_xticks(list(sizes), list(map(str, sizes)))
        axes.xaxis.set_minor_locator(NullLocator())
    return figure


def draw_accuracy(table: Mapping[str, dict], sizes: Sequence[int]) -> Figure:
    """The mean accuracy of each norm by batch size."""
    words = plots.words
    lines = {called(n): (sizes, [100 * row[str(size)]["accuracy"] for size in sizes]) for n, row in table.items()}
    labels = words("pictures in a batch", "batch（图片数）"), words("accuracy (%)", "准确率（%）")
    title = words("Accuracy by batch, as many pictures seen", "准确率与 batch，看过的图片一样多")
    return at_sizes(plots.line_panels({"": lines}, *labels, log="x", title=title), sizes)


def draw_modes(table: Mapping[str, dict], sizes: Sequence[int]) -> Figure:
    """The accuracy in both modes, a panel for each norm."""
    words, panels = plots.words, {}
    for norm in ("batch", "layer", "instance", "group"):
        row = table[norm]
        evaluated = [100 * row[str(size)]["accuracy"] for size in sizes]
        training = [100 * row[str(size)]["modes"]["accuracy"] for size in sizes]
        panels[called(norm)] = {
            words("evaluation mode", "评估模式"): (sizes, evaluated),
            words("training mode, in such batches", "训练模式，同样大的 batch"): (sizes, training),
        }
    labels = words("pictures in a batch", "batch（图片数）"), words("accuracy (%)", "准确率（%）")
    title = words("The same weights in both modes", "同样的权重，两种模式")
    return at_sizes(plots.line_panels(panels, *labels, log="x", columns=4, title=title), sizes)


def draw_times(times: Mapping[str, dict], sizes: Sequence[int]) -> Figure:
    """Milliseconds of training for each picture, by norm; a panel for each batch size."""
    words = plots.words
    norms = list(times[str(sizes[0])])
    panels = {}
    for size in sizes:
        label = words(f"batch {size}: ms a picture", f"batch {size}：每张毫秒")
        panels[label] = [times[str(size)][norm]["milliseconds"] / size for norm in norms]
    title = words("Time of a training step", "训练一步的时间")
    return plots.bar_panels([called(n) for n in norms], panels, linear=dict.fromkeys(panels), title=title)


def draw_memory(memory: Mapping[str, float]) -> Figure:
    """The peak of a process, MiB."""
    label = plots.words("peak memory (MiB), Paddle itself included", "内存峰值（MiB），包括 Paddle 本身")
    panels = {label: list(memory.values())}
    title = plots.words("Memory of training", "训练的内存")
    return plots.bar_panels([called(n) for n in memory], panels, linear={label: None}, title=title)
