"""作业6-2 The highest accuracy on MNIST

The camp's question: 在手写数字识别任务上，尽可能提高测试准确率（数据增强、模型、损失函数、优化算法……），
并保存代码和模型。

One recipe, chosen on 10,000 held-out *training* digits: convolutions without padding and with batch norm, random
warps of every digit, AdamW at a rate that rises and falls. An ablation changes one part after the other, most of them
to the course's choice (another network or optimizer brings its own rate and decay), trains on 10,000 other digits
(few, so that over-fitting shows) and counts the mistakes on the held-out ones. Then the recipe is trained on all
training digits from several seeds, and the test digits are looked at once: by each network, by each averaged over
slightly changed digits (test-time augmentation), and by all networks together. The weights are kept for
`tools/predict.py`.

Expect, with the full settings and `--jobs 3` on the real digits: 49 minutes on 2 cores of an AMD EPYC; one network
0.9966, averaged over five versions of each digit 0.9973, and no better with three networks together. More work brought
nothing that shows: thirty epochs instead of sixteen (32 minutes of one core each) gave 0.9966, 0.9971 and 0.9974, a
network 1.5 times as wide for 28 epochs (48 minutes of one core each) 0.9967, 0.9970 and 0.9975.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import paddle

from homework.hw6_2_best_accuracy.ablation import ABLATION, mistakes, summarise_ablation
from homework.hw6_2_best_accuracy.figures import draw_all
from paddle_camp.answers.answer import Answer, Predictions
from paddle_camp.answers.template import render
from paddle_camp.data.batches import Batches
from paddle_camp.data.image_set import ImageSet, draw, split_off
from paddle_camp.data.mnist import load_mnist
from paddle_camp.data.pictures.warp import RandomWarp, variations
from paddle_camp.data.scaling import scale_to_one
from paddle_camp.errors import DivergedError, require
from paddle_camp.history import History
from paddle_camp.machine import physical_cores
from paddle_camp.metrics import probabilities
from paddle_camp.models import check_model_name, create_model
from paddle_camp.networks.summary import check_input_shape, count_parameters
from paddle_camp.predicting.saved_model import SavedModel
from paddle_camp.running.context import Context
from paddle_camp.sweeps.sweep import run_cells
from paddle_camp.training import checkpoint
from paddle_camp.training.fit import CheckpointPolicy, fit, publish
from paddle_camp.training.loop import evaluate
from paddle_camp.training.losses import classification_loss, smoothed_loss
from paddle_camp.training.schedules import constant, warmup_cosine

IS_SWEEP = True
WARPS = {
    "none": None,
    "shift": RandomWarp(degrees=0, stretch=0, slant=0, bend=0),
    "affine": RandomWarp(bend=0),
    "elastic": RandomWarp(),
}


@dataclass(frozen=True)
class Settings:
    """The recipe, and how long it is trained."""

    model: str = "digit_net"  # any name of the zoo that takes 28 x 28
    warp: str = "elastic"  # none, shift, affine, elastic: each one more than the one before
    smoothing: float = 0.0  # of the labels; 0 is plain cross-entropy
    optimizer: str = "adamw"  # or adam, momentum
    schedule: str = "warmup_cosine"  # or constant
    learning_rate: float = 0.01  # the highest one
    weight_decay: float = 0.01  # AdamW's
    batch_size: int = 128  # digits
    num_epochs: int = 16  # of the final trainings
    ablation_pictures: int | None = 10_000  # that the ablation trains on, drawn from those not held out; None: all
    ablation_epochs: int = 15
    num_seeds: int = 3  # final trainings, from --seed on
    holdout: float = 1 / 6  # share of the training digits (10,000 of 60,000) that the ablation is measured on
    train_pictures: int | None = None  # None: all there are; else a stratified draw
    test_pictures: int | None = None

    def __post_init__(self):
        check_model_name(self.model)
        for key, known in (("warp", WARPS), ("optimizer", OPTIMIZERS), ("schedule", SCHEDULES)):
            require(getattr(self, key) in known, f"{key}={getattr(self, key)}: there are {', '.join(known)}")
        require(self.learning_rate > 0, f"learning_rate={self.learning_rate}: must be positive")
        require(0 <= self.smoothing < 1, f"smoothing={self.smoothing}: give a number from 0 to below 1")
        require(self.weight_decay >= 0, f"weight_decay={self.weight_decay}: must not be negative")
        require(0 < self.holdout < 1, f"holdout={self.holdout}: give a share between 0 and 1")
        require(self.ablation_pictures is None or self.ablation_pictures > 0, "ablation_pictures: must be positive")
        for key in ("batch_size", "num_epochs", "ablation_epochs", "num_seeds"):
            require(getattr(self, key) > 0, f"{key}={getattr(self, key)}: must be positive")


OPTIMIZERS = {
    "adamw": lambda rate, parameters, decay: paddle.optimizer.AdamW(rate, parameters=parameters, weight_decay=decay),
    "adam": lambda rate, parameters, decay: paddle.optimizer.Adam(rate, parameters=parameters),
    "momentum": lambda rate, parameters, decay: paddle.optimizer.Momentum(rate, 0.9, parameters),
}
SCHEDULES = {"warmup_cosine": warmup_cosine, "constant": lambda rate, num_steps: constant(rate)}
QUICK = replace(Settings(), num_epochs=6, ablation_epochs=4, num_seeds=2, batch_size=32)
QUICK = replace(QUICK, train_pictures=600, test_pictures=300)


def train(
    settings: Settings,
    seed: int,
    data: ImageSet,
    num_epochs: int,
    evaluations: dict[str, Batches] | None = None,
    keep: CheckpointPolicy | None = None,
) -> tuple[paddle.nn.Layer, History]:
    """Train one network according to the recipe."""
    paddle.seed(seed)
    model = create_model(settings.model)
    batches = Batches(data, settings.batch_size, seed, augment=WARPS[settings.warp], scale=scale_to_one)
    schedule = SCHEDULES[settings.schedule](settings.learning_rate, num_steps=num_epochs * len(batches))
    optimizer = OPTIMIZERS[settings.optimizer](schedule, model.parameters(), settings.weight_decay)

    def loss(logits: paddle.Tensor, labels: paddle.Tensor) -> paddle.Tensor:
        if model.training and settings.smoothing:
            return smoothed_loss(logits, labels, settings.smoothing)
        return classification_loss(logits, labels)

    history = fit(
        model,
        optimizer,
        batches,
        num_epochs=num_epochs,
        loss_fn=loss,
        schedule=schedule,
        evaluations=evaluations,
        seed=seed,
        keep=keep,
        quiet=True,
    )
    return model, history


def outputs_of(model: paddle.nn.Layer, data: ImageSet) -> dict[str, list]:
    """Class probabilities of every digit: as it is, and averaged over its variations; JSON values."""
    found = []
    for images in variations(data.images):
        batches = Batches(replace(data, images=images), 500, scale=scale_to_one)
        found.append(probabilities(evaluate(model, batches).outputs))
    return {"plain": found[0].tolist(), "averaged": np.mean(found, axis=0).tolist()}


def ablation_cell(settings: Settings, seed: int, few: ImageSet, held: ImageSet) -> dict:
    """One row of the ablation: trained on ``few``, judged on ``held``; JSON values."""
    batches = {"holdout": Batches(held, 500, scale=scale_to_one)}
    try:
        model, history = train(settings, seed, few, settings.ablation_epochs, evaluations=batches)
    except DivergedError as error:
        return {"diverged": error.step}
    return {"epochs": history.evaluations} | outputs_of(model, held)


def final_cell(settings: Settings, seed: int, data: ImageSet, test: ImageSet, keep: CheckpointPolicy) -> dict:
    """One of the final networks: trained on all training digits; JSON values."""
    model, history = train(settings, seed, data, settings.num_epochs, keep=keep)
    seconds = sum(history.column("seconds"))
    return {"epochs": history.evaluations, "seconds": seconds} | outputs_of(model, test)


def in_words(result: dict) -> str:
    """A cell's result for the log."""
    if "diverged" in result:
        return f"diverged at step {result['diverged']}"
    held = [row for row in result["epochs"] if row["split"] == "holdout"]
    if held:
        return f"accuracy on held-out digits {held[-1]['accuracy']:.4f}"
    return f"training loss {result['epochs'][-1]['loss']:.4f}, {result['seconds'] / 60:.1f} min"


