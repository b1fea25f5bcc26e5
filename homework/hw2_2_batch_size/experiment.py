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
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt

import paddle_camp as camp
from homework.hw2_2_batch_size.figures import draw
from homework.hw2_2_batch_size.noise import gap_to_law, measure_noise, single_rows, with_ones
from homework.hw2_2_batch_size.verdicts import judge, judge_times, linear_scaling
from paddle_camp.data.housing import HousingData
from paddle_camp.data.housing_regression import baselines, errors, least_squares
from paddle_camp.sweeps.grid import Grid

IS_SWEEP = True


@dataclass(frozen=True)
class Settings(camp.HyperParameters):
    """Hyper-parameters; "course" marks those of the camp's published scripts."""

    batch_sizes: camp.Several[camp.Count] = (1, 10, 50, 404)  # rows; 10 is the course's, 404 are all training rows
    learning_rates: camp.Several[camp.Rate] = (0.01, 0.1)  # course, and ten times as much
    num_steps: Annotated[int, Ge(100)] = 20000  # updates of each training, whatever its batch
    num_seeds: camp.Count = 3  # trainings of each kind, from --seed on
    target: Annotated[float, Gt(1)] = 1.1  # the training loss to reach, in least-squares losses: none lies below 1
    noted_steps: camp.Count = 400  # steps at the beginning whose batch losses are kept and drawn
    noise_epochs: camp.Count = 50  # passes over the rows from which the noise of the gradient is measured
    count_epochs: camp.Count = 5  # the question's 5 epochs ...
    count_samples: camp.Count = 1000  # ... of 1000 samples ...
    count_batch: camp.Count = 20  # ... in batches of 20


QUICK = replace(Settings(), num_steps=4000, num_seeds=2, noise_epochs=20)


