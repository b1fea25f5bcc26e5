"""Cats and dogs from scratch: LeNet, SimpleCNN, ResNet-18 and ResNeXt on a few thousand photographs

Course: pytorch
The question: 用 LeNet（加批标准化）、SimpleCNN、ResNet-18 和 ResNeXt 从头训练，区分猫和狗。残差连接起什么作用？
测试图片为什么不能随机裁剪？StepLR、MultiStepLR、ExponentialLR、ReduceLROnPlateau 各是怎样的曲线，哪个好？
取一个批次，反标准化，连同类别名画出来。

Two courses have this assignment. The summer school trains LeNet with batch norm and ResNet-18 with random resized crops
and Adam at 1e-4, in batches of 64, for 100 epochs; its ResNet-18 is shown 224 x 224 pixels, for which 100 epochs are
too long here. The PyTorch course takes a ResNet-18 that knows ImageNet, by Momentum (0.001, 0.9) and StepLR (divided by
ten every 7 of 25 epochs), restores the best held-out weights and holds 2,000 of 25,000 pictures out: from scratch here,
pretrained in `transfer`.

Beside each stands a mended recipe: crops that leave most of the animal, flips, small turns, more or less light, AdamW
with a warm-up and half a cosine, smoothed labels, averaged weights. ResNet-18 is trained on crops of 112 pixels and
measured on whole pictures of 128: what a crop shows is enlarged, so that animals are of one size in both (Touvron et
al., arXiv:1906.06423). Plain nets are ResNets without their shortcuts; the ResNeXt has ResNet-18's multiply-adds. What
the listings get wrong is computed in `mistakes.py`. Held-out training pictures choose, `valid/` only reports.

Expect, with the full settings on the real pictures and `--amp`: see docs/results.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge

import paddle_camp as camp
from homework.cats_and_dogs import mistakes
from homework.cats_and_dogs.figures import draw_all
from homework.cats_and_dogs.looking_inside import costs_of, measure_gradients
from homework.cats_and_dogs.pictures import Pictures
from homework.cats_and_dogs.recipes import LISTED_EPOCHS, Recipe, course_augment, mended_augment, plan
from homework.cats_and_dogs.training import COMPARED, SCHEDULES, train_compared, train_recipe, train_schedule
from homework.cats_and_dogs.verdicts import judge_compared, judge_goals, judge_recipes, judge_schedules, together
from paddle_camp.sweeps.kept import kept

IS_SWEEP = True
MIXED_PRECISION = True
Side = Annotated[int, Ge(32), camp.Hint("the networks need at least 32 pixels")]


@dataclass(frozen=True)
class Settings(camp.CatsAndDogsSettings):
    """The courses' recipes, ours, and what is compared."""

    folder: camp.File | None = None  # class folders of pictures of one's own; None: cats and dogs
    holdout: camp.Share = 0.1  # of the training pictures, to choose by; the PyTorch course: 2,000 of 25,000
    num_seeds: camp.Count = 3  # trainings of each recipe, from --seed on
    # The summer school's recipe.
    course_rate: camp.Rate = 1e-4  # Adam's, constant
    course_batch: camp.Count = 64  # pictures
    lenet_size: Annotated[int, Ge(28), camp.Hint("LeNet needs at least 28 pixels")] = 28
    cnn_size: Annotated[int, Ge(8)] = 32  # of SimpleCNN, which is made for that
    lenet_course_epochs: camp.Count = 100  # as listed
    cnn_course_epochs: camp.Count = 20  # of SimpleCNN; ours
    course_size: Side = 224  # of ResNet-18
    course_epochs: camp.Count = 8  # of ResNet-18; listed: 100
    course_seeds: camp.Count = 1  # of ResNet-18
    # The mended recipe.
    image_size: Side = 128  # of the whole pictures
    crop_size: Side = 112  # of what ResNet-18 is trained on
    source_size: Side = 160  # of the pictures that these crops are cut out of
    least_area: camp.Share = 0.55  # of a crop; the most is all
    degrees: camp.NonNegative = 10.0  # of a turn, either way, at most
    brightness: camp.Fraction = 0.2  # change, at most
    rate: camp.Rate = 2e-3  # AdamW's highest; it rises for 15 % of the steps, then falls to 0 along half a cosine
    weight_decay: camp.NonNegative = 0.05  # AdamW's
    label_smoothing: camp.Fraction = 0.1
    ema_decay: camp.Fraction | None = 0.995  # of the averaged weights
    batch_size: camp.Count = 32  # pictures
    num_epochs: camp.Count = 60  # of ResNet-18
    lenet_epochs: camp.Count = 120
    cnn_epochs: camp.Count = 40  # of SimpleCNN
    crop_draws: Annotated[int, Ge(2)] = 10  # random crops of each reported picture
    # Plain and residual nets and the ResNeXt, by the mended recipe without smoothing and averaging.
    compared_pictures: camp.Count = 1000  # training pictures
    compared_epochs: camp.Count = 10
    compared_seeds: camp.Count = 1
    probed: camp.Count = 32  # pictures whose gradients are measured
    probe_seeds: camp.Count = 3  # initial weights of each net that this is done with
    # Schedules of the learning rate, with Momentum 0.9.
    schedule_model: camp.ModelName = "small_conv_net"
    schedule_rate: camp.Rate = 0.05  # the first one
    schedule_epochs: Annotated[int, Ge(4)] = 10


