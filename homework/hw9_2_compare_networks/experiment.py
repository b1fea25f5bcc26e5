"""作业9-2 The networks of the chapter, compared on the fundus pictures of iChallenge-PM

The camp's question is left blank in the source; reconstructed from the course: 在眼疾识别数据集iChallenge-PM上训练
LeNet、AlexNet、VGG-16、GoogLeNet（有、无辅助分类器）和 ResNet-50，比较它们的准确率、loss 和代价。

Each network is trained with the course's recipe for it, from the same seed and in the same order of the pictures. A
tenth of the *training* pictures is held out; the network with the lowest loss there is the one whose weights are
kept. The validation pictures are for the report: accuracy, AUC with its interval, loss. The cost stands
beside it: parameters, multiply-adds, seconds an epoch, memory.

With the course's recipe the accuracies lie below what the AUCs promise. Which part of the recipe is to blame is tried
one change at a time, and a mended recipe stands beside the course's (`mending.py`). Every finished network's result is
kept in `networks/`, and every training resumes, so that an interrupted comparison goes on where it was.

Expect, with the full settings on the real pictures (2 cores of an AMD EPYC): see docs/results.md.
"""

from __future__ import annotations

import functools
import shutil
from dataclasses import asdict, dataclass, field, replace
from typing import Annotated, Any

import numpy as np
import paddle
from annotated_types import Ge
from paddle import nn
from paddle.optimizer.lr import LRScheduler

import paddle_camp as camp
from homework.hw9_2_compare_networks.figures import draw
from homework.hw9_2_compare_networks.mending import (
    AREA,
    AVERAGE,
    Plan,
    best_recipe,
    changes,
    choose_threshold,
    logits_of,
    measure,
    plan_trainings,
    renew_statistics,
    say_of,
)
from homework.hw9_2_compare_networks.verdicts import (
    compare_all,
    find_quickest,
    judge_changes,
    judge_network,
    judge_steadiness,
)
from paddle_camp.speed.memory import peak_memory
from paddle_camp.sweeps.kept import kept


@dataclass(frozen=True)
class Recipe:
    """How the course trains a network, and the accuracy and loss that it printed after the last of five epochs."""

    model: str
    optimizer: str = "momentum"
    weight_decay: float = 0.0  # L2, added to the gradient
    arguments: dict = field(default_factory=dict)
    course: tuple[float, float] | None = None


RECIPES = {
    "lenet": Recipe("lenet_fundus"),
    "alexnet": Recipe("alexnet", "adam", course=(0.925, 0.225)),
    "vgg16": Recipe("vgg16", course=(0.9475, 0.176)),
    "googlenet": Recipe("googlenet", weight_decay=0.001),
    "googlenet_no_aux": Recipe("googlenet", weight_decay=0.001, arguments={"auxiliary": False}, course=(0.8575, 0.297)),
    "resnet50": Recipe("resnet50", weight_decay=0.001, course=(0.930, 0.208)),
}
NAMES = [*RECIPES, *(name for name in camp.list_models() if name not in RECIPES)]


@dataclass(frozen=True)
class Settings(camp.FundusSettings):
    """Hyper-parameters; "course" marks those of the camp's published scripts."""

    # Names of RECIPES; any other name of the zoo is trained as the course trains ResNet.
    models: camp.Several[Annotated[str, camp.OneOf(NAMES)]] = tuple(RECIPES)
    learning_rate: camp.Rate = 0.001  # course, for all of them
    momentum: camp.Fraction = 0.9  # course; where the optimizer is Momentum
    batch_size: camp.Count = 10  # course; pictures
    num_epochs: camp.Count = 5  # course
    more_epochs: Annotated[int, Ge(0)] = 10  # of the mended recipe, behind the course's; 0: the course's alone
    image_size: camp.Count = 224  # course; pixels
    holdout: camp.Share = 0.1  # of the training pictures, held out to choose the network whose weights are kept


QUICK = replace(Settings(), models=("lenet", "alexnet", "googlenet", "googlenet_no_aux"))
QUICK = replace(QUICK, num_epochs=2, more_epochs=4, train_pictures=60, valid_pictures=30)


def recipe_of(name: str) -> Recipe:
    """The course's recipe, or that of ResNet."""
    return RECIPES.get(name) or Recipe(name, weight_decay=0.001)


