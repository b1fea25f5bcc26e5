"""Homework 4-1 and 4-2: numpy and Paddle are the same computation, and so is a model that was saved and loaded."""

from __future__ import annotations

import json

import numpy as np
import paddle
import pytest

from homework.hw4_1_house_prices import experiment as hw41
from homework.hw4_1_house_prices.holding_out import measure_split
from homework.hw4_2_numpy_or_paddle import by_hand
from homework.hw4_2_numpy_or_paddle import experiment as hw42
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
        model = hw42.build_paddle(network)
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
    out = tmp_path_factory.mktemp("quick")
    return {name: contract.run(name, out, "--quick", "--data", "synthetic")[0] for name in ("4-1", "4-2")}


def test_quick_4_1(quick):
    results = contract.check(quick["4-1"], "4-1", data=True)
    test = results["test"]
    assert results["same_after_loading"]
    assert test["network"]["mse"] < test["linear"]["mse"] < test["mean"]["mse"]
    assert (quick["4-1"] / "checkpoints" / "last.pdparams").is_file()
    model = hw41.LinearModel()
    model.set_state_dict(paddle.load(str(quick["4-1"] / "checkpoints" / "linear.pdparams")))
    data = load_housing("synthetic")
    error = hw41.errors(hw41.predict(model, data.test.inputs), data.test.prices, data)
    assert error == test["linear"]
    headline = contract.metrics_of(quick["4-1"])["headline"]
    assert (headline["value"], headline["split"]) == (test["network"]["rmse_dollars"], "test")
    assert f"{test['network']['rmse_dollars']:.2f} 千美元" in (quick["4-1"] / "answer.md").read_text(encoding="utf-8")


def test_quick_4_2_proves_that_both_are_the_same_computation(quick):
    results = contract.check(quick["4-2"], "4-2", data=True)
    assert results["linear"]["difference"] < 1e-5 and results["network"]["difference"] < 1e-5
    assert results["steps"] == 10 * 41
    assert results["lines"]["paddle"] < results["lines"]["numpy"]
    assert [row[0] for row in results["cost"]["per_step"]["width"]] == [1, 30, 1000]
    answer = (quick["4-2"] / "answer.md").read_text(encoding="utf-8")
    assert "两种方式是同一个计算" in answer
    rows = contract.rows_of(quick["4-2"] / "steps.csv")
    losses = {name: [float(r["loss"]) for r in rows if r["run"] == f"network, {name}"] for name in ("numpy", "paddle")}
    assert np.abs(np.subtract(losses["numpy"], losses["paddle"])).max() == results["network"]["difference"]


def test_a_different_gradient_would_be_found(monkeypatch):
    """The proof can fail: a wrong factor in the hand-derived gradient shows within a few steps."""
    real = by_hand.Network.gradients

    def wrong(self, inputs, targets):
        loss, of_weights, of_biases = real(self, inputs, targets)
        return loss, [1.001 * g for g in of_weights], of_biases

    monkeypatch.setattr(by_hand.Network, "gradients", wrong)
    settings = hw42.replace(hw42.QUICK, num_epochs=2)
    assert hw42.compare((13, 8, 1), settings, load_housing("synthetic"), 0)[0]["difference"] > 1e-5


def counted_here(x):
    """A docstring
    of two lines."""
    # a comment

    y = (
        x + 1  # two
    )
    return y


def test_the_lines_that_are_counted():
    assert hw42.lines_of_code(counted_here) == 3  # def, y however it is laid out, return


@pytest.mark.parametrize(
    ("name", "override", "says"),
    [
        ("4-1", "hidden=64y64", "hidden=64y64: write the units of each layer"),
        ("4-1", "hidden=8,8", "hidden=8,8: each one once"),
        ("4-1", "hidden_rates=", "hidden_rates: name at least one"),
        ("4-1", "blocks=1", "blocks=1: give at least 2"),
        ("4-1", "weight_decays=-1", "weight_decays=-1"),
        ("4-2", "widths=0,10", "widths=0: must be positive"),
        ("4-2", "depths=-1,2", "depths=-1: must not be negative"),
        ("4-2", "depths=1", "depths=1: name at least two"),
        ("4-2", "timed_steps=1", "timed_steps=1: seven rounds need 7 or more"),
    ],
)
def test_a_wrong_setting_is_one_line(name, override, says, tmp_path):
    contract.refused(name, tmp_path, says, override)


def test_the_real_prices(real_data, tmp_path):
    asked = ("--quick", "--data-dir", str(real_data), "-o", "shuffle=true")
    test = contract.metrics_of(contract.run("4-1", tmp_path, *asked)[0])["results"]["test"]
    # Ten epochs from random weights leave the course's linear model short of least squares; the network is not.
    assert test["network"]["rmse_dollars"] < test["least squares"]["rmse_dollars"] < test["linear"]["rmse_dollars"]


def answer_of_4_1(quick, settings=hw41.QUICK, **turned):
    """The answer of the quick run with some of its results made up."""
    kept = json.loads((quick["4-1"] / "answer.json").read_text(encoding="utf-8"))
    return render(hw41.__file__, {"settings": settings, "seed": 0} | kept["values"] | kept["results"] | turned)


