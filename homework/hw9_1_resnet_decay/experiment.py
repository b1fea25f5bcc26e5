"""作业9-1 When to decay ResNet's learning rate, on the fundus pictures of iChallenge-PM

The camp's question: 在第二章中学习过如何设置学习率衰减，这里建议使用分段衰减的方式，衰减系数为0.1，
根据ResNet目前的训练情况，应该在训练到多少步的时候设置衰减合适？请设置好学习率衰减方式，
在眼疾识别数据集iChallenge-PM上重新训练ResNet模型。

The method: train at the course's constant rate, look for the step from which on the loss gains nothing that
stands out of the noise (`find_plateau`), go back to that step and divide the rate by ten (`PiecewiseDecay`). For
comparison the same is done too early and too late. Forks share their past with the constant run: they start from
its checkpoints. A tenth of the *training* pictures is held out and shows whether the plateau is one on new
pictures too; the validation pictures decide nothing, they are for reporting.

Expect, with the full settings on the real pictures (55 minutes on 2 cores of an Intel Xeon, 200 validation pictures):
the plateau begins at step 69 of 180; decayed there, the network ends at accuracy 0.910 and AUC 0.963, within one point
over the last epoch; at the constant rate it wavers between 0.765 and 0.905.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, NamedTuple

import numpy as np
import paddle
from annotated_types import Ge

import paddle_camp as camp
from homework.hw9_1_resnet_decay.figures import draw
from paddle_camp.comparisons import compare_classifiers, compare_paired, compare_shares, compare_spreads, share_interval
from paddle_camp.data.pictures.augment import flip_and_rotate
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
    num_epochs: Annotated[int, Ge(3), camp.Hint("a plateau needs at least 3 epochs to be seen")] = 5  # course
    decay_factor: camp.Share = 0.1  # the question's
    image_size: Annotated[int, Ge(32), camp.Hint("the network needs at least 32 pixels")] = 224  # course
    augment: bool = False  # flips and rotations of up to 15 degrees
    holdout: camp.Share = 0.1  # share of the training pictures held out, so that no choice needs the validation set


QUICK = replace(Settings(), model="resnet18", image_size=32, num_epochs=8, train_pictures=200, valid_pictures=100)


@dataclass(frozen=True)
class Plateau:
    """The step where the plateau begins, whether the rule was met there, and the numbers that it compared."""

    step: int
    found: bool
    before: float  # mean loss over the epoch that ends at the step
    after: float  # mean loss from there to the end of training
    noise: float  # standard error of their difference


def find_plateau(losses: list[float], window: int) -> Plateau:
    """The first step after which training at the same rate lowers the loss by less than its noise.

    The rule compares the smoothed loss, the mean over the last ``window`` steps (as many as an epoch has, so that it
    weighs all training pictures alike), with the mean over all that follows. Both waver because batches do; how much,
    their scatter tells: it gives the standard error of the difference. A gain below it cannot be told from none.
    Looking at all that follows, rather than at the next epoch alone, keeps a noisy start from being taken for a
    plateau. If no step qualifies, the one with the smallest gain in units of its noise is returned with
    ``found=False``: the training was too short.
    """
    loss = np.asarray(losses, np.float64)
    candidates = []
    for step in range(window, len(loss) - window + 1):
        before, after = loss[step - window : step], loss[step:]
        noise = np.sqrt(before.var(ddof=1) / len(before) + after.var(ddof=1) / len(after))
        gain = before.mean() - after.mean()
        candidates.append(Plateau(step, bool(gain < noise), float(before.mean()), float(after.mean()), float(noise)))
    return next((c for c in candidates if c.found), min(candidates, key=lambda c: (c.before - c.after) / c.noise))


def choose_boundaries(plateau: int, steps_per_epoch: int, num_epochs: int) -> dict[str, int]:
    """Step counts for the decay at, before and after the plateau; the latter two at ends of epochs if there are any."""
    total = steps_per_epoch * num_epochs
    early = steps_per_epoch * max(1, round(plateau / steps_per_epoch / 3))
    late = steps_per_epoch * min(num_epochs - 1, -(-(plateau + total) // (2 * steps_per_epoch)))
    early = early if early < plateau else max(1, plateau // 2)
    late = late if late > plateau else (plateau + total) // 2
    return {"decayed": plateau, "too early": early, "too late": late}


class Finished(NamedTuple):
    """One training: its history, and the predictions of its last weights for the validation pictures."""

    history: camp.History
    validation: Evaluation


def build(settings: Settings) -> paddle.nn.Layer:
    """The network, for BGR pictures."""
    return camp.create_model(settings.model, num_classes=settings.num_classes, in_channels=3)


def train_once(name: str, boundaries: list[int], settings: Settings, context: camp.Context, sets: dict) -> Finished:
    """Train with the rate divided at ``boundaries``, forked from the constant run at the last epoch that both share."""
    folder, per_epoch = context.checkpoints / name.replace(" ", "-"), len(sets["train"])
    if boundaries:
        camp.fork(context.checkpoints / "constant", boundaries[0] // per_epoch, folder)
    paddle.seed(context.seed)  # the same initial weights in every run
    model = build(settings)
    schedule = camp.schedules.piecewise(settings.learning_rate, boundaries, settings.decay_factor)
    decay = paddle.regularizer.L2Decay(settings.weight_decay)
    optimizer = paddle.optimizer.Momentum(schedule, settings.momentum, model.parameters(), weight_decay=decay)
    # Measured within the last epoch too, to see how much its accuracy wavers.
    quarters = {per_epoch * (settings.num_epochs - 1) + round(per_epoch * k / 4) for k in (1, 2, 3)}
    options = settings.fit_options | context.fit_options | {"name": name, "eval_steps": quarters}
    options["evaluations"] = {"holdout": sets["holdout"], "validation": sets["validation"]}
    options["keep"] = camp.CheckpointPolicy(folder, best_on="holdout", every_epoch=not boundaries)
    history = camp.fit(model, optimizer, sets["train"], **options)
    return Finished(history, camp.evaluate(model, sets["validation"], amp=context.options.amp))


def describe(run: Finished, boundary: int | None, settings: Settings) -> dict:
    """The numbers of the table: all from the last epoch."""
    last = [row["accuracy"] for row in run.history.split("validation") if row["epoch"] > settings.num_epochs - 1]
    holdout = run.history.last("holdout")
    return {
        "boundary": boundary,
        "train_loss": run.history.last("train")["loss"],
        "holdout_loss": holdout["loss"],
        "holdout_accuracy": holdout["accuracy"],
        "validation_loss": run.validation.loss,
        "validation_accuracy": run.validation.accuracy,
        "validation_auc": run.validation.auc,
        "last_epoch_accuracies": last,
        "last_epoch_range": max(last) - min(last),
        "holdout_loss_per_epoch": run.history.after_epochs("holdout", "loss"),
        "accuracy_per_epoch": run.history.after_epochs("validation", "accuracy"),
    }


def run(settings: Settings, context: camp.Context) -> camp.Answer:
    data, sets = context.load_parts(camp.load_fundus, settings, flip_and_rotate if settings.augment else None)
    camp.check_input(settings.model, data.train, build(settings))
    per_epoch = len(sets["train"])
    camp.require(per_epoch > 1, f"batch_size={settings.batch_size}: an epoch must have two steps or more")
    runs = {"constant": train_once("constant", [], settings, context, sets)}
    losses = runs["constant"].history.column("loss")
    plateau = find_plateau(losses, window=per_epoch)
    found = "the plateau begins" if plateau.found else "no plateau yet; the smallest gain is"
    context.say(f"{found} at step {plateau.step} ({plateau.step / per_epoch:.2f} epochs of {per_epoch} steps)")
    boundaries = choose_boundaries(plateau.step, per_epoch, settings.num_epochs)
    for name, step in boundaries.items():
        context.say(f"{name}: learning rate x {settings.decay_factor} after step {step}")
        runs[name] = train_once(name, [step], settings, context, sets)
    arguments = {"num_classes": settings.num_classes, "in_channels": 3}
    saved = camp.SavedModel(settings.model, "fundus", arguments, settings.image_size)
    context.publish(context.checkpoints / "decayed", saved)
    results = {"model": settings.model, "augment": settings.augment, "steps_per_epoch": per_epoch}
    results |= {"holdout_pictures": sets["holdout"].num_samples, "plateau": vars(plateau)}
    results["same_past"] = all(runs[n].history.column("loss")[:step] == losses[:step] for n, step in boundaries.items())
    results["as_course"] = data.origin == "real" and settings == Settings()
    results["runs"] = {name: describe(r, boundaries.get(name), settings) for name, r in runs.items()}
    last = {name: r.history.column("loss")[-per_epoch:] for name, r in runs.items()}  # of the same batches in turn
    for name, row in results["runs"].items():
        row["train_loss_verdict"] = compare_paired(last[name], last["decayed"], lower_is_better=True)["verdict"]
    best = runs["decayed"].validation
    others = {name: r.validation.outputs for name, r in runs.items() if name != "decayed"}
    spreads = [results["runs"][name]["last_epoch_accuracies"] for name in ("decayed", "constant")]
    right, count = int(camp.metrics.correct(best.outputs, best.labels).sum()), len(best.labels)
    results["steadier"] = compare_spreads(*spreads, resolution=1 / count)["verdict"]
    results["interval"] = share_interval(right, count)
    results["from_course"] = compare_shares(right, count, round(400 * COURSE["accuracy"][-1]), 400)["verdict"]
    results["against"] = {name: compare_classifiers(best.outputs, each, best.labels) for name, each in others.items()}
    return camp.Answer(
        title="作业9-1:ResNet 应该在第多少步衰减学习率",
        results=results,
        values={"course": COURSE, "pictures": len(data.valid)},
        figures=draw(runs, boundaries, data, per_epoch, COURSE["accuracy"] if results["as_course"] else None),
        histories={name: r.history for name, r in runs.items()},
        predictions=camp.Predictions.of(data.valid, best.outputs, "validation"),
    )
