"""Transfer learning on cats and dogs: what pretraining is worth, with 50 to 2,700 pictures

Course: pytorch
The question (reconstructed): the source takes VGG-16 and ResNet-18 from ImageNet to cats and dogs.
用在 ImageNet 上训练好的网络识别猫和狗：冻结特征、微调、从头训练，图片很少和很多的时候各差多少？
提高泛化的技巧（翻转、旋转、dropout、权重衰减、早停）各有多少用？怎样按名字取出网络的层、列出参数、用自己的规则初始化？

EfficientNet-Lite0 in three ways, with 50, 200, 1,000 and all pictures that are not held out. Frozen: logistic
regression on features that are computed once. Fine-tuned: the network with that regression as its last layer is trained
further, the pretrained layers at a smaller rate than the last one; two rates are tried, held-out training pictures
choose. Its batch norms stay frozen: their statistics are those of a million pictures, a batch of ours has 32. From
scratch: the same network with first weights by a rule of our own. The tips are measured where there is something to
gain, in trainings from scratch on small pictures, on those training pictures that were not drawn for them. `valid/`
only reports. `-o recipe=vgg16` and `-o recipe=resnet18` are the source's own recipes; where their weights cannot be
downloaded, with `-o weights=FILE`.

Expect, with the full settings on the real pictures: see docs/results.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any

from annotated_types import Ge
from paddle import nn

import paddle_camp as camp
from homework.transfer.figures import draw_all
from homework.transfer.layers import LAST, deviation_of, initialise, layers_of, look_into, maps_of
from homework.transfer.recipes import OURS, RECIPES, run_recipe
from homework.transfer.tips import ALL, NONE, judge_tips, shrunk, tips_for, train_tip
from homework.transfer.training import (
    FROZEN,
    SCRATCH,
    TUNED,
    fit_frozen,
    kept_head,
    train_scratch,
    train_tuned,
    two_groups,
)
from homework.transfer.verdicts import choose_way, judge_size, seconds_of, worth
from paddle_camp.pretrained.heads import create_tunable, set_head
from paddle_camp.sweeps.grid import Grid
from paddle_camp.training import checkpoint

IS_SWEEP = True
MIXED_PRECISION = True
PARTS = ("train", "holdout", "validation")
REPEATED = 2  # how many of the smallest sizes are trained from several seeds, each with pictures of its own


@dataclass(frozen=True)
class Settings(camp.PretrainedSettings, camp.CatsAndDogsSettings):
    """The three ways, the tips and the source's recipes; but for the recipes all of it is ours."""

    recipe: Annotated[str, camp.OneOf((OURS, *RECIPES))] = OURS  # another one is trained alone, with its own network
    recipe_epochs: camp.Count | None = None  # None: as many as the recipe has
    sizes: camp.Several[camp.Count] = (50, 200, 1000)  # training pictures; all that are not held out come last
    num_seeds: camp.Count = 3  # trainings of the two smallest sizes, and of each tip, from --seed on; one of the others
    holdout: camp.Share = 0.1  # of the training pictures, to choose rate and way by
    body_rates: camp.Several[camp.Rate] = (2e-5, 1e-4)  # fine-tuned: AdamW's highest rate of the pretrained layers
    head_rate: camp.Rate = 5e-4  # and of the last layer
    num_epochs: camp.Count = 3  # fine-tuned; the rate rises for 15 % of them, then falls to 0 along half a cosine
    min_steps: camp.Count = 60  # of a fine-tuning at least; a few pictures are shown more often
    scratch_rate: camp.Rate = 1e-3  # from scratch
    scratch_epochs: camp.Count = 8
    scratch_steps: camp.Count = 100
    weight_decay: camp.NonNegative = 0.01  # AdamW's
    batch_size: camp.Count = 32  # pictures
    augment: bool = True  # pictures are mirrored at random
    tip_pictures: camp.Count = 500  # the tips: trained on; they are measured on the other training pictures
    tip_size: Annotated[int, Ge(32)] = 64  # side of their pictures, pixels
    tip_epochs: camp.Count = 15
    tip_rate: camp.Rate = 1e-3  # AdamW's, constant
    tip_degrees: Annotated[float, Ge(0)] = 15.0  # rotation: the largest angle either way
    tip_dropout: camp.Share = 0.5
    tip_decay: camp.Rate = 0.1
    tip_patience: camp.Count = 3  # early stopping: epochs without a new lowest held-out loss; its weights are taken


