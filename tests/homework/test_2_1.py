"""Homework 2-1: the autodiff against hand-worked numbers, hand-derived gradients against central differences."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from markdown_it import MarkdownIt

import homework
from homework.hw2_1_backpropagation import experiment as hw
from homework.hw2_1_backpropagation import graph
from paddle_camp.answers.template import render
from paddle_camp.data import housing_regression
from paddle_camp.data.housing import load_housing
from paddle_camp.errors import DivergedError, SettingError
from paddle_camp.plots.graph import computation_graph
from paddle_camp.running.options import Options

PURCHASE = {"apples": 2.0, "apple price": 100.0, "orange price": 150.0, "oranges": 3.0, "discount": 0.9}


def test_the_purchase_worked_by_hand():
    found, _ = graph.propagate(PURCHASE)
    gradients = {name: row["gradient"] for name, row in found["inputs"].items()}
    by_hand = {"apples": 90, "apple price": 1.8, "orange price": 2.7, "oranges": 135, "discount": 650}
    assert gradients == pytest.approx(by_hand)
    assert {name: row["difference"] for name, row in found["inputs"].items()} == pytest.approx(by_hand)
    values = {name: (row["value"], row["gradient"]) for name, row in found["inner"].items()}
    assert values["before discount"] == pytest.approx((650, 0.9)) and values["total"] == pytest.approx((585, 1))


def test_the_courses_own_example():
    found, _ = graph.propagate(PURCHASE | {"oranges": 0.0})
    assert found["inner"]["total"]["value"] == pytest.approx(180)


def test_gradients_add_up_where_a_number_is_used_twice():
    x, y = graph.Number(3.0), graph.Number(2.0)
    z = x * x * y + x  # dz/dx = 2xy + 1 = 13, dz/dy = x^2 = 9
    for _ in range(2):  # a second pass begins anew
        z.backward()
        assert (x.gradient, y.gradient, z.gradient) == (13, 9, 1)


def test_the_figure_has_both_numbers_on_every_edge():
    places = {"a": (0, 0), "b": (0, 1), "c": (1, 0.5)}
    figure = computation_graph(places, {"c": "+"}, [("a", "c", 7, 0.25), ("b", "c", 8, 0.5)], title="t")
    texts = {text.get_text() for text in figure.axes[0].texts}
    assert {"7", "0.25", "8", "0.5", "+", "a", "b"} <= texts and "c" not in texts


@pytest.mark.parametrize("name", hw.NETWORKS)
@pytest.mark.parametrize("activation", hw.ACTIVATIONS)
def test_hand_derived_gradients_are_central_differences(name, activation):
    rng = np.random.default_rng(5)
    model = hw.NETWORKS[name](replace(hw.Settings(), activation=activation), rng)
    for values in model.parameters.values():
        values += rng.normal(size=values.shape)
    x, prices = rng.normal(size=(7, 13)), rng.normal(size=7)
    assert hw.gradient_error(model, x, prices) < 1e-6


@pytest.mark.parametrize("name", hw.NETWORKS)
def test_a_wrong_gradient_is_found(name):
    rng = np.random.default_rng(5)
    model = hw.NETWORKS[name](hw.Settings(), rng)
    right = model.backward
    model.backward = lambda dy: right(dy) | {"w1": 1.001 * right(dy)["w1"]}
    before = {key: values.copy() for key, values in model.parameters.items()}
    assert hw.gradient_error(model, rng.normal(size=(7, 13)), rng.normal(size=7)) > 1e-4
    assert all(np.array_equal(before[key], values) for key, values in model.parameters.items())


def test_the_quadratic_model_is_the_sources_formula():
    model = hw.Quadratic(hw.Settings(), np.random.default_rng(0))
    w1, w2, x = np.arange(13) / 7, np.arange(13) - 5.0, np.linspace(-1, 1, 13)
    model.parameters = {"w1": w1, "w2": w2, "b": np.array([0.5])}
    expected = sum(w2[k] * (x[k] + w1[k] * x[k] ** 2) for k in range(13)) + 0.5
    assert model.forward(x[None]) == pytest.approx([expected])


def test_the_quick_run_on_the_stand_in(tmp_path):
    answer, path = homework.run("2-1", Options(out=str(tmp_path), quick=True, data="synthetic"))
    for name in ("metrics.json", "config.json", "env.json", "history.csv", "answer.md", "report.html"):
        assert (path / name).is_file(), name
    assert all((path / "figures" / f"{name}.png").is_file() for name in ("graph", "training", "errors"))
    assert json.loads((path / "metrics.json").read_text())["data"]["origin"] == "synthetic"
    assert "替代数据" in (path / "answer.md").read_text(encoding="utf-8").splitlines()[0]
    assert "一共要付 585 元" in answer.text and "推导正确" in answer.text and "有误" not in answer.text
    assert "**" not in MarkdownIt().render(answer.text)  # every bold text is closed
    found = answer.results
    assert max(found["networks"]["two-layer"]["gradient_error"]) < 1e-6
    assert max(found["networks"]["quadratic"]["mse"]) < found["baselines"]["mean"]["mse"] / 2
    assert found["squares"]["train_mse"] <= min(found["networks"]["quadratic"]["train_mse"])


def test_stopping_short_of_the_minimum_is_praised_only_where_every_seed_says_so():
    closed_form = {"train_mse": 0.0080, "mse": 0.0120}
    better = {"train_mse": [0.0083, 0.0084, 0.0083], "mse": [0.0110, 0.0111, 0.0110]}
    scattered = better | {"mse": [0.0100, 0.0135, 0.0110]}
    assert hw.verdicts_on(better, closed_form) == {"train": "worse", "test": "better"}
    assert hw.verdicts_on(scattered, closed_form) == {"train": "worse", "test": "cannot be told apart"}


@pytest.mark.parametrize(("test", "praised"), [("better", True), ("worse", False), ("cannot be told apart", False)])
def test_the_answer_turns_around_with_the_verdict_on_the_closed_form(tmp_path, test, praised):
    _, path = homework.run("2-1", Options(out=str(tmp_path), quick=True, data="synthetic"))
    kept = json.loads((path / "answer.json").read_text(encoding="utf-8"))
    values = {"settings": hw.QUICK, "seed": 0} | kept["values"] | kept["results"]
    text = render(hw.__file__, values | {"against_closed_form": {"train": "worse", "test": test}})
    assert ("起到了正则化的作用" in text) == praised


def test_same_seed_same_losses():
    data, quick = load_housing("synthetic"), replace(hw.QUICK, num_epochs=3)
    losses = [
        hw.train(hw.TwoLayers(quick, np.random.default_rng(seed)), data, quick, seed).evaluations for seed in (1, 1, 2)
    ]
    assert losses[0] == losses[1] != losses[2]


def test_on_real_data_both_models_beat_the_linear_one(real_data):
    data = load_housing("real", str(real_data))
    linear = housing_regression.baselines(data)["least squares"]["mse"]
    for kind in hw.NETWORKS.values():
        model = kind(hw.Settings(), np.random.default_rng(0))
        history = hw.train(model, data, hw.Settings(), seed=0)
        assert history.split("test")[-1]["loss"] < linear  # 0.0093 and 0.0091 against 0.0162
        assert history.split("train")[-1]["loss"] < 0.008


def test_too_large_a_learning_rate_is_said():
    wild = replace(hw.QUICK, learning_rate=100.0, num_epochs=20)
    with pytest.raises(DivergedError, match="smaller learning rate"):
        hw.train(hw.Quadratic(wild, np.random.default_rng(0)), load_housing("synthetic"), wild, seed=0)


@pytest.mark.parametrize(
    "values", [{"activation": "relu"}, {"discount": 1.5}, {"momentum": 1.0}, {"hidden": 0}, {"num_epochs": 0}]
)
def test_bad_settings_are_one_line(values):
    with pytest.raises(SettingError, match=f"^{next(iter(values))}=") as caught:
        hw.Settings(**values)
    assert "\n" not in str(caught.value)
