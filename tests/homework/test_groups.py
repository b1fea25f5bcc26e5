"""groups: the split by hand, equal cost, who reaches whom, the trends, the answer turned around, a tiny run."""

from __future__ import annotations

import numpy as np
import pytest

from homework.groups import experiment as hw
from homework.groups import measuring, verdicts
from paddle_camp.comparisons import ENOUGH
from paddle_camp.data.mnist import load_mnist
from paddle_camp.sweeps.grid import Grid
from tests.helpers import contract
from tests.helpers.markdown import rendered
from tests.helpers.predictions import check_kept_weights, small_run


@pytest.fixture(scope="module")
def digits():
    return load_mnist("synthetic", counts=(60, 20)).test


def test_a_grouped_convolution_is_several_side_by_side():
    assert measuring.check_split((2, 4, 8), 8, 0) < 1e-5


def test_a_wide_net_costs_what_one_group_costs_and_groups_divide_its_width(digits):
    plans = measuring.plan((4, 2), 8, digits)
    kinds = ["4", "4 shuffled", "4 wide", "4 wide shuffled"]
    assert list(plans) == ["1", *sum(([each.replace("4", "2"), each] for each in kinds), []), *list(plans)[9:]]
    assert list(plans)[9:] == ["depthwise", "separable", "separable wide"]
    one = plans["1"]["multiply_adds"]
    for name in ("2 wide", "4 wide", "separable wide"):
        assert 0.8 < plans[name]["multiply_adds"] / one < 1.25
    assert plans["4 wide"]["arguments"]["width"] % 4 == 0
    assert plans["4 shuffled"]["multiply_adds"] == plans["4"]["multiply_adds"] < plans["2"]["multiply_adds"] < one
    assert verdicts.by_groups(plans, "wide") == ["1", "2 wide", "4 wide"]


def test_a_group_reaches_itself_and_a_shuffle_everyone():
    reached = {name: measuring.reach(**how).mean() for name, how in hw.REACH.items()}
    assert reached == {"1": 1.0, "4": 0.25, "4 shuffled": 1.0, "depthwise": 0.125, "separable": 1.0}
    seen = measuring.reach(groups=4)
    assert seen.shape == (32, 8) and seen[:8, :2].all() and not seen[:8, 2:].any()


def test_the_rate_with_the_lowest_loss_is_chosen_and_an_edge_is_said():
    losses = {("1", 0.1): 0.5, ("1", 0.2): 0.4, ("1", 0.3): 0.6, ("2", 0.1): 0.5, ("2", 0.2): 0.6}
    found = verdicts.best_rates(
        Grid({"variant": ("1", "2"), "rate": (0.1, 0.2, 0.3)}, losses | {("2", 0.3): {"diverged": 1}})
    )
    assert found == {"1": {"rate": 0.2, "edge": None}, "2": {"rate": 0.1, "edge": "smallest"}}


def test_a_trend_is_one_beyond_the_noise():
    assert verdicts.trend_of([[0.7, 0.71], [0.75, 0.76], [0.8, 0.82]]) == "rises"
    assert verdicts.trend_of([[0.8, 0.82], [0.75, 0.76], [0.7, 0.71]]) == "falls"
    assert verdicts.trend_of([[0.7, 0.8], [0.75, 0.71], [0.8, 0.7]]) == "neither"


def test_a_time_is_compared_round_by_round():
    plans = {"1": {"multiply_adds": 100}, "4": {"multiply_adds": 25}, "8": {"multiply_adds": 50}}
    seconds = {"1": [1.0, 2.0, 1.1, 1.2], "4": [0.5, 1.0, 0.55, 0.61], "8": [1.0, 2.1, 1.05, 1.2]}
    found = verdicts.judge_times({"train": seconds}, plans)["train"]
    assert found["4"]["verdict"] == "better" and found["4"]["speedup"] == pytest.approx(2.0)
    assert (found["4"]["promised"], found["4"]["milliseconds"]) == (4, pytest.approx(580))
    assert found["8"]["verdict"] == found["1"]["verdict"] == "cannot be told apart"


def cell(accuracy):
    return {"accuracy": accuracy, "train_loss": 0.4, "holdout_loss": 1 - accuracy}


def answer(digits, accuracy, factor, seeds=3, **changes):
    """The text where a variant's accuracy is ``accuracy(kind, groups)`` and its step takes ``factor(kind)`` ms."""
    plans, noise = measuring.plan((2, 4), 8, digits), (0.0, 0.004, -0.003)
    cells = {}
    for number, (name, row) in enumerate(plans.items()):
        middle = accuracy(row["kind"], row["groups"] or 8)
        cells[name] = [cell(middle + noise[(k + number) % 3]) for k in range(seeds)]
    results = verdicts.judge(cells, plans, 200)
    results |= {"rates": {n: {"rate": 0.01, "edge": None} for n in plans} | changes.pop("rates", {}), "split": 0.0}
    rng = np.random.default_rng(0)
    noise = {name: (0.0, *(0.02 * (rng.random(2) + 0.1)), *(-0.02 * (rng.random(2) + 0.1))) for name in plans}
    rows = {n: [factor(r["kind"], r["groups"] or 8) * (1 + each) for each in noise[n]] for n, r in plans.items()}
    plain = {n: row for n, row in rows.items() if plans[n]["kind"] in ("plain", "depthwise", "separable")}
    seconds = {"train": rows, "evaluate": rows, "train by Paddle": plain, "evaluate by Paddle": plain}
    values = {"settings": hw.replace(hw.Settings(), groups=(2, 4), num_seeds=seeds), "plans": plans, "code": "…"}
    values |= {"times": verdicts.judge_times(seconds, plans), "enough": ENOUGH, "reported": "validation"}
    values |= {"counts": {"train": 2700, "holdout": 300, "validation": 200}, "size": [3, 64, 64]}
    values |= {"reach": dict.fromkeys(hw.REACH, 0.5)}
    return rendered(hw.__file__, values | results | changes)


