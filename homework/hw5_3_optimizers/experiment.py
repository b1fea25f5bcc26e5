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

import numpy as np
import paddle

from paddle_camp import plots
from paddle_camp.answers.answer import Answer, Predictions
from paddle_camp.answers.template import render
from paddle_camp.data.batches import Batches
from paddle_camp.data.image_set import split_off
from paddle_camp.data.mnist import load_mnist
from paddle_camp.data.scaling import scale_to_one
from paddle_camp.errors import DivergedError, require
from paddle_camp.history import History, smooth
from paddle_camp.metrics import probabilities
from paddle_camp.models import check_model_name, create_model
from paddle_camp.networks.summary import check_input_shape
from paddle_camp.predicting.saved_model import SavedModel
from paddle_camp.running.context import Context
from paddle_camp.sweeps.sweep import run_cells
from paddle_camp.training.fit import CheckpointPolicy, fit, publish
from paddle_camp.training.loop import evaluate

IS_SWEEP = True
OPTIMIZERS = {
    "SGD": lambda rate, parameters: paddle.optimizer.SGD(rate, parameters),
    "Momentum": lambda rate, parameters: paddle.optimizer.Momentum(rate, 0.9, parameters),
    "Adagrad": lambda rate, parameters: paddle.optimizer.Adagrad(rate, parameters=parameters),
    "Adam": lambda rate, parameters: paddle.optimizer.Adam(rate, parameters=parameters),
    "RMSProp": lambda rate, parameters: paddle.optimizer.RMSProp(rate, parameters=parameters),
}


@dataclass(frozen=True)
class Settings:
    """The grid, and what every cell has in common."""

    optimizers: tuple[str, ...] = tuple(OPTIMIZERS)  # with Paddle's defaults; Momentum 0.9
    learning_rates: tuple[float, ...] = (0.1, 0.01, 0.001, 0.0001)  # the course's four
    model: str = "two_conv_net"  # the course's network for digits; any name of the zoo that takes 28 x 28
    batch_size: int = 100  # the course's; digits
    num_epochs: int = 1
    num_seeds: int = 3  # trainings of each cell, from --seed on
    holdout: float = 1 / 6  # share of the training digits (10,000 of 60,000) that the best rates are chosen on
    train_pictures: int | None = None  # None: all there are; else a stratified draw
    test_pictures: int | None = None

    def __post_init__(self):
        check_model_name(self.model)
        wrong = [name for name in self.optimizers if name not in OPTIMIZERS]
        require(not wrong, f"optimizers={','.join(wrong)}: there are {', '.join(OPTIMIZERS)}")
        require(len(self.optimizers) > 0 and len(self.learning_rates) > 0, "optimizers, learning_rates: name some")
        for key in ("optimizers", "learning_rates"):
            values = getattr(self, key)
            require(len(set(values)) == len(values), f"{key}={','.join(map(str, values))}: each one once")
        require(all(rate > 0 for rate in self.learning_rates), "learning_rates: must be positive")
        require(0 < self.holdout < 1, f"holdout={self.holdout}: give a share between 0 and 1")
        for key in ("batch_size", "num_epochs", "num_seeds"):
            require(getattr(self, key) > 0, f"{key}={getattr(self, key)}: must be positive")


QUICK = replace(Settings(), model="mlp_relu", num_epochs=2, num_seeds=1, batch_size=20)
QUICK = replace(QUICK, train_pictures=1200, test_pictures=300)


def train_cell(
    name: str, rate: float, seed: int, settings: Settings, sets: dict, keep: CheckpointPolicy | None = None
) -> dict:
    """Train one cell of the grid; JSON values."""
    paddle.seed(seed)  # the same initial weights for every optimizer and rate
    model = create_model(settings.model)
    optimizer = OPTIMIZERS[name](rate, model.parameters())
    train = replace(sets["train"], shuffle_seed=seed)  # the same order of the digits
    try:
        history = fit(
            model,
            optimizer,
            train,
            num_epochs=settings.num_epochs,
            evaluations={"holdout": sets["holdout"]},
            seed=seed,
            keep=keep,
            quiet=True,
        )
    except DivergedError as error:
        return {"diverged": error.step}
    test = evaluate(model, sets["test"])
    if not np.isfinite(test.loss):
        return {"diverged": len(history.steps)}
    result = {"holdout_accuracy": history.split("holdout")[-1]["accuracy"], "test_accuracy": test.accuracy}
    result |= {"test_loss": test.loss, "losses": history.column("loss"), "epochs": history.evaluations}
    return result | ({"outputs": test.outputs.tolist()} if keep else {})


def in_words(result: dict) -> str:
    """A cell's result for the log."""
    if "diverged" in result:
        return f"diverged at step {result['diverged']}"
    return f"accuracy on held-out digits {result['holdout_accuracy']:.4f}, test loss {result['test_loss']:.4f}"


def summarise(cells: list[dict]) -> dict:
    """A pair of optimizer and rate over its seeds; a diverged training counts as one that guesses."""
    done = [cell for cell in cells if "diverged" not in cell]
    test = [cell.get("test_accuracy", 0.1) for cell in cells]
    return {
        "diverged": len(cells) - len(done),
        "holdout_accuracy": float(np.mean([cell.get("holdout_accuracy", 0.1) for cell in cells])),
        "test_accuracy": float(np.mean(test)),
        "test_accuracies": test,
    }


