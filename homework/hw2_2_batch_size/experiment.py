"""作业2-2 What happens if the batch is too small, or too large?

The camp's question is left blank in the source; reconstructed from the course: 批大小batch_size过小或过大会有什么影响？
训练5轮，1000个样本，batch_size=20，内层循环一共执行多少次？

Linear regression on the Boston house prices, where the best answer is known in closed form (least squares), from the
same initial weights with batches of 1, 10, 50 and all 404 rows, at the course's learning rate and at ten times it.
Measured: how far a mini-batch's gradient strays from that of all rows, against the law sigma / sqrt(batch); the steps,
epochs and seconds until the training loss is within a tenth of the least-squares loss; where the loss hovers at the
end; and the test error. All that learns stands below in numpy, and the count is both computed and counted.

Expect, on the real table, with the full settings: see docs/results.md. At one learning rate the steps needed hardly
depend on the batch, so that small batches need far fewer epochs; at the higher one a batch of 1 never settles.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, replace

import numpy as np

from homework.hw2_2_batch_size.figures import draw
from paddle_camp.answers.answer import Answer
from paddle_camp.answers.template import render
from paddle_camp.data.batches import ArrayBatches, epoch_order
from paddle_camp.data.housing import HousingData, Table, load_housing
from paddle_camp.data.housing_regression import baselines, errors, least_squares
from paddle_camp.errors import require
from paddle_camp.history import History
from paddle_camp.running.context import Context


@dataclass(frozen=True)
class Settings:
    """Hyper-parameters; "course" marks those of the camp's published scripts."""

    batch_sizes: tuple[int, ...] = (1, 10, 50, 404)  # rows; 10 is the course's, 404 are all training rows
    learning_rates: tuple[float, ...] = (0.01, 0.1)  # course, and ten times as much
    num_steps: int = 20000  # updates of each training, whatever its batch
    num_seeds: int = 3  # trainings of each kind, from --seed on
    target: float = 1.1  # the training loss to reach, in least-squares losses
    noted_steps: int = 400  # steps at the beginning whose batch losses are kept and drawn
    noise_epochs: int = 50  # passes over the rows from which the noise of the gradient is measured
    count_epochs: int = 5  # the question's 5 epochs ...
    count_samples: int = 1000  # ... of 1000 samples ...
    count_batch: int = 20  # ... in batches of 20

    def __post_init__(self):
        for key in ("batch_sizes", "learning_rates"):
            values = getattr(self, key)
            good = len(values) == len(set(values)) > 0 and all(value > 0 for value in values)
            require(good, f"{key}={','.join(map(str, values))}: give positive numbers, each one once")
        require(self.target > 1, f"target={self.target}: no loss lies below least squares: give more than 1")
        require(self.num_steps >= 100, f"num_steps={self.num_steps}: give at least 100")
        for key in ("num_seeds", "noted_steps", "noise_epochs", "count_epochs", "count_samples", "count_batch"):
            require(getattr(self, key) > 0, f"{key}={getattr(self, key)}: must be positive")


QUICK = replace(Settings(), num_steps=4000, num_seeds=2, noise_epochs=20)


