"""Homework 6-1: the losses against hand-worked numbers, the layers, and what the quick run must find."""

from __future__ import annotations

import numpy as np
import paddle
import pytest

from homework.hw6_1_five_exercises import experiment as hw
from paddle_camp import create_model
from paddle_camp.networks.summary import layer_outputs
from tests.helpers import contract

LOGITS = np.array([[2.0, 1.0, -1.0], [0.5, 0.5, 0.5]], "float32")
LABELS = np.array([0, 2])


def value(name, smoothing=0.1):
    settings = hw.replace(hw.Settings(), smoothing=smoothing)
    return float(hw.LOSSES[name](paddle.to_tensor(LOGITS), paddle.to_tensor(LABELS), settings))


def test_the_losses_against_numpy():
    p = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
    one_hot = np.eye(3)[LABELS]
    assert value("cross_entropy") == pytest.approx(-np.log(p[[0, 1], LABELS]).mean(), rel=1e-5)
    assert value("squared") == pytest.approx(((p - one_hot) ** 2).sum(axis=1).mean(), rel=1e-5)
    soft = 0.9 * one_hot + 0.1 / 3
    assert value("smoothed") == pytest.approx(-(soft * np.log(p)).sum(axis=1).mean(), rel=1e-5)
    assert value("smoothed", 0.0) == pytest.approx(value("cross_entropy"), rel=1e-6)
    # First row: max(0, 1 + 1 - 2) + max(0, 1 - 1 - 2) = 0; second: (1 + 0.5 - 0.5) twice = 2.
    assert value("hinge") == pytest.approx((0 + 2) / 2)


def test_layer_outputs_are_what_the_layers_give():
    model = create_model("two_conv_net")
    model.train()
    images = paddle.to_tensor(np.random.default_rng(0).random((2, 1, 28, 28)).astype("float32"))
    outputs = layer_outputs(model, images)
    assert list(outputs) == ["conv1", "pool", "conv2", "pool (2)", "fc"]
    assert (outputs["pool"].shape, outputs["pool (2)"].shape) == ((2, 20, 14, 14), (2, 20, 7, 7))
    assert outputs["conv1"].shape == (2, 20, 28, 28)
    np.testing.assert_allclose(outputs["conv1"], model.conv1(images).numpy(), rtol=1e-6)
    np.testing.assert_allclose(outputs["fc"], model(images).numpy(), rtol=1e-5, atol=1e-6)
    assert model.training


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    return contract.run("6-1", tmp_path_factory.mktemp("quick"), "--quick", "--data", "synthetic")[0]


def test_quick(quick):
    results = contract.check(quick, "6-1", data=True, classifier=True)
    assert results["layers"][0] == results["layers"][0] | {"name": "input", "shape": [1, 1, 28, 28]}
    assert [row["shape"] for row in results["layers"] if row["name"] == "fc"] == [[1, 10]]
    assert set(results["losses"]) == set(hw.LOSSES)
    assert results["losses"]["cross_entropy"] == [results["accuracy"]]  # the same training, twice the same bits
    assert min(values[0] for values in results["losses"].values()) > 0.5
    weak, strong = results["l2"]["0"], results["l2"]["0.1"]
    assert weak["gap"] > strong["gap"] and strong["norm"] < weak["norm"]  # what regularisation does
    assert weak["training"] < 0.05 < strong["training"]
    assert {path.name for path in (quick / "figures").iterdir()} == {
        f"{n}.png" for n in ("accuracy", "layers", "losses", "l2")
    }


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("losses=squared,absolute", "losses=absolute: there are cross_entropy, squared"),
        ("l2_weights=0.1", "name at least two"),
        ("l2_weights=0,-1", "must not be negative"),
        ("smoothing=1", "from 0 to below 1"),
        ("model=alexnet", "does not take pictures of 1 x 28 x 28"),
    ],
)
def test_a_wrong_setting_is_one_line_before_any_training(override, says, tmp_path):
    contract.refused("6-1", tmp_path, says, "train_pictures=100", override)
