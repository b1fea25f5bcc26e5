"""The figures of mnist-cnn: accuracy against the time of training, and the framed and moved digits."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from homework.mnist_cnn.verdicts import curves
from paddle_camp import plots
from paddle_camp.plots.style import draw_marks


def draw_all(cells: Mapping[str, list[dict]], timed: dict, images: np.ndarray, moved: np.ndarray) -> dict:
    """The figures to post: name -> (caption, figure).

    Args:
        cells: network -> its trainings.
        timed: what :func:`~homework.mnist_cnn.verdicts.read_at_equal_time` gives.
        images: some test digits, uint8 ``[N, 1, 28, 28]``; ``moved``: the same ones, moved.
    """
    words = plots.words
    lines = {}
    for name, row in cells.items():
        accuracy = 100 * np.mean(curves(row), axis=0)
        lines[name] = (timed["networks"][name]["seconds"] * np.arange(1, len(accuracy) + 1), accuracy)
    figure = plots.line_panels(
        {"": lines},
        words("seconds of training", "训练的秒数"),
        words("test accuracy (%)", "测试准确率（%）"),
        title=words("Test accuracy against training time", "测试准确率与训练时间"),
    )
    draw_marks(figure.axes, {words("equal time", "同样的时间"): timed["budget"]})
    return {
        "time": ("测试准确率随训练时间的变化（各种子的平均）", figure),
        "digits": ("送入网络的数字：原图、加黑边到 32×32、平移后", draw_digits(images, moved)),
    }


def draw_digits(images: np.ndarray, moved: np.ndarray) -> Figure:
    """Digits as they are, framed to 32 x 32 as the network does it, and moved."""
    words = plots.words
    framed = np.pad(images, ((0, 0), (0, 0), (2, 2), (2, 2)))
    bordered = [np.pad(each, ((0, 0), (0, 0), (2, 2), (2, 2)), constant_values=128) for each in (images, moved)]
    rows = {words("as it is, 28 x 28", "原图，28×28"): bordered[0], words("framed, 32 x 32", "加黑边，32×32"): framed}
    rows[words("moved, 28 x 28", "平移，28×28")] = bordered[1]
    captions = [name if index == 0 else "" for name, row in rows.items() for index in range(len(row))]
    return plots.picture_grid(
        np.concatenate(list(rows.values())),
        captions,
        [False] * len(captions),
        columns=len(images),
        title=words("What the networks see (grey: outside of the picture)", "网络看到的图片（灰色：图片之外）"),
    )
