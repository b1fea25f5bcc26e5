"""Homework 6-1: the losses against hand-worked numbers, the layers, and what the quick run must find."""

from __future__ import annotations

import json

import numpy as np
import paddle
import pytest

from homework.hw6_1_five_exercises import experiment as hw
from homework.hw6_1_five_exercises.layers import describe, observe
from homework.hw6_1_five_exercises.losses import gradients_at, pull_of
from homework.hw6_1_five_exercises.verdicts import judge_l2, rank, summarise_l2
from paddle_camp import create_model
from paddle_camp.answers.template import render
from paddle_camp.comparisons import EVEN
from paddle_camp.networks.summary import layer_outputs
from tests.helpers import contract
from tests.helpers.markdown import form_faults

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
    wild = l2_row([9.0, 9.0, 9.0], [2.2, 2.2, 2.2], [2.2, 2.2, 2.2], (0.1, 0.1, 0.1))  # not the same output for all
    assert judge_l2({"0": slow, "0.1": wild, "1": same}, DIGITS)["nothing"] == {"1": 2}


def test_dead_and_saturated_units():
    value = np.array([[[0.0, 0.0], [0.0, 1.0]], [[0.0, 0.0], [2.0, 0.0]]])  # [digits, units, places]
    row = describe(value)
    assert (row["dead"], row["zeros"], row["saturated"], row["shape"]) == (0.5, 0.75, None, [1, 2, 2])
    assert describe(np.array([[0.01, 0.5, 0.99, 0.5]]))["saturated"] == 0.5  # behind a Sigmoid
    rows = [{"name": n, "low": -1.0, "high": 1.0, "zeros": 0.0, "dead": 0.0, "saturated": None} for n in "abc"]
    for deviations, scale in (((1, 2, 3), "even"), ((0.1, 1, 3), "grows"), ((1, 50, 0.5), "changes")):
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


def answer(quick, changes=None, **settings):
    kept = json.loads((quick / "answer.json").read_text(encoding="utf-8"))
    values = {"settings": hw.replace(hw.QUICK, **settings), "seed": 0} | kept["values"] | kept["results"]
    text = render(hw.__file__, values | (changes or {}))
    assert form_faults(text) == []
    assert not [line for line in text.splitlines() if line.endswith(("；", "，", "、"))] and "；。" not in text
    return text, values


def verdicts(verdict, opposite, accuracy="0.01", nothing=()):
    best = {"name": "0.01", "against": {name: {"verdict": verdict} for name in ("0", "0.1")}}
    others = {name: {"verdict": verdict} for name in ("0", "0.01", "0.1") if name != accuracy}
    pairs = {"test_against_training": opposite, "end_against_lowest": opposite}
    pairs |= {"gap_of_strongest": verdict, "training_of_strongest": opposite, "nothing": dict(nothing)}
    return {"l2_verdicts": pairs | {"best": best, "best_accuracy": {"name": accuracy, "against": others}}}


@pytest.mark.parametrize(
    ("verdict", "opposite", "says"),
    [("better", "worse", True), ("worse", "better", False), (EVEN, EVEN, False)],
)
def test_the_answer_turns_around_with_its_verdicts(quick, verdict, opposite, says):
    text, _ = answer(quick, verdicts(verdict, opposite))
    for sentence in ("过拟合", "之后反而上升", "两条曲线因此靠近；但太强时", "欠拟合", "，超出种子之间的波动，"):
        assert (sentence in text) == says, sentence
    assert ("与 0、0.1 分不出高下" in text.splitlines()[0]) != says


def test_a_collapse_is_not_called_under_fitting(quick):
    text, _ = answer(quick, verdicts("better", "worse", nothing={"0.1": hw.QUICK.l2_seeds}))
    assert "权重 0.1 什么也没有学到" in text.splitlines()[0] and "与 ln 10 = 2.303" in text
    assert "（欠拟合）" not in text and "这已经不是欠拟合" in text
    text, _ = answer(quick, verdicts("better", "worse", nothing={"0.1": 1}))
    assert "3 个种子中有 1 个什么也没有学到" in text.splitlines()[0]


def test_a_loss_and_an_accuracy_that_order_the_weights_differently(quick):
    first = answer(quick, verdicts("better", "worse", accuracy="0.1"))[0].splitlines()[0]
    assert "测试 loss 最低" in first and "测试准确率最高的却是权重 0.1" in first and "次序不同" in first
    first = answer(quick, verdicts(EVEN, EVEN, accuracy="0"))[0].splitlines()[0]
    assert "平均测试准确率以权重 0 最高" in first and "次序不同" not in first
    assert "平均测试准确率也最高" in answer(quick, verdicts("better", "worse"))[0].splitlines()[0]


def test_losses_are_ranked_only_where_seeds_tell_them_apart(quick):
    def ranking(*found):
        others = zip(("squared", "smoothed", "hinge"), found, strict=True)
        return {
            "ranking": {"name": "cross_entropy", "against": {name: {"verdict": verdict} for name, verdict in others}}
        }

    text, _ = answer(quick, ranking("better", "better", "better"))
    assert "交叉熵的测试准确率最高" in text.splitlines()[0] and "分不出" not in text.split("只用")[0]
    text, _ = answer(quick, ranking(EVEN, EVEN, "better"))
    assert "但与softmax 上的平方误差、标签平滑的交叉熵分不出高下，只是好于合页损失（hinge）" in text.splitlines()[0]
    text, _ = answer(quick, ranking(EVEN, EVEN, EVEN))
    assert "还没有表现为准确率的差别" in text
    text, _ = answer(quick, {"ranking": None, "nothing": ["hinge"]}, num_seeds=1)
    assert "各只有 1 个种子，不排名次" in text.splitlines()[0] and "最高的" not in text.splitlines()[0].split("只用")[0]
    assert "合页损失（hinge）的准确率不高于" in text


def test_what_is_seen_in_the_layers_is_what_was_measured(quick):
    _, values = answer(quick)
    seen = values["seen"] | {"dead": {"pool": 0.25}, "saturated": {"pool": 0.5}, "scale": "changes", "rectified": {}}
    text, _ = answer(quick, {"seen": seen})
    assert "pool 有 25.00% 的单元" in text and "有 50.00% 的输出小于 0.05" in text and "没有保持尺度" in text
    assert "**零**" not in text and "没有一个单元" not in text
    text, _ = answer(quick, {"seen": seen | {"dead": {}, "saturated": {}, "scale": "even"}})
    assert "没有一个单元" in text and "**饱和**" not in text and "没有逐层消失" in text


def test_with_one_seed_nothing_is_told_apart(quick):
    rows = {weight: l2_row([0.1 * k], [0.01], [0.1], [0.9]) for k, weight in enumerate(("0", "0.01", "0.1"), 1)}
    text, _ = answer(quick, {"l2_verdicts": judge_l2(rows, DIGITS)}, l2_seeds=1)
    assert "只有 1 个种子，不排名次" in text.splitlines()[0] and "过拟合" not in text and "欠拟合" not in text
