"""作业7-2 Each layer's output shape and number of parameters

The camp's question: 输入数据的形状是[10, 3, 224, 224]，写出SimpleNet每一层的输出数据形状和包含的参数个数：
conv1 输出通道6、5x5、填充2，pool1 2x2、步幅2，conv2 输出通道16、5x5、填充2，pool2 2x2、步幅2，fc1 输出64，fc2 输出1。

And the reader's exercise: a picture of 200x200 through a convolution 5x5 (padding 1, stride 2), a pool 3x3 (padding 0,
stride 1) and a convolution 3x3 (padding 1, stride 1): which size comes out?

Shapes and counts are derived by formula (`derive`) and then compared, layer by layer, with a live network. With
`-o model=resnet18`, or any name of the zoo, the table is that of the live network. Takes a few seconds on a CPU.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace

from paddle import nn

from homework.hw7_2_layer_shapes.figures import draw
from paddle_camp.answers.answer import Answer
from paddle_camp.answers.page import markdown_table
from paddle_camp.answers.template import render
from paddle_camp.errors import require
from paddle_camp.models import check_model_name, create_model
from paddle_camp.networks.summary import layer_rows, output_size, summary_table
from paddle_camp.running.context import Context


@dataclass(frozen=True)
class Settings:
    """The input of the question."""

    batch_size: int = 10
    in_channels: int = 3
    image_size: int = 224  # pixels
    model: str = "simplenet"  # the question's network, or any name of the zoo

    def __post_init__(self):
        require(self.batch_size > 0 and self.in_channels > 0, "batch_size and in_channels must be positive")
        require(self.image_size >= 8, f"image_size={self.image_size}: two pools need at least 8 pixels")
        if self.model != "simplenet":
            check_model_name(self.model)


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


def product(shape) -> int:
    """The number of entries of an array of this shape."""
    count = 1
    for size in shape:
        count *= size
    return count


def derive(settings: Settings) -> list[dict]:
    """SimpleNet's table by formula: shapes of weight, bias and output, layer after layer."""
    shape, rows = (settings.batch_size, settings.in_channels, settings.image_size, settings.image_size), []
    for name, kind, out, kernel, padding, stride in SIMPLENET:
        weight = bias = None
        if kind == "fc":
            weight, bias = (product(shape[1:]), out), (out,)
            shape = (shape[0], out)
        else:
            side = output_size(shape[2], kernel, padding, stride)
            if kind == "conv":
                weight, bias = (out, shape[1], kernel, kernel), (out,)
            shape = (shape[0], out or shape[1], side, side)
        rows.append({"name": name, "weight": weight, "bias": bias, "output": shape})
    return rows


def build_simplenet(settings: Settings) -> nn.Sequential:
    """The same network alive, in the course's order, with a sigmoid after conv1, conv2 and fc1."""
    layers, channels, features = OrderedDict(), settings.in_channels, None
    for row, (name, kind, out, kernel, padding, stride) in zip(derive(settings), SIMPLENET, strict=True):
        if kind == "conv":
            layers[name] = nn.Conv2D(channels, out, kernel, stride, padding)
            channels = out
        elif kind == "pool":
            layers[name] = nn.MaxPool2D(kernel, stride, padding)
        else:
            if features is None:
                layers["flatten"] = nn.Flatten()
            features = row["weight"][0]
            layers[name] = nn.Linear(features, out)
        if name in ("conv1", "conv2", "fc1"):
            layers[f"sigmoid_{name}"] = nn.Sigmoid()
    return nn.Sequential(*layers.items())


def measure(model: nn.Layer, settings: Settings) -> list[dict]:
    """The table of a live network: its layers with parameters and its pools, in the order in which they run."""
    layers = dict(model.named_sublayers())
    shape = (settings.batch_size, settings.in_channels, settings.image_size, settings.image_size)
    rows = []
    for probed in layer_rows(model, shape):
        layer = layers[probed.name]
        weight, bias = (getattr(layer, key, None) for key in ("weight", "bias"))
        if weight is None and "Pool" not in probed.kind:
            continue
        shapes = {key: None if v is None else tuple(v.shape) for key, v in (("weight", weight), ("bias", bias))}
        rows.append({"name": probed.name} | shapes | {"output": probed.output})
    return rows


def table(rows: list[dict]) -> str:
    """The table in the camp's form."""
    headers = ["名称", "w形状", "w参数个数", "b形状", "b参数个数", "输出形状"]
    lines = []
    for row in rows:
        parts = [row["name"]]
        for key in ("weight", "bias"):
            parts += [list(row[key]), product(row[key])] if row[key] else ["无", "无"]
        lines.append([*parts, list(row["output"])])
    return markdown_table(headers, lines)


def run(settings: Settings, context: Context) -> Answer:
    """Answer the question; see the module's docstring."""
    if settings.model == "simplenet":
        rows, live = derive(settings), measure(build_simplenet(settings), settings)
    else:
        model = create_model(settings.model, in_channels=settings.in_channels)
        shape = (settings.batch_size, settings.in_channels, settings.image_size, settings.image_size)
        context.say(summary_table(layer_rows(model, shape)))
        rows = live = measure(model, settings)
    sizes = [200]
    for _, *layer in EXERCISE:
        sizes.append(output_size(sizes[-1], *layer))
    total = sum(product(row[key]) for row in rows for key in ("weight", "bias") if row[key])
    results = {"layers": [{k: v if v is None or k == "name" else list(v) for k, v in row.items()} for row in rows]}
    results |= {"parameters": total, "same_as_live": rows == live, "exercise": sizes}
    values = {"settings": settings, "table": table(rows), "exercise_layers": EXERCISE} | results
    name = "SimpleNet" if settings.model == "simplenet" else settings.model
    return Answer(
        title="作业7-2:网络各层的输出形状和参数个数",
        text=render(__file__, values),
        results=results,
        figures={"layers": (f"{name} 各层输出的大小与参数个数（对数坐标）", draw(rows, name))},
    )
