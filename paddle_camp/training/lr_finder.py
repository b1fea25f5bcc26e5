"""The learning-rate range test: train a copy for some steps at a rising rate, and see where the loss falls and bursts.

Smith, "Cyclical Learning Rates for Training Neural Networks", WACV 2017 (arXiv:1506.01186), section 3.3.
"""

from __future__ import annotations

import contextlib
import copy
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import paddle

from paddle_camp.data.batches import as_batches
from paddle_camp.errors import DivergedError, require
from paddle_camp.networks.gradients import free_gradients
from paddle_camp.speed.feeding import on_device
from paddle_camp.training.batch import Batch
from paddle_camp.training.schedules import constant, schedule_of
from paddle_camp.training.tasks import Task

MEMORY = 0.9  # of the moving average that smooths the losses
BURST = 4.0  # times the lowest smoothed loss: from there on nothing is learned any more


@dataclass(frozen=True, repr=False)
class LearningRateSearch:
    """The result of :func:`find_learning_rate`.

    Attributes:
        rates: of each step, rising by a constant factor; ends where the loss burst.
        losses: of each step's batch.
        smoothed: their exponential moving average, freed of its bias towards 0.
    """

    rates: np.ndarray
    losses: np.ndarray
    smoothed: np.ndarray

    @property
    def suggestion(self) -> float | None:
        """The rate at which the smoothed loss falls most steeply on a logarithmic axis; None if no rate lowered it."""
        lowest = int(np.argmin(self.smoothed)) + 1
        if lowest < 3:
            return None
        return float(self.rates[np.argmin(np.gradient(self.smoothed[:lowest], np.log(self.rates[:lowest])))])

    def __repr__(self) -> str:
        span = f"{self.rates[0]:.1e} to {self.rates[-1]:.1e} in {len(self.rates)} steps"
        found = "no rate lowered the loss" if self.suggestion is None else f"suggestion {self.suggestion:.1e}"
        return f"LearningRateSearch({span}, lowest loss {self.smoothed.min():.4f}, {found})"


def find_learning_rate(
    task: Task,
    train: Any,
    *,
    lowest: float = 1e-6,
    highest: float = 1.0,
    num_steps: int = 100,
    batch_size: int = 32,
    seed: int = 0,
) -> LearningRateSearch:
    """Train a copy of ``task`` for ``num_steps`` at rates from ``lowest`` to ``highest``.

    It leaves no trace: weights, running statistics, optimizer, scheduler and random numbers are as before.

    Args:
        task: for example ``Supervised(model, optimizer)``.
        train: batches, or what :func:`~paddle_camp.data.batches.as_batches` takes.

    Raises:
        SettingError: rates that do not rise, or fewer than 10 steps.
    """
    require(0 < lowest < highest, f"lowest={lowest}, highest={highest}: give positive rates that rise")
    require(num_steps >= 10, f"num_steps={num_steps}: give 10 or more")
    rates = np.geomspace(lowest, highest, num_steps)
    with _trial(task) as trial:
        losses, smoothed = _losses(trial, on_device(as_batches(train, batch_size, seed)), rates, seed)
    return LearningRateSearch(rates[: len(losses)], np.array(losses), np.array(smoothed))


@contextlib.contextmanager
def _trial(task: Task) -> Iterator[Task]:
    """A copy of ``task``, or, where Paddle cannot copy an optimizer that has taken steps, itself to be restored."""
    random = paddle.get_rng_state()
    try:
        try:
            trial = copy.deepcopy(task)
        except TypeError:
            with _restored(task):
                yield task
        else:
            yield trial
    finally:
        paddle.set_rng_state(random)


@contextlib.contextmanager
def _restored(task: Task) -> Iterator[None]:
    """Give networks and optimizers back the state that they had."""
    optimizers = {name: (each, schedule_of(each), each.get_lr()) for name, each in task.optimizers.items()}
    weights = {key: value.clone().detach() for key, value in task.network.state_dict().items()}
    slots = {name: _copied(each.state_dict()) for name, (each, _, _) in optimizers.items()}
    modes = [(layer, layer.training) for layer in task.network.sublayers(include_self=True)]
    try:
        yield
    finally:
        task.network.set_state_dict(weights)
        for layer, mode in modes:
            layer.training = mode
        for name, (optimizer, schedule, rate) in optimizers.items():
            if schedule is None:
                optimizer.set_lr(rate)
            else:
                optimizer.set_lr_scheduler(schedule)
            optimizer.set_state_dict(slots[name])
        free_gradients(task.network.parameters())


def _copied(state: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value.clone() if isinstance(value, paddle.Tensor) else copy.copy(value) for key, value in state.items()
    }


def _set_rate(optimizer: paddle.optimizer.Optimizer, rate: float) -> None:
    if schedule_of(optimizer) is None:
        optimizer.set_lr(rate)
    else:
        optimizer.set_lr_scheduler(constant(rate))


def _losses(task: Task, batches: Any, rates: np.ndarray, seed: int) -> tuple[list[float], list[float]]:
    """The loss of each step until it bursts, and its moving average."""
    losses: list[float] = []
    smoothed: list[float] = []
    average = 0.0
    task.train()
    endless = (batch for epoch in itertools.count() for batch in batches.epoch(epoch))
    for step, (rate, batch) in enumerate(zip(rates, map(Batch.of, endless), strict=False)):
        paddle.seed(seed + step)
        for optimizer in task.optimizers.values():
            _set_rate(optimizer, float(rate))
        try:
            losses.append(task.step(batch)["loss"])
        except DivergedError:
            if not losses:
                raise
            break
        average = MEMORY * average + (1 - MEMORY) * losses[-1]
        smoothed.append(average / (1 - MEMORY ** len(losses)))
        if smoothed[-1] > BURST * min(smoothed):
            break
    return losses, smoothed
