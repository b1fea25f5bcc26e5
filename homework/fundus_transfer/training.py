"""The three ways: a head on frozen features, the whole network trained further, and the same from random weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import paddle
from paddle import nn

import paddle_camp as camp
from paddle_camp.networks.freezing import BATCH_NORMS
from paddle_camp.pretrained.heads import as_layer, fit_logistic, set_head

FROZEN, TUNED, SCRATCH = "frozen", "fine-tuned", "scratch"


def fit_head(features: np.ndarray, labels: np.ndarray, settings: Any, seed: int) -> tuple[Any, tuple]:
    """Logistic regression on features ``[N, D]``: the search for C, and its weight and bias as a last layer."""
    search = fit_logistic(features, labels, settings.costs, settings.folds, seed)
    return search, as_layer(search.best_estimator_)


def measure(head: tuple, features: np.ndarray, labels: np.ndarray) -> dict:
    """How a last layer does on features; JSON values."""
    layer = set_head(nn.Linear(*head[0].shape), *head)
    return camp.evaluate(layer, (features, labels)).as_dict()


def build(way: str, head: tuple, weights: camp.PretrainedWeights) -> nn.Layer:
    """The network to train: with pretrained weights, frozen batch norms and a head that knows already; or random."""
    if way == SCRATCH:
        return camp.create_model(weights.model, **weights.arguments | {"num_classes": 2})
    model = set_head(weights.create(num_classes=2), *head)
    for layer in model.sublayers():
        if isinstance(layer, BATCH_NORMS):  # batches of a few pictures would spoil what a million have given
            camp.freeze(layer)
    return model


def train_cell(
    way: str, rate: float, seed: int, head: tuple, weights: Any, sets: dict, folder: Path, settings: Any, amp: bool
) -> dict:
    """Train one network and measure it on held-out and validation pictures; JSON values. Its weights are kept."""
    paddle.seed(seed)
    model = build(way, head, weights)
    train = replace(sets["train"], shuffle_seed=seed)
    schedule = camp.schedules.warmup_cosine(rate, max(2, settings.num_epochs * len(train)))
    parameters = [each for each in model.parameters() if not each.stop_gradient]
    optimizer = paddle.optimizer.AdamW(schedule, parameters=parameters, weight_decay=settings.weight_decay)
    keep = camp.CheckpointPolicy(folder / f"{way}-{rate:g}-{seed}")
    options = settings.fit_options | {"seed": seed, "amp": amp, "keep": keep, "name": f"{way}, {rate:g}, seed {seed}"}
    history = camp.fit(model, optimizer, train, evaluations={"holdout": sets["holdout"]}, **options)
    found = camp.evaluate(model, sets["validation"], amp=amp).as_dict()
    held = camp.evaluate(model, sets["holdout"], amp=amp)
    return found | {"holdout_loss": held.loss, "holdout_accuracy": held.accuracy, "history": history.as_dict()}
