"""Overfitting and vanishing gradients: what causes them, and what helps

Course: book
The question (reconstructed): 梯度为什么会消失（sigmoid、tanh、ReLU、LeakyReLU，不同的深度和初始化）？
不用梯度能不能训练？过拟合怎么办（dropout、L2、L1、max-norm）？

Three experiments. (1) One forward and backward pass through fully connected networks of 2 to 20 hidden layers, four
activations, four initialisations: how large the activations are in each layer, and how large the gradient is that
arrives there; then the networks with each activation's usual initialisation are trained. (2) Random search, which asks
for no gradient, beside gradient descent at the same number of passes, on a shallow network and on the deepest one with
sigmoids. (3) A network that learns 1,000 digits by heart, and the four remedies, each at several strengths: the
strength is chosen on held-out training digits, and the test digits only report.

Expect, with the full settings on the real digits: about 20 minutes on one core of an Intel Xeon, and half of that with
`--jobs 2`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any

import numpy as np
import paddle
from annotated_types import Ge

import paddle_camp as camp
from homework.overfitting import vanishing
from homework.overfitting.figures import draw_all
from homework.overfitting.networks import ACTIVATIONS, USUAL, Plain, standardise
from homework.overfitting.remedies import REMEDIES, Regularised, build, look_at
from homework.overfitting.search import descend, search
from homework.overfitting.verdicts import judge_deep, judge_remedies, judge_search, split_label
from paddle_camp.networks.signals import judge_arriving

IS_SWEEP = True
METHODS = ("gradient", "search")
Depth = Annotated[int, Ge(2)]


@dataclass(frozen=True)
class Settings(camp.DigitSettings):
    """Hyper-parameters: the source names the subjects only, so that these are this page's."""

    few: camp.Count = 1000  # training digits of every training here, so few that they are learned by heart
    holdout: camp.Count = 5000  # other training digits, that strengths are chosen on
    curve_pictures: camp.Count = 2000  # test digits for the curves; the numbers at the end are of all of them
    num_seeds: camp.Count = 3  # of everything, from --seed on
    width: camp.Count = 100  # units of each hidden layer, in (1) and (2)
    depths: camp.Several[Depth] = (2, 5, 10, 20)  # hidden layers
    deep_epochs: camp.Count = 20
    deep_rate: camp.Rate = 0.01  # Momentum 0.9
    passes: camp.Count = 2000  # forward passes over all digits of (2); a step with a gradient counts as three
    search_step: camp.Rate = 0.01  # the first standard deviation of the noise; it adapts itself
    descent_rate: camp.Rate = 0.1  # of gradient descent, without momentum
    dropout: camp.Several[camp.Share] = (0.2, 0.4, 0.6, 0.8)  # strengths: share of the hidden units left out
    l2: camp.Several[camp.Rate] = (0.001, 0.003, 0.01, 0.03)  # factor of half of the sum of squares
    l1: camp.Several[camp.Rate] = (0.00003, 0.0001, 0.0003, 0.001)  # factor of the sum of absolute values
    max_norm: camp.Several[camp.Rate] = (0.5, 1.0, 2.0, 3.0)  # largest norm of the weights into one unit
    batch_size: camp.Count = 50  # digits
    num_epochs: camp.Count = 60  # of (3)
    learning_rate: camp.Rate = 0.02  # of (3); Momentum 0.9


QUICK = replace(Settings(), few=200, holdout=300, curve_pictures=200, depths=(2, 10), deep_epochs=6, passes=150)
QUICK = replace(QUICK, num_epochs=15, num_seeds=1, dropout=(0.5,), l2=(0.003, 0.03), l1=(0.0003,), max_norm=(1.0,))
QUICK = replace(QUICK, width=50, batch_size=20, test_pictures=300)


def train_deep(activation: str, depth: int, seed: int, settings: Settings, sets: dict) -> dict:
    """Train a network with its activation's usual initialisation on the standardised digits; JSON values."""
    paddle.seed(seed)
    model = Plain(depth, settings.width, activation, USUAL[activation])
    optimizer = paddle.optimizer.Momentum(settings.deep_rate, 0.9, model.parameters())
    train = replace(sets["deep"], shuffle_seed=seed)
    history = camp.fit(model, optimizer, train, num_epochs=settings.deep_epochs, seed=seed, quiet=True)
    parts = {"train": sets["deep"], "test": sets["deep_test"]}
    found = {name: camp.evaluate(model, part).accuracy for name, part in parts.items()}
    return found | {"loss": history.last("train")["loss"]}


def train_without(network: str, method: str, seed: int, settings: Settings, sets: dict) -> dict:
    """Gradient descent or random search from the same initial weights; JSON values."""
    paddle.seed(seed)
    depth, activation = (2, "relu") if network == "shallow" else (max(settings.depths), "sigmoid")
    model = Plain(depth, settings.width, activation, USUAL[activation])
    images, labels = sets["deep"].whole()
    if method == "gradient":
        curve = descend(model, images, labels, settings.passes, settings.descent_rate)
    else:
        curve = search(model, images, labels, settings.passes, seed, settings.search_step)
    test = camp.evaluate(model, sets["deep_test"]).accuracy
    size = {"depth": depth, "activation": activation, "parameters": camp.count_parameters(model)}
    return {"curve": curve, "loss": camp.evaluate(model, sets["deep"]).loss, "test": test} | size