@pytest.mark.parametrize(
    ("linear", "least", "says"),
    [
        ("better", "better", "，比课程的线性模型好，比最小二乘解（"),
        ("worse", "better", "，不如课程的线性模型，比最小二乘解（"),  # once: "no better ..., and also better than ..."
        ("cannot be told apart", "worse", "，在这些测试行上与课程的线性模型分不出高下，不如最小二乘解（"),
    ],
)
def test_the_answer_of_4_1_turns_around_with_its_verdicts(quick, linear, least, says):
    against = {"network against linear": linear, "network against least squares": least}
    against["linear against least squares"] = least
    text = answer_of_4_1(quick, against=against, train_ratio=1.0)
    assert says in text.splitlines()[0] and "也好于" not in text
    assert ("起了正则化的作用" in text) == (least == "better") and "还没有训练到底" not in text
    text = answer_of_4_1(quick, against=against, train_ratio=4.6)
    assert "训练误差是最小二乘解的 4.6 倍：还没有训练到底" in text and "起了正则化的作用" not in text


@pytest.mark.parametrize("verdict", ["better", "worse", "cannot be told apart"])
@pytest.mark.parametrize("shift", [2.9, 0.3])
def test_the_answer_of_4_1_says_why_the_held_out_error_is_not_the_test_error(quick, shift, verdict):
    split = {"shift": shift, "feature": "B", "mean_price": [24.2, 16.0], "block_mse": 0.0111, "worst_block": 0.0381}
    text = answer_of_4_1(quick, split=split | {"random_mse": 0.0042, "random": verdict})
    assert "0.00420，整块留出时为 0.01110（最难的一块 0.03810）" in text
    assert ("B 的均值与训练数据相差 2.9 个标准差" in text) == (shift > 1) == ("要外推" in text)
    assert ("几乎只是内插" in text) == (verdict == "better") and ("反而比整块留出的大" in text) == (verdict == "worse")
    assert ("所以用它来选择" in text) == (verdict == "better" and shift > 1)


@pytest.mark.parametrize(
    ("verdict", "says"), [("better", "，比线性模型好，不是"), ("worse", "，不如线性模型，"), ("even", "分不出高下。")]
)
def test_the_answer_of_4_1_reads_the_seeds_by_their_verdict(quick, verdict, says):
    assert says in answer_of_4_1(quick, network_seeds=[4.0, 5.0], seeds_against_linear=verdict)
    assert "只训练了一个种子" in answer_of_4_1(quick, network_seeds=[4.0], seeds_against_linear=verdict)


def test_the_answer_of_4_1_shows_the_code_that_ran(quick):
    answer = (quick["4-1"] / "answer.md").read_text(encoding="utf-8")
    assert (
        "```python\nclass LinearModel(nn.Layer):" in answer and "paddle.save(model.state_dict(), str(path))" in answer
    )


def test_every_row_is_held_out_once_and_never_trained_on_then():
    data = load_housing("synthetic")
    places = {row.tobytes(): place for place, row in enumerate(data.train.inputs)}
    seen = []

    def predict_after(rows, inputs, seed):
        held, kept = ({places[row.tobytes()] for row in part} for part in (inputs, rows.inputs))
        assert not held & kept and len(held | kept) == len(data.train)
        seen.append(sorted(held))
        return np.zeros(len(inputs))

    found = measure_split(data, 4, 0, predict_after)
    assert seen[:4] == [list(range(k, k + 101)) for k in range(0, 404, 101)]  # blocks of neighbours
    assert sorted(sum(seen[4:], [])) == list(range(404)) and seen[4] != seen[0]
    mean = np.mean(data.train.prices**2)
    assert found["block_mse"] == pytest.approx(mean) == found["random_mse"]
    assert found["worst_block"] > mean and found["random"] == "cannot be told apart"


@pytest.mark.parametrize(
    ("verdict", "headline", "ends", "count"),
    [
        ("better", "一步 numpy 更快（", "两端都是 numpy 快。", "numpy 在 4 种更快（"),
        ("worse", "一步飞桨更快（", "两端都是飞桨快。", "飞桨在 4 种更快，"),
        ("cannot be told apart", "一步分不出快慢（中位数 numpy ", "两端都分不出快慢。", "其余的分不出快慢"),
    ],
)
def test_the_answer_of_4_2_turns_around_with_its_verdicts(quick, verdict, headline, ends, count):
    kept = json.loads((quick["4-2"] / "answer.json").read_text(encoding="utf-8"))
    values = {"settings": hw42.QUICK, "seed": 0} | kept["values"] | kept["results"]
    row = [1e-3, 1.01e-3, verdict, [[0.9e-3, 1.2e-3], [1.0e-3, 1.3e-3]]]
    per_step = {what: [[1, *row]] for what in values["cost"]["per_step"]}
    values["cost"] = {"step": {"linear": row, "network": row}, "per_step": per_step}
    text = render(hw42.__file__, values)
    assert headline in text.splitlines()[0]
    assert ends in text and count in text and "1.000（0.900～1.200）" in text
    assert ("1.01 倍" in text) == (verdict == "better") and ("固定开销" in text) == (verdict == "better")


def test_the_answer_of_4_2_covers_the_four_aspects_with_both_codes(quick):
    answer = (quick["4-2"] / "answer.md").read_text(encoding="utf-8")
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
