"""作业9-2 The networks of the chapter, compared on the fundus pictures of iChallenge-PM

The camp's question is left blank in the source; reconstructed from the course: 在眼疾识别数据集iChallenge-PM上训练
LeNet、AlexNet、VGG-16、GoogLeNet（有、无辅助分类器）和 ResNet-50，比较它们的准确率、loss 和代价。

Each network is trained with the course's recipe for it, from the same seed and in the same order of the pictures. A
tenth of the *training* pictures is held out; the network with the lowest loss there is the one whose weights are
kept. The validation pictures are for the report: accuracy, AUC with a bootstrap interval, loss. The cost stands
beside it: parameters, multiply-adds, seconds an epoch, memory. Every finished network's result is kept in
`networks/`, so that an interrupted comparison goes on with the next one.

Expect, with the full settings on the real pictures (2 cores of an AMD EPYC): see docs/results.md.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field, replace

import numpy as np
import paddle
from paddle import nn

from homework.hw9_2_compare_networks.figures import draw
from paddle_camp import metrics
from paddle_camp.answers.answer import Answer, Predictions
from paddle_camp.answers.template import render
from paddle_camp.data.batches import Batches
from paddle_camp.data.fundus.loading import load_fundus, three_parts
from paddle_camp.errors import DivergedError, SettingError, require
from paddle_camp.history import History
from paddle_camp.models import create_model, list_models
from paddle_camp.networks.summary import check_input_shape, count_parameters, layer_rows
from paddle_camp.predicting.saved_model import SavedModel
from paddle_camp.running.context import Context
from paddle_camp.speed.memory import peak_memory
from paddle_camp.sweeps.kept import kept
from paddle_camp.training.fit import CheckpointPolicy, fit, publish
from paddle_camp.training.loop import evaluate
from paddle_camp.training.losses import classification_loss
from paddle_camp.training.precision import autocast


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


@dataclass(frozen=True)
class Settings:
    """Hyper-parameters; "course" marks those of the camp's published scripts."""

    # Names of RECIPES; any other name of the zoo is trained as the course trains ResNet.
    models: tuple[str, ...] = tuple(RECIPES)
    learning_rate: float = 0.001  # course, for all of them
    momentum: float = 0.9  # course; where the optimizer is Momentum
    batch_size: int = 10  # course; pictures
    num_epochs: int = 5  # course
    image_size: int = 224  # course; pixels
    holdout: float = 0.1  # share of the training pictures held out to choose the network whose weights are kept
    train_pictures: int | None = None  # None: all there are (drawn as a stand-in: 400); else a stratified draw
    valid_pictures: int | None = None  # the same for validation (stand-in: 200)

    def __post_init__(self):
        known = [*RECIPES, *(name for name in list_models() if name not in RECIPES)]
        wrong = [name for name in self.models if name not in known]
        require(not wrong, f"models={','.join(wrong)}: there are {', '.join(known)}")
        require(len(self.models) > 0, "models: name at least one")
        require(len(set(self.models)) == len(self.models), f"models={','.join(self.models)}: each one once")
        require(self.learning_rate > 0, f"learning_rate={self.learning_rate}: must be positive")
        require(0 <= self.momentum < 1, f"momentum={self.momentum}: give a number from 0 to below 1")
        require(0 < self.holdout < 1, f"holdout={self.holdout}: give a share between 0 and 1")
        for key in ("batch_size", "num_epochs", "image_size"):
            require(getattr(self, key) > 0, f"{key}={getattr(self, key)}: must be positive")


QUICK = replace(
    Settings(),
    models=("lenet", "alexnet", "googlenet", "googlenet_no_aux"),
    num_epochs=2,
    train_pictures=60,
    valid_pictures=30,
)


def recipe_of(name: str) -> Recipe:
    """The course's recipe, or that of ResNet."""
    return RECIPES.get(name) or Recipe(name, weight_decay=0.001)


def arguments_of(name: str, settings: Settings) -> dict:
    """The arguments of ``create_model`` for BGR pictures and two classes."""
    recipe = recipe_of(name)
    size = {"image_size": settings.image_size} if recipe.model.startswith("lenet") else {}
    return {"num_classes": 2, "in_channels": 3} | size | recipe.arguments


def build(name: str, settings: Settings) -> tuple[nn.Layer, paddle.optimizer.Optimizer]:
    """The network and its optimizer."""
    recipe = recipe_of(name)
    model = create_model(recipe.model, **arguments_of(name, settings))
    decay = paddle.regularizer.L2Decay(recipe.weight_decay) if recipe.weight_decay else None
    rate, parameters = settings.learning_rate, model.parameters()
    if recipe.optimizer == "adam":
        return model, paddle.optimizer.Adam(rate, parameters=parameters, weight_decay=decay)
    return model, paddle.optimizer.Momentum(rate, settings.momentum, parameters=parameters, weight_decay=decay)


def two_steps(name: str, settings: Settings, amp: bool) -> None:
    """Two training steps on noise, for the measurement of peak memory."""
    model, optimizer = build(name, settings)
    for _ in range(2):
        images = paddle.randn([settings.batch_size, 3, settings.image_size, settings.image_size])
        with autocast(amp):
            loss = classification_loss(model(images), paddle.arange(settings.batch_size) % 2)
        loss.backward()
        optimizer.step()
        optimizer.clear_grad()