def arguments_of(name: str, settings: Settings) -> dict:
    """The arguments of ``create_model`` for BGR pictures of this size and two classes."""
    return camp.model_arguments(recipe_of(name).model, 2, 3, settings.image_size) | recipe_of(name).arguments


def build(
    name: str, settings: Settings, schedule: LRScheduler | None = None
) -> tuple[nn.Layer, paddle.optimizer.Optimizer]:
    """The network and its optimizer; without a schedule at the course's constant rate."""
    recipe = recipe_of(name)
    model = camp.create_model(recipe.model, **arguments_of(name, settings))
    decay = paddle.regularizer.L2Decay(recipe.weight_decay) if recipe.weight_decay else None
    rate, parameters = schedule or settings.learning_rate, model.parameters()
    if recipe.optimizer == "adam":
        return model, paddle.optimizer.Adam(rate, parameters=parameters, weight_decay=decay)
    return model, paddle.optimizer.Momentum(rate, settings.momentum, parameters=parameters, weight_decay=decay)


def two_steps(name: str, settings: Settings, amp: bool) -> None:
    """Two training steps on noise, for the measurement of peak memory."""
    task = camp.Supervised(*build(name, settings), amp=amp)
    for _ in range(2):
        images = paddle.randn([settings.batch_size, 3, settings.image_size, settings.image_size])
        task.step((images, paddle.arange(settings.batch_size) % 2))


def train_once(
    name: str, kind: str, plan: Plan, settings: Settings, context: camp.Context, sets: dict[str, camp.Batches]
) -> tuple[nn.Layer, camp.History]:
    """One training, forked from the course's where it begins to differ."""
    folder, course = (context.checkpoints / name / each for each in (kind, "course"))
    camp.fork(course, plan.shared, folder)
    paddle.seed(context.seed)
    falls = [epoch * len(sets["train"]) for epoch in plan.boundaries]
    model, optimizer = build(name, settings, camp.schedules.piecewise(settings.learning_rate, falls, 0.1))
    train = replace(sets["train"], augment=changes(settings.image_size)) if plan.augment else sets["train"]
    options = settings.fit_options | context.fit_options | {"num_epochs": plan.num_epochs}
    options |= {"ema_decay": AVERAGE} if plan.average else {}
    options |= {"label_smoothing": plan.label_smoothing} if plan.label_smoothing else {}
    options |= {"name": f"{name}, {kind}", "keep": folder}
    if plan.recipe:
        forked = {settings.num_epochs - 1, settings.num_epochs} if folder == course else ()
        options["keep"] = camp.CheckpointPolicy(folder, best_on="holdout", every_epoch=forked)
        options["evaluations"] = {key: sets[key] for key in ("holdout", "validation")}
    return model, camp.fit(model, optimizer, train, **options)


def train_network(name: str, settings: Settings, context: camp.Context, sets: dict[str, camp.Batches]) -> dict:
    """Train one network, by the course's recipe and with each change to it, and measure it; JSON values."""
    plans, amp = plan_trainings(settings.num_epochs, settings.more_epochs), context.options.amp
    model, _ = build(name, settings)
    context.say(f"{name}: {recipe_of(name).optimizer}, {camp.count_parameters(model):,} parameters")
    rows = camp.layer_rows(model, (1, 3, settings.image_size, settings.image_size))
    result = {"parameters": camp.count_parameters(model), "multiply_adds": sum(row.multiply_adds for row in rows)}
    del model  # the trainings need room
    measured, histories = {}, {}
    for kind, plan in plans.items():
        try:
            model, histories[kind] = train_once(name, kind, plan, settings, context, sets)
        except camp.DivergedError as error:
            context.say(f"{name}, {kind}: {error}")
            if kind == "course":
                return result | {"diverged": str(error)}
            continue
        measured[kind] = measure(model, sets, amp, plan.mirrored)
        if kind == "course":
            measured["mirrored"] = measure(model, sets, amp, mirrored=True)
            if renew_statistics(model, sets["train"]):
                measured["statistics"] = measure(model, sets, amp)
        if not plan.recipe:  # a checkpoint of VGG-16 has a gigabyte
            shutil.rmtree(context.checkpoints / name / kind)
        del model
    history = histories["course"]
    step = float(np.median(history.column("seconds")))  # the median: other work on the machine disturbs some steps
    memory = peak_memory(two_steps, name, settings, amp, device=context.device)
    cost = {"seconds_per_epoch": step * len(sets["train"]), "peak_memory": memory}
    result |= {"cost": cost, "train_loss": history.last("train")["loss"], "measured": measured}
    return result | {"histories": {kind: each.as_dict() for kind, each in histories.items()}}


