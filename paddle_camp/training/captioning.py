"""The task of captions: every word is predicted from the picture and the words before it."""

from __future__ import annotations

import math
import time
from typing import Any

import paddle
import paddle.nn.functional as F
from paddle import nn
from paddle.optimizer import Optimizer

from paddle_camp.data.batches import BatchSource
from paddle_camp.errors import require
from paddle_camp.history import Row
from paddle_camp.metrics import WeightedMean
from paddle_camp.nested import map_arrays
from paddle_camp.networks.calling import call
from paddle_camp.networks.modes import evaluating
from paddle_camp.speed.feeding import as_tensor, reading
from paddle_camp.training.batch import Batch
from paddle_camp.training.tasks import Task

PADDING = -1  # a target where there is no word: behind the end of a caption


def caption_loss(logits: paddle.Tensor, targets: paddle.Tensor, label_smoothing: float = 0.0) -> paddle.Tensor:
    """Mean cross-entropy of the words that there are.

    Args:
        logits: float ``[B, T, V]``.
        targets: numbers of words, int64 ``[B, T]``; :data:`PADDING` does not count.
        label_smoothing: share of every target that is spread over all V words.
    """
    logits = logits.astype("float32").flatten(0, 1)
    rows = paddle.nonzero(targets.flatten() != PADDING).flatten()
    logits, words = paddle.gather(logits, rows), paddle.gather(targets.flatten(), rows)
    loss = F.cross_entropy(logits, words)
    if not label_smoothing:
        return loss
    # Since log p is a logit less a constant, the mean of -log p over all words is -log p of the right one, plus its
    # logit, less the mean of the logits. (Paddle's log_softmax takes five times as long as all the rest on a CPU.)
    rights = paddle.take_along_axis(logits, words.unsqueeze(-1), axis=-1)
    return loss + label_smoothing * (rights.mean() - logits.mean())


class Captioning(Task):
    """A network that learns to caption; a batch is (inputs, targets int64 ``[B, T]``, see :func:`caption_loss`).

    Args:
        model: from the inputs, a dict of which one is the words before each target, to logits ``[B, T, V]``.
        label_smoothing: in training; evaluations report the plain loss.
        options: amp and clip_norm of :class:`~paddle_camp.training.tasks.Task`.
    """

    def __init__(self, model: nn.Layer, optimizer: Optimizer, label_smoothing: float = 0.0, **options: Any):
        super().__init__({"model": model}, {"model": optimizer}, **options)
        require(0 <= label_smoothing < 1, f"label_smoothing={label_smoothing}: give a number from 0 to below 1")
        self.model, self.label_smoothing = model, label_smoothing

    def step(self, batch: Batch) -> Row:
        """Forward, loss, backward, update."""
        inputs, targets = batch
        with self.autocast():
            logits = call(self.model, inputs)
        value = self.backward(caption_loss(logits, targets, self.label_smoothing), batch)
        self.update("model")
        return {"loss": value}

    def measure(self, batches: BatchSource) -> Row:
        """The mean loss of a word, and the perplexity: its exponential."""
        mean, samples, began = WeightedMean(), 0, time.perf_counter()
        with evaluating(self.model), reading(batches) as arrays:
            for inputs, targets in arrays:
                with self.autocast():
                    logits = call(self.model, map_arrays(as_tensor, inputs))
                targets = as_tensor(targets)
                mean.add(float(caption_loss(logits, targets)), int((targets != PADDING).astype("int64").sum()))
                samples += len(targets)
        found = {"loss": mean.value, "perplexity": math.exp(min(mean.value, 50.0))}
        return found | {"samples": samples, "seconds": time.perf_counter() - began}

    def describe(self) -> dict[str, Any]:
        """See :meth:`Task.describe`."""
        return super().describe() | {"label_smoothing": self.label_smoothing}