def train_network(name: str, settings: Settings, context: Context, sets: dict[str, Batches]) -> dict:
    """Train one network and measure it; JSON values."""
    paddle.seed(context.seed)
    model, optimizer = build(name, settings)
    folder = context.checkpoints / name
    context.say(f"{name}: {recipe_of(name).optimizer}, {count_parameters(model):,} parameters")
    rows = layer_rows(model, (1, 3, settings.image_size, settings.image_size))
    result = {"parameters": count_parameters(model), "multiply_adds": sum(row.multiply_adds for row in rows)}
    try:
        history = fit(
            model,
            optimizer,
            sets["train"],
            num_epochs=settings.num_epochs,
            evaluations={"holdout": sets["holdout"], "validation": sets["validation"]},
            seed=context.seed,
            amp=context.options.amp,
            keep=CheckpointPolicy(folder, best_on="holdout"),
            name=name,
        )
    except DivergedError as error:
        context.say(f"{name}: {error}")
        return result | {"diverged": str(error)}
    validation = evaluate(model, sets["validation"], amp=context.options.amp)
    step = float(np.median(history.column("seconds")))  # the median: other work on the machine disturbs some steps
    cost = {"seconds_per_epoch": step * len(sets["train"])}
    del model, optimizer  # the measuring process needs room beside this one
    cost["peak_memory"] = peak_memory(two_steps, name, settings, context.options.amp, device=context.device)
    return result | {
        "loss": validation.loss,
        "accuracy": validation.accuracy,
        "auc": metrics.auc(validation.outputs, validation.labels),
        "auc_interval": metrics.auc_interval(validation.outputs, validation.labels, seed=context.seed),
        "holdout_loss": history.split("holdout")[-1]["loss"],
        "train_loss": history.split("train")[-1]["loss"],
        "accuracies": [row["accuracy"] for row in history.split("validation")],
        "outputs": validation.outputs.tolist(),
        "history": history.as_dict(),
        "cost": cost,
    }


def compare(settings: Settings, context: Context, sets: dict[str, Batches]) -> dict[str, dict]:
    """Each network's result, in turn; the weights of the best one so far on held-out pictures are published."""
    results: dict[str, dict] = {}

    def train_and_publish(name: str) -> dict:
        result = train_network(name, settings, context, sets)
        others = [r["holdout_loss"] for r in results.values() if "diverged" not in r]
        if "diverged" not in result and result["holdout_loss"] < min(others, default=np.inf):
            saved = SavedModel(recipe_of(name).model, "fundus", arguments_of(name, settings), settings.image_size)
            saved.write(context.checkpoints, context.data)
            publish(context.checkpoints / name, context.checkpoints)
        return result

    for name in settings.models:
        file = context.path / "networks" / f"{name}.json"
        results[name] = kept(file, lambda name=name: train_and_publish(name))
        shutil.rmtree(context.checkpoints / name, ignore_errors=True)  # VGG-16 alone has 2 GB of them
    return results


def run(settings: Settings, context: Context) -> Answer:
    """Answer the question; see the module's docstring."""
    counts = (settings.train_pictures, settings.valid_pictures)
    data = load_fundus(context.options.data, context.options.data_dir, settings.image_size, counts)
    context.announce(data.info, data.how)
    sets = three_parts(data, settings.holdout, settings.batch_size, context.seed)
    for name in settings.models:
        check_input_shape(build(name, settings)[0], (1, 3, settings.image_size, settings.image_size), name)
    everything = compare(settings, context, sets)
    done = {name: r for name, r in everything.items() if "diverged" not in r}
    if not done:
        raise SettingError("every network diverged: try -o learning_rate=0.0001")
    labels = data.valid.labels
    outputs = {name: np.asarray(r.pop("outputs"), np.float32) for name, r in done.items()}
    histories = {name: History.from_dict(r.pop("history")) for name, r in done.items()}
    for name, row in done.items():
        row["best_threshold"] = metrics.best_threshold_accuracy(outputs[name], labels)
    order = sorted(done, key=lambda name: -done[name]["accuracy"])
    results = {"networks": everything, "order": order, "kept": min(done, key=lambda n: done[n]["holdout_loss"])}
    published = data.origin == "real" and data.info.counts["train"] == 400
    results["as_course"] = published and replace(settings, models=Settings().models) == Settings()
    best = outputs[order[0]]
    results["against_best"] = {name: metrics.only_one_right(best, outputs[name], labels) for name in order[1:]}
    if {"googlenet", "googlenet_no_aux"} <= done.keys():
        results["auxiliary"] = metrics.only_one_right(outputs["googlenet"], outputs["googlenet_no_aux"], labels)
    values = {
        "settings": settings,
        "recipes": {name: recipe_of(name) for name in settings.models},
        "majority": float(max(np.mean(labels), 1 - np.mean(labels))),
        "pictures": len(labels),
        "train": len(sets["train"].data),
        "held": len(sets["holdout"].data),
    }
    return Answer(
        title="作业9-2:各种卷积网络在眼疾识别上的比较",
        text=render(__file__, values | results),
        results=results,
        figures=draw(done, outputs, histories, data),
        histories=histories,
        predictions=Predictions(data.valid.names, labels, metrics.probabilities(outputs[results["kept"]])),
    )