def train_with(
    remedy: str, seed: int, settings: Settings, sets: dict, keep: camp.CheckpointPolicy | None = None
) -> dict:
    """Train with a remedy at a strength, such as "l2 0.01"; JSON values."""
    paddle.seed(seed)  # the same initial weights for all of them
    kind, strength = split_label(remedy)
    model = build(kind, strength)
    optimizer = paddle.optimizer.Momentum(settings.learning_rate, 0.9, model.parameters())
    evaluations = {"training": sets["train"], "test": sets["curve"]}  # both in evaluation mode
    options = {"num_epochs": settings.num_epochs, "seed": seed, "quiet": True, "evaluations": evaluations, "keep": keep}
    task = Regularised(model, optimizer, kind, strength)
    history = camp.fit_task(task, replace(sets["train"], shuffle_seed=seed), **options)
    measured = {part: camp.evaluate(model, sets[part]) for part in ("train", "holdout", "test")}
    row = {part: {"accuracy": each.accuracy, "loss": each.loss} for part, each in measured.items()}
    row |= look_at(model) | {"history": {"steps": [], "evaluations": history.evaluations}}
    return row | ({"outputs": measured["test"].outputs.tolist()} if keep else {})


def draw_sets(data: camp.ImageSet, settings: Settings, seed: int) -> dict[str, camp.Batches]:
    """The digits of all experiments: few to train on, others held out, and test digits."""
    needed = settings.few + settings.holdout
    have = len(data.train)
    camp.require(needed <= have, f"few={settings.few} and holdout={settings.holdout}: there are {have} training digits")
    both = camp.draw(data.train, needed, seed) if needed < have else data.train
    rest, held = camp.split_off(both, settings.holdout / len(both), seed)
    scale = standardise(rest.images)
    sets = {"train": camp.Batches(rest, settings.batch_size), "holdout": camp.Batches(held, 500)}
    sets |= {"test": camp.Batches(data.test, 500)}
    sets["curve"] = camp.Batches(camp.draw(data.test, settings.curve_pictures, seed), 500)
    sets |= {"deep": replace(sets["train"], scale=scale), "deep_test": replace(sets["test"], scale=scale)}
    return sets


def run(settings: Settings, context: camp.Context) -> camp.Answer:
    data = context.load(camp.load_mnist, counts=(settings.train_pictures, settings.test_pictures))
    sets, seeds = draw_sets(data, settings, context.seed), context.seeds(settings.num_seeds)
    images, labels = sets["deep"].whole()
    signals = vanishing.measure(settings.depths, settings.width, seeds, images, labels)
    options: dict[str, Any] = {"common": {"settings": settings, "sets": sets}}
    options["describe"] = lambda cell: f"training loss {cell['loss']:.4f}, test accuracy {cell['test']:.4f}"
    axes = {"activation": tuple(ACTIVATIONS), "depth": settings.depths, "seed": seeds}
    deep = context.grid(train_deep, axes, prefix="deep-", **options)
    axes = {"network": ("shallow", "deep"), "method": METHODS, "seed": seeds}
    without = context.grid(train_without, axes, prefix="search-", **options)
    labelled = ["none", *(f"{name} {strength:g}" for name in REMEDIES for strength in getattr(settings, name))]
    options["describe"] = lambda cell: "held-out accuracy/loss: {accuracy:.4f}/{loss:.4f}".format(**cell["holdout"])
    cells = context.grid(train_with, {"remedy": tuple(labelled), "seed": seeds}, **options)
    remedies = judge_remedies(cells.over("seed", list).named(), sets["train"].num_samples, len(data.test))
    winner, folder = remedies["best"], context.checkpoints / "winner"
    found = train_with(winner, context.seed, settings, sets, camp.CheckpointPolicy(folder))  # with its weights kept
    kind, strength = split_label(winner)
    saved, dropout = camp.SavedModel.usual("mlp_relu", "digits"), {"dropout": strength} if kind == "dropout" else {}
    context.publish(folder, replace(saved, arguments=saved.arguments | dropout))
    results = {
        "signals": signals,
        "gradients": {name: judge_arriving(row["arriving"]) for name, row in signals.items()},
    }
    results |= {"deep": judge_deep(deep, data.test.labels), "without": judge_search(without, labels)}
    results["remedies"] = remedies
    values = {"few": sets["train"].num_samples, "held": sets["holdout"].num_samples, "test": len(data.test)}
    values |= {"code": camp.code_of(Regularised), "enough": camp.comparisons.ENOUGH, "usual": USUAL}
    return camp.Answer(
        title="作业overfitting:梯度消失与过拟合",
        results=results,
        values=values,
        figures=draw_all(signals, without, cells, remedies, settings.depths),
        histories={"winner": camp.History.from_dict(found["history"])},
        predictions=camp.Predictions.of(data.test, np.asarray(found["outputs"])),
    )
