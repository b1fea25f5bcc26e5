"""作业5-2 The well-known convolutional networks, from LeNet to EfficientNet

The camp's question: 查找资料，列举常见的卷积神经网络。 (The source gives no more than that: 常见的卷积神经网络.)

A table and a picture: year, depth, parameters, multiply-adds, the new idea in one sentence, published top-5 error; then
a paragraph for each family. Parameters and multiply-adds are counted for the network of the paper, at its input size:
from layer tables (`layer_tables.py`) where the zoo has none or another form, such as a ResNet with its stride in the
3x3; on live networks, ours or those of `paddle.vision.models`, elsewhere. Where a live network is another form, it
stands in a table of its own, and the layer table of that form must count the same. The facts that cannot be counted
stand in `published.csv`. Errors are ImageNet's validation error of a single network, in percent; how many crops it
averaged is said, since that alone is worth a point or two. Takes about a minute on two CPU cores.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import paddle.vision.models as vision

import paddle_camp as camp
from homework.hw5_2_famous_networks.comparing import deviations, extremes, reduction, same, table
from homework.hw5_2_famous_networks.figures import draw
from homework.hw5_2_famous_networks.layer_tables import BUILT, EFFICIENTNET, TABLES, efficientnet
from homework.hw5_2_famous_networks.layers import totals

with Path(__file__).with_name("published.csv").open(encoding="utf-8", newline="") as _stream:
    NETWORKS = list(csv.DictReader(_stream))  # in the order of their years; an empty cell: not known or not given


@dataclass(frozen=True)
class Settings(camp.HyperParameters):
    """Which networks to count."""

    # Names in the table's first column; none at all means every one.
    networks: tuple[Annotated[str, camp.OneOf([row["name"] for row in NETWORKS])], ...] = ()


QUICK = replace(Settings(), networks=("LeNet-5", "AlexNet", "ResNet-50", "MobileNet V2", "EfficientNet-B0"))


def count_built(row: dict[str, str]) -> dict[str, float]:
    """What :func:`totals` says, of the live network."""
    if row["model"] in camp.list_models():
        arguments = {"auxiliary": False} if row["model"] == "googlenet" else {}  # those heads serve training only
        model = camp.create_model(row["model"], **arguments)
    else:
        model = getattr(vision, row["model"])(pretrained=False)
    return totals(camp.layer_rows(model, (1, int(row["channels"]), int(row["side"]), int(row["side"]))))


def compare_forms(row: dict[str, str]) -> dict:
    """The live network in another form than the paper's, and whether the layer table of that form counts the same."""
    built, tabled = count_built(row), totals(BUILT[row["model"]]())
    return {"name": row["name"], "variant": row["variant"], "built": built, "same": same(built, tabled)}


def run(settings: Settings, context: camp.Context) -> camp.Answer:
    chosen = [row for row in NETWORKS if not settings.networks or row["name"] in settings.networks]
    counted = {}
    for row in chosen:
        sums = totals(TABLES[row["table"]]()) if row["table"] else count_built(row)
        counted[row["name"]] = sums
        context.say(f"{row['name']}: {sums['parameters']:.2f} M parameters, {sums['multiply_adds']:.1f} M mult-adds")
    millions = {name: [sums["parameters"], sums["multiply_adds"]] for name, sums in counted.items()}
    values = {
        "table": table(chosen, counted),
        "counted": counted,
        "families": [row["family"] for row in chosen],
        "sides": {row["name"]: int(row["side"]) for row in chosen},
        "deviations": deviations(chosen, counted),
        "forms": [compare_forms(row) for row in chosen if row["table"] and row["model"]],
        "extremes": extremes(counted),
        "b7_at_224": totals(efficientnet(EFFICIENTNET, width=2.0, depth=3.1, side=224)),
        "reduction": reduction("3a", 28),
    }
    return camp.Answer(
        title="作业5-2:常见的卷积神经网络",
        results={"millions": millions},
        values=values,
        figures={"networks": ("各网络的参数个数与乘加次数", draw(chosen, millions))},
    )
