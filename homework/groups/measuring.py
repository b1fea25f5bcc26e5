"""The variants of groups: what they cost in numbers and in seconds, and which channels meet in them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import paddle
import paddle.nn.functional as F
from paddle import Tensor, nn

import paddle_camp as camp
from paddle_camp.networks.modes import evaluating
from paddle_camp.speed.timing import time_in_turns
from paddle_camp.training.steps import evaluation_step, training_step

STEP = 4  # channels by which a separable net grows
REACH_WIDTH = 8  # channels of the stem whose reach is drawn


def split_by_hand(x: Tensor, weight: Tensor, groups: int) -> Tensor:
    """A grouped 3x3 convolution as what it is: one convolution for each part of the channels, side by side."""
    parts = zip(x.split(groups, axis=1), weight.split(groups, axis=0), strict=True)
    return paddle.concat([F.conv2d(part, kernels, padding=1) for part, kernels in parts], axis=1)


def check_split(groups: Sequence[int], width: int, seed: int) -> float:
    """The largest difference between :func:`split_by_hand` and Paddle's grouped convolution, on normal numbers."""
    paddle.seed(seed)
    x, gaps = paddle.randn([2, width, 9, 9]), []
    for number in groups:
        weight = paddle.randn([2 * width, width // number, 3, 3])
        gap = split_by_hand(x, weight, number) - F.conv2d(x, weight, padding=1, groups=number)
        gaps.append(float(gap.abs().max()))
    return max(gaps)


def size_of(pictures: camp.ImageSet) -> list[int]:
    """Channels, height and width."""
    return list(pictures.images.shape[1:])


def costs_of(arguments: dict, pictures: camp.ImageSet) -> dict[str, int]:
    """Parameters, and multiply-adds of one picture's forward pass."""
    model = camp.create_for("small_conv_net", pictures, **arguments)
    rows = camp.layer_rows(model, (1, *size_of(pictures)))
    return {"parameters": camp.count_parameters(model), "multiply_adds": sum(row.multiply_adds for row in rows)}


def widened(arguments: dict, pictures: camp.ImageSet, budget: int, width: int, step: int) -> dict:
    """``arguments`` with the width, a multiple of ``step`` away, whose multiply-adds come nearest to ``budget``."""
    counts = {}
    for wider in itertools.count(width, step):
        counts[wider] = costs_of(arguments | {"width": wider}, pictures)["multiply_adds"]
        if counts[wider] >= budget:
            break
    return arguments | {"width": min(counts, key=lambda each: abs(counts[each] - budget))}


def plan(groups: Sequence[int], width: int, pictures: camp.ImageSet) -> dict[str, dict]:
    """Every variant: its name -> ``arguments`` of the net, ``kind``, ``groups``, ``parameters``, ``multiply_adds``.

    Kinds are "plain" and "shuffled" at equal width, "wide" and "wide shuffled" at the cost of one group, and
    "depthwise", "separable", "separable wide", whose ``groups`` are None.
    """
    found: dict[str, dict] = {"1": {"kind": "plain", "groups": 1, "arguments": {"width": width}}}
    budget = costs_of(found["1"]["arguments"], pictures)["multiply_adds"]
    for kind in ("plain", "shuffled", "wide", "wide shuffled"):
        for number in sorted(groups):
            arguments: dict[str, Any] = {"width": width, "groups": number, "shuffle": "shuffled" in kind}
            if kind.startswith("wide"):
                arguments = widened(arguments, pictures, budget, width, number)
            name = f"{number} {kind}".removesuffix(" plain")
            found[name] = {"kind": kind, "groups": number, "arguments": arguments}
    separable: dict[str, Any] = {"width": width, "groups": "depthwise", "pointwise": True}
    more = {"depthwise": separable | {"pointwise": False}, "separable": separable}
    more["separable wide"] = widened(separable, pictures, budget, width, STEP)
    found |= {name: {"kind": name, "groups": None, "arguments": arguments} for name, arguments in more.items()}
    return {name: row | costs_of(row["arguments"], pictures) for name, row in found.items()}


def time_all(plans: dict[str, dict], train: camp.Batches, rounds: int) -> dict[str, dict[str, list[float]]]:
    """Seconds of a training step and of an evaluation of one batch, all variants in turns.

    Returns:
        "train", "evaluate" and, of the variants at equal width that are not shuffled, the same by Paddle's operators,
        "train by Paddle" and "evaluate by Paddle": name -> ``rounds`` durations.
    """
    batch = camp.ArrayBatches(*next(train.epoch()), train.batch_size)
    step, measure, by_paddle = {}, {}, {}
    for name, row in plans.items():
        model = camp.create_for("small_conv_net", train.data, **row["arguments"])
        step[name], measure[name] = training_step(model, batch), evaluation_step(model, batch)
        if row["kind"] in ("plain", "depthwise", "separable"):
            by_paddle[name] = name
    found = {"train": time_in_turns(step, rounds), "evaluate": time_in_turns(measure, rounds)}
    for what, functions in (("train", step), ("evaluate", measure)):
        with camp.paddle_operators():
            found[f"{what} by Paddle"] = time_in_turns({name: functions[name] for name in by_paddle}, rounds)
    return found


def reach(**arguments: Any) -> np.ndarray:
    """Which channels behind the last convolution (rows) see which of the stem's (columns), bool ``[32, 8]``.

    All weights are 1, so that nothing that is reached stays 0.
    """
    model = camp.create_model("small_conv_net", num_classes=2, width=REACH_WIDTH, **arguments)
    behind_the_stem = nn.Sequential(*list(model.features)[3:])
    for layer in behind_the_stem.sublayers():
        if isinstance(layer, nn.Conv2D):
            layer.weight.set_value(paddle.ones_like(layer.weight))
    one_each = paddle.eye(REACH_WIDTH).reshape([REACH_WIDTH, REACH_WIDTH, 1, 1]).expand([-1, -1, 8, 8])
    with evaluating(behind_the_stem):
        return behind_the_stem(one_each).numpy().max(axis=(2, 3)).T > 0
