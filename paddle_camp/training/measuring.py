""":func:`evaluate`: the outputs of a network for all samples of a source, and its mean loss."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import paddle
from paddle import nn

from paddle_camp.comparisons import share_interval
from paddle_camp.data.batches import BatchSource, as_batches
from paddle_camp.distributed import collectives
from paddle_camp.history import Row
from paddle_camp.metrics import WeightedMean, accuracy, auc, auc_interval, confusion, correct
from paddle_camp.nested import count_rows, map_arrays, take_rows
from paddle_camp.networks.calling import call
from paddle_camp.networks.modes import evaluating
from paddle_camp.notebook import table_html
from paddle_camp.speed.feeding import as_array, as_tensor, reading
from paddle_camp.speed.memory import memory_errors
from paddle_camp.speed.onednn.weights import constant_weights
from paddle_camp.speed.threads import threads_for
from paddle_camp.training.losses import LossFunction, classification_loss
from paddle_camp.training.precision import autocast


@dataclass(frozen=True, repr=False)
class Evaluation:
    """The result of :func:`evaluate`.

    Attributes:
        loss: mean over all samples.
        outputs: float32 ``[N, K]`` (or what the network gives, samples first), in the order of the batches.
        labels: ``[N]`` (or ``[N, 1]`` for regression).
        seconds: wall-clock time of the evaluation.
    """

    loss: float
    outputs: np.ndarray
    labels: np.ndarray
    seconds: float

    @property
    def accuracy(self) -> float | None:
        """The fraction of correct predictions; None where the labels are no classes of the outputs."""
        fits = self.labels.shape in (self.outputs.shape[:-1], (*self.outputs.shape[:-1], 1))
        if not fits or not np.issubdtype(self.labels.dtype, np.integer):
            return None
        return accuracy(self.outputs, self.labels)

    @property
    def auc(self) -> float | None:
        """The area under the ROC curve of class 1; None unless there are two classes, and samples of both."""
        return auc(self.outputs, self.labels) if self._two_classes else None

    @property
    def auc_interval(self) -> list[float] | None:
        """The 95 % interval of :attr:`auc`."""
        return auc_interval(self.outputs, self.labels) if self._two_classes else None

    @property
    def _two_classes(self) -> bool:
        return self.accuracy is not None and self.outputs.ndim == 2 and self.outputs.shape[1] <= 2

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values: loss, accuracy, AUC, its interval, and the outputs as lists."""
        numbers = {key: getattr(self, key) for key in ("loss", "accuracy", "auc", "auc_interval")}
        return numbers | {"outputs": self.outputs.tolist()}

    @property
    def mean_absolute_error(self) -> float | None:
        """Of float labels with as many numbers as the outputs, in their units; None for others."""
        if not np.issubdtype(self.labels.dtype, np.floating) or self.labels.size != self.outputs.size:
            return None
        return float(np.abs(self.outputs.reshape(-1) - self.labels.reshape(-1)).mean())

    def row(self) -> Row:
        """The numbers as a row of a history."""
        found = {"loss": self.loss, "accuracy": self.accuracy, "mean_absolute_error": self.mean_absolute_error}
        found |= {"samples": len(self.labels), "seconds": self.seconds}
        return {key: value for key, value in found.items() if value is not None}

    def _repr_html_(self) -> str:
        """In a notebook: the numbers, the accuracy with its 95 % interval, and who is taken for whom."""
        numbers = {key: f"{value:.4f}" for key, value in self.row().items() if key not in ("samples", "seconds")}
        if self.accuracy is not None:
            right = int(correct(self.outputs, self.labels).sum())
            low, high = share_interval(right, self.labels.size)
            numbers["accuracy"] += f" (95 %: {low:.4f} to {high:.4f})"
        shown = table_html([*numbers, "samples"], [[*numbers.values(), f"{len(self.labels):,}"]])
        classes = self.outputs.shape[-1] if self.accuracy is not None and self.outputs.ndim == 2 else 0
        if 1 <= classes <= 20:
            counts = confusion(self.outputs, self.labels).tolist()
            rows = [[f"is {index}", *row] for index, row in enumerate(counts)]
            shown += table_html(["", *(f"taken for {index}" for index in range(len(counts)))], rows)
        return shown

    def __repr__(self) -> str:
        numbers = [f"{key}={value:.4f}" for key, value in self.row().items() if key != "samples"]
        return f"Evaluation({', '.join(numbers)}, {len(self.labels):,} samples)"


def evaluate(
    model: nn.Layer, batches: BatchSource, loss_fn: LossFunction = classification_loss, amp: bool = False
) -> Evaluation:
    """Run ``model`` over all batches in evaluation mode, without gradients.

    Training modes, weights and running statistics are left unchanged.

    Args:
        batches: of (inputs, labels), or whatever :func:`~paddle_camp.data.batches.as_batches` takes.
    """

    def forward(inputs: Any) -> paddle.Tensor:
        with autocast(amp, model):
            output = call(model, map_arrays(as_tensor, inputs))
        return output.astype("float32")

    batches = as_batches(batches)
    began = time.perf_counter()
    mean, outputs, all_labels = WeightedMean(), [], []
    fits, threads = memory_errors(batches.batch_size, training=False), threads_for(model, batches)
    with evaluating(model), constant_weights(), threads, fits, reading(batches) as arrays:
        for inputs, labels in arrays:
            count, labels = count_rows(inputs), _plain(labels)
            mine = take_rows(inputs, collectives.even_shard(count))
            output = collectives.all_gather(forward(mine), count)
            mean.add(float(loss_fn(output, as_tensor(labels))), count)
            outputs.append(output.numpy())
            all_labels.append(as_array(labels))
    return Evaluation(mean.value, np.concatenate(outputs), np.concatenate(all_labels), time.perf_counter() - began)


def _plain(labels: Any) -> Any:
    """Truths as classes 0 and 1; other labels as they are."""
    return as_array(labels).astype(np.int64) if as_array(labels).dtype == np.bool_ else labels
