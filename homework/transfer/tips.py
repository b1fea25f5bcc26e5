"""The source's tips for generalisation, each switched on in the same training from random weights."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import paddle
from paddle import nn

import paddle_camp as camp
from homework.transfer.layers import initialise, layers_of, set_dropout
from homework.transfer.training import drawn
from paddle_camp.comparisons import ENOUGH, compare_paired, holm
from paddle_camp.data.pictures.augment import Compose, RandomHorizontalFlip, RandomRotation, Resize
from paddle_camp.noise import compare_over_seeds
from paddle_camp.sweeps.grid import Grid

TIPS = ("flips", "rotation", "dropout", "decay", "stopping")
NONE, ALL = "none", "all"


def tips_for(model: nn.Layer) -> tuple[str, ...]:
    """The tips that this network can follow: one without a dropout layer has none to switch on."""
    return tuple(tip for tip in TIPS if tip != "dropout" or layers_of(model, nn.Dropout))


def shrunk(pictures: camp.ImageSet, size: int) -> camp.ImageSet:
    """The same pictures with ``size`` x ``size`` pixels."""
    return replace(pictures, images=Resize(size)(pictures.images))


def changes(on: Collection[str], settings: Any) -> Compose | None:
    """The random changes to pictures among the tips that are on."""
    flips = [RandomHorizontalFlip()] if "flips" in on else []
    turns = [RandomRotation(settings.tip_degrees, "reflect")] if "rotation" in on else []
    return Compose(flips + turns) if flips or turns else None


def train_tip(
    tip: str,
    seed: int,
    *,
    tips: tuple[str, ...],
    weights: camp.PretrainedWeights,
    parts: Mapping[str, camp.ImageSet],
    folder: Path,
    settings: Any,
    amp: bool,
) -> dict:
    """Train with one tip, with none or with all of them; measured on the pictures that were not drawn; JSON values."""
    on = tips if tip == ALL else (tip,)
    paddle.seed(seed)
    model = initialise(camp.create_model(weights.model, **weights.arguments | {"num_classes": 2}))
    set_dropout(model, settings.tip_dropout if "dropout" in on else 0.0)
    rows = drawn(parts["train"], settings.tip_pictures, seed)
    mine, others = (parts["train"].take(np.flatnonzero(each)) for each in (rows, ~rows))
    train = camp.Batches(mine, settings.batch_size, seed, changes(on, settings))
    decay = settings.tip_decay if "decay" in on else 0.0
    optimizer = paddle.optimizer.AdamW(settings.tip_rate, parameters=model.parameters(), weight_decay=decay)
    keep = camp.CheckpointPolicy(folder / f"tip-{tip}-{seed}", best_on="holdout")
    stop = {"patience": settings.tip_patience} if "stopping" in on else {"patience": None}
    options = settings.fit_options | stop | {"num_epochs": settings.tip_epochs, "seed": seed, "amp": amp}
    options |= {"keep": keep, "name": f"{tip}, seed {seed}"}
    held = {"holdout": camp.Batches(parts["holdout"], 100)}
    history = camp.fit(model, optimizer, train, evaluations=held, **options)
    if "stopping" in on:
        camp.load_weights(model, keep.folder / "best.pdparams")
    found = {name: camp.evaluate(model, camp.Batches(part, 100)) for name, part in (("own", mine), ("new", others))}
    numbers = {"accuracy": found["new"].accuracy, "loss": found["new"].loss, "own": found["own"].accuracy}
    losses = history.after_epochs("holdout", "loss")
    seconds = sum(row["seconds"] for row in history.split("train"))
    return numbers | {"epochs": len(losses), "curve": losses, "count": len(others), "seconds": seconds}


def judge_tips(grid: Grid) -> dict[str, Any]:
    """Each tip over its seeds, and beside none: accuracy, and, from ENOUGH seeds on, the loss.

    Returns:
        ``count``: pictures that each is measured on; ``table``: tip -> its numbers; ``diverged``: those left out.
    """
    rows = {tip: [grid.at(tip=tip, seed=seed) for seed in grid.axes["seed"]] for tip in grid.axes["tip"]}
    out = [tip for tip, row in rows.items() if any(map(camp.diverged, row))]
    camp.require(NONE not in out, "tip_rate: a training without any tip diverged; give a smaller one")
    kept = {tip: row for tip, row in rows.items() if tip not in out}
    lists = {tip: {key: [c[key] for c in row] for key in ("accuracy", "loss", "own")} for tip, row in kept.items()}
    count, plain = rows[NONE][0]["count"], lists[NONE]
    others = {tip: found for tip, found in lists.items() if tip != NONE}
    accuracy = holm({t: compare_over_seeds(f["accuracy"], plain["accuracy"], count) for t, f in others.items()})
    loss = holm({t: compare_paired(f["loss"], plain["loss"], lower_is_better=True) for t, f in others.items()})
    table = {}
    for tip, found in lists.items():
        table[tip] = found | {f"mean_{key}": float(np.mean(values)) for key, values in found.items()}
        table[tip]["epochs"] = float(np.mean([cell["epochs"] for cell in kept[tip]]))
        if tip != NONE:
            enough = len(plain["loss"]) >= ENOUGH
            table[tip] |= {"against": accuracy[tip], "loss_against": loss[tip] if enough else None}
    return {"count": count, "table": table, "diverged": out}
