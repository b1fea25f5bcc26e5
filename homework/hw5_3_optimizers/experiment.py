"""作业5-3 Which optimizer and which learning rate are best for MNIST?

The camp's question: 手写数字识别，哪种优化算法的效果最好？哪种学习率最好？

Every optimizer is run at every learning rate, from the same initial weights and with the digits in the same order in
every cell of the grid, and all that again from several seeds. The best rate of each optimizer is chosen on digits held
out of the *training* part, and the accuracy on the test digits is reported. A cell whose loss becomes NaN or infinite
is marked as diverged; it stops nothing. `--jobs N` runs N cells side by side, one thread each; finished cells are
kept, so that an interrupted sweep goes on with the missing ones.

Expect, with the full settings and `--jobs 2` on the real digits: 22 minutes on 2 cores of an AMD EPYC; test accuracy
after one epoch 0.981 with Adam at 0.01, 0.980 with Momentum at 0.1, 0.975 to 0.979 with the others at their best rates.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import paddle

import paddle_camp as camp
from homework.hw5_3_optimizers.figures import draw
from homework.hw5_3_optimizers.steps import compare_lengths, explain, measure_steps
from homework.hw5_3_optimizers.verdicts import FAR, compare_with_first, find_rates, rates_for_all, summarise

IS_SWEEP = True
OPTIMIZERS = {
    "SGD": lambda rate, parameters: paddle.optimizer.SGD(rate, parameters),
    "Momentum": lambda rate, parameters: paddle.optimizer.Momentum(rate, 0.9, parameters),
    "Adagrad": lambda rate, parameters: paddle.optimizer.Adagrad(rate, parameters=parameters),
    "Adam": lambda rate, parameters: paddle.optimizer.Adam(rate, parameters=parameters),
    "RMSProp": lambda rate, parameters: paddle.optimizer.RMSProp(rate, parameters=parameters),
}


@dataclass(frozen=True)
class Settings(camp.DigitSettings):
    """The grid, and what every cell has in common."""

    # With Paddle's defaults; Momentum 0.9.
    optimizers: camp.Several[Annotated[str, camp.OneOf(OPTIMIZERS)]] = tuple(OPTIMIZERS)
    learning_rates: camp.Several[camp.Rate] = (0.1, 0.01, 0.001, 0.0001)  # the course's four
    model: camp.ModelName = "two_conv_net"  # the course's network for digits; any name of the zoo that takes 28 x 28
    batch_size: camp.Count = 100  # the course's; digits
    num_epochs: camp.Count = 1
    num_seeds: camp.Count = 3  # trainings of each cell, from --seed on
    holdout: camp.Share = 1 / 6  # of the training digits (10,000 of 60,000), that the best rates are chosen on


QUICK = replace(Settings(), model="mlp_relu", num_epochs=2, num_seeds=1, batch_size=20)
QUICK = replace(QUICK, train_pictures=1200, test_pictures=300)


def first_steps(optimizer: str, rate: float, seed: int, settings: Settings, sets: dict) -> dict | None:
    """:func:`measure_steps` of one cell of the grid, from the weights and with the batches it was trained with."""
    paddle.seed(seed)
    model = camp.create_for(settings.model, camp.DIGITS)
    batches = replace(sets["train"], shuffle_seed=seed).epoch()
    return measure_steps(model, OPTIMIZERS[optimizer](rate, model.parameters()), batches)


def train_cell(optimizer: str, rate: float, seed: int, settings: Settings, sets: dict, keep=None) -> dict:
    """Train one cell of the grid; JSON values."""
    paddle.seed(seed)  # the same initial weights for every optimizer and rate
    model = camp.create_for(settings.model, camp.DIGITS)
    train = replace(sets["train"], shuffle_seed=seed)  # the same order of the digits
    options = {"evaluations": {"holdout": sets["holdout"]}, "seed": seed, "keep": keep, "quiet": True}
    stepper = OPTIMIZERS[optimizer](rate, model.parameters())
    history = camp.fit(model, stepper, train, num_epochs=settings.num_epochs, **options)
    test = camp.evaluate(model, sets["test"])
    if not np.isfinite(test.loss):
        raise camp.DivergedError(len(history.steps), test.loss, "test")
    result = {"holdout_accuracy": history.last("holdout")["accuracy"], "test_accuracy": test.accuracy}
    result |= {"test_loss": test.loss, "history": history.as_dict()}
    return result | ({"outputs": test.outputs.tolist()} if keep else {})


def run(settings: Settings, context: camp.Context) -> camp.Answer:
    data, sets = context.load_parts(camp.load_mnist, settings)
    camp.check_input(settings.model, data.train)
    seeds = context.seeds(settings.num_seeds)
    axes = {"optimizer": settings.optimizers, "rate": settings.learning_rates, "seed": seeds}
    words = lambda cell: "accuracy on held-out digits {holdout_accuracy:.4f}, test loss {test_loss:.4f}".format(**cell)  # noqa: E731
    cells = context.grid(train_cell, axes, common={"settings": settings, "sets": sets}, describe=words)
    table, names = cells.over("seed", summarise), settings.optimizers
    rows = {name: {rate: table.at(optimizer=name, rate=rate) for rate in settings.learning_rates} for name in names}
    best = {name: find_rates(rows[name], data.test.labels) for name in names}
    order = sorted(best, key=lambda name: -best[name]["holdout_accuracy"])
    first = {"optimizer": order[0], "rate": best[order[0]]["rate"]}
    steady = [seed for seed in seeds if not camp.diverged(cells.at(**first, seed=seed))]
    camp.require(len(steady) > 0, "every cell diverged: give smaller learning_rates")
    # The best cell once more, from the first seed that did not diverge, with its weights kept.
    keep = camp.CheckpointPolicy(context.checkpoints / "winner", best_on="holdout")
    winner = train_cell(**first, seed=steady[0], settings=settings, sets=sets, keep=keep)
    context.publish(keep.folder, camp.SavedModel.usual(settings.model, "digits"))
    against_first = compare_with_first(best, order, len(data.test))
    grid = {f"{point['optimizer']} {point['rate']:g}": row for _, point, row in table.items()}
    steps = {
        f"{name} {rate:g}": first_steps(name, rate, context.seed, settings, sets)
        for name in rows
        for rate in rows[name]
    }
    results = {"grid": grid, "best": best, "order": order, "against_first": against_first}
    results |= {"for_all": rates_for_all(best), "steps": steps, "reason": explain(steps, best)}
    results["lengths"], counts = compare_lengths(steps, best), {name: each.num_samples for name, each in sets.items()}
    return camp.Answer(
        title="作业5-3:哪种优化算法、哪种学习率最好",
        results=results,
        values=counts | {"enough": camp.comparisons.ENOUGH, "far": FAR},
        figures=draw(cells, table, names, settings.learning_rates, context.seed),
        histories=cells.histories(),
        predictions=camp.Predictions.of(data.test, winner["outputs"]),
    )
