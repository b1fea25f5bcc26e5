"""Homework 9-1's answer, from results that turn its conclusion around."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from homework.hw9_1_resnet_decay import experiment as hw
from homework.hw9_1_resnet_decay.plateau import Plateau
from paddle_camp.answers.template import render
from paddle_camp.history import History
from paddle_camp.training.measuring import Evaluation

PLATEAU = Plateau(90, True, 0.002, True, 0.15, 0.2, False, False, [80, 101], [88, 92, 95])
LABELS = np.arange(200) % 2


def finished(right: int, losses: list[float], seed: int = 0) -> hw.Finished:
    """A training of two epochs of four steps that gets ``right`` percent of the pictures right, the first ones."""
    outputs = np.eye(2, dtype=np.float32)[np.where(np.arange(200) < 2 * right, LABELS, 1 - LABELS)]
    rng = np.random.default_rng(seed)
    steps = [{"step": k + 1, "loss": loss, "learning_rate": 0.001} for k, loss in enumerate(losses)]
    rows = [
        {"epoch": e, "split": "validation", "accuracy": right / 100 + 0.05 * rng.random()} for e in (1, 1.25, 1.5, 2)
    ]
    rows += [{"epoch": e, "split": "holdout", "accuracy": 0.9, "loss": 0.3} for e in (1, 2)]
    rows += [{"epoch": 2, "split": "train", "accuracy": 0.9, "loss": float(np.mean(losses[4:]))}]
    return hw.Finished(History(steps, rows), Evaluation(0.3, outputs, LABELS, 1.0))


def judged(**right: list[int]) -> dict:
    """The results that follow from the accuracy, in percent, of each seed of each training."""
    losses = {"constant": 0.5, "decayed": 0.3, "earlier": 0.4, "later": 0.3}
    rng, runs = np.random.default_rng(0), {}
    for name, counts in right.items():
        each = zip(counts, losses[name] + rng.normal(0, 0.01, (len(counts), 8)), strict=True)
        runs[name] = [finished(count, row.tolist(), seed) for seed, (count, row) in enumerate(each)]
    boundaries = {"decayed": 90, "earlier": 36, "later": 180}
    rows = {name: hw.describe(each, boundaries.get(name)) for name, each in runs.items()}
    return {"runs": rows} | hw.judge(runs, rows, LABELS, 4)


def answer(
    plateau: Plateau = PLATEAU, as_course: bool = True, learned: bool = True, step: int = 90, **right: list[int]
) -> str:
    counts = {"constant": [62, 65, 60], "decayed": [90, 92, 95], "earlier": [90, 90, 90], "later": [90, 92, 95]} | right
    values = {"settings": hw.Settings(), "seed": 0, "course": hw.COURSE, "pictures": 200, "code": "def f(): ..."}
    values |= {
        "allowed": 0.02,
        "draws": 500,
        "enough": 3,
        "guessing": 0.69,
        "model": "resnet50",
        "augment": False,
        "steps_per_epoch": 36,
    }
    values |= {"holdout_pictures": 40, "learned": learned, "as_course": as_course, "same_past": True}
    found = judged(**counts)
    found["runs"]["decayed"]["boundary"] = step
    return render(hw.__file__, values | {"plateau": vars(plateau)} | found)


def test_a_plateau_and_a_decay_that_helps():
    text = answer()
    headline = text.splitlines()[0]
    assert "应在训练到第 90 步时衰减（95% 区间 80～101 步；每轮 36 步，即 2.50 轮之后）" in headline
    assert "与固定学习率相比，平均验证准确率高 30.00 个百分点（3 个种子中有 3 个更高），超出偶然范围" in headline
    assert "相当于第 100 步" in headline
    assert "各种子单独算为 88、92、95" in text and "与跳动变小相符" in text and "def f(): ..." in text


def test_a_decay_that_does_harm():
    headline = answer(constant=[95, 95, 95], decayed=[50, 55, 52]).splitlines()[0]
    assert "低 42.67 个百分点（3 个种子中有 0 个更高），固定学习率更好，超出偶然范围" in headline


def test_a_decay_that_cannot_be_told_from_none():
    headline = answer(constant=[90, 92, 94], decayed=[90, 92, 95]).splitlines()[0]
    assert "在偶然范围之内，分不出高下" in headline and "超出偶然" not in headline


def test_seeds_that_disagree_settle_nothing():
    """On these pictures better by far, but by one seed's doing."""
    headline = answer(constant=[90, 91, 30], decayed=[91, 90, 95]).splitlines()[0]
    assert "在偶然范围之内" in headline


def test_equal_accuracies_are_called_equal():
    headline = answer(constant=[90, 92, 95]).splitlines()[0]
    assert "与固定学习率相比，平均验证准确率相同。" in headline and "偶然" not in headline


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"bends": False, "chance": 0.3}, "碰巧的比例为 30.00%，超过 2.00%，不能排除 loss 一直在匀速下降"),
        ({"loss_falls": True}, "训练 loss 仍在下降"),
        ({"holdout_falls": True}, "留出 loss 仍在下降"),
    ],
)
def test_no_plateau_says_why_and_to_train_longer(changed, says):
    text = answer(replace(PLATEAU, found=False, **changed))
    assert text.splitlines()[0].startswith("**结论：10 轮之内还没有出现平台期，应训练更久再决定")
    assert "相当于第" not in text and says in text and "`-o num_epochs=20`" in text
    assert "三条都满足" not in text and "三条都满足" in answer()


def test_a_decay_elsewhere_than_at_the_bend_is_not_called_one_there():
    text = answer(replace(PLATEAU, found=False, loss_falls=True), step=288)
    assert "下面试着在第 288 步衰减：loss 直到最后还在下降，所以尽量晚，只留 2 轮给较小的学习率" in text
    assert "boundaries=[288]" in text and "| 在第 288 步衰减 | 288 |" in text and "- 在第 288 步衰减之后，" in text
    assert "折点处衰减" not in text and "在折点衰减" not in text
    assert "| 在折点衰减 | 90 |" in answer() and "折点处衰减为" in answer()


def test_a_network_that_learned_nothing_gets_no_step():
    text = answer(learned=False)
    assert text.startswith("**结论：看不出学到了什么，谈不上在第几步衰减。**") and "第 90 步" not in text
    assert "与只按类别比例猜测的 0.690 相比，低得不超出噪声" in text


def test_too_early_and_too_late_are_earned():
    text = answer()
    assert "超出噪声：衰减得太早" in text  # its training loss ends higher, in every seed
    assert "说不上太晚" in text and "超出噪声：衰减得太晚" not in text  # its loss is that of the decayed runs


def test_one_seed_is_not_called_a_mean():
    one = {"constant": [62], "decayed": [92], "earlier": [90], "later": [92]}
    text = answer(replace(PLATEAU, of_each=[90]), **one)
    assert "平均验证准确率" not in text and "个种子" not in text and "只有一次训练，判断不了" in text
    assert "三条都满足" not in text and "（只按图片检验，没有计入种子之间的波动）" in text


@pytest.mark.parametrize(
    ("right", "says"),
    [([100, 100, 100], "高于课程末轮的 93.00%"), ([50, 50, 50], "低于"), ([93, 93, 93], "分不出高下")],
)
def test_the_course_is_met_beaten_or_not(right, says):
    assert says in answer(decayed=right).split("课程公布")[1]
    assert "课程公布" not in answer(as_course=False)
