"""Learning-rate schedules as functions of the step, so that they can be simulated and resumed at any step.

Every schedule used here is closed-form: the rate of step ``t`` follows from ``t`` alone. Paddle counts a
scheduler's steps from 0, so step number ``n`` of :class:`~paddle_camp.history.History` (1-based) runs at position
``n - 1``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Literal

from paddle.optimizer import Optimizer
from paddle.optimizer.lr import LambdaDecay, LinearLR, LRScheduler, PiecewiseDecay, ReduceOnPlateau

from paddle_camp.errors import require

Interval = Literal["step", "epoch"]  # what a scheduler counts


def constant(learning_rate: float) -> LRScheduler:
    """A constant learning rate, as a schedule."""
    return piecewise(learning_rate, [])


def piecewise(learning_rate: float, boundaries: Sequence[int], factor: float = 0.1) -> LRScheduler:
    """``learning_rate * factor**k`` after ``k`` boundaries.

    Args:
        learning_rate: the rate of the first ``boundaries[0]`` steps.
        boundaries: counts of steps, strictly increasing; step number ``boundaries[0] + 1`` is the first slower one.
            None at all means a constant rate.
        factor: 0.1 in the camp's question.

    Raises:
        ValueError: boundaries that do not increase, or that lie below 0.
    """
    boundaries = [int(b) for b in boundaries]
    if any(b < 0 for b in boundaries) or sorted(set(boundaries)) != boundaries:
        raise ValueError(f"boundaries must be step counts that increase, not {boundaries}")
    # Divided by the inverse, 0.001 and 0.1 give 0.0001; multiplied they would give 0.00010000000000000002.
    values = [learning_rate / (1 / factor) ** k for k in range(len(boundaries) + 1)]
    if not boundaries:  # Paddle refuses an empty list: one boundary that no training reaches
        return PiecewiseDecay(boundaries=[2**31], values=[learning_rate, learning_rate])
    return PiecewiseDecay(boundaries=boundaries, values=values)


def warmup_cosine(learning_rate: float, num_steps: int, warmup: float = 0.15) -> LRScheduler:
    """Linear warm-up to ``learning_rate``, then half a cosine down to 0.

    The warm-up is Goyal et al.'s (arXiv:1706.02677), the cosine Loshchilov and Hutter's (arXiv:1608.03983).

    Args:
        learning_rate: the highest rate, reached with the last step of the warm-up.
        num_steps: of the whole training.
        warmup: the fraction of the steps that the warm-up takes, at least one step.

    Raises:
        ValueError: fewer than two steps, or a fraction below 0 or not below 1.
    """
    if num_steps < 2 or not 0 <= warmup < 1:
        raise ValueError(f"a warm-up over {warmup} of {num_steps} steps: give at least 2 steps and a share below 1")
    rising = min(max(1, round(warmup * num_steps)), num_steps - 1)

    def factor(position: int) -> float:
        if position < rising:
            return (position + 1) / rising
        done = min(1.0, (position + 1 - rising) / (num_steps - rising))
        return 0.5 * (1 + math.cos(math.pi * done))

    return LambdaDecay(learning_rate, factor)


def in_epochs(epochs: Sequence[float], steps_per_epoch: int) -> list[int]:
    """Boundaries given in epochs, as the nearest counts of steps."""
    return [round(e * steps_per_epoch) for e in epochs]


def simulate(schedule: LRScheduler, num_steps: int) -> list[float]:
    """The rates of steps 1 to ``num_steps``; the schedule's position is restored."""
    now = schedule.last_epoch
    rates = []
    for position in range(num_steps):
        seek(schedule, position)
        rates.append(float(schedule.get_lr()))
    seek(schedule, now)
    return rates


def seek(schedule: LRScheduler, position: int) -> None:
    """Set the schedule to its state after ``position`` steps."""
    if not isinstance(schedule, LinearLR):
        schedule.step(position)
        return
    if position < schedule.last_epoch:  # it makes each rate out of the one before
        schedule.last_epoch, schedule.last_lr = 0, schedule.base_lr * schedule.start_factor
    while schedule.last_epoch < position:
        schedule.step()


def schedule_of(optimizer: Optimizer) -> LRScheduler | None:
    """The scheduler that ``optimizer`` was built with; None where its learning rate is a number.

    Raises:
        SettingError: a ReduceOnPlateau inside of another scheduler, which would take the step number for its metric.
    """
    found = next((value for value in vars(optimizer).values() if isinstance(value, LRScheduler)), None)
    inside = isinstance(getattr(found, "learning_rate", None), ReduceOnPlateau)
    require(not inside, f"{type(found).__name__} around ReduceOnPlateau: its metric would be the step; use one of them")
    return found


def set_position(schedules: Iterable[LRScheduler | None], position: int) -> None:
    """Set every scheduler to its state after ``position`` steps or epochs; one that waits for a metric stays."""
    for schedule in schedules:
        if schedule is not None and not isinstance(schedule, ReduceOnPlateau):
            seek(schedule, position)


def rates_at(optimizer: Optimizer, num_positions: int) -> list[float]:
    """The rates of an optimizer at the first, the middle and the last of ``num_positions``; its state is restored."""
    schedule = schedule_of(optimizer)
    if schedule is None:
        return [float(optimizer.get_lr())]
    if isinstance(schedule, ReduceOnPlateau):
        return [float(schedule.base_lr)]
    now, rates = schedule.last_epoch, []
    for position in (0, num_positions // 2, max(0, num_positions - 1)):
        seek(schedule, position)
        rates.append(float(schedule.get_lr()))
    seek(schedule, now)
    return rates
