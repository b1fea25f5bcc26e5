"""The receptive field of stacked convolutions: by the formula, and as the inputs that have a gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import paddle
import paddle.nn.functional as F

Layer = tuple[int, int, int]  # kernel, stride, dilation
MOST = 0.95  # of the gradient; the side of the square in the middle that holds it is the effective field
OTHERS: dict[str, tuple[Layer, ...]] = {
    "one 5x5": ((5, 1, 1),),
    "one 7x7": ((7, 1, 1),),
    "stride 2 first": ((3, 2, 1), (3, 1, 1), (3, 1, 1)),
    "dilation 1, 2, 4": ((3, 1, 1), (3, 1, 2), (3, 1, 4)),
}


def field_of(layers: Sequence[Layer]) -> int:
    """1 + sum of (kernel - 1) dilation times the strides of all layers before it."""
    field, distance = 1, 1
    for kernel, stride, dilation in layers:
        field += (kernel - 1) * dilation * distance
        distance *= stride
    return field


def slope_of(layers: Sequence[Layer]) -> np.ndarray:
    """The gradient of one output by the inputs it can see, and a margin of two pixels that it should not see.

    All weights are 1 / kernel^2, so that no two ways through the layers cancel.
    """
    side = field_of(layers) + 4
    x = paddle.zeros([1, 1, side, side], "float64")
    x.stop_gradient = False
    y = x[:, :, 2:, 2:]
    for kernel, stride, dilation in layers:
        weight = paddle.full([1, 1, kernel, kernel], 1 / kernel**2, "float64")
        y = F.conv2d(y, weight, stride=stride, dilation=dilation)
    return paddle.grad(y[0, 0, 0, 0], x)[0].numpy()[0, 0]


def without_border(square: np.ndarray, width: int) -> np.ndarray:
    """The middle of a square array, ``width`` pixels narrower on each side."""
    return square[width : len(square) - width, width : len(square) - width]


def describe(layers: Sequence[Layer]) -> tuple[dict[str, Any], np.ndarray]:
    """(``formula`` and ``measured`` side, ``effective`` side, ``weights`` per pair of channels), the gradient."""
    slope = slope_of(layers)
    rows, columns = np.flatnonzero(slope.any(axis=1)), np.flatnonzero(slope.any(axis=0))
    sides = {int(places[-1] - places[0] + 1) for places in (rows, columns)}
    seen = slope[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    cuts = range(len(seen) // 2 + 1)
    cut = max(k for k in cuts if k == 0 or without_border(seen, k).sum() > MOST * seen.sum())
    row = {"layers": len(layers), "formula": field_of(layers), "measured": max(sides)}
    row |= {"effective": len(seen) - 2 * cut, "weights": sum(kernel**2 for kernel, _, _ in layers)}
    return row, slope


def measure_stacks(most: int) -> tuple[dict[str, Any], dict[int, np.ndarray]]:
    """Stacks of 1 to ``most`` 3x3 convolutions and :data:`OTHERS`: their rows by name, and the stacks' gradients."""
    plain = {count: describe(((3, 1, 1),) * count) for count in range(1, most + 1)}
    others = {name: describe(layers)[0] for name, layers in OTHERS.items()}
    rows = {f"{count} x 3x3": row for count, (row, _) in plain.items()} | others
    agree = all(row["formula"] == row["measured"] for row in rows.values())
    deepest = plain[most][0]
    narrow = deepest["effective"] < deepest["formula"]
    return {"rows": rows, "agree": agree, "most": MOST, "narrow": narrow}, {
        count: slope for count, (_, slope) in plain.items()
    }
