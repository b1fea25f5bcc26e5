"""Tasks: what a training does with a batch, an object that is handed to the loop.

A task owns its networks and their optimizers, by name. :func:`~paddle_camp.training.loop.train_one_epoch` calls its
``step`` with every batch, :func:`~paddle_camp.training.fit.fit_task` its ``measure`` with every evaluation's batches;
checkpoints, resumption, data parallelism, mixed precision and progress serve any task. A task of one's own::

    class Autoencoder(Task):
        def __init__(self, model, optimizer):
            super().__init__({"model": model}, {"model": optimizer})

        def step(self, batch):
            (images,) = batch
            loss = self.backward(F.mse_loss(self.networks["model"](images), images), batch)
            self.update("model")
            return {"loss": loss}
"""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import paddle
from paddle import nn
from paddle.optimizer import Optimizer

from paddle_camp.data.batches import BatchSource
from paddle_camp.distributed import collectives
from paddle_camp.distributed.synced_norm import peer_errors_in_backward
from paddle_camp.errors import DivergedError, require
from paddle_camp.history import Row
from paddle_camp.networks.calling import call
from paddle_camp.networks.freezing import training_mode
from paddle_camp.networks.gradients import free_gradients
from paddle_camp.training.batch import Batch, parts
from paddle_camp.training.describing import check_trainable, network_in_words, optimizer_in_words, parameters_of
from paddle_camp.training.losses import LossFunction, classification_loss, regression_loss
from paddle_camp.training.measuring import evaluate
from paddle_camp.training.precision import amp_dtype, autocast
from paddle_camp.training.schedules import schedule_of


class Task:
    """Base of all tasks.

    Args:
        networks: by name; their weights are saved, averaged and synchronised.
        optimizers: by the name of the network that each of them trains.
        amp: mixed precision, inside ``with self.autocast():``; parameters and losses stay float32.
        clip_norm: gradients of a network with a larger Euclidean norm are scaled down to it (Pascanu et al., 2013).

    Attributes:
        position: the number of steps taken before this one; the loop counts it.
    """

    def __init__(
        self,
        networks: Mapping[str, nn.Layer],
        optimizers: Mapping[str, Optimizer],
        *,
        amp: bool = False,
        clip_norm: float | None = None,
    ):
        unknown = sorted(set(optimizers) - set(networks))
        require(not unknown, f"optimizers: {unknown} are no networks of this task; there are {sorted(networks)}")
        for name, network in networks.items():
            check_trainable(name, network, optimizers.get(name))
        require(clip_norm is None or clip_norm > 0, f"clip_norm={clip_norm}: must be positive")
        self.networks, self.optimizers, self.amp, self.clip_norm = dict(networks), dict(optimizers), amp, clip_norm
        self.schedules = {name: schedule_of(optimizer) for name, optimizer in optimizers.items()}
        self.position = 0
        half = amp and amp_dtype() == "float16"
        # The loss scale is not saved: after a resumption it is found again within a few steps.
        self.scalers = {name: paddle.amp.GradScaler(enable=half) for name in optimizers}

    @functools.cached_property
    def network(self) -> nn.Layer:
        """All networks as one layer: the only one, or a dict of them, whose parameters begin with their names."""
        return next(iter(self.networks.values())) if len(self.networks) == 1 else nn.LayerDict(self.networks)

    def step(self, batch: Batch) -> Row:
        """Train on a batch; returns its row of the history, in which ``loss`` is the mean over the batch.

        Args:
            batch: what the source yields, such as (inputs, labels), as tensors.
        """
        raise NotImplementedError(f"{type(self).__name__} has no step")

    def measure(self, batches: BatchSource) -> Row:
        """Measure on all batches, in evaluation mode and without gradients; ``loss`` and ``samples`` are in the row."""
        raise NotImplementedError(f"{type(self).__name__} has no measure: leave evaluations out, or write one")

    def describe(self) -> dict[str, Any]:
        """What must be the same for a training to be resumed, in words (JSON values)."""
        networks = {name: network_in_words(network) for name, network in self.networks.items()}
        optimizers = {name: optimizer_in_words(optimizer) for name, optimizer in self.optimizers.items()}
        return {"network": networks, "optimizer": optimizers, "amp": self.amp, "clip_norm": self.clip_norm}

    def train(self) -> None:
        """Training mode for every network; frozen layers keep theirs."""
        for network in self.networks.values():
            training_mode(network)

    def autocast(self) -> contextlib.AbstractContextManager[None]:
        """The precision of the forward pass."""
        return autocast(self.amp, *self.networks.values())

    def backward(self, loss: paddle.Tensor, batch: Batch | None = None, name: str = "") -> float:
        """Add the gradients of a mean loss over ``batch`` and return its value over the batch on all ranks.

        Args:
            batch: a batch or one of its :func:`~paddle_camp.training.batch.parts`; its weight is applied.
            name: the optimizer that will use the gradients; by default the first.

        Raises:
            DivergedError: the loss is NaN or infinite; its gradients change no weight.
        """
        loss = loss * getattr(batch, "weight", 1.0)
        value = collectives.all_reduce(float(loss))
        if not math.isfinite(value):
            for network in self.networks.values():
                free_gradients(network.parameters())
            raise DivergedError(self.position + 1, value)
        with peer_errors_in_backward():
            self.scalers[name or next(iter(self.optimizers))].scale(loss).backward()
        return value

    def update(self, name: str) -> None:
        """One step of the optimizer of a network, on the gradients of all ranks, which are cleared behind it."""
        network, optimizer, scaler = self.networks[name], self.optimizers[name], self.scalers[name]
        collectives.all_reduce_gradients(network)
        if self.clip_norm is not None:
            scaler.unscale_(optimizer)
            with_gradient = [p for p in parameters_of(optimizer) if p.grad is not None]
            paddle.nn.utils.clip_grad_norm_(with_gradient, self.clip_norm)
        scaler.step(optimizer)
        scaler.update()
        free_gradients(network.parameters())  # of what the optimizer leaves alone too


