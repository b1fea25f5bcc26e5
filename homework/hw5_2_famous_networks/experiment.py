"""作业5-2 The well-known convolutional networks, from LeNet to EfficientNet

The camp's question: 查找资料，列举常见的卷积神经网络。 (The source gives no more than that: 常见的卷积神经网络.)

A table and a picture: year, depth, parameters, multiply-adds, the new idea in one sentence, published top-5 error.
Parameters and multiply-adds are counted on live networks, ours or those of `paddle.vision.models`, at the paper's
input size (AlexNet in its one-column form of 2014); networks that neither has are listed with their paper's numbers
and marked. The facts that cannot be counted stand in the table beside this file. Depth counts the layers with
weights from input to output, as the papers do. Errors are ImageNet's validation error of a single network, in
percent, as the paper named beside it reports them; how many crops it averaged is said, since that alone is worth a
point or two. Takes about a minute on two CPU cores.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import paddle.vision.models as vision

import paddle_camp as camp

with Path(__file__).with_name("published.csv").open(encoding="utf-8", newline="") as _stream:
    NETWORKS = list(csv.DictReader(_stream))  # in the order of their years; an empty cell: not known or not given


@dataclass(frozen=True)
class Settings(camp.HyperParameters):
    """Which networks to count."""

    # Names in the table's first column; none at all means every one.
    networks: tuple[Annotated[str, camp.OneOf([row["name"] for row in NETWORKS])], ...] = ()


QUICK = replace(Settings(), networks=("LeNet-5", "AlexNet", "ResNet-50", "MobileNet V2", "EfficientNet-B0"))


def count(row: dict[str, str]) -> tuple[float, float]:
    """(Parameters, multiply-adds of one picture), in millions; multiply-adds of convolutions and linear layers."""
    if not row["model"]:
        return float(row["millions_of_parameters"]), float(row["millions_of_multiply_adds"])
    if row["model"] in camp.list_models():
        arguments = {"auxiliary": False} if row["model"] == "googlenet" else {}  # those heads serve training only
        model = camp.create_model(row["model"], **arguments)
    else:
        model = getattr(vision, row["model"])(pretrained=False)
    layers = camp.layer_rows(model, (1, int(row["channels"]), int(row["side"]), int(row["side"])))
    return camp.count_parameters(model) / 1e6, sum(layer.multiply_adds for layer in layers) / 1e6


def starred(row: dict[str, str]) -> str:
    """A network's name; those that were not counted have a star."""
    return row["name"] if row["model"] else f"{row['name']} *"


def table(chosen: list[dict[str, str]], counted: dict[str, tuple[float, float]]) -> str:
    """The table to post; see :func:`starred`."""
    headers = ["网络", "年份", "层数", "参数（百万）", "乘加（百万）", "新的想法", "top-5 错误率（%）", "裁剪", "出处"]
    lines = []
    for row in chosen:
        parameters, operations = counted[row["name"]]
        known = [row[key] or "—" for key in ("depth", "top5", "crops", "paper")]
        numbers = [known[0], f"{parameters:.2f}", f"{operations:,.1f}"]
        lines.append([starred(row), row["year"], *numbers, row["idea"], *known[1:]])
    return camp.markdown_table(headers, lines)


def run(settings: Settings, context: camp.Context) -> camp.Answer:
    chosen = [row for row in NETWORKS if not settings.networks or row["name"] in settings.networks]
    counted = {}
    for row in chosen:
        counted[row["name"]] = millions = count(row)
        context.say(f"{row['name']}: {millions[0]:.2f} million parameters, {millions[1]:.1f} million multiply-adds")
    compared = [name for name in counted if name != "LeNet-5"] or list(counted)
    by_parameters, by_operations = (sorted(compared, key=lambda name, i=i: counted[name][i]) for i in (0, 1))
    extremes = {"most": by_parameters[-1], "fewest": by_parameters[0]}
    extremes |= {"heaviest": by_operations[-1], "lightest": by_operations[0]}
    listed = any(not row["model"] for row in chosen)
    parameters, operations = zip(*counted.values(), strict=True)
    figure = camp.plots.bar_panels(
        [f"{starred(row)} ({row['year']})" for row in chosen],
        {"parameters (millions)": parameters, "multiply-adds per picture (millions)": operations},
        title="Convolutional networks by year" + (" (*: numbers of the paper)" if listed else ""),
    )
    return camp.Answer(
        title="作业5-2:常见的卷积神经网络",
        results={"millions": {name: list(value) for name, value in counted.items()}},
        values={"table": table(chosen, counted), "counted": counted, "extremes": extremes, "listed": listed},
        figures={"networks": ("各网络的参数个数与乘加次数", figure)},
    )