def run(settings: Settings, context: Context) -> Answer:
    """Answer the question; see the module's docstring."""
    counts = (settings.train_pictures, settings.test_pictures)
    data = load_mnist(context.options.data, context.options.data_dir, counts)
    context.announce(data.info, data.how)
    check_input_shape(create_model(settings.model), (1, 1, 28, 28), settings.model)
    kept, held = split_off(data.train, settings.holdout, context.seed)
    sets = {"train": Batches(kept, settings.batch_size, scale=scale_to_one)}
    sets |= {key: Batches(part, 500, scale=scale_to_one) for key, part in (("holdout", held), ("test", data.test))}
    seeds = range(context.seed, context.seed + settings.num_seeds)
    grid = [(name, rate) for name in settings.optimizers for rate in settings.learning_rates]
    cells = {f"{n}-{rate:g}-{seed}": (n, rate, seed, settings, sets) for n, rate in grid for seed in seeds}
    found = run_cells(train_cell, cells, context.path / "cells", describe=in_words, **context.side_by_side)
    table = {f"{n} {rate:g}": summarise([found[f"{n}-{rate:g}-{seed}"] for seed in seeds]) for n, rate in grid}
    best = {}
    for name in settings.optimizers:
        rate = max(settings.learning_rates, key=lambda r, name=name: table[f"{name} {r:g}"]["holdout_accuracy"])
        best[name] = {"rate": rate} | table[f"{name} {rate:g}"]
    order = sorted(best, key=lambda name: -best[name]["holdout_accuracy"])
    name, rate = order[0], best[order[0]]["rate"]
    steady = [seed for seed in seeds if "diverged" not in found[f"{name}-{rate:g}-{seed}"]]
    require(len(steady) > 0, "every cell diverged: give smaller learning_rates")
    winner = train_winner(name, rate, steady[0], settings, context, sets)
    results = {"grid": table, "best": best, "order": order}
    values = {"settings": settings, "rest": len(kept), "held": len(held), "test": len(data.test)} | results
    return Answer(
        title="作业5-3:哪种优化算法、哪种学习率最好",
        text=render(__file__, values),
        results=results,
        figures=draw(found, table, settings, context.seed, data.info.stand_in),
        histories={key: as_history(cell) for key, cell in found.items() if "diverged" not in cell},
        predictions=Predictions(data.test.names, data.test.labels, probabilities(np.array(winner["outputs"]))),
    )


def train_winner(name: str, rate: float, seed: int, settings: Settings, context: Context, sets: dict) -> dict:
    """The best cell once more, from the first seed that did not diverge, with its weights kept."""
    folder = context.checkpoints / "winner"
    result = train_cell(name, rate, seed, settings, sets, CheckpointPolicy(folder, best_on="holdout"))
    require("outputs" in result, f"{name} at {rate:g} diverged here, not on the cluster: give smaller learning_rates")
    SavedModel(settings.model, "digits").write(context.checkpoints, context.data)
    publish(folder, context.checkpoints)
    return result


def as_history(cell: dict) -> History:
    """The rows of a cell for the tables."""
    return History([{"step": i + 1, "loss": loss} for i, loss in enumerate(cell["losses"])], cell["epochs"])


def draw(found: dict, table: dict, settings: Settings, seed: int, stand_in: str | None) -> dict:
    """The figures to post."""
    rates = [f"{rate:g}" for rate in settings.learning_rates]

    def curve(name: str, rate: str) -> tuple:
        losses = found[f"{name}-{rate}-{seed}"].get("losses", [])
        return range(1, len(losses) + 1), smooth(losses, 20)

    by_optimizer = {name: {rate: curve(name, rate) for rate in rates} for name in settings.optimizers}
    by_rate = {f"rate {rate}": {name: curve(name, rate) for name in settings.optimizers} for rate in rates}
    accuracy = [[table[f"{name} {rate}"] for rate in rates] for name in settings.optimizers]
    values = [
        [np.nan if c["diverged"] == settings.num_seeds else 100 * c["test_accuracy"] for c in r] for r in accuracy
    ]
    heat_map = plots.heat_map(
        values,
        rows=settings.optimizers,
        columns=rates,
        text="{:.2f}",
        empty="diverged",
        title="Test accuracy in percent (rows: optimizers, columns: learning rates)",
        subtitle=stand_in,
    )
    optimizers = plots.line_panels(
        by_optimizer,
        "step",
        "loss (mean of 20 steps)",
        markers=False,
        limits=(0, 2.6),
        title="One panel per optimizer",
        subtitle=stand_in,
    )
    learning_rates = plots.line_panels(
        by_rate,
        "step",
        "loss (mean of 20 steps)",
        markers=False,
        limits=(0, 2.6),
        columns=2,
        title="One panel per learning rate",
        subtitle=stand_in,
    )
    return {
        "heat_map": ("各优化算法与学习率的测试准确率（%，各种子的平均）", heat_map),
        "by_optimizer": ("每种优化算法在各学习率下的训练 loss", optimizers),
        "by_rate": ("每种学习率下各优化算法的训练 loss", learning_rates),
    }