QUICK = replace(Settings(), image_size=48, crop_size=48, source_size=48, course_size=48, num_seeds=1, num_epochs=3)
QUICK = replace(QUICK, lenet_course_epochs=4, cnn_course_epochs=4, lenet_epochs=6, cnn_epochs=6, course_epochs=2)
QUICK = replace(QUICK, compared_epochs=2, schedule_epochs=4)
QUICK = replace(QUICK, train_pictures=240, valid_pictures=80, compared_pictures=96, probed=8, crop_draws=3, holdout=0.2)
QUICK = replace(QUICK, ema_decay=0.9)


def run(settings: Settings, context: camp.Context) -> camp.Answer:
    pictures, plans = Pictures(settings, context), plan(settings)
    side, crop = settings.image_size, settings.crop_size
    sets = pictures.sets(side, side, settings.batch_size, mended_augment(crop, settings))
    labels = {part: sets[part].data.labels for part in ("holdout", "validation")}
    count = len(labels["validation"])

    cells = train_recipes(settings, context, pictures, plans)
    results = judge_recipes(cells, labels, plans)
    minutes = {name: sum(cell["seconds"] for cell in cells[name]) / 60 for name in results["table"]}
    goals = judge_goals(results["table"], minutes)
    compared, schedules = compare(settings, context, sets)
    results |= {"compared": judge_compared(compared, count), "schedules": judge_schedules(schedules, count)}
    seeds = context.seeds(settings.probe_seeds)
    results["gradients"] = measure_gradients(sets["train"].data, settings.probed, seeds)
    results["mistakes"] = find_mistakes(settings, context, pictures, {n: cells[n][0] for n in results["table"]})
    results["cost"] = {"minutes": minutes, "goals": goals}
    results["cost"]["epoch_seconds"] = {n: c["epoch_seconds"] for n, c in compared.over("seed", first).named().items()}

    chosen = results["chosen"]
    publish(context, chosen, plans[chosen], pictures.classes)
    outputs = together(cells[chosen], "validation", mirror=False)  # as predict says it without --tta
    values = {"counts": {name: len(each.data) for name, each in sets.items() if name != "cropped"}}
    values |= {"own": settings.folder is not None, "classes": list(pictures.classes)}
    values |= constants(plans, sets["train"].data)
    histories = {n: [camp.History.from_dict(c["history"]) for c in cells[n]] for n in results["table"]}
    return camp.Answer(
        title="作业cats-and-dogs:从头训练，区分猫和狗",
        results=results,
        values=values,
        figures=draw_all(results, histories, sets, outputs),
        histories={f"{n} {seed}": h for n, row in histories.items() for seed, h in enumerate(row, context.seed)},
        predictions=camp.Predictions.of(sets["validation"].data, outputs, "validation"),
    )


