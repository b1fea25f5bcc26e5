"""作业6-1 Five exercises on the training of a network for digits

The camp's question: 1 将普通神经网络模型的每层输出打印，观察内容；2 将分类准确率的指标用PLT库画图表示；
3 通过分类准确率，判断以采用不同损失函数训练模型的效果优劣；4 作图比较：随着训练进行，模型在训练集和测试集上的Loss曲线；
5 调节正则化权重，观察4的作图曲线的变化，并分析原因。

1: mean, standard deviation, zeros and dead units of every layer's output for some digits, and one's feature maps.
2: accuracy after every epoch; the figure is written again after each one, so that it can be watched while training.
3: cross-entropy, squared error on the softmax, label-smoothed cross-entropy and a hinge loss, from the same weights,
in the same order, judged by the accuracy on the test digits; and how hard each pulls at the same logits. 4 and 5: the
loss on training and test digits after every epoch, for a range of L2 weights, on a training subset small enough that
over-fitting shows; the reason is read off the gap between the two curves.

Expect, with the full settings on the real digits (2 cores of an AMD EPYC): see docs/results.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import paddle
from annotated_types import MinLen

import paddle_camp as camp
from homework.hw6_1_five_exercises.figures import draw_accuracy, draw_all
from homework.hw6_1_five_exercises.layers import describe_layers, observe
from homework.hw6_1_five_exercises.losses import LOSSES, pull_of
from homework.hw6_1_five_exercises.verdicts import is_chance, judge_l2, rank, summarise_l2

IS_SWEEP = True


@dataclass(frozen=True)
class Settings(camp.DigitSettings):
    """Hyper-parameters."""

    model: camp.ModelName = "two_conv_net"  # the course's network for digits; any name of the zoo that takes 28 x 28
    learning_rate: camp.Rate = 0.001  # Adam
    batch_size: camp.Count = 100  # digits
    num_epochs: camp.Count = 3  # of exercises 2 and 3
    losses: camp.Several[Annotated[str, camp.OneOf(LOSSES)]] = ("cross_entropy", "squared", "smoothed", "hinge")
    smoothing: camp.Fraction = 0.1  # of the label-smoothed cross-entropy (Szegedy et al., arXiv:1512.00567)
    # Paddle's L2Decay: adds weight x parameter.
    l2_weights: Annotated[tuple[camp.NonNegative, ...], MinLen(2)] = (0.0, 0.0001, 0.001, 0.01, 0.1)
    l2_pictures: camp.Count = 1000  # training digits of exercises 4 and 5
    l2_test_pictures: camp.Count = 2000  # test digits for the curves of exercises 4 and 5: measured 40 times each
    l2_epochs: camp.Count = 40
    l2_rate: camp.Rate = 0.05  # Momentum 0.9; with Adam an L2 gradient would be rescaled away
    num_seeds: camp.Count = 3  # trainings of each loss, from --seed on; fewer are not ranked
    l2_seeds: camp.Count = 6  # of each L2 weight: from seed to seed a loss on few digits differs more than an accuracy
    holdout: camp.Share = 1 / 6  # of the training digits (10,000 of 60,000), held out for the `best` weights


QUICK = replace(Settings(), num_epochs=2, batch_size=25, l2_pictures=200, l2_epochs=12, l2_seeds=3)
QUICK = replace(QUICK, train_pictures=1200, test_pictures=300, l2_weights=(0.0, 0.01, 0.1))


def train_with_loss(loss: str, seed: int, settings: Settings, sets: dict, keep=None, watch=None) -> dict:
    """Exercises 2 and 3: train with one loss; JSON values. ``watch`` is called after every epoch."""
    paddle.seed(seed)
    model = camp.create_for(settings.model, camp.DIGITS)
    optimizer = paddle.optimizer.Adam(settings.learning_rate, parameters=model.parameters())
    start = camp.evaluate(model, sets["test"]).outputs if keep else None
    options = {"evaluations": {"holdout": sets["holdout"], "test": sets["test"]}, "seed": seed}
    options |= {"loss_fn": lambda logits, labels: LOSSES[loss](logits, labels, settings)}
    options |= {"keep": keep, "probe": watch, "quiet": keep is None, "num_epochs": settings.num_epochs}
    history = camp.fit(model, optimizer, replace(sets["train"], shuffle_seed=seed), **options)
    test = camp.evaluate(model, sets["test"])
    found = {"accuracy": test.accuracy, "history": history.as_dict()}
    if keep:
        found |= {"outputs": test.outputs.tolist(), "layers": describe_layers(model, sets["test"])}
        found["pulls"] = {name: pull_of(name, start, test.outputs, test.labels, settings) for name in settings.losses}
    return found


def train_with_l2(weight: float, seed: int, settings: Settings, sets: dict) -> dict:
    """Exercises 4 and 5: train on the small subset with one L2 weight; JSON values."""
    paddle.seed(seed)
    model = camp.create_for(settings.model, camp.DIGITS)
    decay = paddle.regularizer.L2Decay(weight)
    optimizer = paddle.optimizer.Momentum(settings.l2_rate, 0.9, model.parameters(), weight_decay=decay)
    train = replace(sets["small"], shuffle_seed=seed)
    evaluations = {"training": sets["small"], "test": sets["few"]}  # both in evaluation mode
    options = {"evaluations": evaluations, "seed": seed, "quiet": True}
    history = camp.fit(model, optimizer, train, num_epochs=settings.l2_epochs, **options)
    norm = float(np.sqrt(sum(float((p**2).sum()) for p in model.parameters() if not p.stop_gradient)))
    if not np.isfinite(norm):  # weights may overflow behind a ReLU that hides it from the loss
        raise camp.DivergedError(len(history.steps), norm, "L2")
    return {"history": {"steps": [], "evaluations": history.evaluations}, "norm": norm}


def run(settings: Settings, context: camp.Context) -> camp.Answer:
    data, sets = context.load_parts(camp.load_mnist, settings)
    camp.check_input(settings.model, data.train)
    small = camp.draw(sets["train"].data, settings.l2_pictures, context.seed)
    few = camp.draw(data.test, settings.l2_test_pictures, context.seed)
    sets |= {"small": camp.Batches(small, settings.batch_size), "few": camp.Batches(few, 500)}
    seeds, l2_seeds = context.seeds(settings.num_seeds), context.seeds(settings.l2_seeds)
    seen: list[float] = []

    def watch(model) -> dict:
        seen.append(camp.evaluate(model, sets["holdout"]).accuracy)
        context.save_figure("accuracy", draw_accuracy({"holdout": (range(len(seen)), seen)}))
        return {}

    keep = camp.CheckpointPolicy(context.checkpoints / "cross_entropy", best_on="holdout")
    main = train_with_loss("cross_entropy", context.seed, settings, sets, keep, watch)
    context.publish(keep.folder, camp.SavedModel.usual(settings.model, "digits"))
    words = lambda cell: f"test accuracy {camp.History.from_dict(cell['history']).last('test')['accuracy']:.4f}"  # noqa: E731
    options = {"common": {"settings": settings, "sets": sets}, "describe": words}
    by_loss = context.grid(train_with_loss, {"loss": settings.losses, "seed": seeds}, prefix="loss-", **options)
    by_l2 = context.grid(train_with_l2, {"weight": settings.l2_weights, "seed": l2_seeds}, prefix="l2-", **options)
    guess = {"accuracy": 1 / len(camp.DIGITS.classes)}  # of a training that diverged
    losses = by_loss.over("seed", lambda cells: [(guess | cell)["accuracy"] for cell in cells]).named()
    means = {name: float(np.mean(values)) for name, values in losses.items()}
    history = camp.History.from_dict(main["history"])
    l2 = by_l2.over("seed", summarise_l2).named()
    first = {f"{w:g}": by_l2.at(weight=w, seed=context.seed) for w in settings.l2_weights}
    results = {
        "layers": [{key: value for key, value in row.items() if key != "maps"} for row in main["layers"]],
        "losses": losses,
        "seen": observe(main["layers"], np.array(main["outputs"])),
        "ranking": rank(losses),
        "pulls": main["pulls"],
        "nothing": [name for name, mean in means.items() if is_chance(mean, data.test.labels)],
        "l2": l2,
        "l2_verdicts": judge_l2(l2, few.labels),
        "accuracy": main["accuracy"],
        "accuracies": history.after_epochs("test", "accuracy"),
    }
    return camp.Answer(
        title="作业6-1:手写数字识别的五个练习",
        results=results,
        values={"enough": camp.comparisons.ENOUGH} | {n: sets[n].num_samples for n in ("small", "few", "test")},
        figures=draw_all(main, history, losses, first),
        histories={"cross_entropy": history} | {f"l2-{name}": rows for name, rows in by_l2.histories().items()},
        predictions=camp.Predictions.of(data.test, main["outputs"]),
    )
