"""overfitting: what its verdicts and its answer make of the trainings, also of those that diverged."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from homework.overfitting import experiment as hw
from homework.overfitting import networks, remedies, verdicts
from paddle_camp.comparisons import ENOUGH
from paddle_camp.errors import SettingError
from paddle_camp.networks.signals import judge_arriving
from paddle_camp.sweeps.grid import Grid
from tests.helpers.markdown import rendered

DIVERGED = {"diverged": 4}


def cell(train, test, holdout=None, loss=0.5):
    row = {"train": train, "test": test, "holdout": test if holdout is None else holdout}
    row = {part: {"accuracy": accuracy, "loss": loss} for part, accuracy in row.items()}
    return row | {"norm": 20.0, "near_zero": 0.02, "longest": 2.0}


def rows_of(accuracy, **more):
    return [cell(1.0, accuracy + d, loss=0.5 + d, **more) for d in (0.0, 0.002, -0.0011)]


def judged(diverged=(), **chosen):
    """The remedies at two strengths each: the accuracies of the second one are as told, those of the first lower."""
    cells = {"none": rows_of(0.87)}
    for kind in remedies.REMEDIES:
        accuracy = chosen.get(kind, 0.87)
        cells |= {f"{kind} 0.1": rows_of(accuracy - 0.1), f"{kind} 0.2": [cell(0.95, a) for a in accuracy_of(accuracy)]}
    cells |= {f"{kind} {strength}": [DIVERGED] * 3 for kind in diverged for strength in (0.1, 0.2)}
    return verdicts.judge_remedies(cells, 1000, 10_000)


def accuracy_of(mean):
    return [mean + 0.0005, mean - 0.0003, mean + 0.0004]


def test_the_strength_is_chosen_on_held_out_digits_only():
    cells = {"none": rows_of(0.87)} | {f"{kind} 1": rows_of(0.86) for kind in remedies.REMEDIES}
    cells |= {"l2 2": [cell(1.0, 0.95, holdout=0.5)] * 3, "l2 3": [cell(1.0, 0.80, holdout=0.9)] * 3}
    cells |= {"l1 2": [DIVERGED] * 3}
    found = verdicts.judge_remedies(cells, 1000, 10_000)
    assert found["chosen"]["l2"]["label"] == "l2 3" == found["best"] and found["chosen"]["l2"]["edge"] == "largest"
    assert found["chosen"]["l1"]["label"] == "l1 1"
    assert found["table"]["l1 2"]["holdout"]["accuracy"] == pytest.approx(0.1)
    assert found["chosen"]["l2"]["against"]["verdict"] == "worse" and found["overfits"]
    with pytest.raises(SettingError, match="every remedy diverged, and the training without one"):
        verdicts.judge_remedies({label: [DIVERGED] for label in cells}, 1000, 10_000)


def answer(remedied, seeds=3, sigmoid=1e-8, between=1e-7, learned=True, **losses):
    """The answer to made-up results; a loss of None is that of a training that diverged."""
    losses = {"shallow_loss": 0.1, "search_loss": 1.5, "deep_loss": 2.3, "deep_search": 2.3} | losses
    settings = hw.replace(hw.Settings(), num_seeds=seeds)
    names = [f"{a} {i} {d}" for a in networks.ACTIVATIONS for i in networks.INITIALISATIONS for d in settings.depths]
    signals = {name: {"arriving": [1.0, 1.0], "signal": [0.5, 0.5], "between": [0.2, between]} for name in names}
    signals["sigmoid xavier 20"]["arriving"] = [sigmoid, 1.0]
    deep = {f"{a} {d}": {"train": 0.9, "test": 0.8, "diverged": 0, "learned": learned or a != "sigmoid"}
            for a in networks.ACTIVATIONS for d in settings.depths}  # fmt: skip
    points = {}
    cases = itertools.product(("shallow", "deep"), ("gradient", "search"))
    for (network, method), loss in zip(cases, losses.values(), strict=True):
        size = {"depth": 2 if network == "shallow" else 20, "activation": "relu", "parameters": 89_610}
        for seed in range(seeds):
            noise = seed * (0.001 if method == "search" else 0.002)
            done = DIVERGED if loss is None else {"loss": loss + noise, "test": 0.5} | size
            points[network, method, seed] = done
    axes = {"network": ("shallow", "deep"), "method": ("gradient", "search"), "seed": tuple(range(seeds))}
    grid = Grid(axes, points)
    values = {"settings": settings, "signals": signals, "deep": deep, "remedies": remedied, "usual": networks.USUAL}
    values["gradients"] = {name: judge_arriving(row["arriving"]) for name, row in signals.items()}
    values["without"] = verdicts.judge_search(grid, np.arange(1000) % 10)
    values |= {"few": 1000, "held": 5000, "test": 10_000, "code": "…", "enough": ENOUGH}
    return rendered(hw.__file__, values)


def test_the_answer_says_what_helps_and_what_vanishes():
    text = answer(judged(dropout=0.90, l2=0.88, l1=0.87, max_norm=0.84), learned=False)
    first = text.splitlines()[0]
    assert (
        "sigmoid 的梯度消失，tanh、ReLU、LeakyReLU 没有" in first
        and "sigmoid 的 20 层网络没有学会（测试准确率不高于总猜一类）" in first
    )
    assert "训练准确率 100.00%，测试 87.03%：过拟合" in first
    assert "dropout（90.02%）、L2（88.02%）提高了测试准确率" in first
    assert "L1（87.02%）与不加分不出高下，max-norm（84.02%）反而更低。**" in first
    assert "dropout 选中的是所试的最大一档，更大的没有试" in text
    assert "随机搜索能学，但慢：各种子的 loss 配对比较，它更高" in text and "得到全部 89,610 个偏导数" in text
    assert "最后一个是 1.0e-07：输出几乎与图片无关" in text and "变为 1.0e-08 倍" in first
    assert "同样次数的梯度下降使它降到 0.102（" in first


def test_the_answer_turns_around_with_the_results():
    text = answer(judged(), sigmoid=0.5, search_loss=2.29, deep_loss=0.4)
    first = text.splitlines()[0]
    assert "没有一种激活函数的梯度消失" in first and "四种激活函数的 20 层网络都高于总猜一类" in first
    assert "提高了" not in first and "反而更低" not in first and "分不出高下" in first
    assert (
        f"随机搜索在这么多次前向之内没有学会（loss 没有比猜测低 {verdicts.MARGIN}）" in text
        and "梯度下降也学会了（loss 0.402）" in text
    )
    assert "随机搜索这次的 loss 比梯度下降还低" in answer(judged(), search_loss=0.05)
    assert "随机搜索能学，但只有一个种子，与梯度下降的差别没有检验" in answer(judged(), seeds=1)
    assert "与梯度下降的 loss 分不出高下" in answer(judged(), search_loss=0.1005)
    diverged = answer(judged(), shallow_loss=None)
    assert "同样次数的梯度下降发散" in diverged.splitlines()[0] and "梯度下降有训练发散，没有比较" in diverged
    assert "它不受梯度消失的限制" in answer(judged(), deep_search=1.5)
    assert "几乎与图片无关" not in answer(judged(), between=0.1)
    text = answer(judged(diverged=["l1"]))
    assert (
        "| **L1**（3 次发散） | 0.1 | 10.00% |" in text
        and "小于 0.001 的占 –。测试准确率降低（-77.03 个百分点）。" in text
    )
