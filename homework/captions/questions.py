"""The student's eight questions about VGG, each answered with numbers that are counted here."""

from __future__ import annotations

from typing import Any

import paddle_camp as camp
from homework.captions.vgg import CHANNELS, CONFIGURATIONS, FULLY_CONNECTED, SIDE, convolution, rows_of

WIDTH = 256  # channels of the layers that are compared


def receptive_field(kernels: list[int]) -> int:
    """The side of what one output of stacked convolutions of stride 1 sees."""
    return 1 + sum(kernel - 1 for kernel in kernels)


def stacked(kernels: list[int]) -> dict[str, int]:
    """What a stack of convolutions sees, and what it costs at 56 x 56 with :data:`WIDTH` channels throughout."""
    rows = [convolution("", kernel, 56, WIDTH, WIDTH) for kernel in kernels]
    found = {"field": receptive_field(kernels), "layers": len(kernels)}
    return found | {key: sum(getattr(row, key) for row in rows) for key in ("weights", "multiply_adds")}


def stages() -> list[dict[str, int]]:
    """Of each stage of D: side, channels, numbers that its map has, and the work of its last convolution."""
    found = []
    for stage, channels in enumerate(CHANNELS, start=1):
        row = [row for row in rows_of("D") if row.name.startswith(f"block{stage}_conv")][-1]
        found.append({"side": row.output[0], "channels": channels, "work": row.multiply_adds})
        found[-1]["numbers"] = channels * row.output[0] ** 2
    return found


def first_layers() -> dict[str, dict[str, int]]:
    """The first convolution with 64 filters, with a stride of 2, and with 128 filters."""
    several = {"usual": (64, 1), "strided": (64, 2), "wide": (128, 1)}
    rows = {name: convolution("", 3, SIDE, 3, filters, stride) for name, (filters, stride) in several.items()}
    return {
        name: {"side": row.output[0], "depth": row.output[2], "parameters": row.parameters, "work": row.multiply_adds}
        for name, row in rows.items()
    }


def unpadded_side(configuration: str) -> int:
    """The side of the last map where the 3x3 convolutions pad nothing."""
    side = SIDE
    for kernels in CONFIGURATIONS[configuration]:
        for kernel in kernels:
            side = camp.output_size(side, int(kernel), 0, 1)
        side = camp.output_size(side, 2, 0, 2)
    return side


def answer_all(counts: dict[str, Any]) -> dict[str, Any]:
    """The numbers of all eight answers.

    Args:
        counts: of :func:`~homework.captions.vgg.count_all`.
    """
    rows = {name: rows_of(name) for name in ("B", "C", "D", "E")}
    ones = [row for row, kernel in zip(_convolutions(rows["C"]), _kernels("C"), strict=True) if kernel == 1]
    threes = [row for row, kernel in zip(_convolutions(rows["D"]), _kernels("C"), strict=True) if kernel == 1]
    dense = [row for row in rows["D"] if row.kind == "Dense"]
    activations = {
        name: sum(row.output[0] ** 2 * row.output[2] for row in _convolutions(each)) for name, each in rows.items()
    }
    return {
        "stack": {"three": stacked([3, 3, 3]), "seven": stacked([7]), "two": stacked([3, 3]), "five": stacked([5])},
        "channels": stages(),
        "filters": first_layers(),
        "ones": {
            "count": len(ones),
            "parameters": sum(row.parameters for row in ones),
            "of_threes": sum(row.parameters for row in threes),
            "field_b": receptive_field([k for k in _kernels("B")[4:6]]),
            "field_c": receptive_field([k for k in _kernels("C")[4:7]]),
            "field_d": receptive_field([k for k in _kernels("D")[4:7]]),
        },
        "dense": {
            "all": sum(row.parameters for row in dense),
            "first": dense[0].parameters,
            "work": sum(row.multiply_adds for row in dense) / counts["D"]["multiply_adds"],
            "pooled": CHANNELS[-1] * FULLY_CONNECTED[-1] + FULLY_CONNECTED[-1],
        },
        "biases": counts["D"]["biases"],
        "padding": {"unpadded": unpadded_side("D"), "padded": SIDE // 2 ** len(CHANNELS)},
        "deeper": {
            "parameters": counts["E"]["parameters"] - counts["D"]["parameters"],
            "work": counts["E"]["multiply_adds"] / counts["D"]["multiply_adds"] - 1,
            "activations": activations["D"],
        },
    }


def _convolutions(rows: list) -> list:
    return [row for row in rows if row.kind == "Conv2D"]


def _kernels(configuration: str) -> list[int]:
    return [kernel for stage in CONFIGURATIONS[configuration] for kernel in stage if isinstance(kernel, int)]