def compare(settings: Settings, context: camp.Context, sets: dict[str, camp.Batches]) -> dict[str, dict]:
    """Each network's result, in turn; the weights of the best one so far on held-out pictures are published."""
    results: dict[str, dict] = {}

    def train_and_publish(name: str) -> dict:
        result = train_network(name, settings, context, sets)
        before = [best_recipe(each)[1] for each in camp.finished(results.values())]
        if not camp.diverged(result) and best_recipe(result)[1] < min(before, default=np.inf):
            context.publish(context.checkpoints / name / best_recipe(result)[0], saved_of(name))
        return result

    def saved_of(name: str) -> camp.SavedModel:
        return camp.SavedModel(recipe_of(name).model, "fundus", arguments_of(name, settings), settings.image_size)

    for name in settings.models:
        file = context.path / "networks" / f"{name}.json"
        results[name] = kept(file, functools.partial(train_and_publish, name))
        shutil.rmtree(context.checkpoints / name, ignore_errors=True)  # those of VGG-16 have gigabytes
    losses = {name: best_recipe(each)[1] for name, each in results.items() if not camp.diverged(each)}
    context.published = saved_of(min(losses, key=losses.get)) if losses else None  # also where a resumption read it
    return results


def run(settings: Settings, context: camp.Context) -> camp.Answer:
    data, sets = context.load_parts(camp.load_fundus, settings)
    camp.require(settings.patience is None, "patience: the trainings are compared epoch by epoch; leave it out")
    for name in settings.models:
        camp.check_input(name, data.train, build(name, settings)[0])
    everything = compare(settings, context, sets)
    done = {name: r for name, r in everything.items() if not camp.diverged(r)}
    camp.require(len(done) > 0, "every network diverged: try -o learning_rate=0.0001")
    labels, held = data.valid.labels, sets["holdout"].labels
    best = min(done, key=lambda name: best_recipe(done[name])[1])
    recipe = best_recipe(done[best])[0]
    results: dict[str, Any] = {"networks": everything, "kept": best, "kept_recipe": recipe}
    outputs, histories = {}, {}
    for name, row in done.items():
        measured = row.pop("measured")
        histories[name] = {kind: camp.History.from_dict(each) for kind, each in row.pop("histories").items()}
        outputs[name] = logits_of(measured, held)
        losses = {kind: each["validation"]["loss"] for kind, each in measured.items()}
        row |= judge_network(outputs[name], losses, histories[name], labels, recipe_of(name).course)
    results |= compare_all(done, outputs, labels) | {"changes": judge_changes(done, outputs, labels)}
    published = data.origin == "real" and data.info.counts["train"] == 400
    results["as_course"] = published and replace(settings, models=Settings().models) == Settings()
    values: dict[str, Any] = {"pictures": len(labels), "train": sets["train"].num_samples, "held": len(held)}
    values["recipes"] = {name: asdict(recipe_of(name)) for name in settings.models}
    values |= {"majority": float(max(np.mean(labels), 1 - np.mean(labels))), "positive": float(np.mean(labels))}
    values["quickest"] = find_quickest(results, {name: each["course"] for name, each in histories.items()})
    plans = plan_trainings(settings.num_epochs, settings.more_epochs)
    values["plans"] = {kind: asdict(plan) for kind, plan in plans.items()}
    results["steadier"] = judge_steadiness(histories, plans["mended"].boundaries) if "mended" in plans else None
    return camp.Answer(
        title="作业9-2:各种卷积网络在眼疾识别上的比较",
        results=results,
        values=values | {"average": AVERAGE, "area": AREA, "code": camp.code_of(choose_threshold, say_of)},
        figures=draw(done, outputs, histories, data),
        histories={f"{name}, {kind}": h for name, each in histories.items() for kind, h in each.items()},
        predictions=camp.Predictions.of(data.valid, outputs[best][recipe], "validation"),
    )
