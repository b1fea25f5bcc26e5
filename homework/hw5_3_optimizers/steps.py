"""Homework 5-3: how long the first steps of an optimizer are, against the gradients that they are made of."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable

import numpy as np
import paddle

import paddle_camp as camp

FIRST = 20  # steps that are measured


def measure_steps(model: paddle.nn.Layer, optimizer: paddle.optimizer.Optimizer, batches: Iterable) -> dict | None:
    """Train for the first steps; None where they lead to infinity.

    Returns:
        Means over all weights and steps: ``gradient`` and ``length``, the absolute values of a weight's gradient and
        of its change in a step; ``weight``, the absolute value of a weight before the first one.
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
    return {key: float(value) for key, value in found.items()} if np.isfinite(list(found.values())).all() else None


def explain(steps: dict[str, dict | None], best: dict[str, dict]) -> dict | None:
    """Whether best rates differ because steps per rate do; None with fewer than two optimizers that were measured.

    Args:
        steps: "Adam 0.1" -> :func:`measure_steps`.
        best: optimizer -> its row, with its best ``rate``.

    Returns:
        ``per_rate``: optimizer -> the mean step at its best rate, divided by that rate; how many times the largest of
        these is the smallest (``spread_per_rate``), and the same of the steps themselves (``spread``);
        ``explains``: whether the steps are less than half as far apart.
    """
    own = {name: (steps[f"{name} {row['rate']:g}"], row["rate"]) for name, row in best.items()}
    updates = {name: (step["length"], rate) for name, (step, rate) in own.items() if step and step["length"] > 0}
    if len(updates) < 2:
        return None
    per_rate = {name: update / rate for name, (update, rate) in updates.items()}
    lengths = [update for update, _ in updates.values()]
    spread, spread_per_rate = max(lengths) / min(lengths), max(per_rate.values()) / min(per_rate.values())
    found = {"spread": spread, "spread_per_rate": spread_per_rate, "explains": spread < spread_per_rate / 2}
    return {"per_rate": per_rate} | found