def run(settings: Settings, context: Context) -> Answer:
    """Answer the question; see the module's docstring."""
    counts = (settings.train_pictures, settings.test_pictures)
    data = load_mnist(context.options.data, context.options.data_dir, counts)
    context.announce(data.info, data.how)
    model = create_model(settings.model)
    check_input_shape(model, (1, 1, 28, 28), settings.model)
    kept, held = split_off(data.train, settings.holdout, context.seed)
    few = draw(kept, settings.ablation_pictures, context.seed)
    for epochs, part in ((settings.ablation_epochs, few), (settings.num_epochs, data.train)):
        steps = epochs * -(-len(part) // settings.batch_size)
        require(steps > 1, f"batch_size={settings.batch_size}: leaves {steps} step in all, the schedule needs two")
    cells = {
        name.replace(" ", "_"): (replace(settings, **change), context.seed, few, held)
        for name, change in ABLATION.items()
    }
    folder = context.path / "cells"
    rows = run_cells(ablation_cell, cells, folder, describe=in_words, **context.side_by_side)
    rows = dict(zip(ABLATION, rows.values(), strict=True))
    require("diverged" not in rows["recipe"], "the recipe diverged: give a smaller learning_rate")
    seeds = range(context.seed, context.seed + settings.num_seeds)
    folders = {seed: context.checkpoints / f"seed-{seed}" for seed in seeds}
    cells = {
        f"final-{seed}": (settings, seed, data.train, data.test, CheckpointPolicy(folders[seed])) for seed in seeds
    }
    # They leave their weights, so they run on this machine.
    final = run_cells(final_cell, cells, folder, describe=in_words, here=cells, **context.side_by_side)
    weights = tuple(f"seed-{seed}.pdparams" for seed in seeds)
    SavedModel(settings.model, "digits", weights=weights).write(context.checkpoints, data.info)
    save_networks(folders, context)
    labels = data.test.labels
    cost = {"minutes": [cell["seconds"] / 60 for cell in final.values()], "cores": physical_cores()}
    cost["side_by_side"] = min(context.options.jobs or 1, settings.num_seeds)
    ensemble = {key: np.mean([cell[key] for cell in final.values()], axis=0) for key in ("plain", "averaged")}
    results = {
        "ablation": summarise_ablation(rows, held.labels),
        "single": {key: [mistakes(cell[key], labels) for cell in final.values()] for key in ensemble},
        "ensemble": {key: mistakes(shares, labels) for key, shares in ensemble.items()},
        "cost": cost,
    }
    values = {"settings": settings, "seeds": list(seeds), "few": len(few), "held": len(held), "test": len(labels)}
    values["parameters"] = count_parameters(model)
    return Answer(
        title="作业6-2:MNIST 上的最高准确率",
        text=render(__file__, values | {"train": len(data.train)} | results),
        results=results,
        figures=draw_all(rows, results, data, ensemble["averaged"], WARPS[settings.warp]),
        histories={key: History([], cell["epochs"]) for key, cell in final.items()},
        predictions=Predictions(data.test.names, labels, ensemble["averaged"]),
    )


def save_networks(folders: dict, context: Context) -> None:
    """Keep every seed's weights; the first seed's are the run's ``last`` and, as nothing was held out, its ``best``."""
    for seed, folder in folders.items():
        checkpoint.copy(folder, "last", context.checkpoints, f"seed-{seed}")
    first = next(iter(folders.values()))
    publish(first, context.checkpoints)
    checkpoint.copy(first, "last", context.checkpoints, "best")