class Supervised(Task):
    """A network that learns labels: classification, or anything that has a loss of (outputs, labels).

    A batch is (inputs, labels). Inputs are an array, or a tuple or dict of arrays for a network with several.

    Args:
        loss_fn: (outputs of the network, labels) to a scalar mean over the batch.
        accumulate: the number of parts that a batch is computed in, one after the other, before the optimizer's step:
            a batch of 40 in 4 parts takes the memory of 10 and is one step.
        class_weights: one weight a class, in training; evaluations report the plain loss.
        label_smoothing: in training; evaluations report the plain loss.
        amp, clip_norm: see :class:`Task`.
    """

    def __init__(
        self,
        model: nn.Layer,
        optimizer: Optimizer,
        loss_fn: LossFunction = classification_loss,
        *,
        accumulate: int = 1,
        class_weights: Sequence[float] | np.ndarray | None = None,
        label_smoothing: float = 0.0,
        amp: bool = False,
        clip_norm: float | None = None,
    ):
        super().__init__({"model": model}, {"model": optimizer}, amp=amp, clip_norm=clip_norm)
        require(accumulate >= 1, f"accumulate={accumulate}: give the number of parts of a batch, 1 or more")
        require(0 <= label_smoothing < 1, f"label_smoothing={label_smoothing}: give a number from 0 to below 1")
        self.model, self.loss_fn, self.accumulate = model, loss_fn, accumulate
        self.options = {"class_weights": class_weights, "label_smoothing": label_smoothing}
        self.training_loss = loss_fn
        if class_weights is not None or label_smoothing:
            plain = loss_fn is classification_loss
            require(plain, "class_weights and label_smoothing belong to classification_loss: leave loss_fn out")
            self.training_loss = functools.partial(loss_fn, **self.options)

    def step(self, batch: Batch) -> Row:
        """Forward, loss, backward, update."""
        require(len(batch) == 2, f"a batch of {len(batch)} arrays: supervised training takes (inputs, labels)")
        value = 0.0
        for part in parts(batch, self.accumulate):
            inputs, labels = part
            with self.autocast():
                outputs = call(self.model, inputs)
            value += self.backward(self.training_loss(outputs, labels), part)
        self.update("model")
        return {"loss": value}

    def measure(self, batches: BatchSource) -> Row:
        """Loss, and accuracy for integer labels or the mean absolute error for floats."""
        return evaluate(self.model, batches, self.loss_fn, self.amp).row()

    def describe(self) -> dict[str, Any]:
        """See :meth:`Task.describe`."""
        weights, smoothing = self.options["class_weights"], self.options["label_smoothing"]
        loss = getattr(self.loss_fn, "__qualname__", type(self.loss_fn).__name__)
        more = {"loss_fn": loss, "accumulate": self.accumulate, "label_smoothing": smoothing}
        more["class_weights"] = None if weights is None else np.asarray(weights).tolist()
        return super().describe() | more


class Regression(Supervised):
    """A network that learns numbers: float targets ``[N]`` or ``[N, K]``, mean squared error."""

    def __init__(self, model: nn.Layer, optimizer: Optimizer, loss_fn: LossFunction = regression_loss, **options: Any):
        super().__init__(model, optimizer, loss_fn, **options)

    def measure(self, batches: BatchSource) -> Row:
        """Loss and mean absolute error, also for targets that are whole numbers."""
        found = evaluate(self.model, batches, self.loss_fn, self.amp)
        return replace(found, labels=found.labels.astype("float32")).row()
