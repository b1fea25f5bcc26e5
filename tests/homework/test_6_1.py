"""Homework 6-1: the losses against hand-worked numbers, the layers, and what the quick run must find."""

from __future__ import annotations

import json

import numpy as np
import paddle
import pytest

from homework.hw6_1_five_exercises import experiment as hw
from homework.hw6_1_five_exercises.verdicts import judge_l2, summarise_l2
from paddle_camp import create_model
from paddle_camp.answers.template import render
from paddle_camp.comparisons import EVEN
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


def kept_l2(tests, training):
    """Cells of an L2 weight: test losses ``[seeds, epochs]`` and the training loss of each seed at the end."""
    cells = []
    for losses, fit in zip(tests, training, strict=True):
        rows = [{"step": e, "epoch": e, "split": "test", "loss": x, "accuracy": 0.9} for e, x in enumerate(losses, 1)]
        rows.append({"step": len(losses), "epoch": len(losses), "split": "training", "loss": fit, "accuracy": 1.0})
        cells.append({"history": {"steps": [], "evaluations": rows}, "norm": 2.0})
    return cells


def test_an_l2_weight_over_its_seeds():
    cells = kept_l2([[0.5, 0.2, 0.4], [0.6, 0.3, 0.5], [0.3, 0.4, 0.6]], [0.1, 0.1, 0.4])
    found = summarise_l2(cells)
    assert found["test"] == pytest.approx(0.5) and found["training"] == pytest.approx(0.2)
    assert found["gap"] == pytest.approx(0.3) and found["seeds"]["gap"] == pytest.approx([0.3, 0.4, 0.2])
    assert found["lowest_epoch"] == 2 and found["lowest_test"] == pytest.approx(0.3)
    assert found["seeds"]["lowest"] == [0.2, 0.3, 0.4]  # where the others are lowest, not its own 0.3
    assert summarise_l2([*cells, {"diverged": 3}]) is None


def l2_row(test, training, lowest):
    return {"seeds": {"test": test, "training": training, "lowest": lowest, "gap": np.subtract(test, training)}}


BARE = l2_row([0.50, 0.52, 0.51], [0.01, 0.011, 0.01], [0.40, 0.41, 0.41])


def test_the_weights_are_judged_by_their_seeds():
    weak = l2_row([0.300, 0.321, 0.310], [0.1, 0.11, 0.1], [0.3, 0.32, 0.31])
    strong = l2_row([0.9, 0.92, 0.91], [0.8, 0.82, 0.81], [0.9, 0.91, 0.92])
    found = judge_l2({"0": BARE, "0.01": weak, "0.1": strong})
    assert found["best"]["name"] == "0.01"
    assert [found["best"]["against"][weight]["verdict"] for weight in ("0", "0.1")] == ["better", "better"]
    assert [found[key] for key in ("test_against_training", "end_against_lowest")] == ["worse", "worse"]
    assert [found[key] for key in ("gap_of_strongest", "training_of_strongest")] == ["better", "worse"]


def test_seeds_that_scatter_and_trainings_that_diverged_judge_nothing():
    scattered = l2_row([0.1, 0.9, 0.5], [0.0, 0.2, 0.4], [0.1, 0.8, 0.6])
    found = judge_l2({"0": BARE, "0.1": scattered})
    assert found["best"]["against"]["0"]["verdict"] == EVEN and found["best"]["name"] == "0.1"
    assert found["gap_of_strongest"] == found["training_of_strongest"] == EVEN
    found = judge_l2({"0": None, "0.1": BARE})
    assert found["best"] == {"name": "0.1", "against": {}} and found["test_against_training"] == EVEN
    assert judge_l2({"0": None, "0.1": None})["best"] is None


@pytest.mark.parametrize(
    ("verdict", "opposite", "says"),
    [("better", "worse", True), ("worse", "better", False), (EVEN, EVEN, False)],
)
def test_the_answer_turns_around_with_its_verdicts(quick, verdict, opposite, says):
    kept = json.loads((quick / "answer.json").read_text(encoding="utf-8"))
    values = {"settings": hw.QUICK, "seed": 0} | kept["values"] | kept["results"]
    best = {"name": "0.01", "against": {name: {"verdict": verdict} for name in ("0", "0.1")}}
    pairs = {"test_against_training": opposite, "end_against_lowest": opposite}
    pairs |= {"gap_of_strongest": verdict, "training_of_strongest": opposite}
    text = render(hw.__file__, values | {"l2_verdicts": {"best": best} | pairs})
    for sentence in ("过拟合", "之后反而上升", "两条曲线因此靠近；但太强时", "欠拟合", "，超出种子之间的波动。"):
        assert (sentence in text) == says, sentence
    assert ("与 0、0.1 分不出高下" in text.splitlines()[0]) != says
    assert "；。" not in text and "（欠拟合），测试 loss 也跟着升高。" in text or not says


def test_with_one_seed_nothing_is_told_apart(quick):
    kept = json.loads((quick / "answer.json").read_text(encoding="utf-8"))
    rows = {weight: l2_row([0.1 * k], [0.01], [0.1]) for k, weight in enumerate(("0", "0.01", "0.1"), 1)}
    values = {"settings": hw.replace(hw.QUICK, l2_seeds=1), "seed": 0} | kept["values"] | kept["results"]
    text = render(hw.__file__, values | {"l2_verdicts": judge_l2(rows)})
    assert "（只有一个种子）。**" in text and "过拟合" not in text and "欠拟合" not in text
