"""Homework 2-1: the autodiff against hand-worked numbers, hand-derived gradients against central differences."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from markdown_it import MarkdownIt

import homework
from homework.hw2_1_backpropagation import experiment as hw
from homework.hw2_1_backpropagation import graph
from homework.hw2_1_backpropagation.verdicts import against_linear, shapes_of, verdicts_on
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
    html = re.sub("<code.*?</code>", "", MarkdownIt().render(answer.text), flags=re.DOTALL)
    assert "**" not in html  # every bold text is closed
    found = answer.results
    assert max(found["networks"]["two-layer"]["gradient_error"]) < 1e-6
    assert max(found["networks"]["quadratic"]["mse"]) < found["baselines"]["mean"]["mse"] / 2
    assert found["squares"]["train_mse"] <= min(found["networks"]["quadratic"]["train_mse"])


def test_stopping_short_of_the_minimum_is_praised_only_where_every_seed_says_so():
    closed_form = {"train_mse": 0.0080, "mse": 0.0120}
    better = {"train_mse": [0.0083, 0.0084, 0.0083], "mse": [0.0110, 0.0111, 0.0110]}
    scattered = better | {"mse": [0.0100, 0.0135, 0.0110]}
    assert verdicts_on(better, closed_form) == {"train": "worse", "test": "better"}
    assert verdicts_on(scattered, closed_form) == {"train": "worse", "test": "cannot be told apart"}


def test_the_shapes_are_those_of_the_parameters():
    data, settings = load_housing("synthetic"), replace(hw.Settings(), hidden=7)
    models = {name: build(settings, np.random.default_rng(0)) for name, build in hw.NETWORKS.items()}
    rows = {(row["model"], row["name"]): row for row in shapes_of(models, data.train, 32)}
    assert rows["two-layer", "w1"]["gradient"] == [7, 13] and rows["two-layer", "b1"]["gradient"] == [7]
    assert len(rows) == 7 and all(row["shape"] == row["gradient"] for row in rows.values())


def test_seeds_are_compared_with_the_linear_model():
    networks = {"a": {"mse": [1.0, 1.1, 1.2]}, "b": {"mse": [1.0, 3.0, 2.0]}, "c": {"mse": [1.0]}}
    assert against_linear(networks, 2.0) == {"a": "better", "b": "cannot be told apart", "c": "cannot be told apart"}


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """The values that the answer of a quick run on the stand-in was made of."""
    _, path = homework.run("2-1", Options(out=str(tmp_path_factory.mktemp("quick")), quick=True, data="synthetic"))
    kept = json.loads((path / "answer.json").read_text(encoding="utf-8"))
    return {"settings": hw.QUICK, "seed": 0} | kept["values"] | kept["results"]


@pytest.mark.parametrize(("test", "praised"), [("better", True), ("worse", False), ("cannot be told apart", False)])
def test_the_answer_turns_around_with_the_verdict_on_the_closed_form(quick, test, praised):
    text = render(hw.__file__, quick | {"against_closed_form": {"train": "worse", "test": test}})
    assert ("起到了正则化的作用" in text) == praised


@pytest.mark.parametrize(
    ("verdict", "says"), [("better", "好于线性模型"), ("worse", "不如线性模型"), ("even", "与线性模型分不出高下")]
)
def test_the_answer_turns_around_with_the_verdict_on_the_linear_model(quick, verdict, says):
    text = render(hw.__file__, quick | {"against_linear": {"two-layer": verdict, "quadratic": "better"}})
    assert f"千美元，两层网络{says}**" in text.splitlines()[0] and f"两层网络{says}；二次模型" in text


@pytest.mark.parametrize("deviations", [2.9, 0.2])
def test_the_answer_says_where_the_network_extrapolates(quick, deviations):
    text = render(hw.__file__, quick | {"shift": {"deviations": deviations, "feature": "B"}})
    assert ("不全是过拟合" in text) == (deviations > 1)
    assert ("没有一个特征的平均值在两部分之间相差超过 1 个标准差（最大的是 B，0.20）" in text) == (deviations < 1)
    assert "分布相近" not in text  # equal means would not say so


def test_the_headline_names_the_error_of_the_network_it_names(quick):
    """Once it was the larger of both models'."""
    two = quick["networks"]["two-layer"] | {"gradient_error": [2e-10]}
    networks = {"two-layer": two, "quadratic": quick["networks"]["quadratic"] | {"gradient_error": [5e-3]}}
    text = render(hw.__file__, quick | {"networks": networks})
    assert "一致（相对误差最大 2.0e-10）" in text.splitlines()[0]
    assert "二次模型最大 5.0e-03，超过 1e-6，推导有误" in text
    assert "class TwoLayers:" in text and "class Number:" in text and "| w1 | [13, 13] | [13, 13] |" in text


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
