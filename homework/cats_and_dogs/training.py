"""A training of each kind: a network by its recipe, plain beside residual nets, schedules of the learning rate."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import paddle
from paddle.optimizer import lr
from paddle.optimizer.lr import LRScheduler

import paddle_camp as camp
from homework.cats_and_dogs.pictures import mirrored
from homework.cats_and_dogs.recipes import LISTED_CROP, Recipe, course_optimizer, mended_optimizer
from paddle_camp.data.pictures.augment import RandomResizedCrop
from paddle_camp.metrics import accuracy

# Name -> the network of the zoo and its arguments: what the shortcuts do, and groups at ResNet-18's cost.
COMPARED: dict[str, tuple[str, dict[str, Any]]] = {
    "residual 18": ("resnet18", {}),
    "plain 18": ("resnet18", {"residual": False}),
    "residual 34": ("resnet34", {}),
    "plain 34": ("resnet34", {"residual": False}),
    "resnext": ("resnext17_32x4d", {}),
}
SCHEDULES = ("constant", "step", "multistep", "exponential", "plateau")


def train_recipe(
    recipe: str, seed: int, plan: Recipe, sets: dict[str, camp.Batches], folder: Path, settings: Any, amp: bool
) -> dict:
    """Train a network by its recipe and measure it on whole, mirrored and cropped pictures; its weights are kept."""
    paddle.seed(seed)
    train, classes = replace(sets["train"], shuffle_seed=seed), len(sets["train"].data.kind.classes)
    model, options = plan.create(classes), {}
    if plan.mended:
        optimizer = mended_optimizer(model, settings, plan.num_epochs * len(train))
        options = settings.fit_options
    else:
        optimizer = course_optimizer(model, settings)
    keep = camp.CheckpointPolicy(folder / f"{recipe}-{seed}")
    options = options | {"num_epochs": plan.num_epochs, "seed": seed, "amp": amp, "keep": keep}
    options["name"] = f"{recipe}, seed {seed}"
    history = camp.fit(model, optimizer, train, evaluations={"holdout": sets["holdout"]}, **options)
    row: dict[str, Any] = {"history": {"steps": [], "evaluations": history.evaluations}}
    row["seconds"] = sum(each["seconds"] for each in history.evaluations)
    for part in ("holdout", "validation"):
        for name, batches in ((part, sets[part]), (f"{part} mirrored", mirrored(sets[part]))):
            row[name] = camp.evaluate(model, batches, amp=amp).outputs.tolist()
    return row | {"crops": crop_draws(model, sets["cropped"], plan.size, settings.crop_draws, seed, amp)}


def crop_draws(model: paddle.nn.Layer, whole: camp.Batches, side: int, draws: int, seed: int, amp: bool) -> dict:
    """What a network says of pictures that are cropped at random, as the listing does it, so many times anew.

    Returns:
        ``accuracies`` of the draws; ``right``: of each picture, in how many draws; ``changing``: the share of pictures
        whose class is not the same in all draws.
    """
    crop, labels, said = RandomResizedCrop(side, LISTED_CROP), whole.data.labels, []
    for draw in range(draws):
        images = crop(whole.data.images, np.random.default_rng([seed, draw]))
        said.append(camp.evaluate(model, replace(whole, data=replace(whole.data, images=images)), amp=amp).outputs)
    classes = np.stack([outputs.argmax(axis=1) for outputs in said])
    return {
        "accuracies": [accuracy(outputs, labels) for outputs in said],
        "right": (classes == labels).sum(axis=0).tolist(),
        "changing": float((classes != classes[0]).any(axis=0).mean()),
    }


def train_compared(network: str, seed: int, sets: dict[str, camp.Batches], settings: Any, amp: bool) -> dict:
    """Train one of :data:`COMPARED` for a few epochs; the loss is the plain one, without smoothing."""
    paddle.seed(seed)
    train, (name, arguments) = replace(sets["train"], shuffle_seed=seed), COMPARED[network]
    model = camp.create_for(name, train.data, **arguments)
    optimizer = mended_optimizer(model, settings, settings.compared_epochs * len(train))
    options: dict[str, Any] = {"num_epochs": settings.compared_epochs, "seed": seed, "amp": amp, "quiet": True}
    history = camp.fit(model, optimizer, train, evaluations={"holdout": sets["holdout"]}, **options)
    found = camp.evaluate(model, sets["validation"], amp=amp)
    held, rows = history.last("holdout"), history.split("train")
    row = {"train_loss": rows[-1]["loss"], "accuracy": found.accuracy, "holdout_accuracy": held["accuracy"]}
    row |= {"holdout_loss": held["loss"], "epoch_seconds": float(np.median([each["seconds"] for each in rows]))}
    return row | {"losses": [each["loss"] for each in rows]}


def build_schedule(name: str, rate: float, num_epochs: int) -> LRScheduler:
    """One of :data:`SCHEDULES`, counted in epochs: how the source's forms fall over so many of them.

    Steps and milestones divide by ten, twice at most; the exponential one ends at a hundredth.
    """
    if name == "step":
        return lr.StepDecay(rate, step_size=max(1, round(num_epochs * 7 / 25)), gamma=0.1)  # StepLR(7) of 25 epochs
    if name == "multistep":
        falls = sorted({max(1, round(share * num_epochs)) for share in (0.6, 0.85)})
        return lr.MultiStepDecay(rate, milestones=falls, gamma=0.1)
    if name == "exponential":
        return lr.ExponentialDecay(rate, gamma=0.01 ** (1 / num_epochs))
    if name == "plateau":
        return lr.ReduceOnPlateau(rate, factor=0.1, patience=1)
    return camp.schedules.constant(rate)


def train_schedule(schedule: str, seed: int, sets: dict[str, camp.Batches], settings: Any, amp: bool) -> dict:
    """Train the small net by momentum with one of :data:`SCHEDULES`; the rate of every epoch is noted."""
    paddle.seed(seed)
    train = replace(sets["train"], shuffle_seed=seed)
    model = camp.create_for(settings.schedule_model, train.data)
    rates = build_schedule(schedule, settings.schedule_rate, settings.schedule_epochs)
    optimizer = paddle.optimizer.Momentum(rates, 0.9, parameters=model.parameters())
    options: dict[str, Any] = {"num_epochs": settings.schedule_epochs, "seed": seed, "amp": amp, "quiet": True}
    options |= {"schedule_interval": "epoch", "evaluations": {"holdout": sets["holdout"]}}
    history = camp.fit(model, optimizer, train, **options)
    held = history.last("holdout")
    row = {"accuracy": camp.evaluate(model, sets["validation"], amp=amp).accuracy, "holdout_loss": held["loss"]}
    row |= {"holdout_accuracy": held["accuracy"], "losses": history.after_epochs("holdout", "loss")}
    return row | {"rates": [each["learning_rate"] for each in history.steps if each["batch"] == 0]}
