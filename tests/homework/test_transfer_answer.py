"""transfer: its sentences follow the numbers, whichever way these turn out."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

import paddle_camp as camp
from homework.transfer import experiment as hw
from homework.transfer import figures, tips, verdicts
from paddle_camp.comparisons import ENOUGH
from paddle_camp.metrics import auc
from paddle_camp.sweeps.grid import Grid
from tests.helpers.markdown import rendered

LABELS = np.arange(200) % 2
SIZES = (50, 200, 1000, 2700)


def trained(wrong: int, held: float = 0.1, seed: int = 0, moved: float = 0.0) -> dict:
    """A training that gets so many pictures wrong, other ones with another seed."""
    sign = np.where(LABELS == 1, 1.0, -1.0)
    sign[:wrong] *= -1
    sign = np.roll(sign, 2 * seed) * (1 + 0.01 * np.arange(200))
    logits = np.stack([-sign, sign], 1)
    found = {"accuracy": 1 - wrong / 200, "auc": auc(logits, LABELS), "loss": 0.1 + wrong / 400}
    row = {"epoch": 1.0, "split": "train", "loss": held, "seconds": 30.0, "samples": 10}
    history = {"steps": [], "evaluations": [row]}
    return found | {"holdout_loss": held, "outputs": logits.tolist(), "norms_moved": moved, "history": history}


def size_of(frozen=4, tuned=(4, 3), scratch=60, seeds=1, held=(0.1, 0.09, 0.08), moved=0.0) -> dict:
    """The trainings of one size; ``tuned`` of two rates, ``held`` of frozen and of these two."""
    cells = {"frozen": [trained(frozen, held[0], seed) for seed in range(seeds)]}
    cells["fine-tuned"] = {
        rate: [trained(wrong, loss, seed, moved) for seed in range(seeds)]
        for rate, wrong, loss in zip((2e-5, 1e-4), tuned, held[1:], strict=True)
    }
    diverged = scratch is None
    cells["scratch"] = [{"diverged": 3} if diverged else trained(scratch, 0.6, seed) for seed in range(seeds)]
    return cells


def tip_grid(gains: dict | None = None, seeds: int = 3) -> Grid:
    """Trainings that are so much more accurate, and lower in loss, with each tip."""
    gains = {"flips": 0.05, "rotation": 0.0, "dropout": -0.05, "decay": 0.0, "stopping": 0.0, "all": 0.05} | (
        gains or {}
    )
    noise = np.random.default_rng(0).normal(size=(7, 3)) * 0.002
    results = {}
    for place, tip in enumerate(("none", *gains)):
        for seed in range(seeds):
            accuracy = 0.65 + (gains.get(tip, 0.0) or 0.0) + noise[place, seed]
            cell = {"accuracy": accuracy, "loss": 1.3 - accuracy, "own": 0.99, "epochs": 15, "count": 1700}
            results[tip, seed] = cell if gains.get(tip, 0) is not None else {"diverged": 1}
    return Grid({"tip": ("none", *gains), "seed": tuple(range(seeds))}, results)


DEPTHWISE = {"name": "features.2", "shape": [32, 1, 3, 3], "rule": 0.47, "drawn": 0.47, "default": 0.08}


def values_of(sizes: dict, grid: Grid | None = None, seeds: int = 3, **more) -> dict:
    curve = {str(size): verdicts.judge_size(cells, LABELS) for size, cells in sizes.items()}
    values = {"curve": curve, "worth": verdicts.worth(curve), "chosen": verdicts.choose_way(list(curve.values())[-1])}
    values |= {"tips": tips.judge_tips(grid or tip_grid()), "logistic": {"C": 0.001, "edge": None}, "repeated": 2}
    layer = {"name": "fc", "shape": [1280, 2], "rule": 0.01, "drawn": 0.01, "default": 0.02, "pretrained": 0.03}
    network = {"listed": [["fc.weight", [1280, 2], True]], "kinds": {"Linear": 1}, "layers": [layer], "follows": True}
    network["farthest"] = DEPTHWISE
    values["network"] = network | {"parts": {"fc": {"parameters": 2, "numbers": 2562, "trained": 2}}, "weighted": 50}
    values["cost"] = verdicts.seconds_of(sizes) | {"features": 80.0, "tips": 900.0}
    values |= {"counts": {"train": 2700, "holdout": 300, "validation": 200}, "code": "…", "rule": "…", "last": 0.01}
    return values | {"settings": replace(hw.Settings(), num_seeds=seeds), "enough": ENOUGH} | more


def answer(sizes: dict, **options) -> str:
    return rendered(hw.__file__, values_of(sizes, **options))


USUAL = {50: size_of(8, (8, 7), 90, 3), 200: size_of(5, (5, 5), 80, 3), 1000: size_of(), 2700: size_of(4, (3, 2), 20)}


def test_the_answer_says_what_pretraining_is_worth():
    text = answer(USUAL)
    first = text.splitlines()[0]
    assert "用 50 张训练图片时冻结的特征 96.00%、微调 96.50%、从头训练 55.00%" in first
    assert "用全部 2,700 张时冻结的特征 98.00%、微调 99.00%、从头训练 90.00%" in first
    assert "按平均，从头训练用到 2,700 张也没有达到冻结的特征用 50 张的准确率（最高 90.00%）" in first
    assert "选出来发布的是微调" in first
    assert "- 1,000 张：微调与冻结的特征分不出高下（高 0.50 个百分点）；从头训练比冻结的特征更低" in text
    assert "余地很小" in text and "一个数也没有变" in text
    assert "| 2,700 | 0.0001 | 0.0800 | 99.00% | 是 |" in text and "| 2,700 | 2e-05 | 0.0900 | 98.50% | 否 |" in text
    assert "微调（两种学习率、所有张数和种子）8.0 分钟" in text and "技巧 15.0 分钟" in text


def test_the_answer_turns_around_with_the_results():
    text = answer(USUAL | {1000: size_of(scratch=8)})
    assert "从头训练要用 1,000 张，才达到冻结的特征用 50 张的准确率" in text.splitlines()[0]
    same = answer(USUAL | {50: size_of(8, (8, 7), 6, 3)})
    assert "从头训练用同样的 50 张就达到了冻结的特征的准确率：这里看不出" in same.splitlines()[0]
    better = answer(USUAL | {2700: size_of(40, (3, 2), 20)})
    assert "微调比冻结的特征更好的有：2700 张；分不出高下的有：50 张、200 张、1000 张" in better
    worse = answer(USUAL | {2700: size_of(2, (40, 50), 60, held=(0.05, 0.2, 0.3))})
    assert "微调反而不如冻结的特征的有：2700 张" in worse and "发布的是冻结的特征" in worse.splitlines()[0]
    weak = answer({size: size_of(80, (80, 81), 90) for size in SIZES})
    assert "微调没有比冻结的特征好到看得出来的程度。" in weak and "余地很小" not in weak
    thawed = answer(USUAL | {50: size_of(moved=0.25)})
    assert "最多变了 2.5e-01：没有冻结住" in thawed


def test_a_training_from_scratch_that_guesses_is_no_measure_of_pretraining():
    first = answer({size: size_of(scratch=98) for size in SIZES}).splitlines()[0]
    assert "与总猜较多的一类分不开，还没有学会" in first and "这就是预训练的价值" not in first
    assert "这就是预训练的价值" in answer(USUAL).splitlines()[0]


def test_a_training_from_scratch_that_diverged_is_said():
    text = answer({size: size_of(scratch=None) for size in SIZES})
    assert "从头训练的都发散了，没有比较" in text.splitlines()[0] and "；从头训练" not in text
    some = answer(USUAL | {50: size_of(scratch=None)})
    assert "（从头训练的发散了）" in some.splitlines()[0]


def test_each_tip_has_its_verdict():
    text = answer(USUAL)
    assert "有用的（准确率更高或 loss 更低）：翻转、全部。反而更差的：dropout。" in text
    assert "分不出高下的（或准确率和 loss 说法不一的）：旋转、权重衰减、早停。" in text
    assert re.search(r"训练准确率比新图片上的高 3[34]\.\d\d 个百分点", text) and "Holm" in text
    none = answer(USUAL, grid=tip_grid({"flips": 0.0, "dropout": 0.0, "all": 0.0}))
    assert "有用的" not in none and "反而更差的：" not in none
    few = answer(USUAL, grid=tip_grid(seeds=2), seeds=2)
    assert "种子少于 3 个" in few and "不评判" in few
    burst = answer(USUAL, grid=tip_grid({"dropout": None}))
    assert "发散而没有列出的：dropout" in burst and "没有 dropout 层" not in burst


def test_what_differs_from_paddles_first_weights_is_said():
    assert "最多的是 `features.2`（32×1×3×3）：默认的只有规则的 0.170 倍，因为" in answer(USUAL)
    values = values_of(USUAL)
    for default, says in ((0.4, "每一层都与 Paddle 默认的相差不到一倍"), (2.0, "默认的是规则的 4.3 倍。")):
        values["network"]["farthest"] = DEPTHWISE | {"default": default}
        assert says in rendered(hw.__file__, values)


def test_a_network_without_dropout_is_said():
    grid = tip_grid()
    results = {point: cell for point, cell in grid.results.items() if point[0] != "dropout"}
    axes = grid.axes | {"tip": tuple(tip for tip in grid.axes["tip"] if tip != "dropout")}
    text = answer(USUAL, grid=Grid(axes, results))
    assert "没有 dropout 层，所以没有比较它" in text and "dropout：0.5" not in text


def test_without_any_tip_that_trains_there_is_nothing_to_compare():
    cells = tip_grid().results | {("none", 1): {"diverged": 2}}
    with pytest.raises(camp.SettingError, match="tip_rate: a training without any tip diverged"):
        tips.judge_tips(Grid(tip_grid().axes, cells))


def test_the_figures_are_drawn_also_where_nothing_is_wrong():
    curve = values_of({50: size_of(0, (0, 0), None), 2700: size_of(0, (0, 0), 0)})["curve"]
    figures.draw_curve(curve, 200)
    figures.draw_trainings(curve)
    figures.draw_tips(tips.judge_tips(tip_grid({"flips": None})))
