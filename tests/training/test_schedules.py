"""Schedules against literal numbers."""

import paddle
import pytest

from paddle_camp.training import schedules


def test_piecewise_divides_by_ten_after_each_boundary():
    rates = schedules.simulate(schedules.piecewise(0.001, [2, 4]), 6)
    assert rates == [0.001, 0.001, 0.0001, 0.0001, 0.00001, 0.00001]


def test_without_a_boundary_the_rate_is_constant():
    assert schedules.simulate(schedules.constant(0.001), 3) == [0.001, 0.001, 0.001]


def test_simulating_leaves_the_schedule_where_it_was():
    schedule = schedules.piecewise(0.1, [3])
    schedules.seek(schedule, 3)
    before = schedule.get_lr()
    schedules.simulate(schedule, 2)
    assert schedule.get_lr() == before == 0.01


def test_the_optimizer_takes_the_simulated_rates():
    schedule = schedules.piecewise(1.0, [1])
    weight = paddle.create_parameter([1], "float32", default_initializer=paddle.nn.initializer.Constant(0.0))
    optimizer = paddle.optimizer.SGD(schedule, parameters=[weight])
    values = []
    for position in range(3):
        schedules.seek(schedule, position)
        weight.sum().backward()  # a gradient of 1: each step moves by the rate
        optimizer.step()
        optimizer.clear_grad()
        values.append(float(weight.sum()))
    assert values == pytest.approx([-1.0, -1.1, -1.2])


def test_warmup_and_cosine():
    rates = schedules.simulate(schedules.warmup_cosine(0.4, 6, warmup=1 / 3), 7)
    # Up in two steps, then 0.2 (1 + cos(pi k / 4)) for k = 1 to 4; past its end the rate stays 0.
    assert rates == pytest.approx([0.2, 0.4, 0.341421, 0.2, 0.058579, 0.0, 0.0], abs=1e-6)
    assert schedules.simulate(schedules.warmup_cosine(0.4, 2), 2) == pytest.approx([0.4, 0.0])


@pytest.mark.parametrize(("steps", "warmup"), [(1, 0.1), (10, 1.0), (10, -0.1)])
def test_a_warmup_that_leaves_no_step_is_refused(steps, warmup):
    with pytest.raises(ValueError, match="warm-up"):
        schedules.warmup_cosine(0.1, steps, warmup)


def test_boundaries_in_epochs():
    assert schedules.in_epochs([1, 2.5], steps_per_epoch=36) == [36, 90]


@pytest.mark.parametrize("boundaries", [[4, 2], [3, 3], [-1]])
def test_boundaries_must_increase(boundaries):
    with pytest.raises(ValueError, match="step counts that increase"):
        schedules.piecewise(0.1, boundaries)
