"""作业9-1 When to decay ResNet's learning rate, on the fundus pictures of iChallenge-PM

The camp's question: 在第二章中学习过如何设置学习率衰减，这里建议使用分段衰减的方式，衰减系数为0.1，
根据ResNet目前的训练情况，应该在训练到多少步的时候设置衰减合适？请设置好学习率衰减方式，
在眼疾识别数据集iChallenge-PM上重新训练ResNet模型。

The method: train at the course's constant rate from several seeds, look for the step where the mean of their losses
stops falling (`plateau.py`), go back to that step and divide the rate by ten (`PiecewiseDecay`). For comparison the
same is done earlier and later. Forks share their past with the constant run: they start from its checkpoints. A tenth
of the *training* pictures is held out and shows whether the plateau is one on new pictures too; the validation
pictures decide nothing, they are for reporting.

Expect, with the full settings on the real pictures: see docs/results.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, NamedTuple

import numpy as np
import paddle
from annotated_types import Ge

import paddle_camp as camp
from homework.hw9_1_resnet_decay.figures import draw
from homework.hw9_1_resnet_decay.plateau import CHANCE, DRAWS, Plateau, choose_step, find_plateau
from paddle_camp.comparisons import (
    BETTER,
    ENOUGH,
    EVEN,
    compare_paired,
    compare_shares,
    compare_spreads,
    compare_with_value,
    share_interval,
)
from paddle_camp.data.pictures.augment import flip_and_rotate
from paddle_camp.metrics import guessing_loss
from paddle_camp.training.measuring import Evaluation

# What the course printed after epochs 0 to 4 at the constant rate, on its 400 validation pictures.
COURSE = {"accuracy": [0.7625, 0.6325, 0.930, 0.9275, 0.930], "loss": [0.537, 0.795, 0.201, 0.191, 0.208]}
DATA_PARALLEL = True  # may run under paddle.distributed.launch


@dataclass(frozen=True)
class Settings(camp.FundusSettings):
    """Hyper-parameters; "course" marks those of the camp's published ResNet script."""

    model: camp.ModelName = "resnet50"  # course; any name of the zoo
    num_classes: Annotated[int, camp.OneOf((1, 2))] = 2  # 1: the course's single logit with a sigmoid
    learning_rate: camp.Rate = 0.001  # course
    momentum: camp.Fraction = 0.9  # course
    weight_decay: camp.NonNegative = 0.001  # course: L2, added to the gradient
    batch_size: camp.Count = 10  # course; pictures
    # After the course's 5, and after 7, the loss still falls.
    num_epochs: Annotated[int, Ge(3), camp.Hint("a plateau needs at least 3 epochs to be seen")] = 10
    num_seeds: camp.Count = 3  # trainings of each kind, from --seed on
    decay_factor: camp.Share = 0.1  # the question's
    image_size: Annotated[int, Ge(32), camp.Hint("the network needs at least 32 pixels")] = 224  # course
    augment: bool = False  # flips and rotations of up to 15 degrees
    holdout: camp.Share = 0.1  # share of the training pictures held out, so that no choice needs the validation set


QUICK = replace(Settings(), model="resnet18", image_size=32, num_epochs=8, num_seeds=2)
QUICK = replace(QUICK, train_pictures=200, valid_pictures=100)


