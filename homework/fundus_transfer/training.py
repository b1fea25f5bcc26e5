"""The three ways: a head on frozen features, the whole network trained further, and the same from random weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import paddle
from paddle import nn

import paddle_camp as camp
from paddle_camp.pretrained.heads import create_tunable

FROZEN, TUNED, SCRATCH = "frozen", "fine-tuned", "scratch"


def build(way: str, head: tuple, weights: camp.PretrainedWeights) -> nn.Layer:
    """The network to train: with pretrained weights, frozen batch norms and a head that knows already; or random."""
    if way == SCRATCH:
        return camp.create_model(weights.model, **weights.arguments | {"num_classes": 2})
    return create_tunable(weights, head)


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
