"""Figures of pictures with what a classifier says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paddle_camp.plots.language import columns_of, readable, words
from paddle_camp.plots.style import GRID, INK, WIDTH, WRONG, Look, new_figure


def picture_grid(
    images: np.ndarray,
    captions: Sequence[str],
    marked: Sequence[bool] | np.ndarray,
    *,
    columns: int = 5,
    title: str | None = None,
    subtitle: str | None = None,
) -> Figure:
    """Pictures with captions; the ``marked`` ones (wrong predictions) in a thick red frame.

    Args:
        images: uint8 ``[N, 3, H, W]`` BGR, or ``[N, 1, H, W]`` grey.
        captions: N short texts, their lines parted by a newline.
        marked: bool ``[N]``.
    """
    rows = max(1, -(-len(images) // columns))
    lines = max((caption.count("\n") + 1 for caption in captions), default=1)
    title = title or words("Predictions", "预测")
    ratio = images.shape[2] / images.shape[3] if len(images) else 1.0
    between = 0.15 * lines + (0.1 if ratio < 1 else 0.0)  # squares leave enough of it at their sides
    figure = new_figure(rows * (WIDTH / columns * ratio + between), title, subtitle)
    cells = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in cells[len(images) :]:
        axes.set_axis_off()
    for axes, image, caption, wrong in zip(cells, images, captions, marked, strict=False):
        _show(axes, image)
        axes.set_title(readable(caption), fontsize=8.5, color=WRONG if wrong else INK, pad=5, parse_math=False)
        axes.spines[:].set(color=WRONG if wrong else GRID, linewidth=3.5 if wrong else 0.8)
    return figure


def feature_maps(
    maps: Mapping[str, np.ndarray], *, columns: int = 12, title: str | None = None, subtitle: str | None = None
) -> Figure:
    """What layers make of one picture: a row of channels per layer, each layer on a grey scale of its own.

    Args:
        maps: name of a layer -> float ``[C, H, W]``; the first ``columns`` channels are shown.
    """
    title = title or words("Feature maps", "特征图")
    figure = new_figure(len(maps) * (WIDTH / (columns + 1) + 0.1), title, subtitle)
    cells = figure.subplots(len(maps), columns, squeeze=False)
    for row, (name, channels) in zip(cells, maps.items(), strict=True):
        for axes in row[len(channels) :]:
            axes.set_axis_off()
        for axes, channel in zip(row, channels, strict=False):
            axes.imshow(channel, cmap="gray", vmin=channels.min(), vmax=max(channels.max(), channels.min() + 1e-9))
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set(color=GRID, linewidth=0.8)
        label = {"rotation": 0, "ha": "right", "va": "center", "fontsize": 9, "color": INK, "parse_math": False}
        row[0].set_ylabel(f"{name}\n{len(channels)} x {channels.shape[1]} x {channels.shape[2]}", **label)
    return figure


def mosaic(
    pictures: np.ndarray,
    *,
    rows: Sequence[str] = (),
    columns: Sequence[str] = (),
    width: float = WIDTH,
    title: str = "",
    subtitle: str | None = None,
) -> Figure:
    """Grey pictures of one size in rows and columns.

    Args:
        pictures: ``[R, C, H, W]``, 0 (black) to 1 (white); what lies beyond is cut off.
        rows, columns: R and C names, or none.
        width: of the figure, inches.
    """
    count, across, height, wide = pictures.shape
    gap = 1 + height // 28
    sheet = np.ones((count, height + gap, across, wide + gap))
    sheet[:, :height, :, :wide] = np.clip(pictures, 0, 1).transpose(0, 2, 1, 3)
    sheet = sheet.reshape(count * (height + gap), across * (wide + gap))[:-gap, :-gap]
    names = 0.085 * max(map(columns_of, rows), default=0)  # inches
    size = (width - 0.2 - names) * sheet.shape[0] / sheet.shape[1]
    figure = new_figure(size + (0.3 if columns else 0.1), title, subtitle, width=width)
    axes = figure.add_subplot()
    axes.imshow(sheet, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    down, along = ((size - 1) / 2 + (size + gap) * np.arange(n) for size, n in ((height, count), (wide, across)))
    style: Look = {"fontsize": 9, "color": INK, "parse_math": False}
    axes.set_yticks(down[: len(rows)], rows, **style)
    axes.set_xticks(along[: len(columns)], columns, **style)
    axes.tick_params(length=0, labeltop=True, labelbottom=False)
    axes.spines[:].set_visible(False)
    return figure


def steps_figure(steps: Mapping[str, np.ndarray], *, title: str = "", subtitle: str | None = None) -> Figure:
    """What became of one picture, step by step: name of a step -> grey uint8 picture ``[H, W]`` of any size."""
    figure = new_figure(WIDTH / len(steps) + 0.35, title, subtitle)
    for axes, (name, image) in zip(figure.subplots(1, len(steps), squeeze=False)[0], steps.items(), strict=True):
        _show(axes, image[None])
        axes.set_title(name, fontsize=9.5, color=INK, parse_math=False)
        axes.set_xlabel(f"{image.shape[1]} x {image.shape[0]}", fontsize=8, color=INK)
        axes.spines[:].set(color=GRID, linewidth=0.8)
    return figure


def prediction_grid(
    images: np.ndarray,
    names: Sequence[str],
    labels: np.ndarray,
    probability: np.ndarray,
    *,
    classes: tuple[str, str] = ("0", "1"),
    count: int = 15,
    title: str | None = None,
    subtitle: str | None = None,
) -> Figure:
    """A two-class classifier's pictures: wrong predictions first (two thirds at most), then right ones.

    Args:
        images: uint8 ``[N, 3, H, W]`` BGR.
        labels: int ``[N]``.
        probability: of class 1, ``[N]``.
        classes: what the two are called.
    """
    wrong = (probability > 0.5) != (labels == 1)
    shown = np.concatenate([np.flatnonzero(wrong)[: count * 2 // 3], np.flatnonzero(~wrong)])[:count]
    true, title = words("true: ", "真实："), title or words("Predictions, the wrong ones first", "预测，判错的在前")
    captions = [f"{names[i]}\n{true}{classes[labels[i]]}\nP({classes[1]}) = {probability[i]:.2f}" for i in shown]
    if (some := wrong[shown].sum()) < (whole := wrong.sum()):
        title += words(f" ({some} of {whole} shown)", f"（共 {whole} 张，画出 {some} 张）")
    return picture_grid(images[shown], captions, wrong[shown], title=title, subtitle=subtitle)


def wrong_pictures(
    images: np.ndarray,
    labels: np.ndarray,
    probability: Mapping[str, np.ndarray],
    *,
    blocks: int = 3,
    columns: int = 10,
    title: str | None = None,
    subtitle: str | None = None,
) -> Figure:
    """Which of several two-class classifiers gets which picture wrong; those that most get wrong come first.

    Under each picture stands its true class, and below it what each classifier takes for the probability of class 1,
    on red where that is the wrong side of a half.

    Args:
        images: uint8 ``[N, C, H, W]``, BGR or grey.
        labels: int ``[N]``, 0 or 1.
        probability: name of a classifier -> probability of class 1, ``[N]``.
        blocks, columns: at most ``blocks`` rows of ``columns`` pictures; how many are left out is said.
    """
    table = np.stack([np.asarray(values) for values in probability.values()])  # classifiers x pictures
    wrong = (table > 0.5) != (np.asarray(labels) == 1)
    order = np.argsort(-wrong.sum(axis=0), kind="stable")
    order = order[wrong.sum(axis=0)[order] > 0]
    shown = order[: blocks * columns]
    title = title or words("Pictures that a network gets wrong, side by side", "各网络判错的图片")
    names = [
        words(f"{name} ({count} wrong)", f"{name}（错 {count} 张）")
        for name, count in zip(probability, wrong.sum(axis=1), strict=True)
    ]
    if len(order) > len(shown):
        title += words(f" ({len(shown)} of {len(order)})", f"（共 {len(order)} 张，画出 {len(shown)} 张）")
    used = max(1, -(-len(shown) // columns))
    picture = 0.62  # inches
    figure = new_figure(used * (picture + 0.36 + 0.22 * len(names)), title, subtitle)
    grid = figure.subplots(2 * used, columns, squeeze=False, height_ratios=[picture, 0.22 * len(names)] * used)
    for axes in grid.ravel():
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
    for place, index in enumerate(shown):
        top, below = grid[2 * (place // columns) : 2 * (place // columns) + 2, place % columns]
        _show(top, images[index])
        top.set_anchor("S")
        top.set_title(words(f"true {labels[index]}", f"真实 {labels[index]}"), fontsize=8, color=INK, pad=2)
        _column_of_predictions(below, table[:, index], wrong[:, index])
    for block in range(used):
        grid[2 * block + 1, 0].set_yticks(range(len(names)), names, fontsize=8.5, color=INK, parse_math=False)
        grid[2 * block + 1, 0].tick_params(length=0)
    return figure


def _column_of_predictions(axes: Axes, probability: np.ndarray, wrong: np.ndarray) -> None:
    axes.set(xlim=(-0.5, 0.5), ylim=(len(probability) - 0.5, -0.5))
    for row, (value, is_wrong) in enumerate(zip(probability, wrong, strict=True)):
        axes.axhspan(row - 0.45, row + 0.45, color=WRONG if is_wrong else GRID)
        axes.text(0, row, f"{value:.2f}", ha="center", va="center", fontsize=8, color="white" if is_wrong else INK)


def _show(axes: Axes, image: np.ndarray) -> None:
    axes.imshow(image[::-1].transpose(1, 2, 0) if len(image) == 3 else image[0], cmap="gray", vmin=0, vmax=255)
    axes.set(xticks=[], yticks=[])