def constants(plans: dict[str, Recipe], part: camp.ImageSet) -> dict[str, Any]:
    """What the text needs and no training changes."""
    found: dict[str, Any] = {"plans": {name: vars(each) for name, each in plans.items()}, "listed": LISTED_EPOCHS}
    found |= {"costs": costs_of(part), "enough": camp.comparisons.ENOUGH}
    return found | {"code": camp.code_of(mended_augment, mistakes.keep_best)}


def first(row: list) -> Any:
    """The first of a cell's seeds."""
    return row[0]


def train_recipes(
    settings: Settings, context: camp.Context, pictures: Pictures, plans: dict[str, Recipe]
) -> dict[str, list[dict]]:
    """Recipe -> its trainings in the order of the seeds; a recipe's pictures are in memory while it is trained."""
    found = {}
    common: dict[str, Any] = {"folder": context.checkpoints, "settings": settings, "amp": context.options.amp}
    for name, each in plans.items():
        augment = mended_augment(each.crop, settings) if each.mended else course_augment(each.crop)
        batch_size = settings.batch_size if each.mended else settings.course_batch
        sets = pictures.sets(each.size, each.source, batch_size, augment)
        labels = sets["validation"].data.labels
        grid = context.grid(
            train_recipe,
            {"recipe": (name,), "seed": context.seeds(each.seeds)},
            common=common | {"plan": each, "sets": sets},
            describe=lambda cell, labels=labels: f"validation accuracy {right_share(cell, labels):.4f}",
            here=lambda recipe, seed: True,  # it keeps its weights
        )
        found[name] = list(grid.results.values())
    return found


def right_share(cell: dict, labels: Any) -> float:
    """The accuracy of a training on the whole pictures that are reported."""
    return camp.metrics.accuracy(np.asarray(cell["validation"]), labels)


def compare(settings: Settings, context: camp.Context, sets: dict) -> tuple[Any, Any]:
    """The grids of plain and residual nets, and of schedules, all on the same crops and whole pictures."""
    few = camp.draw(sets["train"].data, settings.compared_pictures, context.seed)
    common: dict[str, Any] = {"settings": settings, "amp": context.options.amp}
    said = "training loss {0[train_loss]:.4f}, held-out accuracy {0[holdout_accuracy]:.4f}".format
    options: dict[str, Any] = {"common": common | {"sets": sets | {"train": replace(sets["train"], data=few)}}}
    axes: dict[str, Any] = {"network": tuple(COMPARED), "seed": context.seeds(settings.compared_seeds)}
    nets = context.grid(train_compared, axes, describe=said, prefix="compared-", **options)
    said = "held-out accuracy/loss: {0[holdout_accuracy]:.4f}/{0[holdout_loss]:.4f}".format
    axes = {"schedule": SCHEDULES, "seed": context.seeds(settings.num_seeds)}
    options = {"common": common | {"sets": sets}}
    return nets, context.grid(train_schedule, axes, describe=said, prefix="schedule-", **options)


def find_mistakes(settings: Settings, context: camp.Context, pictures: Pictures, cells: dict[str, dict]) -> dict:
    """What the listings' three mistakes come to; ``cells``: recipe -> a training, whose losses are gone through."""
    small = pictures.at(mistakes.SIDE).train
    rest, held = camp.split_off(small, settings.holdout, context.seed)
    rest = camp.draw(rest, mistakes.MOST, context.seed)

    def watch() -> dict:
        return mistakes.keep_state(rest, held, settings.batch_size, context.seed)

    found = {"state": kept(context.path / "cells" / "state-dict.json", watch)}
    histories = {name: camp.History.from_dict(cell["history"]) for name, cell in cells.items()}
    losses = {name: history.after_epochs("holdout", "loss") for name, history in histories.items()}
    found["reset"] = mistakes.compare_resets(losses)
    return found | {"scheduler": mistakes.judge_scheduler(mistakes.scheduler_first())}


def publish(context: camp.Context, name: str, recipe: Recipe, classes: tuple[str, ...]) -> None:
    """Keep the networks of a recipe for ``predict``, which averages their probabilities."""
    folders = [context.checkpoints / f"{name}-{seed}" for seed in context.seeds(recipe.seeds)]
    arguments = recipe.build_arguments(len(classes))
    context.publish_ensemble(folders, camp.SavedModel(recipe.model, "pictures", arguments, recipe.size, classes))