def gradient(inputs: np.ndarray, prices: np.ndarray, weights: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean squared error of z = x w on inputs ``[B, 14]``, and its gradient ``[14]``: 2/B sum (z - y) x."""
    error = inputs @ weights - prices
    return float(np.mean(error**2)), 2 / len(prices) * error @ inputs


def initial_weights(seed: int, count: int) -> np.ndarray:
    """Normal weights and bias 0: the same for every batch size."""
    return np.append(np.random.default_rng(seed).normal(size=count - 1), 0.0)


def endless_batches(inputs: np.ndarray, prices: np.ndarray, batch_size: int, seed: int) -> Iterator[tuple]:
    """Epoch after epoch, shuffled anew where a batch is not all rows."""
    batches = camp.ArrayBatches(inputs, prices, batch_size, seed if batch_size < len(prices) else None)
    return (pair for epoch in itertools.count() for pair in batches.epoch(epoch))


@np.errstate(over="ignore", invalid="ignore")  # a training that diverges is noticed by its loss
def descend(data: HousingData, batch_size: int, rate: float, seed: int, settings: Settings):
    """Train for ``num_steps`` steps; the time of the measurements in between does not count."""
    inputs, prices = with_ones(data.train), data.train.prices
    endless = endless_batches(inputs, prices, batch_size, seed)
    noted = set(np.geomspace(1, settings.num_steps, 1000).astype(int).tolist())  # about a percent apart
    weights, losses, history = initial_weights(seed, inputs.shape[1]), [], camp.History()
    elapsed, began = 0.0, time.perf_counter()
    for step, (rows, targets) in enumerate(itertools.islice(endless, settings.num_steps), start=1):
        loss, slope = gradient(rows, targets, weights)
        weights = weights - rate * slope
        losses.append(loss)
        if not loss < 1e12:  # also false for NaN
            raise camp.DivergedError(step, loss)
        if step in noted:
            elapsed += time.perf_counter() - began
            row = {"step": step, "split": "train", "loss": gradient(inputs, prices, weights)[0], "elapsed": elapsed}
            history.evaluations.append(row)
            began = time.perf_counter()
    first = enumerate(losses[: settings.noted_steps], start=1)
    history.steps = [{"step": step, "loss": loss, "learning_rate": rate} for step, loss in first]
    return weights, losses, history  # the losses of all batches; in the history, those of all rows


def train_cell(rate: float, batch_size: int, seed: int, data: HousingData, settings: Settings, best: float) -> dict:
    """A training and what it comes to, as JSON values; ``best`` is the least-squares loss."""
    weights, losses, history = descend(data, batch_size, rate, seed, settings)
    whole, late, per_epoch = history.split("train"), int(0.9 * settings.num_steps), -(-len(data.train) // batch_size)
    whole_batches = np.arange(late + 1, settings.num_steps + 1) % per_epoch > 0 if per_epoch > 1 else slice(None)
    return {
        "steps": next((row["step"] for row in whole if row["loss"] <= settings.target * best), None),
        "hover": float(np.mean([row["loss"] for row in whole if row["step"] > late])) / best,
        # Of the last tenth of the steps, without the smaller batches that end an epoch; neighbours differ by the noise
        # of two steps, and the slow fall of the loss hardly shows in them.
        "loss_noise": float(np.std(np.diff(np.array(losses[late:])[whole_batches])) / 2**0.5),
        "test": errors(with_ones(data.test) @ weights, data.test.prices, data)["rmse_dollars"],
        "per_step": whole[-1]["elapsed"] / settings.num_steps,
        "history": history.as_dict(),
    }


def summarise(results: list[dict]) -> dict:
    """Summarise trainings that differ in the seed only."""
    done = camp.finished(results)
    steps = [row["steps"] for row in done if row["steps"]]
    found = {"diverged": len(results) - len(done), "reached": len(steps)}
    found["steps"] = float(np.median(steps)) if steps else None
    return found | {key: [row[key] for row in done] for key in ("hover", "loss_noise", "test")}


def costs(grid: Grid, kinds: list[dict]) -> list[dict]:
    """Seconds of a step (the least of that batch size, whatever the rate), and of the steps to the target.

    They are the only numbers that another run will not repeat; what else the machine does can only make a step longer.
    """
    rows, done = [], [(at["batch_size"], r["per_step"]) for _, at, r in grid.items() if not camp.diverged(r)]
    for kind in kinds:
        least = min((seconds for size, seconds in done if size == kind["batch_size"]), default=None)
        rows.append({"seconds": kind["steps"] * least if kind["steps"] else None, "per_step": least})
    return rows


def count_iterations(settings: Settings) -> dict[str, int]:
    """How often the inner loop runs, by formula and by running it."""
    samples = np.zeros(settings.count_samples)
    batches = camp.ArrayBatches(samples, samples, settings.count_batch)
    counted = sum(1 for epoch in range(settings.count_epochs) for _ in batches.epoch(epoch))
    formula = settings.count_epochs * -(-settings.count_samples // settings.count_batch)
    return {"formula": formula, "counted": counted}


def run(settings: Settings, context: camp.Context) -> camp.Answer:
    data = context.load(camp.load_housing)
    inputs, prices, rows = with_ones(data.train), data.train.prices, len(data.train)
    settings = replace(settings, learning_rates=tuple(sorted(settings.learning_rates)))  # the last is the highest
    sizes = sorted(settings.batch_sizes)
    camp.require(sizes[-1] <= rows, f"batch_sizes={sizes[-1]}: there are {rows} training rows")
    solution = np.append(*least_squares(data.train.inputs, prices))
    best = gradient(inputs, prices, solution)[0]
    seeds = context.seeds(settings.num_seeds)
    axes = {"rate": settings.learning_rates, "batch_size": sizes, "seed": seeds}
    common = {"data": data, "settings": settings, "best": best}
    grid = context.grid(train_cell, axes, common=common, describe=lambda r: f"steps to the target: {r['steps']}")
    camp.require(bool(grid.histories()), "learning_rates: every training diverged; give smaller ones")
    kinds = [point | summary for _, point, summary in grid.over("seed", summarise).items()]
    kinds = [kind | {"steps_per_epoch": -(-rows // kind["batch_size"])} for kind in kinds]
    start = initial_weights(context.seed, len(solution))
    more = sorted({*sizes, *(2**k for k in range(9) if 2**k < rows)})
    noise = measure_noise(data, {"start": start, "solution": solution}, more, context.seed, settings.noise_epochs)
    results = {"count": count_iterations(settings), "trainings": kinds, "best_loss": best, "noise": noise}
    results |= {"single_rows": single_rows(data, start), "law_gap": gap_to_law(noise, rows)}
    results |= {"baselines": baselines(data), "cost": costs(grid, kinds)}
    results["verdicts"] = judge(grid, rows, settings.target)
    results["scaling"] = linear_scaling(grid, rows)
    title, figures = "作业2-2:批大小过小或过大有什么影响", draw(grid, results, settings, rows)
    seconds = [cost["seconds"] for cost in results["cost"]]
    code = {"train": camp.code_of(gradient, descend), "count": camp.code_of(count_iterations)}
    values = {"rows": rows, "sizes": sizes, "code": code, "times": judge_times(grid, rows, settings.target, seconds)}
    return camp.Answer(title, results, figures, grid.histories(), values=values)
