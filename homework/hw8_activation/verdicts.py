"""Homework 8: what a variant comes to over its seeds, and what its outputs and the probe show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

import paddle_camp as camp
from paddle_camp.comparisons import BETTER, ENOUGH, compare_with_value, verdict_of
from paddle_camp.metrics import probabilities

MARGIN = 0.05  # that a loss must lie below chance to count as learned, or above it as worse than guessing
MUCH = 3.0  # times; gradients that differ by less are not called different
SIDE = 0.05  # of the outputs at most on one side of 0.5: they "lie on the other"


def sides_of(outputs: np.ndarray) -> dict[str, float]:
    """The share of probabilities of class 1 above 0.5, the lowest and the highest; ``outputs [N, 1]`` are logits."""
    sick = probabilities(outputs)[:, 1]
    return {"above": float((sick > 0.5).mean()), "lowest": float(sick.min()), "highest": float(sick.max())}


def summarise(cells: list[dict], chance: float) -> dict:
    """A variant's numbers over its seeds. It has learned where the last epoch's training loss is clearly below chance.

    Chance is the loss of always predicting the share of each class; "clearly" is by MARGIN. ``worse`` counts those
    that end as clearly above it; ``ordered_only`` says that all outputs lie on one side of 0.5 while their order is
    right: an accuracy at chance with an AUC above it.
    """
    done = camp.finished(cells)
    summary: dict = {"seeds": len(cells), "diverged": len(cells) - len(done)}
    for key in ("train_loss", "loss", "accuracy", "auc", "above", "lowest", "highest"):
        values = [cell[key] for cell in done]
        summary[key] = {"mean": float(np.mean(values)), "all": values} if values else None
    summary["learned"] = sum(cell["train_loss"] < chance - MARGIN for cell in done)
    summary["worse"] = sum(cell["train_loss"] > chance + MARGIN for cell in done)
    one_side = all(min(cell["above"], 1 - cell["above"]) <= SIDE for cell in done)
    return summary | {"ordered_only": bool(done) and one_side and is_ordered(done)}


def is_ordered(cells: list[dict]) -> bool:
    """Whether the AUC is above the 0.5 of a random order: over the seeds, or for each of fewer than ENOUGH of them."""
    if len(cells) >= ENOUGH:
        return compare_with_value([cell["auc"] for cell in cells], 0.5)["verdict"] == BETTER
    return all(verdict_of(cell["auc_interval"], 0.5) == BETTER for cell in cells)


def probes_of(histories: Mapping[str, camp.History], variants: Iterable[str], seed: int) -> dict[str, dict[str, list]]:
    """Variant -> column -> the probe's values before training and after each epoch, of the first seed."""
    found = {}
    for name in variants:
        rows = histories[f"{name}-{seed}"].split("probe") if f"{name}-{seed}" in histories else []
        found[name] = {key: [row[key] for row in rows] for key in (rows[0] if rows else ()) if "_" in key}
    return found


def judge_probes(probes: Mapping[str, Mapping[str, list]]) -> dict | None:
    """What the probe shows of the plain Sigmoid and ReLU before training; None where one of the two diverged.

    Returns:
        ``ratio``: how many times the Sigmoid's gradient of conv1 the ReLU's is; ``vanishes``: whether that is much,
        and the Sigmoid's grows from each convolution to the next; ``uneven``: variant -> how many times its gradient
        of conv1 that of fc2 is; ``no_one_rate``: whether this is much more for the Sigmoid, so that no one rate suits
        its layers as it suits the ReLU's; ``flat``: the share of its flattest layer behind the training, and
        ``saturates``, whether that is more than a tenth; ``unit_saturates``: whether more than half of the stretched
        Sigmoid's fc1 is flat.
    """
    sigmoid, relu = probes["sigmoid"], probes["relu"]
    first = [
        [each.get(f"gradient_{k}", [None])[0] for k in ("conv1", "conv2", "conv3", "fc2")] for each in (sigmoid, relu)
    ]
    if not all(value for row in first for value in row):
        return None
    (conv1, conv2, conv3, fc2), (relu_conv1, _, _, relu_fc2) = first
    uneven = {"sigmoid": fc2 / conv1, "relu": relu_fc2 / relu_conv1}
    flat = max(sigmoid[f"flat_{layer}"][-1] for layer in ("conv1", "conv2", "conv3", "fc1"))
    unit = probes.get("unit_sigmoid") or {}
    return {
        "ratio": relu_conv1 / conv1,
        "vanishes": relu_conv1 > MUCH * conv1 and conv1 < conv2 < conv3,
        "uneven": uneven,
        "no_one_rate": uneven["sigmoid"] > MUCH * uneven["relu"],
        "flat": flat,
        "saturates": flat > 0.1,
        "unit_saturates": bool(unit) and unit["flat_fc1"][-1] > 0.5,
    }