def choose_boundaries(plateau: int, steps_per_epoch: int, num_epochs: int) -> dict[str, int]:
    """Step counts for the decay at, before and after the plateau; the latter two at ends of epochs if there are any."""
    total = steps_per_epoch * num_epochs
    early = steps_per_epoch * max(1, round(plateau / steps_per_epoch / 3))
    late = steps_per_epoch * min(num_epochs - 1, -(-(plateau + total) // (2 * steps_per_epoch)))
    early = early if early < plateau else max(1, plateau // 2)
    late = late if late > plateau else (plateau + total) // 2
    return {"decayed": plateau, "earlier": early, "later": late}


class Finished(NamedTuple):
    """One training: its history, and the predictions of its last weights for the validation pictures."""

    history: camp.History
    validation: Evaluation


def build(settings: Settings) -> paddle.nn.Layer:
    """The network, for BGR pictures."""
    return camp.create_model(settings.model, **model_arguments(settings))


def model_arguments(settings: Settings) -> dict:
    """The arguments of ``create_model``."""
    return {"num_classes": settings.num_classes, "in_channels": 3}


def train_once(
    name: str, seed: int, boundaries: list[int], settings: Settings, context: camp.Context, sets: dict
) -> Finished:
    """Train with the rate divided at ``boundaries``, forked from the constant run at the last epoch that both share."""
    folder, per_epoch = context.checkpoints / f"{name}-{seed}", len(sets["train"])
    if boundaries:
        camp.fork(context.checkpoints / f"constant-{seed}", boundaries[0] // per_epoch, folder)
    paddle.seed(seed)  # the same initial weights in every run of this seed
    model = build(settings)
    schedule = camp.schedules.piecewise(settings.learning_rate, boundaries, settings.decay_factor)
    decay = paddle.regularizer.L2Decay(settings.weight_decay)
    optimizer = paddle.optimizer.Momentum(schedule, settings.momentum, model.parameters(), weight_decay=decay)
    # Measured within the last epoch too, to see how much its accuracy wavers.
    quarters = {per_epoch * (settings.num_epochs - 1) + round(per_epoch * k / 4) for k in (1, 2, 3)}
    options = settings.fit_options | context.fit_options | {"seed": seed, "name": f"{name}, seed {seed}"}
    options |= {"eval_steps": quarters, "evaluations": {key: sets[key] for key in ("holdout", "validation")}}
    options["keep"] = camp.CheckpointPolicy(folder, best_on="holdout", every_epoch=not boundaries)
    history = camp.fit(model, optimizer, replace(sets["train"], shuffle_seed=seed), **options)
    return Finished(history, camp.evaluate(model, sets["validation"], amp=context.options.amp))


def describe(each: list[Finished], boundary: int | None) -> dict:
    """The numbers of the table, means over the seeds: all from the last epoch."""
    rows = []
    for run in each:
        measured = run.history.split("validation")
        last = [row["accuracy"] for row in measured if row["epoch"] > measured[-1]["epoch"] - 1]
        holdout, validation = run.history.last("holdout"), run.validation
        row = {"train_loss": run.history.last("train")["loss"], "holdout_loss": holdout["loss"]}
        row |= {"holdout_accuracy": holdout["accuracy"], "validation_loss": validation.loss}
        row |= {"validation_accuracy": validation.accuracy, "validation_auc": validation.auc}
        rows.append(row | {"last_epoch_range": max(last) - min(last), "last_epoch_accuracies": last})
    means = {key: float(np.mean([row[key] for row in rows])) for key in rows[0] if key != "last_epoch_accuracies"}
    curves = {"holdout_loss_per_epoch": ("holdout", "loss"), "accuracy_per_epoch": ("validation", "accuracy")}
    for key, (split, column) in curves.items():
        means[key] = np.mean([run.history.after_epochs(split, column) for run in each], axis=0).tolist()
    return {"boundary": boundary, **means, "seeds": rows}


def judge(runs: dict[str, list[Finished]], rows: dict[str, dict], labels: np.ndarray, per_epoch: int) -> dict:
    """What the decayed runs are, compared with the others; each row gets the verdict on its training loss."""
    seeds, count = len(runs["decayed"]), len(labels)
    for name, row in rows.items():
        losses = [[each["train_loss"] for each in rows[n]["seeds"]] for n in (name, "decayed")]
        if seeds == 1:  # the losses of the same batches in turn
            losses = [runs[n][0].history.column("loss")[-per_epoch:] for n in (name, "decayed")]
        row["train_loss_verdict"] = compare_paired(*losses, lower_is_better=True)["verdict"]
    against = {name: compare_accuracies("decayed", name, runs, rows, labels) for name in runs if name != "decayed"}
    spreads = [np.ravel([each["last_epoch_accuracies"] for each in rows[n]["seeds"]]) for n in ("decayed", "constant")]
    steadier = compare_spreads(*spreads, resolution=1 / count, groups=seeds)["verdict"]
    mean = round(rows["decayed"]["validation_accuracy"] * count)
    course = compare_shares(mean, count, round(400 * COURSE["accuracy"][-1]), 400)["verdict"]
    return {"against": against, "steadier": steadier, "interval": share_interval(mean, count), "from_course": course}


def compare_accuracies(name: str, other: str, runs: dict, rows: dict[str, dict], labels: np.ndarray) -> dict:
    """Better or worse if it is so for other pictures, and from ``ENOUGH`` seeds on for other seeds as well."""
    # How many of the seeds get each picture right; the pictures are the same.
    right = ([camp.metrics.correct(run.validation.outputs, labels) for run in runs[n]] for n in (name, other))
    found = dict(compare_paired(*(np.mean(each, axis=0) for each in right)))
    pairs = list(zip(rows[name]["seeds"], rows[other]["seeds"], strict=True))
    # An accuracy wavers from step to step, above all at the constant rate: the mean over the last epoch does less.
    means = ([np.mean(row["last_epoch_accuracies"]) for row in each] for each in zip(*pairs, strict=True))
    if len(pairs) >= ENOUGH and compare_paired(*means)["verdict"] != found["verdict"]:
        found["verdict"] = EVEN
    found["seeds_higher"] = sum(own["validation_accuracy"] > its["validation_accuracy"] for own, its in pairs)
    return found


def run(settings: Settings, context: camp.Context) -> camp.Answer:
    data, sets = context.load_parts(camp.load_fundus, settings, flip_and_rotate if settings.augment else None)
    camp.check_input(settings.model, data.train, build(settings))
    per_epoch, labels = len(sets["train"]), data.valid.labels
    camp.require(per_epoch > 2, f"batch_size={settings.batch_size}: an epoch must have three steps or more")
    camp.require(settings.patience is None, "patience: the trainings are compared step by step; leave it out")

    def train(name: str, *boundaries: int) -> list[Finished]:
        seeds = context.seeds(settings.num_seeds)
        return [train_once(name, seed, list(boundaries), settings, context, sets) for seed in seeds]

    runs, boundaries, plateau = {"constant": train("constant")}, {}, None
    losses = [r.history.column("loss") for r in runs["constant"]]
    guessing = guessing_loss(sets["train"].labels)
    learned = compare_with_value(np.ravel([each[-per_epoch:] for each in losses]), guessing, lower_is_better=True)
    results = {"model": settings.model, "augment": settings.augment, "steps_per_epoch": per_epoch}
    results |= {"holdout_pictures": sets["holdout"].num_samples, "learned": learned["verdict"] == BETTER}
    results["guessing"] = guessing
    results["as_course"] = data.origin == "real" and settings == Settings()
    if results["learned"]:
        holdout = [r.history.after_epochs("holdout", "loss") for r in runs["constant"]]
        plateau = find_plateau(losses, holdout, per_epoch)
        context.say(f"{say(plateau)} (epochs of {per_epoch} steps)")
        chosen = choose_step(plateau, per_epoch, settings.num_epochs)
        boundaries = choose_boundaries(chosen, per_epoch, settings.num_epochs)
        for name, step in boundaries.items():
            context.say(f"{name}: learning rate x {settings.decay_factor} after step {step}")
            runs[name] = train(name, step)
        results["plateau"] = vars(plateau)
    results["same_past"] = all(
        run.history.column("loss")[:step] == past[:step]
        for name, step in boundaries.items()
        for run, past in zip(runs[name], losses, strict=True)
    )
    results["runs"] = {name: describe(each, boundaries.get(name)) for name, each in runs.items()}
    results |= judge(runs, results["runs"], labels, per_epoch) if boundaries else {}
    shown = "decayed" if boundaries else "constant"
    saved = camp.SavedModel(settings.model, "fundus", model_arguments(settings), settings.image_size)
    context.publish(context.checkpoints / f"{shown}-{context.seed}", saved)
    accuracy = results["runs"][shown]["validation_accuracy"]
    headline = {"name": "accuracy", "value": accuracy, "interval": results.get("interval"), "split": "validation"}
    histories = {
        f"{name}, seed {s}": r.history for name, each in runs.items() for s, r in enumerate(each, context.seed)
    }
    return camp.Answer(
        title="作业9-1:ResNet 应该在第多少步衰减学习率",
        results=results,
        values={"course": COURSE, "pictures": len(labels), "code": camp.code_of(train_once)}
        | {"allowed": CHANCE, "draws": DRAWS, "enough": ENOUGH},
        figures=draw(runs, boundaries, plateau, data, per_epoch, COURSE["accuracy"] if results["as_course"] else None),
        histories=histories,
        predictions=camp.Predictions.of(data.valid, runs[shown][0].validation.outputs, "validation"),
        headline=headline,
    )


def say(plateau: Plateau) -> str:
    """The finding in a line."""
    low, high = plateau.interval
    where = f"step {plateau.step} (95 %: {low} to {high})"
    return f"the plateau begins at {where}" if plateau.found else f"no plateau yet; the loss bends most at {where}"