def test_the_answer_says_that_more_groups_are_worse_and_a_shuffle_helps(digits):
    def accuracy(kind, groups):
        return 0.8 - 0.03 * np.log2(groups) + 0.02 * ("shuffled" in kind)

    text = answer(digits, accuracy, lambda kind, groups: 0.01 / groups**0.5)
    first = text.splitlines()[0]
    assert "组数越多越好吗？没有得到支持：组数从 1 增加到 4，宽度不变时准确率下降（80.03% 到 74.03%）" in first
    assert "通道混洗使准确率提高（同样的宽度，平均相差 2.00 个百分点）" in first
    assert "训练一步测得的速度是一组的 2.0" in first
    assert "拿回了一部分，所以看不到别的组确实是代价之一。" in text
    assert "- 训练一步，同样的宽度：比一组快的有2 组、4 组、逐通道、可分离（逐通道加 1×1）。" in text


def test_the_answer_turns_around(digits):
    text = answer(digits, lambda kind, groups: 0.6 + 0.05 * np.log2(groups), lambda kind, groups: 0.01 * groups**0.5)
    first = text.splitlines()[0]
    assert "组数越多越好吗？这次测得是的：" in first and "宽度不变时准确率上升" in first
    assert "加上通道混洗，分不出高下" in first and "速度反而只有一组的 0.5" in first
    assert "没有测出分组的代价" in text and "要用一组的 2.0 倍时间：乘加次数不是时间。" in text
    assert "没有一个比一组快；比一组慢的有2 组、4 组" in text
    wide = answer(
        digits, lambda kind, groups: 0.6 + 0.05 * np.log2(groups) * ("wide" in kind), lambda kind, groups: 0.01
    )
    assert "要看条件：" in wide and "没有看得出的趋势" in wide and "测得的时间与一组分不出快慢。" in wide
    worse = answer(
        digits,
        lambda kind, groups: 0.8 - 0.03 * np.log2(groups) - 0.02 * ("shuffled" in kind),
        lambda kind, groups: 0.01,
    )
    assert "通道混洗反而使准确率降低" in worse and "混洗没有测出好处" in worse


def test_one_seed_and_a_rate_at_the_edge_are_said(digits):
    rates = {"4": {"rate": 0.01, "edge": "largest"}}
    text = answer(digits, lambda kind, groups: 0.7, lambda kind, groups: 0.01, seeds=1, rates=rates)
    assert "种子少于 3 个" in text and "选中的在所试范围的边上：4 组，更大或更小的可能更好。" in text
    assert "各种子的准确率" not in text


TINY = ("digits=true", "train_pictures=110", "valid_pictures=40", "groups=2", "width=4", "num_epochs=1")
TINY = (*TINY, "choice_epochs=1", "num_seeds=1", "rounds=3", "batch_size=25", "rates=0.01", "holdout=0.2")


def test_a_tiny_run_keeps_the_contract_and_its_model_predicts(tmp_path):
    run = small_run("groups", tmp_path, TINY)
    results = contract.check(run, "groups", data=True, classifier=True)
    assert list(results["table"]) == [
        *("1", "2", "2 shuffled", "2 wide", "2 wide shuffled"),
        *list(results["table"])[5:],
    ]
    saved, _ = check_kept_weights(run, load_mnist("synthetic", counts=(110, 40)).test)
    assert (saved.model, saved.reader) == ("small_conv_net", "digits")


def test_a_tiny_run_on_photographs(tmp_path):
    settings = (*TINY[3:], "train_pictures=40", "valid_pictures=10", "image_size=16", "batch_size=8")
    run = small_run("groups", tmp_path, settings)
    metrics = contract.metrics_of(run)
    assert metrics["data"]["name"] == "Dogs vs. Cats" and metrics["headline"]["split"] == "validation"


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("groups=5", r"groups=\[5\]: must divide width=32"),
        ("groups=1", "groups=1: give at least 2"),
        ("groups=2,2", "groups=2,2: each one once"),
        ("image_size=8", "image_size=8: give at least 16"),
        ("rates=0", "rates=0.0: must be positive"),
        ("train_pictures=4", "leaves one part empty"),
    ],
)
def test_wrong_settings_are_one_line(override, says, tmp_path):
    contract.refused("groups", tmp_path, says, override)


@pytest.mark.slow
def test_quick(tmp_path):
    run, _ = contract.run("groups", tmp_path, "--quick", "--data", "synthetic")
    contract.check(run, "groups", data=True, classifier=True)
