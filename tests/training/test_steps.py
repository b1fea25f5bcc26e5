"""Single steps to be timed: a training step learns, an evaluation changes nothing."""

from __future__ import annotations

import numpy as np
import paddle

from paddle_camp.training.steps import evaluation_step, training_step
from tests.helpers.toys import ToyNet, same_bits, toy_batches, weights


def test_training_steps_lower_the_loss_of_their_batch():
    paddle.seed(0)
    model = ToyNet()
    step = training_step(model.eval() or model, toy_batches())
    losses = [step() for _ in range(40)]
    assert model.training and np.mean(losses[-10:]) < np.mean(losses[:10])  # dropout scatters them


def test_an_evaluation_changes_nothing():
    paddle.seed(0)
    model, batches = ToyNet(), toy_batches()
    before = weights(model)
    step = evaluation_step(model, batches)
    found = step()
    assert found.shape == (5, 2) and np.array_equal(step(), found)
    assert model.training and same_bits(before, weights(model))
