"""Homework 6-1: the losses against hand-worked numbers, the layers, and what the quick run must find."""

from __future__ import annotations

import numpy as np
import paddle
import pytest

from homework.hw6_1_five_exercises import experiment as hw
from homework.hw6_1_five_exercises.layers import describe, observe
from homework.hw6_1_five_exercises.losses import gradients_at, pull_of
from homework.hw6_1_five_exercises.verdicts import judge_l2, rank, summarise_l2
from paddle_camp import create_model
from paddle_camp.comparisons import EVEN
from paddle_camp.networks.summary import layer_outputs
from tests.helpers import contract
from tests.helpers.markdown import form_faults

LOGITS = np.array([[2.0, 1.0, -1.0], [0.5, 0.5, 0.5]], "float32")
LABELS = np.array([0, 2])
QUICK = ("6-1", "--quick", "--data", "synthetic")  # the run that all of its tests look at


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
    return contract.shared(tmp_path_factory, *QUICK)


def test_quick(quick):
    results = contract.check(quick, "6-1", data=True, classifier=True)
    assert results["layers"][0] == results["layers"][0] | {"name": "input", "shape": [1, 1, 28, 28]}
    assert [row["shape"] for row in results["layers"] if row["name"] == "fc"] == [[1, 10]]
    assert set(results["losses"]) == set(hw.LOSSES)
    assert results["losses"]["cross_entropy"][0] == results["accuracy"]  # the same training, twice the same bits
    assert min(min(values) for values in results["losses"].values()) > 0.5 and results["nothing"] == []
    assert list(results["seen"]["rectified"]) == ["pool", "pool (2)"] and results["seen"]["signed"] == [
        "conv1",
        "conv2",
    ]
    assert form_faults((quick / "answer.md").read_text(encoding="utf-8")) == []
    weak, strong = results["l2"]["0"], results["l2"]["0.1"]
    assert weak["gap"] > strong["gap"] and strong["norm"] < weak["norm"]  # what regularisation does
    assert weak["training"] < 0.05 < strong["training"]
    assert {path.name for path in (quick / "figures").iterdir()} == {
        f"{n}.png" for n in ("accuracy", "layers", "losses", "l2", "confusion", "mistakes", "first-batch")
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


def l2_row(test, training, lowest, accuracy=(0.9, 0.91, 0.92)):
    gap = list(np.subtract(test, training))
    return {"seeds": {"test": test, "training": training, "lowest": lowest, "gap": gap, "accuracy": list(accuracy)}}


BARE = l2_row([0.50, 0.52, 0.51], [0.01, 0.011, 0.01], [0.40, 0.41, 0.41])
DIGITS = np.arange(100) % 10  # ten of each


def test_the_weights_are_judged_by_their_seeds():
    weak = l2_row([0.300, 0.321, 0.310], [0.1, 0.11, 0.1], [0.3, 0.32, 0.31], (0.8, 0.81, 0.82))
    strong = l2_row([0.9, 0.92, 0.91], [0.8, 0.82, 0.81], [0.9, 0.91, 0.92], (0.7, 0.71, 0.72))
    found = judge_l2({"0": BARE, "0.01": weak, "0.1": strong}, DIGITS)
    assert found["best"]["name"] == "0.01" and found["best_accuracy"]["name"] == "0" and found["nothing"] == {}
    assert [found["best"]["against"][weight]["verdict"] for weight in ("0", "0.1")] == ["better", "better"]
    assert [found[key] for key in ("test_against_training", "end_against_lowest")] == ["worse", "worse"]
    assert [found[key] for key in ("gap_of_strongest", "training_of_strongest")] == ["better", "worse"]


def test_seeds_that_scatter_and_trainings_that_diverged_judge_nothing():
    scattered = l2_row([0.1, 0.9, 0.5], [0.0, 0.2, 0.4], [0.1, 0.8, 0.6])
    found = judge_l2({"0": BARE, "0.1": scattered}, DIGITS)
    assert found["best"]["against"]["0"]["verdict"] == EVEN and found["best"]["name"] == "0.1"
    assert found["gap_of_strongest"] == found["training_of_strongest"] == EVEN
    found = judge_l2({"0": None, "0.1": BARE}, DIGITS)
    assert found["best"] == {"name": "0.1", "against": {}} and found["test_against_training"] == EVEN
    assert judge_l2({"0": None, "0.1": None}, DIGITS)["best"] is None


def test_fewer_than_three_seeds_rank_nothing():
    assert rank({"a": [0.9, 0.91], "b": [0.1, 0.11]}) is None and rank({}) is None
    assert rank({"a": [0.9, 0.91, 0.92], "b": [0.1, 0.11, 0.13]})["against"]["b"]["verdict"] == "better"
    two = l2_row([0.5, 0.51], [0.01, 0.01], [0.4, 0.41], (0.9, 0.9))
    found = judge_l2({"0": two, "0.1": two}, DIGITS)
    assert found["best"] is None and found["test_against_training"] == EVEN


def test_a_collapse_is_a_loss_of_ln_10_and_an_accuracy_of_chance():
    same = l2_row([2.302, 2.31, 0.9], [2.3, 2.3, 0.8], [2.3, 2.3, 0.9], (0.1, 0.1, 0.7))
    slow = l2_row([2.29, 2.29, 2.3], [2.2, 2.2, 2.2], [2.2, 2.2, 2.2], (0.4, 0.5, 0.6))  # learned something
    wild = l2_row([9.0, 9.0, 9.0], [2.2, 2.2, 2.2], [2.2, 2.2, 2.2], (0.1, 0.1, 0.1))  # not equally probable
    assert judge_l2({"0": slow, "0.1": wild, "1": same}, DIGITS)["nothing"] == {"1": 2}


def test_dead_and_saturated_units():
    value = np.array([[[0.0, 0.0], [0.0, 1.0]], [[0.0, 0.0], [2.0, 0.0]]])  # [digits, units, places]
    row = describe(value)
    assert (row["dead"], row["zeros"], row["saturated"], row["shape"]) == (0.5, 0.75, None, [1, 2, 2])
    assert describe(np.array([[0.01, 0.5, 0.99, 0.5]]))["saturated"] == 0.5  # behind a Sigmoid
    rows = [{"name": n, "low": -1.0, "high": 1.0, "zeros": 0.0, "dead": 0.0, "saturated": None} for n in "abc"]
    for deviations, scale in (
        ((1, 2, 3), "even"),
        ((0.1, 1, 3), "grows"),
        ((1, 50, 2), "changes"),
        ((3, 1, 0.1), "shrinks"),
    ):
        seen = observe([row | {"std": each} for row, each in zip(rows, deviations, strict=True)], np.eye(10))
        assert (seen["scale"], seen["signed"], seen["dead"], seen["logits"]) == (scale, ["b"], {}, [0.0, 1.0])


def test_the_gradients_by_the_logits():
    settings = hw.Settings()
    p = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
    by_hand = np.linalg.norm(p - np.eye(3)[LABELS], axis=1)
    np.testing.assert_allclose(gradients_at("cross_entropy", LOGITS, LABELS, settings), by_hand, rtol=1e-5)
    # The first digit's margin is 1 already; the second has two classes at +1 and its own at -2.
    np.testing.assert_allclose(gradients_at("hinge", LOGITS, LABELS, settings), [0, 6**0.5], rtol=1e-5, atol=1e-6)
    pull = pull_of("hinge", LOGITS, LOGITS, LABELS, settings)
    assert (pull["right"], pull["share"], pull["silent"]) == (0.0, 1.0, 0.5)  # a tie is class 0: the second is wrong
    assert pull_of("hinge", LOGITS[:1], LOGITS[:1], LABELS[:1], settings)["wrong"] is None
