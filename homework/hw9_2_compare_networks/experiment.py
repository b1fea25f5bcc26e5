"""作业9-2 The networks of the chapter, compared on the fundus pictures of iChallenge-PM

The camp's question is left blank in the source; reconstructed from the course: 在眼疾识别数据集iChallenge-PM上训练
LeNet、AlexNet、VGG-16、GoogLeNet（有、无辅助分类器）和 ResNet-50，比较它们的准确率、loss 和代价。

Each network is trained with the course's recipe for it, from the same seed and in the same order of the pictures. A
tenth of the *training* pictures is held out; the network with the lowest loss there is the one whose weights are
kept. The validation pictures are for the report: accuracy, AUC with its interval, loss. The cost stands
beside it: parameters, multiply-adds, seconds an epoch, memory. Every finished network's result is kept in
`networks/`, so that an interrupted comparison goes on with the next one.

Expect, with the full settings on the real pictures (2 cores of an AMD EPYC): see docs/results.md.
"""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass, field, replace
from typing import Annotated

import numpy as np
import paddle

import paddle_camp as camp
from homework.hw9_2_compare_networks.figures import draw
from paddle_camp.comparisons import (
    BETTER,
    compare_classifiers,
    compare_shares,
    compare_with_majority,
    find_best,
    holm,
    leaders,
    not_beaten,
    verdict_of,
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
    image_size: camp.Count = 224  # course; pixels
    holdout: camp.Share = 0.1  # of the training pictures, held out to choose the network whose weights are kept


QUICK = replace(Settings(), models=("lenet", "alexnet", "googlenet", "googlenet_no_aux"))
QUICK = replace(QUICK, num_epochs=2, train_pictures=60, valid_pictures=30)


def recipe_of(name: str) -> Recipe:
    """The course's recipe, or that of ResNet."""
    return RECIPES.get(name) or Recipe(name, weight_decay=0.001)


def arguments_of(name: str, settings: Settings) -> dict:
    """The arguments of ``create_model`` for BGR pictures of this size and two classes."""
    return camp.model_arguments(recipe_of(name).model, 2, 3, settings.image_size) | recipe_of(name).arguments


def build(name: str, settings: Settings) -> tuple[paddle.nn.Layer, paddle.optimizer.Optimizer]:
    """The network and its optimizer."""
    recipe = recipe_of(name)
    model = camp.create_model(recipe.model, **arguments_of(name, settings))
    decay = paddle.regularizer.L2Decay(recipe.weight_decay) if recipe.weight_decay else None
    rate, parameters = settings.learning_rate, model.parameters()
    if recipe.optimizer == "adam":
        return model, paddle.optimizer.Adam(rate, parameters=parameters, weight_decay=decay)
    return model, paddle.optimizer.Momentum(rate, settings.momentum, parameters=parameters, weight_decay=decay)


def two_steps(name: str, settings: Settings, amp: bool) -> None:
    """Two training steps on noise, for the measurement of peak memory."""
    task = camp.Supervised(*build(name, settings), amp=amp)
    for _ in range(2):
        images = paddle.randn([settings.batch_size, 3, settings.image_size, settings.image_size])
        task.step((images, paddle.arange(settings.batch_size) % 2))


def train_network(name: str, settings: Settings, context: camp.Context, sets: dict[str, camp.Batches]) -> dict:
    """Train one network and measure it; JSON values."""
    paddle.seed(context.seed)
    model, optimizer = build(name, settings)
    context.say(f"{name}: {recipe_of(name).optimizer}, {camp.count_parameters(model):,} parameters")
    rows = camp.layer_rows(model, (1, 3, settings.image_size, settings.image_size))
    result = {"parameters": camp.count_parameters(model), "multiply_adds": sum(row.multiply_adds for row in rows)}
    options = settings.fit_options | context.fit_options | {"name": name}
    options["evaluations"] = {"holdout": sets["holdout"], "validation": sets["validation"]}
    options["keep"] = camp.CheckpointPolicy(context.checkpoints / name, best_on="holdout")
    try:
        history = camp.fit(model, optimizer, sets["train"], **options)
    except camp.DivergedError as error:
        context.say(f"{name}: {error}")
        return result | {"diverged": str(error)}
    validation = camp.evaluate(model, sets["validation"], amp=context.options.amp)
    step = float(np.median(history.column("seconds")))  # the median: other work on the machine disturbs some steps
    cost = {"seconds_per_epoch": step * len(sets["train"])}
    del model, optimizer  # the measuring process needs room beside this one
    cost["peak_memory"] = peak_memory(two_steps, name, settings, context.options.amp, device=context.device)
    losses = {f"{split}_loss": history.last(split)["loss"] for split in ("holdout", "train")}
    accuracies = history.after_epochs("validation", "accuracy")
    found = validation.as_dict() | losses | {"accuracies": accuracies, "history": history.as_dict(), "cost": cost}
    return result | found


def median_steps(history: camp.History) -> list[float]:
    """Seconds of the median step of each epoch; other work on the machine disturbs some steps."""
    epochs, seconds = np.array(history.column("epoch")), np.array(history.column("seconds"))
    return [float(np.median(seconds[epochs == epoch])) for epoch in np.unique(epochs)]


def compare(settings: Settings, context: camp.Context, sets: dict[str, camp.Batches]) -> dict[str, dict]:
    """Each network's result, in turn; the weights of the best one so far on held-out pictures are published."""
    results: dict[str, dict] = {}

    def train_and_publish(name: str) -> dict:
        result = train_network(name, settings, context, sets)
        lowest = min((r["holdout_loss"] for r in camp.finished(results.values())), default=np.inf)
        if result.get("holdout_loss", np.inf) < lowest:
            saved = camp.SavedModel(recipe_of(name).model, "fundus", arguments_of(name, settings), settings.image_size)
            context.publish(context.checkpoints / name, saved)
        return result

    for name in settings.models:
        file = context.path / "networks" / f"{name}.json"
        results[name] = kept(file, lambda name=name: train_and_publish(name))
        shutil.rmtree(context.checkpoints / name, ignore_errors=True)  # VGG-16 alone has 2 GB of them
    return results


def run(settings: Settings, context: camp.Context) -> camp.Answer:
    data, sets = context.load_parts(camp.load_fundus, settings)
    for name in settings.models:
        camp.check_input(name, data.train, build(name, settings)[0])
    everything = compare(settings, context, sets)
    done = {name: r for name, r in everything.items() if not camp.diverged(r)}
    camp.require(len(done) > 0, "every network diverged: try -o learning_rate=0.0001")
    labels = data.valid.labels
    outputs = {name: np.asarray(r.pop("outputs"), np.float32) for name, r in done.items()}
    histories = {name: camp.History.from_dict(r.pop("history")) for name, r in done.items()}
    for name, row in done.items():
        row["from_guessing"] = verdict_of(row["auc_interval"], 0.5)
        right = int(camp.metrics.correct(outputs[name], labels).sum())
        row["from_majority"] = compare_with_majority(right, labels)["verdict"]
        row["best_threshold"] = camp.metrics.best_threshold_accuracy(outputs[name], labels)
        row["off_threshold"] = row["best_threshold"] > row["accuracy"] + 0.05
    order = sorted(done, key=lambda name: (-done[name]["accuracy"], -done[name]["auc"]))
    tied = leaders({name: row["accuracy"] for name, row in done.items()})
    results = {"networks": everything, "order": order, "leaders": tied}
    results["learned"] = [name for name in order if done[name]["from_majority"] == BETTER]
    results["ordered"] = [name for name in order if done[name]["from_guessing"] == BETTER]  # right, if at any threshold
    results["kept"] = min(done, key=lambda n: done[n]["holdout_loss"])
    published = data.origin == "real" and data.info.counts["train"] == 400
    results["as_course"] = published and replace(settings, models=Settings().models) == Settings()
    for name, course in ((n, recipe_of(n).course) for n in done if recipe_of(n).course):
        right = round(done[name]["accuracy"] * len(labels))
        done[name]["from_course"] = compare_shares(right, len(labels), round(course[0] * 400), 400)
    best = outputs[order[0]]
    # The best was picked out of several, which holm allows for.
    results["against_best"] = holm({name: compare_classifiers(best, outputs[name], labels) for name in order[1:]})
    steps = {name: median_steps(histories[name]) for name in (order[0], *not_beaten(results["against_best"]))}
    shortest = min(map(len, steps.values()))  # patience may have stopped some
    quickest = find_best({name: row[:shortest] for name, row in steps.items()}, lower_is_better=True)
    if {"googlenet", "googlenet_no_aux"} <= done.keys():
        results["auxiliary"] = compare_classifiers(outputs["googlenet"], outputs["googlenet_no_aux"], labels)
    values = {"pictures": len(labels), "train": sets["train"].num_samples, "held": sets["holdout"].num_samples}
    values["recipes"] = {name: asdict(recipe_of(name)) for name in settings.models}
    values |= {"majority": float(max(np.mean(labels), 1 - np.mean(labels))), "quickest": quickest}
    return camp.Answer(
        title="作业9-2:各种卷积网络在眼疾识别上的比较",
        results=results,
        values=values,
        figures=draw(done, outputs, histories, data),
        histories=histories,
        predictions=camp.Predictions.of(data.valid, outputs[results["kept"]], "validation"),
    )