QUICK = replace(Settings(), image_size=64, costs=(0.001, 0.01, 0.1), folds=3, sizes=(20, 60), num_seeds=1, holdout=0.2)
QUICK = replace(QUICK, train_pictures=240, valid_pictures=60, min_steps=8, num_epochs=2, scratch_steps=12)
QUICK = replace(QUICK, scratch_epochs=3, tip_pictures=80, tip_epochs=4, tip_patience=1)


def run(settings: Settings, context: camp.Context) -> camp.Answer:
    counts = settings.train_pictures, settings.valid_pictures
    data = context.load(camp.load_cats_and_dogs, counts=counts, image_size=settings.image_size)
    model = settings.model if settings.recipe == OURS else RECIPES[settings.recipe].model
    weights = camp.find_weights(model, settings.weights)
    context.announce_weights(weights.info)
    rest, held = camp.split_off(data.train, settings.holdout, context.seed)
    parts = {name: weights.prepare(part) for name, part in zip(PARTS, (rest, held, data.valid), strict=True)}
    if settings.recipe != OURS:
        return run_recipe(settings, context, weights, parts)
    check_sizes(settings, len(rest))
    extractor = camp.FeatureExtractor.of(weights)
    camp.check_input(model, data.train, extractor.model)
    features = {name: extractor.extract(part) for name, part in parts.items()}

    trainings = train_sizes(settings, context, weights, parts, {name: each.values for name, each in features.items()})
    curve = {str(size): judge_size(cells, data.valid.labels) for size, cells in trainings.items()}
    tip_grid = train_tips(settings, context, weights, parts)
    results = {"curve": curve, "worth": worth(curve), "chosen": choose_way(list(curve.values())[-1])}
    results |= {"tips": judge_tips(tip_grid), "logistic": trainings[len(rest)][FROZEN][0]["logistic"]}
    tuned = create_tunable(weights, kept_head(trainings[len(rest)][FROZEN][0]))
    results |= {"network": look_into(weights, tuned, context.seed)}
    network = publish(context, weights, results, trainings[len(rest)], data.train)
    outputs = camp.evaluate(network, camp.Batches(parts["validation"], settings.batch_size)).outputs

    values = {"counts": {name: len(part) for name, part in parts.items()}, "enough": camp.comparisons.ENOUGH}
    values |= {
        "code": camp.code_of(create_tunable, two_groups),
        "rule": camp.code_of(layers_of, deviation_of, initialise),
    }
    maps = maps_of(weights, data.valid.images[0], context.seed)
    cost = seconds_of(trainings) | {"features": sum(each.seconds for each in features.values())}
    cost["tips"] = sum(cell["seconds"] for cell in camp.finished(tip_grid.results.values()))
    return camp.Answer(
        title="作业transfer:迁移学习，预训练值多少张图片",
        results=results | {"cost": cost},
        values=values | {"repeated": REPEATED, "last": LAST},
        figures=draw_all(curve, results["tips"], maps, data.valid, outputs),
        histories=histories_of(trainings, context.seed),
        predictions=camp.Predictions.of(data.valid, outputs, "validation"),
    )


def check_sizes(settings: Settings, most: int) -> None:
    """Refuse sizes for which there are not enough pictures, before anything is computed."""
    for name, size in (("sizes", max(settings.sizes)), ("tip_pictures", settings.tip_pictures)):
        camp.require(size < most, f"{name}={size}: give fewer than the {most} training pictures that are not held out")


