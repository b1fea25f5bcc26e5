"""Homework 6-1: the answer turns around with its numbers and verdicts."""

from __future__ import annotations

import json

import pytest

from homework.hw6_1_five_exercises import experiment as hw
from homework.hw6_1_five_exercises.verdicts import judge_l2
from paddle_camp.answers.template import render
from paddle_camp.comparisons import EVEN
from tests.helpers import contract
from tests.helpers.markdown import form_faults
from tests.homework.test_6_1 import DIGITS, QUICK, l2_row


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    return contract.shared(tmp_path_factory, *QUICK)


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
    assert "- 权重 0.1：3 个种子中，有 1 个种子的测试 loss 与 ln 10 = 2.303" in text and "λ‖w‖ =" not in text
    assert "概率都接近 1/10" in text and "λ = 0.1 时 λ‖w‖ =" in answer(quick, verdicts("better", "worse"))[0]
    some, all_of_them = (answer(quick, verdicts("better", "worse", nothing={"0": count}))[0] for count in (1, 3))
    assert "- 不加正则化：训练 loss" in some and "- 不加正则化：训练 loss" not in all_of_them


def test_a_loss_and_an_accuracy_that_order_the_weights_differently(quick):
    first = answer(quick, verdicts("better", "worse", accuracy="0.1"))[0].splitlines()[0]
    assert "测试 loss 最低" in first and "测试准确率最高的却是权重 0.1" in first and "次序不同" in first
    alike = verdicts("better", "worse", accuracy="0.1")
    alike["l2_verdicts"]["best"]["against"]["0.1"] = {"verdict": EVEN}
    first = answer(quick, alike)[0].splitlines()[0]
    assert "最高的却是权重 0.1" in first and "，两者的测试 loss 分不出高下" in first and "次序不同" not in first
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
    assert "信号越往后越大" in answer(quick, {"seen": seen | {"scale": "grows"}})[0]
    assert "信号越往后越小" in answer(quick, {"seen": seen | {"scale": "shrinks"}})[0]


def test_with_one_seed_nothing_is_told_apart(quick):
    rows = {weight: l2_row([0.1 * k], [0.01], [0.1], [0.9]) for k, weight in enumerate(("0", "0.01", "0.1"), 1)}
    text, _ = answer(quick, {"l2_verdicts": judge_l2(rows, DIGITS)}, l2_seeds=1)
    assert "只有 1 个种子，不排名次" in text.splitlines()[0] and "过拟合" not in text and "欠拟合" not in text
    assert "至少要 3 个），不排名次" in text


def test_where_every_weight_diverged_there_is_nothing_to_say(quick):
    rows = dict.fromkeys(("0", "0.01", "0.1"))
    text, _ = answer(quick, {"l2": rows, "l2_verdicts": judge_l2(rows, DIGITS)})
    assert "各正则化权重的训练都发散了。" in text.splitlines()[0] and "| 0.1 | 发散 |" in text
    assert "L2 正则化在每个参数" not in text and "不排名次" not in text and "- 不加正则化" not in text
