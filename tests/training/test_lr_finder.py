"""The learning-rate range test: it finds where the loss falls, and leaves no trace."""

from __future__ import annotations

import numpy as np
import paddle
import pytest
from paddle import nn

from paddle_camp.data.batches import ArrayBatches
from paddle_camp.errors import SettingError
from paddle_camp.training.lr_finder import find_learning_rate
from paddle_camp.training.tasks import Regression, Supervised
from tests.helpers.toys import build, same_bits, toy_batches, weights, without_times
from tests.training.test_fit_options import train


def test_it_leaves_no_trace():
    """Weights, running statistics, slots, schedule and random numbers, in the middle of a training."""
    model, optimizer, schedule = build(boundaries=[7], optimizer="Adam")
    task = Supervised(model, optimizer)
    model.train()
    task.backward(task.training_loss(model(paddle.randn([4, 3, 8, 8])), paddle.to_tensor([0, 1, 0, 1])))
    task.update("model")
    schedule.step(3)
    before, slots = weights(model), {k: np.asarray(v) for k, v in optimizer.state_dict().items() if k != "LR_Scheduler"}
    random = paddle.get_rng_state()
    expected = paddle.randn([3]).numpy()
    paddle.set_rng_state(random)
    find_learning_rate(task, toy_batches(), num_steps=10)
    np.testing.assert_array_equal(paddle.randn([3]).numpy(), expected)
    after = {k: np.asarray(v) for k, v in optimizer.state_dict().items() if k != "LR_Scheduler"}
    assert same_bits(before, weights(model)) and same_bits(slots, after)
    assert schedule.last_epoch == 3 and optimizer.get_lr() == schedule.get_lr() == 0.05
    assert all(parameter.grad is None or not parameter.grad.numpy().any() for parameter in model.parameters())


def test_a_training_after_it_has_the_same_bits():
    plain = train()[2]
    find_learning_rate(Supervised(*build()[:2]), toy_batches(), num_steps=10)
    assert without_times(train()[2].steps) == without_times(plain.steps)


def test_it_finds_the_rates_that_a_parabola_allows():
    """Mean squared error of one weight with inputs 1: curvature 2, so that rates above 1 burst."""
    model = nn.Linear(1, 1, bias_attr=False)
    model.weight.set_value(np.array([[5.0]], "float32"))
    ones, targets = np.ones((8, 1), "float32"), np.zeros(8, "float32")
    task = Regression(model, paddle.optimizer.SGD(0.1, parameters=model.parameters()))
    found = find_learning_rate(task, ArrayBatches(ones, targets, 8), lowest=1e-3, highest=100.0, num_steps=100)
    assert found.losses[0] == pytest.approx(25.0)
    assert 0.005 < found.suggestion < 1.0 < found.rates[-1] < 100  # it stopped where the loss burst
    assert len(found.rates) == len(found.losses) == len(found.smoothed) < 100
    assert "suggestion" in repr(found)


@pytest.mark.parametrize("options", [{"lowest": 1.0, "highest": 0.1}, {"lowest": 0.0}, {"num_steps": 3}])
def test_bounds_are_checked(options):
    with pytest.raises(SettingError):
        find_learning_rate(Supervised(*build()[:2]), toy_batches(), **options)
