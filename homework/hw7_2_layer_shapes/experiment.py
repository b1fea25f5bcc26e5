"""作业7-2 Each layer's output shape and number of parameters

The camp's question: 输入数据的形状是[10, 3, 224, 224]，写出SimpleNet每一层的输出数据形状和包含的参数个数：
conv1 输出通道6、5x5、填充2，pool1 2x2、步幅2，conv2 输出通道16、5x5、填充2，pool2 2x2、步幅2，fc1 输出64，fc2 输出1。

And the reader's exercise: a picture of 200x200 through a convolution 5x5 (padding 1, stride 2), a pool 3x3 (padding 0,
stride 1) and a convolution 3x3 (padding 1, stride 1): which size comes out?

Shapes and counts are derived by formula (`derive`) and then compared, layer by layer, with a live network. With
`-o model=resnet18`, or any name of the zoo, the table is that of the live network. Takes a few seconds on a CPU.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Annotated

from annotated_types import Ge
from paddle import nn

import paddle_camp as camp
from homework.hw7_2_layer_shapes.figures import draw
from paddle_camp.models import check_model_name
from paddle_camp.networks.summary import summary_table


def check_model(name: str) -> None:
    """SimpleNet, the question's network, or any of the zoo."""
    if name != "simplenet":
        check_model_name(name)


@dataclass(frozen=True)
class Settings(camp.HyperParameters):
    """The input of the question."""

    batch_size: camp.Count = 10
    in_channels: camp.Count = 3
    image_size: Annotated[int, Ge(8), camp.Hint("two pools need at least 8 pixels")] = 224  # pixels
    model: Annotated[str, check_model] = "simplenet"  # the question's network, or any name of the zoo

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Of the input."""
        return self.batch_size, self.in_channels, self.image_size, self.image_size


QUICK = replace(Settings(), batch_size=1)

# SimpleNet: name, kind, output channels or features, kernel, padding, stride.
SIMPLENET = [
    ("conv1", "conv", 6, 5, 2, 1),
    ("pool1", "pool", None, 2, 0, 2),
    ("conv2", "conv", 16, 5, 2, 1),
    ("pool2", "pool", None, 2, 0, 2),
    ("fc1", "fc", 64, None, None, None),
    ("fc2", "fc", 1, None, None, None),
]
# The reader's exercise: kernel, padding, stride.
EXERCISE = [("conv 5×5", 5, 1, 2), ("pool 3×3", 3, 0, 1), ("conv 3×3", 3, 1, 1)]


def derive(settings: Settings) -> list[dict]:
    """SimpleNet's table by formula: shapes of weight, bias and output, layer after layer."""
    shape, rows = settings.shape, []
    for name, kind, out, kernel, padding, stride in SIMPLENET:
        weight = bias = None
        if kind == "fc":
            weight, bias = [math.prod(shape[1:]), out], [out]
            shape = [shape[0], out]
        else:
            side = camp.output_size(shape[2], kernel, padding, stride)
            if kind == "conv":
                weight, bias = [out, shape[1], kernel, kernel], [out]
            shape = [shape[0], out or shape[1], side, side]
        rows.append({"name": name, "weight": weight, "bias": bias, "output": shape})
    return rows


def build_simplenet(settings: Settings) -> nn.Sequential:
    """The same network alive, in the course's order, with a sigmoid after conv1, conv2 and fc1."""
    layers = {}
    for row, (name, kind, out, kernel, padding, stride) in zip(derive(settings), SIMPLENET, strict=True):
        if kind == "conv":
            layers[name] = nn.Conv2D(row["weight"][1], out, kernel, stride, padding)
        elif kind == "pool":
            layers[name] = nn.MaxPool2D(kernel, stride, padding)
        else:
            layers.setdefault("flatten", nn.Flatten())
            layers[name] = nn.Linear(*row["weight"])
        if name in ("conv1", "conv2", "fc1"):
            layers[f"sigmoid_{name}"] = nn.Sigmoid()
    return nn.Sequential(*layers.items())


def measure(model: nn.Layer, settings: Settings) -> list[dict]:
    """The table of a live network: its layers with parameters and its pools, in the order in which they run."""
    layers, rows = dict(model.named_sublayers()), []
    for probed in camp.layer_rows(model, settings.shape):
        weight, bias = (getattr(layers[probed.name], key, None) for key in ("weight", "bias"))
        if weight is not None or "Pool" in probed.kind:
            weight, bias = (None if array is None else list(array.shape) for array in (weight, bias))
            rows.append({"name": probed.name, "weight": weight, "bias": bias, "output": list(probed.output)})
    return rows


def product(shape: list[int] | None) -> str:
    """The numbers in an array of this shape, written out: "6×3×5×5 = 450"; of one side only, that number."""
    if not shape:
        return "无"
    count = f"{math.prod(shape):,}"
    return count if len(shape) == 1 else f"{'×'.join(f'{side:,}' for side in shape)} = {count}"


def products(row: dict) -> dict[str, str]:
    """The three counts of a row of the table, the last one of a single sample's outputs."""
    return {"w": product(row["weight"]), "b": product(row["bias"]), "out": product(row["output"][1:])}


def run(settings: Settings, context: camp.Context) -> camp.Answer:
    if settings.model == "simplenet":
        name, rows, live = "SimpleNet", derive(settings), measure(build_simplenet(settings), settings)
    else:
        name, model = settings.model, camp.create_model(settings.model, in_channels=settings.in_channels)
        context.say(summary_table(camp.layer_rows(model, settings.shape)))
        rows = live = measure(model, settings)
    sizes = [200]
    for _, *layer in EXERCISE:
        sizes.append(camp.output_size(sizes[-1], *layer))
    total = sum(math.prod(row[key]) for row in rows for key in ("weight", "bias") if row[key])
    results = {"layers": rows, "parameters": total, "same_as_live": rows == live, "exercise": sizes}
    return camp.Answer(
        title="作业7-2:网络各层的输出形状和参数个数",
        results=results,
        values={"products": [products(row) for row in rows], "exercise_layers": EXERCISE},
        figures={"layers": (f"{name} 各层输出的大小与参数个数（对数坐标）", draw(rows, name))},
    )
