"""A single training step and a single evaluation, to be timed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import paddle
from paddle import nn

from paddle_camp.networks.modes import evaluating
from paddle_camp.speed.threads import threads_for
from paddle_camp.training.losses import classification_loss

RATE = 1e-4  # of a network that is only timed


def training_step(model: nn.Layer, batches: Any) -> Callable[[], float]:
    """A call makes a step on the first batch, the same each time: forward, backward, Adam; it gives the loss.

    Args:
        batches: of (inputs, classes); a step takes as many threads as ``fit`` would.
    """
    optimizer = paddle.optimizer.Adam(RATE, parameters=model.parameters())
    inputs, labels = (paddle.to_tensor(each) for each in next(iter(batches.epoch())))

    def step() -> float:
        model.train()
        with threads_for(model, batches):
            loss = classification_loss(model(inputs), labels)
            loss.backward()
            optimizer.step()
            optimizer.clear_grad()
            return float(loss)  # waits for a GPU

    return step


def evaluation_step(model: nn.Layer, batches: Any) -> Callable[[], np.ndarray]:
    """A call evaluates the first batch, the same each time, and gives the outputs ``[B, K]``."""
    inputs = paddle.to_tensor(next(iter(batches.epoch()))[0])

    def step() -> np.ndarray:
        with evaluating(model), threads_for(model, batches):
            return model(inputs).numpy()

    return step
