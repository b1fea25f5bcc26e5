"""Fully connected layers out of plain values."""

import paddle
import pytest

from paddle_camp.errors import SettingError
from paddle_camp.networks.perceptron import perceptron


def test_layers_and_activations_by_hand():
    model = perceptron([2, 2, 1], "tanh")
    model[0].weight.set_value(paddle.to_tensor([[1.0, 0.0], [0.0, -1.0]]))
    model[0].bias.set_value(paddle.to_tensor([0.0, 1.0]))
    model[2].weight.set_value(paddle.to_tensor([[2.0], [3.0]]))
    model[2].bias.set_value(paddle.to_tensor([0.5]))
    # 2 tanh(0.5) + 3 tanh(1 - 0.25) + 0.5
    assert model(paddle.to_tensor([[0.5, 0.25]])).numpy()[0, 0] == pytest.approx(0.924234 + 1.905447 + 0.5, abs=1e-5)


def test_two_sizes_are_a_linear_model():
    assert [tuple(p.shape) for p in perceptron([3, 1]).parameters()] == [(3, 1), (1,)]
    assert list(perceptron([13, 64, 8, 1]).state_dict()) == [f"{i}.{n}" for i in (0, 2, 4) for n in ("weight", "bias")]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (([3],), "sizes=.3.: give two positive whole numbers"),
        (([3, 0],), "give two positive whole numbers"),
        (([3, 1.0],), "give two positive whole numbers"),
        (([3, True],), "give two positive whole numbers"),
        (([2**20, 2**20],), "too many weights"),
        (([3, 1], "evil"), "activation=evil: there are relu, sigmoid, tanh"),
    ],
)
def test_what_is_no_description(arguments, says):
    with pytest.raises(SettingError, match=says):
        perceptron(*arguments)
