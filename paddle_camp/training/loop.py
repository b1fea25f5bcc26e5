"""The dygraph training loop: :func:`train_one_epoch` and :func:`evaluate`, which ``fit`` repeats.

Everything random in step ``t`` (sample order, augmentation, dropout) is a function of (seed, t), so a run resumed from
a checkpoint ends with the same bits as an uninterrupted one (on a GPU: up to rounding and, with float16, the few steps
that are skipped while the loss scale is found again).
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import paddle
from paddle import nn
from paddle.optimizer.lr import LRScheduler

from paddle_camp.data.batches import BatchSource
from paddle_camp.distributed import collectives
from paddle_camp.distributed.synced_norm import peer_errors_in_backward
from paddle_camp.errors import DivergedError, OutOfMemoryError
from paddle_camp.history import Row
from paddle_camp.metrics import WeightedMean, accuracy
from paddle_camp.networks.modes import evaluating
from paddle_camp.speed.feeding import as_array, as_tensor, reading
from paddle_camp.speed.inference import FastForward
from paddle_camp.speed.threads import threads_for
from paddle_camp.training.losses import LossFunction, classification_loss
from paddle_camp.training.precision import autocast


def train_one_epoch(
    model: nn.Layer,
    optimizer: paddle.optimizer.Optimizer,
    batches: BatchSource,
    epoch: int = 0,
    *,
    loss_fn: LossFunction = classification_loss,
    schedule: LRScheduler | None = None,
    seed: int = 0,
    start: int = 0,
    amp: bool = False,
    scaler: paddle.amp.GradScaler | None = None,
    on_step: Callable[[Row], None] = lambda row: None,
) -> float:
    """Train on every batch of an epoch once.

    Args:
        batches: yields (images, labels); see :class:`~paddle_camp.data.batches.BatchSource`.
        epoch: 0-based; selects the order of the samples.
        loss_fn: (output of the model, labels) to a scalar mean over the batch.
        schedule: is set to the position of each step before that step.
        seed: of dropout.
        start: the first batch, for an epoch that was interrupted.
        scaler: scales the loss for float16.
        on_step: called after each step with its row (see :class:`~paddle_camp.history.History`).

    Returns:
        The loss, averaged over the samples of the steps taken.

    Raises:
        DivergedError: the loss is NaN or infinite; the weights are those before that step.
        OutOfMemoryError: the message names the next smaller batch size.
    """
    model.train()
    mean = WeightedMean()
    with _fits(batches.batch_size), reading(batches, epoch, start) as arrays:
        for batch in range(start, len(batches)):
            began = time.perf_counter()
            images, labels = next(arrays)
            position = epoch * len(batches) + batch
            rows, weight = collectives.shard(len(labels))
            # Dropout's draws depend on the step alone; every rank has its own.
            paddle.seed((seed * 1_000_003 + position + 500_009 * collectives.world().rank) % 2**31)
            if schedule is not None:
                schedule.step(position)
            with autocast(amp):
                output = model(as_tensor(images[rows]))
            loss = loss_fn(output, as_tensor(labels[rows])) * weight
            value = collectives.all_reduce(float(loss))
            if not math.isfinite(value):
                raise DivergedError(position + 1, value)
            rate = float(optimizer.get_lr())
            with peer_errors_in_backward():
                (loss if scaler is None else scaler.scale(loss)).backward()
            collectives.all_reduce_gradients(model)
            _take_step(optimizer, scaler)
            mean.add(value, len(labels))
            row = {"step": position + 1, "epoch": epoch, "batch": batch, "loss": value, "learning_rate": rate}
            on_step(row | {"samples": len(labels), "seconds": time.perf_counter() - began})
    return mean.value


@contextlib.contextmanager
def _fits(batch_size: int, training: bool = True) -> Iterator[None]:
    """Turn MemoryError, which Paddle raises for a GPU's memory too, into :class:`OutOfMemoryError`."""
    try:
        yield
    except MemoryError as error:
        raise OutOfMemoryError(batch_size, training) from error


def _take_step(optimizer: paddle.optimizer.Optimizer, scaler: paddle.amp.GradScaler | None) -> None:
    if scaler is None:
        optimizer.step()
    else:
        scaler.step(optimizer)
        scaler.update()
    optimizer.clear_grad()


@dataclass(frozen=True)
class Evaluation:
    """The result of :func:`evaluate`.

    Attributes:
        loss: mean over all samples.
        outputs: float32 ``[N, K]``, the model's outputs in the order of the batches.
        labels: ``[N]`` (or ``[N, 1]`` for regression).
        seconds: wall-clock time of the evaluation.
    """

    loss: float
    outputs: np.ndarray
    labels: np.ndarray
    seconds: float

    @property
    def accuracy(self) -> float | None:
        """The fraction of correct predictions; None for regression (labels that are not integers)."""
        if not np.issubdtype(self.labels.dtype, np.integer):
            return None
        return accuracy(self.outputs, self.labels)


def evaluate(
    model: nn.Layer, batches: BatchSource, loss_fn: LossFunction = classification_loss, amp: bool = False
) -> Evaluation:
    """Run ``model`` over all batches in evaluation mode, without gradients.

    Training modes, weights and running statistics are left unchanged. A long evaluation on the CPU uses
    :class:`~paddle_camp.speed.inference.FastForward`, which changes the loss by rounding only.
    """

    def dygraph(images: np.ndarray | paddle.Tensor) -> paddle.Tensor:
        with autocast(amp):
            output = model(as_tensor(images))
        return output.astype("float32")

    forward = dygraph if amp else FastForward(model, dygraph, batches.num_samples // collectives.world().size)
    began = time.perf_counter()
    mean, outputs, all_labels = WeightedMean(), [], []
    fits = _fits(batches.batch_size, training=False)
    with evaluating(model), threads_for(model, batches), fits, reading(batches) as arrays:
        for images, labels in arrays:
            output = collectives.all_gather(forward(images[collectives.even_shard(len(labels))]), len(labels))
            mean.add(float(loss_fn(output, as_tensor(labels))), len(labels))
            outputs.append(output.numpy())
            all_labels.append(as_array(labels))
    return Evaluation(mean.value, np.concatenate(outputs), np.concatenate(all_labels), time.perf_counter() - began)
