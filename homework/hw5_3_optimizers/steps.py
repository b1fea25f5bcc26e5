"""Homework 5-3: how long the first steps of an optimizer are, against the gradients that they are made of."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable

import numpy as np
import paddle

import paddle_camp as camp

FIRST = 20  # steps that are measured


def measure_steps(model: paddle.nn.Layer, optimizer: paddle.optimizer.Optimizer, batches: Iterable) -> dict | None:
    """Train for the first FIRST steps, fewer where there are fewer batches; None where they lead to infinity.

    Returns:
        ``steps``: how many they are. Means over all weights and steps: ``gradient`` and ``length``, the absolute
        values of a weight's gradient and of its change in a step; ``weight``, that of a weight before the first one.
    """
    weights = [p for p in model.parameters() if not p.stop_gradient]
    flat: Callable[[], np.ndarray] = lambda: np.concatenate([p.numpy().ravel() for p in weights])  # noqa: E731
    before = start = flat()
    gradients, updates = [], []
    for images, labels in itertools.islice(batches, FIRST):
        camp.classification_loss(model(paddle.to_tensor(images)), paddle.to_tensor(labels)).backward()
        gradients.append(sum(float(p.grad.abs().sum()) for p in weights) / before.size)
        optimizer.step()
        optimizer.clear_grad()
        after = flat()
        updates.append(np.abs(after - before).mean())
        before = after
    found = {"gradient": np.mean(gradients), "length": np.mean(updates), "weight": np.abs(start).mean()}
    if not np.isfinite(list(found.values())).all():
        return None
    return {"steps": len(updates)} | {key: float(value) for key, value in found.items()}


def explain(steps: dict[str, dict | None], best: dict[str, dict]) -> dict | None:
    """Whether best rates differ because steps per rate do; None where they do not differ.

    Only optimizers that learned and were measured count: what learned nothing has no best rate.

    Args:
        steps: "Adam 0.1" -> :func:`measure_steps`.
        best: optimizer -> its row, with its best ``rate`` and whether it ``learned``.

    Returns:
        ``per_rate``: optimizer -> the mean step at its best rate, divided by that rate; how many times the largest of
        these is the smallest (``spread_per_rate``), and the same of the steps themselves (``spread``);
        ``explains``: whether the steps are less than half as far apart.
    """
    own = {name: (steps[f"{name} {row['rate']:g}"], row["rate"]) for name, row in best.items() if row["learned"]}
    updates = {name: (step["length"], rate) for name, (step, rate) in own.items() if step and step["length"] > 0}
    if len({rate for _, rate in updates.values()}) < 2:
        return None
    per_rate = {name: update / rate for name, (update, rate) in updates.items()}
    lengths = [update for update, _ in updates.values()]
    spread, spread_per_rate = max(lengths) / min(lengths), max(per_rate.values()) / min(per_rate.values())
    found = {"spread": spread, "spread_per_rate": spread_per_rate, "explains": spread < spread_per_rate / 2}
    return {"per_rate": per_rate} | found


def compare_lengths(steps: dict[str, dict | None], best: dict[str, dict]) -> dict[str, str]:
    """Which first steps are "longer" or "shorter" than those at the optimizer's best rate, where both were measured.

    Args and keys of the result: as of :func:`explain`; a row of ``best`` holds the ``states`` of its rates.
    """
    found = {}
    for name, row in best.items():
        own = steps[f"{name} {row['rate']:g}"]
        for rate in row["states"]:
            step = steps[f"{name} {rate}"]
            if step and own and step["length"] != own["length"]:
                found[f"{name} {rate}"] = "longer" if step["length"] > own["length"] else "shorter"
    return found