def gradient(inputs: np.ndarray, prices: np.ndarray, weights: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean squared error of z = x w on inputs ``[B, 14]``, and its gradient ``[14]``: 2/B sum (z - y) x."""
    error = inputs @ weights - prices
    return float(np.mean(error**2)), 2 / len(prices) * error @ inputs


def with_ones(table: Table) -> np.ndarray:
    """Inputs ``[N, 14]``: a column of ones makes the bias a weight like the others."""
    return np.c_[table.inputs, np.ones(len(table))]


def initial_weights(seed: int, count: int) -> np.ndarray:
    """Normal weights and bias 0: the same for every batch size."""
    return np.append(np.random.default_rng(seed).normal(size=count - 1), 0.0)


@dataclass
class Descent:
    """A training: the weights ``[14]``, the loss of each step's batch, and the loss over all rows at noted steps."""

    weights: np.ndarray
    losses: list[float]
    steps: list[int]
    whole: list[float]
    seconds: list[float]
    diverged: bool = False


@np.errstate(over="ignore", invalid="ignore")  # a training that diverges is noticed by its loss
def descend(data: HousingData, batch_size: int, rate: float, seed: int, settings: Settings) -> Descent:
    """Train for ``num_steps`` steps; the time of the measurements in between does not count."""
    inputs, prices = with_ones(data.train), data.train.prices
    batches = ArrayBatches(inputs, prices, batch_size, seed if batch_size < len(prices) else None)
    endless = (pair for epoch in itertools.count() for pair in batches.epoch(epoch))
    noted = set(np.geomspace(1, settings.num_steps, 1000).astype(int).tolist())  # about a percent apart
    done = Descent(initial_weights(seed, inputs.shape[1]), [], [], [], [])
    seconds, began = 0.0, time.perf_counter()
    for step, (rows, targets) in enumerate(itertools.islice(endless, settings.num_steps), start=1):
        loss, slope = gradient(rows, targets, done.weights)
        done.weights = done.weights - rate * slope
        done.losses.append(loss)
        if not loss < 1e12:  # also false for NaN
            done.diverged = True
            break
        if step in noted:
            seconds += time.perf_counter() - began
            done.steps.append(step)
            done.whole.append(gradient(inputs, prices, done.weights)[0])
            done.seconds.append(seconds)
            began = time.perf_counter()
    return done


def summarise(runs: list[Descent], per_epoch: int, data: HousingData, best: float, settings: Settings) -> dict:
    """Summarise trainings that differ in the seed only; ``best`` is the least-squares loss."""
    done, late = [run for run in runs if not run.diverged], int(0.9 * settings.num_steps)
    found = [(r, k) for r in done for k in np.flatnonzero(np.array(r.whole) <= settings.target * best)[:1]]
    steps = [run.steps[k] for run, k in found]
    whole_batches = np.arange(late + 1, settings.num_steps + 1) % per_epoch > 0 if per_epoch > 1 else slice(None)
    return {
        "steps_per_epoch": per_epoch,
        "diverged": len(runs) - len(done),
        "reached": len(found),
        "steps": float(np.median(steps)) if found else None,
        "hover": [float(np.mean(np.array(run.whole)[np.array(run.steps) > late])) / best for run in done],
        # Of the last tenth of the steps, without the smaller batches that end an epoch; neighbours differ by the noise
        # of two steps, and the slow fall of the loss hardly shows in them.
        "loss_noise": [float(np.std(np.diff(np.array(run.losses[late:])[whole_batches])) / 2**0.5) for run in done],
        "test": [errors(with_ones(data.test) @ r.weights, data.test.prices, data)["rmse_dollars"] for r in done],
        # What else the machine does can only make a step longer.
        "per_step": min(r.seconds[-1] for r in done) / settings.num_steps if done else None,
    }


def costs(kinds: list[dict]) -> list[dict]:
    """Seconds of a step (the least of that batch size, whatever the rate), and of the steps to the target.

    They are taken out of ``kinds``: the only numbers that another run will not repeat.
    """
    least: dict[int, float] = {}
    for kind in kinds:
        size, found = kind["batch_size"], kind.pop("per_step")
        if found is not None:
            least[size] = min(found, least.get(size, found))
    per_step = [least.get(kind["batch_size"]) for kind in kinds]
    return [
        {"seconds": kind["steps"] * each if kind["steps"] else None, "per_step": each}
        for kind, each in zip(kinds, per_step, strict=True)
    ]


def gradient_noise(data: HousingData, weights: np.ndarray, batch_size: int, seed: int, epochs: int) -> dict[str, float]:
    """How far the gradients of mini-batches lie from that of all rows: root mean square of the distance, and two laws.

    "law" is sigma / sqrt(batch), sigma being the noise of single rows; "law_without" allows for an epoch using every
    row once: N rows leave (N - B) / (N - 1) of the variance, and nothing for a batch of all rows.
    """
    inputs, prices = with_ones(data.train), data.train.prices
    each = 2 * (inputs @ weights - prices)[:, None] * inputs  # [N, 14], the gradient of every row
    each -= each.mean(axis=0)  # how far it lies from the gradient of all rows
    count, squares = len(each) // batch_size, []
    for epoch in range(epochs):
        order = epoch_order(len(each), seed, epoch)[: count * batch_size]  # whole batches only
        means = each[order].reshape(count, batch_size, -1).mean(axis=1)
        squares.append((means**2).sum(axis=1).mean())
    law = float(np.sqrt((each**2).sum(axis=1).mean() / batch_size))
    without = law * ((len(each) - batch_size) / (len(each) - 1)) ** 0.5
    return {"batch_size": batch_size, "measured": float(np.mean(squares)) ** 0.5, "law": law, "law_without": without}


def count_iterations(settings: Settings) -> dict[str, int]:
    """How often the inner loop runs, by formula and by running it."""
    samples = np.zeros(settings.count_samples)
    batches = ArrayBatches(samples, samples, settings.count_batch)
    counted = sum(1 for epoch in range(settings.count_epochs) for _ in batches.epoch(epoch))
    formula = settings.count_epochs * -(-settings.count_samples // settings.count_batch)
    return {"formula": formula, "counted": counted}


def run(settings: Settings, context: Context) -> Answer:
    """Answer the question; see the module's docstring."""
    data = load_housing(context.options.data, context.options.data_dir)
    context.announce(data.info, data.how)
    rows, sizes = len(data.train), sorted(settings.batch_sizes)
    require(sizes[-1] <= rows, f"batch_sizes={sizes[-1]}: there are {rows} training rows")
    solution = np.append(*least_squares(data.train.inputs, data.train.prices))
    best = gradient(with_ones(data.train), data.train.prices, solution)[0]
    runs, kinds = {}, []
    for rate, size in itertools.product(settings.learning_rates, sizes):
        seeds = range(context.seed, context.seed + settings.num_seeds)
        runs[rate, size] = [descend(data, size, rate, seed, settings) for seed in seeds]
        kinds.append({"rate": rate, "batch_size": size})
        kinds[-1] |= summarise(runs[rate, size], -(-rows // size), data, best, settings)
        context.say(f"learning rate {rate}, batch {size}: steps to the target: {kinds[-1]['steps'] or 'not reached'}")
    require(any(kind["test"] for kind in kinds), "learning_rates: every training diverged; give smaller ones")
    start = initial_weights(context.seed, len(solution))
    more = sorted({*sizes, *(2**k for k in range(9) if 2**k < rows)})
    results = {"count": count_iterations(settings), "trainings": kinds, "best_loss": best, "noise": {}}
    for place, weights in (("start", start), ("solution", solution)):
        args = (context.seed, settings.noise_epochs)
        results["noise"][place] = [gradient_noise(data, weights, size, *args) for size in more]
    results["gradient_norm"] = float(np.linalg.norm(gradient(with_ones(data.train), data.train.prices, start)[1]))
    results["baselines"] = baselines(data)
    results["cost"] = costs(kinds)
    return Answer(
        title="作业2-2:批大小过小或过大有什么影响",
        text=render(__file__, {"settings": settings, "rows": rows, "sizes": sizes} | results),
        results=results,
        figures=draw(runs, results, settings, rows, data.info.stand_in),
        histories={f"{rate}-{size}": history_of(cell[0], rate, settings) for (rate, size), cell in runs.items()},
    )


def history_of(run: Descent, rate: float, settings: Settings) -> History:
    """The record of a training: its first steps, and the loss over all rows."""
    steps = enumerate(run.losses[: settings.noted_steps], start=1)
    whole = zip(run.steps, run.whole, strict=True)
    return History(
        [{"step": step, "loss": loss, "learning_rate": rate} for step, loss in steps],
        [{"step": step, "split": "train", "loss": loss} for step, loss in whole],
    )
