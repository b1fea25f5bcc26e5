"""The gradient that arrives at each layer: by the chain rule, its mean, and what becomes of it."""

from __future__ import annotations

import paddle
import pytest
from paddle import nn

from paddle_camp.networks.signals import arriving, judge_arriving, mean_by_layer, outputs_of


def test_the_gradient_at_each_layer_is_that_of_the_chain_rule():
    layers = [nn.Linear(1, 1, bias_attr=False) for _ in range(3)]
    for layer, weight in zip(layers, (2.0, 3.0, 5.0), strict=True):
        layer.weight.set_value(paddle.full([1, 1], weight))
    model = nn.Sequential(*layers)
    with outputs_of(layers) as seen:
        loss = model(paddle.ones([1, 1])).sum()
    assert [each.item() for each in seen] == [2, 6, 30] and arriving(loss, seen) == [15, 5, 1]
    model(paddle.ones([1, 1]))
    assert len(seen) == 3  # outside, nothing is noted
    with outputs_of(layers[:1]) as seen:
        loss = model(paddle.full([1, 1], 1e38)).sum()
    assert arriving(loss * 1e30 * 1e30, seen) == [None]


def test_the_mean_is_geometric():
    assert mean_by_layer([[1.0, 4.0, None, 0.0], [4.0, 4.0, 1.0, 2.0]]) == [pytest.approx(2), 4, None, 0]


@pytest.mark.parametrize(
    ("norms", "state"), [([1e-5, 1e-2], "vanishes"), ([5.0, 1e-2], "explodes"), ([None, 1.0], "explodes")]
)
def test_what_becomes_of_a_gradient(norms, state):
    assert judge_arriving(norms)["state"] == state
    assert judge_arriving([0.0, 0.0, 1.0])["state"] == "none"
    assert judge_arriving([0.25, 0.5, 1.0])["each"] == pytest.approx(0.5)
