"""Gradients are freed: the next backward pass writes its own, and what it does not reach has none."""

from __future__ import annotations

import numpy as np
import paddle

from paddle_camp.networks.gradients import free_gradients


def test_freed_gradients_are_gone_and_the_next_ones_are_not_added_to_them():
    one, other = paddle.nn.Linear(2, 1), paddle.nn.Linear(2, 1)
    parameters = [*one.parameters(), *other.parameters()]
    (one(paddle.ones([1, 2])) + other(paddle.ones([1, 2]))).sum().backward()
    free_gradients(parameters)
    assert all(parameter.grad is None for parameter in parameters)
    free_gradients(parameters)  # nothing to free
    one(paddle.full([1, 2], 3.0)).sum().backward()
    np.testing.assert_array_equal(one.weight.grad.numpy(), [[3.0], [3.0]])
    assert other.weight.grad is None


def test_an_optimizer_leaves_alone_what_the_loss_does_not_reach():
    """Neither decay nor momentum moves it, in a resumed training as in one that was never interrupted."""
    one, other = paddle.nn.Linear(2, 1), paddle.nn.Linear(2, 1)
    parameters = [*one.parameters(), *other.parameters()]
    optimizer = paddle.optimizer.Momentum(0.1, parameters=parameters, weight_decay=0.1)
    (one(paddle.ones([1, 2])) + other(paddle.ones([1, 2]))).sum().backward()
    optimizer.step()
    free_gradients(parameters)
    before = other.weight.numpy().copy()
    one(paddle.ones([1, 2])).sum().backward()
    optimizer.step()
    np.testing.assert_array_equal(other.weight.numpy(), before)