def train_sizes(
    settings: Settings, context: camp.Context, weights: Any, parts: dict, features: dict
) -> dict[int, dict[str, Any]]:
    """All trainings by size, the smallest first: "frozen" and "scratch" -> a list; "fine-tuned" -> rate -> a list."""
    common = {"weights": weights, "parts": parts, "folder": context.checkpoints, "settings": settings}
    common["amp"] = context.options.amp
    said = "held-out loss {0[holdout_loss]:.4f}".format
    options: dict[str, Any] = {"describe": said, "here": lambda **point: True}  # they keep weights
    own = {"features": features, "parts": parts, "settings": settings}
    found = {}
    for place, size in enumerate(sorted({*settings.sizes, len(parts["train"])})):
        seeds = context.seeds(settings.num_seeds if place < REPEATED else 1)
        axes = {"size": (size,), "seed": seeds}
        frozen = context.grid(fit_frozen, axes, common=own, describe=said, prefix="frozen-")
        heads = {(size, seed): kept_head(frozen.at(size=size, seed=seed)) for seed in seeds}
        axes = {"size": (size,), "rate": settings.body_rates, "seed": seeds}
        tuned = context.grid(train_tuned, axes, common=common | {"heads": heads}, prefix="tuned-", **options)
        axes["rate"] = (settings.scratch_rate,)
        scratch = context.grid(train_scratch, axes, common=common, prefix="scratch-", **options)
        rates = {rate: cells for (_, rate), cells in tuned.over("seed", list).results.items()}
        cells = {FROZEN: list(frozen.results.values()), TUNED: rates, SCRATCH: list(scratch.results.values())}
        found[size] = cells
    return found


def train_tips(settings: Settings, context: camp.Context, weights: Any, parts: dict) -> Grid:
    """The trainings with no tip, each tip, and all of them, on small pictures."""
    common = {"weights": weights, "folder": context.checkpoints, "settings": settings, "amp": context.options.amp}
    common["parts"] = {name: shrunk(parts[name], settings.tip_size) for name in ("train", "holdout")}
    common["tips"] = tips_for(weights.create(num_classes=2))
    axes = {"tip": (NONE, *common["tips"], ALL), "seed": context.seeds(settings.num_seeds)}
    said = "accuracy on new pictures {0[accuracy]:.4f}".format
    return context.grid(train_tip, axes, common=common, describe=said, prefix="tip-", here=lambda **point: True)


def publish(context: camp.Context, weights: Any, results: dict, cells: dict, pictures: camp.ImageSet) -> nn.Layer:
    """Keep the network of the chosen way, trained on all pictures, for ``predict``; the network."""
    size, way = list(results["curve"])[-1], results["chosen"]
    folder = context.checkpoints / f"{TUNED}-{size}-{results['curve'][size]['rate']['rate']:g}-{context.seed}"
    if way == FROZEN:
        folder = context.checkpoints / FROZEN
        checkpoint.save_network(folder, set_head(weights.create(num_classes=2), *kept_head(cells[FROZEN][0])))
    saved = camp.SavedModel.transferred(weights, pictures)
    context.publish(folder, saved)
    (network,) = saved.load(saved.files(context.checkpoints))
    return network


def histories_of(trainings: dict[int, dict[str, Any]], first: int) -> dict[str, camp.History]:
    """Name -> history of every training that did not diverge; ``first`` is the first seed."""
    named = {}
    for size, cells in trainings.items():
        rows = {f"{TUNED} {rate:g}": row for rate, row in cells[TUNED].items()} | {SCRATCH: cells[SCRATCH]}
        named |= {f"{way} {size} {seed}": c for way, row in rows.items() for seed, c in enumerate(row, first)}
    return {name: camp.History.from_dict(cell["history"]) for name, cell in named.items() if not camp.diverged(cell)}
