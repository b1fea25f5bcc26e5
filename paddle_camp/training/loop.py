"""The training loop: :func:`train_one_epoch`, which :func:`~paddle_camp.training.fit.fit` repeats.

What happens in a step is the task's (:mod:`paddle_camp.training.tasks`): forward, loss, backward, update.

Everything random in step ``t`` (sample order, augmentation, dropout) is a function of (seed, t), so a run resumed from
a checkpoint ends with the same bits as an uninterrupted one (on a GPU: up to rounding and, with float16, the few steps
that are skipped while the loss scale is found again).
"""

from __future__ import annotations

import time
from collections.abc import Callable

import paddle

from paddle_camp.data.batches import BatchSource, as_batches
from paddle_camp.distributed import collectives
from paddle_camp.history import Row
from paddle_camp.metrics import WeightedMean
from paddle_camp.speed.feeding import reading
from paddle_camp.speed.memory import memory_errors
from paddle_camp.training.batch import Batch
from paddle_camp.training.schedules import Interval, set_position
from paddle_camp.training.tasks import Task


def train_one_epoch(
    task: Task,
    batches: BatchSource,
    epoch: int = 0,
    *,
    seed: int = 0,
    start: int = 0,
    schedule_interval: Interval = "step",
    on_step: Callable[[Row], None] = lambda row: None,
) -> float:
    """Train on every batch of an epoch once.

    Args:
        task: what to do with a batch, for example ``Supervised(model, optimizer)``.
        batches: of tuples such as (images, labels), or whatever :func:`~paddle_camp.data.batches.as_batches` takes.
        epoch: 0-based; selects the order of the samples.
        seed: of dropout and of noise.
        start: the first batch, for an epoch that was interrupted.
        schedule_interval: what the optimizers' schedulers count: "step" or "epoch".
        on_step: called after each step with its row (see :class:`~paddle_camp.history.History`).

    Returns:
        The loss, averaged over the samples of the steps taken.

    Raises:
        DivergedError: the loss is NaN or infinite; the weights are those before that step.
        OutOfMemoryError: the message names the next smaller batch size.
    """
    task.train()
    batches = as_batches(batches)
    mean = WeightedMean()
    with memory_errors(batches.batch_size), reading(batches, epoch, start) as arrays:
        began = time.perf_counter()
        for number, batch in enumerate(map(Batch.of, arrays), start):
            task.position = epoch * len(batches) + number
            seed_step(seed, task.position)
            set_position(task.schedules.values(), task.position if schedule_interval == "step" else epoch)
            rate = float(next(iter(task.optimizers.values())).get_lr())
            row = task.step(batch)
            mean.add(row["loss"], batch.samples)
            place = {"step": task.position + 1, "epoch": epoch, "batch": number}
            cost = {"samples": batch.samples, "seconds": time.perf_counter() - began}
            on_step(place | row | {"learning_rate": rate} | cost)
            began = time.perf_counter()
    return mean.value


def seed_step(seed: int, position: int) -> None:
    """Seed what a step draws (dropout, noise): a function of the step alone; every rank draws its own."""
    paddle.seed((seed * 1_000_003 + position + 500_009 * collectives.world().rank) % 2**31)
