"""Homework 4-2: numpy and Paddle are the same computation, and the sentences on what each costs."""

from __future__ import annotations

import json

import numpy as np
import paddle
import pytest

from homework.hw4_2_numpy_or_paddle import by_hand
from homework.hw4_2_numpy_or_paddle import experiment as hw
from homework.hw4_2_numpy_or_paddle.measuring import seconds_of, verdict_on_numpy
from paddle_camp.answers.template import render
from paddle_camp.data.housing import load_housing
from paddle_camp.history import History
from tests.helpers import contract


@pytest.mark.parametrize("activation", sorted(by_hand.ACTIVATIONS))
@pytest.mark.parametrize("sizes", [(13, 1), (13, 7, 1), (5, 8, 4, 2)])
def test_the_gradients_by_hand_against_central_differences(sizes, activation):
    network = by_hand.Network(sizes, activation, seed=1)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(6, sizes[0])), rng.normal(size=(6, sizes[-1]))
    for bias in network.biases:
        bias += rng.normal(size=bias.shape)
    _, *gradients = network.gradients(x, y)
    step = 1e-6
    for parameters, derived in zip((network.weights, network.biases), gradients, strict=True):
        for parameter, gradient in zip(parameters, derived, strict=True):
            numeric = np.zeros_like(parameter)
            for index in np.ndindex(*parameter.shape):
                kept = parameter[index]
                parameter[index] = kept + step
                above = network.gradients(x, y)[0]
                parameter[index] = kept - step
                below = network.gradients(x, y)[0]
                parameter[index] = kept
                numeric[index] = (above - below) / (2 * step)
            assert np.abs(numeric - gradient).max() / max(np.abs(gradient).max(), 1e-3) < 1e-6


@pytest.mark.parametrize("activation", sorted(by_hand.ACTIVATIONS))
def test_the_gradients_by_hand_against_paddle(activation):
    network = by_hand.Network((13, 7, 5, 1), activation, seed=2)
    paddle.set_default_dtype("float64")
    try:
        model = hw.build_paddle(network)
    finally:
        paddle.set_default_dtype("float32")
    layers = [getattr(paddle.nn.functional, activation) if i % 2 else layer for i, layer in enumerate(model)]
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(9, 13)), rng.normal(size=(9, 1))
    out = paddle.to_tensor(x)
    for layer in layers:
        out = layer(out)
    loss = ((out - paddle.to_tensor(y)) ** 2).mean()
    loss.backward()
    ours, of_weights, of_biases = network.gradients(x, y)
    assert ours == pytest.approx(float(loss), rel=1e-12)
    for linear, weight, bias in zip(layers[::2], of_weights, of_biases, strict=True):
        np.testing.assert_allclose(linear.weight.grad.numpy(), weight, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(linear.bias.grad.numpy(), bias, rtol=1e-9, atol=1e-12)


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """The folder of a ``--quick`` run on the stand-in."""
    return contract.run("4-2", tmp_path_factory.mktemp("quick"), "--quick", "--data", "synthetic")[0]


def test_the_quick_run_proves_that_both_are_the_same_computation(quick):
    results = contract.check(quick, "4-2", data=True)
    assert results["linear"]["difference"] < 1e-5 and results["network"]["difference"] < 1e-5
    assert results["steps"] == 10 * 41
    assert results["lines"]["paddle"] < results["lines"]["numpy"]
    assert [row[0] for row in results["cost"]["per_step"]["width"]] == [1, 30, 1000]
    answer = (quick / "answer.md").read_text(encoding="utf-8")
    assert "两种方式是同一个计算" in answer
    rows = contract.rows_of(quick / "steps.csv")
    losses = {name: [float(r["loss"]) for r in rows if r["run"] == f"network, {name}"] for name in ("numpy", "paddle")}
    assert np.abs(np.subtract(losses["numpy"], losses["paddle"])).max() == results["network"]["difference"]


def test_a_different_gradient_would_be_found(monkeypatch):
    """The proof can fail: a wrong factor in the hand-derived gradient shows within a few steps."""
    real = by_hand.Network.gradients

    def wrong(self, inputs, targets):
        loss, of_weights, of_biases = real(self, inputs, targets)
        return loss, [1.001 * g for g in of_weights], of_biases

    monkeypatch.setattr(by_hand.Network, "gradients", wrong)
    settings = hw.replace(hw.QUICK, num_epochs=2)
    assert hw.compare((13, 8, 1), settings, load_housing("synthetic"), 0)[0]["difference"] > 1e-5


def counted_here(x):
    """A docstring
    of two lines."""
    # a comment

    y = (
        x + 1  # two
    )
    return y


def test_the_lines_that_are_counted():
    assert hw.lines_of_code(counted_here) == 3  # def, y however it is laid out, return


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("widths=0,10", "widths=0: must be positive"),
        ("depths=-1,2", "depths=-1: must not be negative"),
        ("depths=1", "depths=1: name at least two"),
        ("timed_steps=1", "timed_steps=1: seven rounds need 7 or more"),
    ],
)
def test_a_wrong_setting_is_one_line(override, says, tmp_path):
    contract.refused("4-2", tmp_path, says, override)


