"""Homework 1-1: the gradient, the training against the closed form, the example row, the contract."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import homework
from homework.hw1_1_linear_regression import experiment as hw
from homework.hw1_1_linear_regression.verdicts import judge, state_of
from paddle_camp.answers.template import render
from paddle_camp.data.housing import load_housing
from paddle_camp.data.housing_regression import least_squares
from paddle_camp.errors import DivergedError
from paddle_camp.history import History
from paddle_camp.running.options import Options
from tests.helpers import contract


def drawn(rows: int = 7, seed: int = 0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(rows, 13)), rng.normal(size=rows), rng.normal(size=13), float(rng.normal())


@pytest.mark.parametrize("rows", [1, 7, 404])
def test_the_gradient_against_central_differences(rows):
    inputs, prices, weights, bias = drawn(rows)
    loss, by_weights, by_bias = hw.gradient(inputs, prices, weights, bias)
    assert loss == pytest.approx(np.mean((inputs @ weights + bias - prices) ** 2), rel=1e-12)
    step, measured = 1e-5, []
    for nudge in step * np.eye(14):
        above, below = (
            np.mean((inputs @ (weights + sign * nudge[:13]) + bias + sign * nudge[13] - prices) ** 2)
            for sign in (1, -1)
        )
        measured.append((above - below) / (2 * step))
    derived = np.append(by_weights, by_bias)
    assert np.abs(derived - measured).max() / np.abs(derived).max() < 1e-6
    assert hw.gradient_error(inputs, prices, weights, bias) < 1e-6


def test_the_check_of_the_run_notices_a_wrong_gradient(monkeypatch):
    right = hw.gradient
    monkeypatch.setattr(hw, "gradient", lambda *a: (right(*a)[0], right(*a)[1] / 2, right(*a)[2] / 2))  # no factor 2
    assert hw.gradient_error(*drawn()) > 0.1
    monkeypatch.setattr(hw, "gradient", lambda *a: (*right(*a)[:2], 1.001 * right(*a)[2]))  # a little off in the bias
    assert hw.gradient_error(*drawn()) > 1e-6


def test_full_batches_are_one_step_an_epoch_down_the_gradient_of_all_rows():
    data = load_housing("synthetic")
    settings = replace(hw.Settings(), noted_steps=5)
    weights, bias, history = hw.train(data, len(data.train), 3, settings, seed=0)
    expected, offset = hw.initial_weights(0)
    for _ in range(3):
        error = data.train.inputs @ expected + offset - data.train.prices
        expected = expected - 0.01 * 2 * np.mean(error[:, None] * data.train.inputs, axis=0)
        offset = offset - 0.01 * 2 * error.mean()
    np.testing.assert_allclose(weights, expected, rtol=1e-10)
    assert bias == pytest.approx(offset)
    assert [row["samples"] for row in history.steps] == [404, 404, 404]


def test_mini_batches_use_every_row_once_an_epoch():
    data = load_housing("synthetic")
    *_, history = hw.train(data, 10, 2, hw.Settings(), seed=0)
    assert [row["samples"] for row in history.steps] == 2 * [*[10] * 40, 4]
    assert history.evaluations[-1]["step"] == 82
    one, other = (hw.train(data, 10, 2, hw.Settings(), seed=seed)[0] for seed in (0, 1))
    assert not np.array_equal(one, other)


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """The folder and the results of a ``--quick`` run on the stand-in."""
    folder, _ = contract.run("1-1", tmp_path_factory.mktemp("quick"), "--quick", "--data", "synthetic")
    return folder, contract.check(folder, "1-1", data=True)


def test_quick_comes_near_least_squares(quick):
    folder, results = quick
    models = results["models"]
    best = models["least squares"]
    data = load_housing("synthetic")
    weights, bias = least_squares(data.train.inputs, data.train.prices)
    assert best["weights"] == pytest.approx(weights) and best["bias"] == pytest.approx(bias)
    assert best["weight_gap"] == 0 and best["loss_ratio"] == 1
    for name in ("full batch", "mini-batch"):
        assert 1 - 1e-9 < models[name]["loss_ratio"] < 1.01
        assert models[name]["weight_gap"] < 0.01
        assert models[name]["test"]["rmse_dollars"] == pytest.approx(best["test"]["rmse_dollars"], rel=0.03)
        assert models[name]["test"]["rmse_dollars"] < 0.5 * results["mean"]["rmse_dollars"]
    assert results["steps"] == {"full batch": 8200, "mini-batch": 8200}
    assert {path.name for path in (folder / "figures").iterdir()} == {"first_steps.png", "loss.png", "predictions.png"}


def test_the_answer_says_the_numbers_of_the_run(quick):
    folder, results = quick
    answer = (folder / "answer.md").read_text(encoding="utf-8")
    for model in results["models"].values():
        assert f"| {model['test']['rmse_dollars']:.3f} |" in answer
        assert f"{model['example']:.2f}" in answer
    assert f"{results['gradient_error']:.1e}，手写的梯度正确" in answer
    assert "真实价格为" not in answer and "预测是外推" in answer  # the stand-in does not hold the example


@pytest.fixture
def plain(monkeypatch):
    """Runs whose figures nobody looks at."""
    monkeypatch.setattr(hw, "draw", lambda *arguments: {})


def test_same_seed_same_bits(plain, tmp_path):
    options = Options(out=str(tmp_path), data="synthetic", overrides=("num_epochs=5", "full_epochs=50"))
    first, again, other = (homework.run("1-1", replace(options, seed=seed))[0].results for seed in (0, 0, 1))
    assert first == again
    assert first["models"]["mini-batch"] != other["models"]["mini-batch"]


def test_an_answer_before_the_end_does_not_claim_to_have_arrived(plain, tmp_path):
    options = Options(out=str(tmp_path), data="synthetic", overrides=("num_epochs=2", "full_epochs=2"))
    answer, _ = homework.run("1-1", options)
    assert "还没有接近最小二乘解" in answer.text and "已经降到" not in answer.text
    assert "不是同一个总体" not in answer.text and "方向已经够用" not in answer.text


def falling_to(losses) -> History:
    rows = [{"epoch": epoch, "step": epoch, "split": "train", "loss": loss} for epoch, loss in enumerate(losses, 1)]
    return History(evaluations=rows)


def test_where_a_training_has_ended_follows_from_its_losses():
    noise = 0.02 * np.random.default_rng(0).normal(size=40)
    assert state_of(falling_to(1.2 + noise), 1.2) == "hovering"
    assert state_of(falling_to(np.linspace(4, 1.2, 40) + 0.1 * noise), 1.2) == "on the way"
    assert state_of(falling_to([1.3, 1.2, 1.3]), 1.2) == "on the way"  # too few to say that it does not fall
    assert state_of(falling_to(1.2 + noise), 1.05) == "near" and state_of(falling_to(1.2 + noise), 1.005) == "arrived"


def test_a_fall_that_is_less_than_the_noise_of_neighbours_is_a_fall():
    """The changes from one loss to the next are ten times the fall, up and down in turn."""
    wiggle = 0.02 * (-1.0) ** np.arange(40)
    assert state_of(falling_to(np.linspace(1.3, 1.2, 40) + wiggle), 1.2) == "on the way"
    assert state_of(falling_to(np.linspace(1.2, 1.3, 40) + wiggle), 1.3) == "hovering"
    assert state_of(falling_to(1.2 + wiggle), 1.2) == "hovering"


def described(loss_ratio=1.005, offset="better", flat_share=0.9):
    return {"loss_ratio": loss_ratio, "offset": offset, "flat_share": flat_share}


def test_the_split_is_blamed_only_for_what_least_squares_shares():
    histories = {name: falling_to(np.linspace(4, 1, 20)) for name in ("full batch", "mini-batch")}
    models = {"least squares": described(1.0), "full batch": described(), "mini-batch": described()}
    found = judge(models, histories)
    assert found == {"state": dict.fromkeys(histories, "arrived"), "alike": True, "enough": True} | dict.fromkeys(
        ("flat", "because_of_split"), True
    )
    for mini in (described(9.9, "worse"), described(9.9), described(1.0, "worse"), described(1.0, "cannot be told")):
        assert not judge(models | {"mini-batch": mini}, histories)["because_of_split"]
    even = {"offset": "cannot be told apart"}
    alike = {name: model | even for name, model in models.items()}
    assert not judge(alike, histories)["because_of_split"]
    late = judge(models | {"mini-batch": described(3.0)}, histories)
    assert late["state"]["mini-batch"] == "on the way" and not (late["enough"] or late["alike"] or late["flat"])


@pytest.mark.parametrize("state", ["arrived", "near", "hovering", "on the way"])
def test_the_answer_turns_around_with_where_the_training_ended(quick, state):
    kept = json.loads((quick[0] / "answer.json").read_text(encoding="utf-8"))
    values = {"settings": hw.QUICK, "seed": 0} | kept["values"] | kept["results"]
    arrived = state in ("arrived", "near")
    verdicts = dict.fromkeys(("alike", "enough", "flat", "because_of_split"), arrived)
    values["models"]["mini-batch"] |= {"offset": "better" if arrived else "worse", "loss_ratio": 1.21}
    values["models"]["least squares"]["offset"] = "better"
    text = render(hw.__file__, values | {"verdicts": verdicts | {"state": {"full batch": state, "mini-batch": state}}})
    says = {"arrived": "已经降到", "near": "接近", "hovering": "停在最小二乘解 loss 的 1.21 倍", "on the way": "还没有"}
    assert f"轮）{says[state]}" in text.splitlines()[0]
    assert ("就只能在最小值之上徘徊" in text) == (state == "hovering") == ("loss 看不出下降：" in text)
    assert ("倍上下，看不出下降" in text.splitlines()[0]) == (state == "hovering")
    assert ("训练还没有到底，说不上是数据的原因" in text) == (state == "on the way")
    for sentence in (
        "训练到底的最小二乘也高估",
        "方向已经够用",
        "到达的 loss 也几乎一样",
        "在最平缓的方向上，loss 在那里",
    ):
        assert (sentence in text) == arrived, sentence


def test_the_headline_is_the_mini_batches_test_error_and_the_code_is_shown(quick):
    folder, results = quick
    headline, error = contract.metrics_of(folder)["headline"], results["models"]["mini-batch"]["test"]["rmse_dollars"]
    assert (headline["name"], headline["value"], headline["split"]) == ("rmse_dollars", error, "test")
    assert "```python\ndef forward(inputs" in (folder / "answer.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("learning_rate=0", "must be positive"),
        ("learning_rate=-0.1", "must be positive"),
        ("learning_rate=nan", "not a finite number"),
        ("batch_size=0", "must be positive"),
        ("num_epochs=-1", "must be positive"),
        ("batch_size=404", "less than the 404 rows"),
    ],
)
def test_a_setting_out_of_range_is_one_line(override, says, tmp_path):
    assert override.split("=")[0] in contract.refused("1-1", tmp_path, says, override)


@pytest.mark.parametrize("rate", ["5", "1e300"])
def test_too_large_a_learning_rate_says_so(rate, tmp_path):
    with pytest.raises(DivergedError, match="try a smaller learning rate"):
        homework.run("1-1", Options(out=str(tmp_path), data="synthetic", overrides=(f"learning_rate={rate}",)))


def test_on_the_real_table_the_example_is_found_and_the_training_is_good(plain, real_data, tmp_path):
    table = np.loadtxt(real_data / "housing" / "housing.data")
    assert tuple(table[-1]) == (*hw.EXAMPLE, 11.9)
    overrides = ("num_epochs=500", "full_epochs=500")
    answer, _ = homework.run("1-1", Options(out=str(tmp_path), data_dir=str(real_data), overrides=overrides))
    results = answer.results
    assert results["example"] == {"part": "test", "price": pytest.approx(11.9), "beyond": []}
    assert "真实价格为 11.9 千美元" in answer.text
    mini = results["models"]["mini-batch"]
    assert mini["loss_ratio"] < 1.06  # 1.04 when it was written
    assert mini["test"]["rmse_dollars"] < 0.7 * results["mean"]["rmse_dollars"]
    assert results["models"]["full batch"]["loss_ratio"] > 3  # as many passes, a forty-first of the steps
