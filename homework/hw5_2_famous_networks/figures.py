"""The figure of homework 5-2: parameters and multiply-adds of the networks."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

import paddle_camp as camp


def draw(networks: Sequence[dict[str, str]], millions: dict[str, list[float]]) -> Figure:
    """Bars of both counts, in the order of the years.

    Args:
        networks: rows with ``name`` and ``year``.
        millions: name -> [parameters, multiply-adds], in the order of ``networks``.
    """
    words = camp.plots.words
    parameters, operations = zip(*millions.values(), strict=True)
    return camp.plots.bar_panels(
        [words(f"{row['name']} ({row['year']})", f"{row['name']}（{row['year']}）") for row in networks],
        {
            words("parameters (millions)", "参数（百万）"): parameters,
            words("multiply-adds per picture (millions)", "每张图片的乘加次数（百万）"): operations,
        },
        title=words("Convolutional networks by year", "按年份排列的卷积神经网络"),
    )