def test_a_training_too_short_to_be_timed_by_parts_is_refused_before_it_begins(monkeypatch, tmp_path):
    monkeypatch.setattr(hw, "compare", lambda *arguments: pytest.fail("it trained"))
    says = "num_epochs=1: 5 steps; timing needs at least 8"
    contract.refused("4-2", tmp_path, says, "num_epochs=1", "batch_size=100")
    contract.refused("4-2", tmp_path, "num_epochs=7: 7 steps", "num_epochs=7", "batch_size=404")
    history = History(steps=[{"seconds": 1.0 + k % 2} for k in range(8)])  # eight steps are enough
    assert seconds_of({"numpy": history, "paddle": history})[:2] == [2.0, 2.0]  # without the first: 2 1 2 1 2 1 2


@pytest.mark.parametrize(
    ("verdict", "headline", "ends", "count"),
    [
        ("better", "一步 numpy 更快（", "两端都是 numpy 快。", "numpy 在 4 种更快（"),
        ("worse", "一步飞桨更快（", "两端都是飞桨快。", "飞桨在 4 种更快，"),
        ("cannot be told apart", "一步分不出快慢（中位数 numpy ", "两端都分不出快慢。", "其余的分不出快慢"),
    ],
)
def test_the_answer_turns_around_with_its_verdicts(quick, verdict, headline, ends, count):
    kept = json.loads((quick / "answer.json").read_text(encoding="utf-8"))
    values = {"settings": hw.QUICK, "seed": 0} | kept["values"] | kept["results"]
    row = [1e-3, 1.01e-3, verdict, [[0.9e-3, 1.2e-3], [1.0e-3, 1.3e-3]]]
    per_step = {what: [[1, *row]] for what in values["cost"]["per_step"]}
    values["cost"] = {"step": {"linear": row, "network": row}, "per_step": per_step}
    text = render(hw.__file__, values)
    assert headline in text.splitlines()[0]
    assert ends in text and count in text and "1.000（0.900～1.200）" in text
    assert ("1.01 倍" in text) == (verdict == "better") and ("固定开销" in text) == (verdict == "better")


def test_the_answer_covers_the_four_aspects_with_both_codes(quick):
    answer = (quick / "answer.md").read_text(encoding="utf-8")
    assert [answer.count(f"## {part}\n") for part in ("程序结构", "书写难易", "预测", "训练耗时")] == [1] * 4
    assert answer.count("```python") == 2 and "def gradients(self" in answer and "loss.backward()" in answer


def test_seconds_that_scatter_more_than_they_differ_name_no_winner():
    assert verdict_on_numpy([1.0, 2.0, 1.5, 1.2, 1.9], [1.1, 1.9, 1.7, 1.0, 1.8]) == "cannot be told apart"
    assert verdict_on_numpy([1.0, 2.0, 1.5, 1.2, 1.9], [1.3, 2.2, 1.9, 1.5, 2.1]) == "cannot be told apart"  # overlap
    assert verdict_on_numpy([1.0, 1.2, 1.1, 1.2, 1.1], [1.3, 2.2, 1.9, 1.5, 2.1]) == "better"
    assert verdict_on_numpy([1.3, 2.2, 1.9, 1.5, 2.1], [1.0, 1.2, 1.1, 1.2, 1.1]) == "worse"


def test_a_training_is_timed_by_parts_without_its_beginning():
    fast, slow = ([9.0] * 5 + [step] * 35 for step in (1.0, 2.0))  # the first eighth is the warm-up
    histories = {n: History(steps=[{"seconds": s} for s in each]) for n, each in (("numpy", fast), ("paddle", slow))}
    assert seconds_of(histories) == [1.0, 2.0, "better", [[1.0, 1.0], [2.0, 2.0]]]
