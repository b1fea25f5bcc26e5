"""Homework 2-2: its verdicts on made-up trainings, and the sentences that follow from them."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest

from homework.hw2_2_batch_size import experiment as hw
from homework.hw2_2_batch_size.verdicts import alike, judge, judge_times, linear_scaling
from paddle_camp.answers.template import render
from paddle_camp.sweeps.grid import Grid
from tests.helpers import contract


def cells(steps, hover, *, test=(3.0, 3.1, 3.2), per_step=(1.0, 1.0, 1.0)):
    """One kind of training from three seeds."""
    keys = ("steps", "hover", "test", "per_step")
    return [dict(zip(keys, row, strict=True)) for row in zip(steps, hover, test, per_step, strict=True)]


DIVERGED = [{"diverged": 3}, *cells([9.0] * 3, [1.0] * 3)[:2]]


def grid_of(*kinds):
    """Two rates and batches of 1 and 100, each from three seeds."""
    axes = {"rate": (0.01, 0.1), "batch_size": (1, 100), "seed": (0, 1, 2)}
    results = [cell for kind in kinds for cell in kind]
    return Grid(axes, dict(zip(itertools.product(*axes.values()), results, strict=True)))


def test_small_and_large_batches_are_judged_by_their_seeds():
    small = cells([1000, 1010, 1020], [1.01, 1.02, 1.01], per_step=(1.0, 1.1, 1.05))
    large = cells([1001, 1012, 1019], [1.0, 1.0, 1.0])
    fast = cells([100, 120, 90], [1.4, 1.45, 1.42], test=(2.0, 2.1, 2.3), per_step=(1.0, 1.1, 1.0))
    fast_large = cells([100, 103, 101], [1.0, 1.0, 1.0], per_step=(2.0, 2.1, 2.0))
    grid = grid_of(small, large, fast, fast_large)
    found = judge(grid, rows=400, target=1.1)
    expected = {"epochs": "worse", "steps_alike": True, "higher_rate": "better", "low_rate": "better"}
    expected |= {"small_hovers": True, "large_settles": True}
    assert found == expected | {"lowest_test": 2, "lowest_train": 1, "test_differs": True}
    seconds = [1010.0, 1012.0, 100.0, 202.0]
    assert judge_times(grid, 400, 1.1, seconds) == {"epoch": "worse", "quickest": 3, "others": 2, "near": []}


def test_the_quickest_is_the_tables_and_stands_out_only_where_the_seeds_say_so():
    slow = cells([1000] * 3, [1.0] * 3)
    first = cells([100, 101, 102], [1.0] * 3, per_step=(1.0, 1.1, 0.9))
    grid = grid_of(slow, slow, first, cells([104, 105, 103], [1.0] * 3, per_step=(1.1, 0.8, 1.0)))
    found = judge_times(grid, 400, 1.1, [1000.0, 1000.0, 91.0, 82.0])
    assert (found["quickest"], found["near"]) == (3, [2])  # 82 seconds, but 91 scatter as far


def test_the_linear_scaling_rule_is_put_to_the_pair_that_tests_it():
    small, large = cells([4000, 4100, 4200], [1.0] * 3), cells([40, 41, 42], [1.0] * 3)  # of 100 rows: 40 epochs each
    axes = {"rate": (0.01, 1.0), "batch_size": (1, 100), "seed": (0, 1, 2)}

    def judged(last):
        results = [cell for kind in (small, small, small, last) for cell in kind]
        return linear_scaling(Grid(axes, dict(zip(itertools.product(*axes.values()), results, strict=True))), 100)

    found = judged(large)
    assert found["pair"] == [{"rate": 0.01, "batch_size": 1}, {"rate": 1.0, "batch_size": 100}]
    assert found["factor"] == 100 and found["epochs"] == [41.0, 41.0] and found["alike"]
    assert not judged(cells([80, 82, 84], [1.0] * 3))["alike"]
    assert judged(DIVERGED) is None and linear_scaling(grid_of(small, small, large, large), 100) is None


def test_what_scatters_or_diverges_is_not_judged():
    small = cells([1000, 3000, 2000], [1.0, 1.3, 1.1])
    large = cells([9000, 800, 4000], [1.0, 1.3, 1.1], per_step=(1.0, 900.0, 400.0))
    found = judge(grid_of(small, large, DIVERGED, DIVERGED), rows=100, target=1.1)
    even = "cannot be told apart"
    expected = {"epochs": even, "steps_alike": False, "higher_rate": even, "low_rate": even}
    assert found == expected | {"small_hovers": False, "large_settles": False, "lowest_test": 0, "lowest_train": 0} | {
        "test_differs": False
    }
    times = judge_times(grid_of(small, large, DIVERGED, DIVERGED), 100, 1.1, [2000.0, 4000.0, None, None])
    assert times == {"epoch": even, "quickest": None, "others": 0, "near": []}
    found = judge(grid_of(*[DIVERGED] * 4), rows=100, target=1.1)
    assert "lowest_test" not in found and found["epochs"] == even


def test_steps_are_alike_where_their_ratio_is_known_to_be_near_one():
    steps = np.array([1000.0, 2000.0, 3000.0])
    assert alike(steps, steps) and alike(1.2 * steps, steps) and not alike(1.3 * steps, steps)
    assert not alike(steps[:1], steps[:1])  # one seed
    assert not alike(steps, steps * [0.7, 1.0, 1.4]) and not alike(None, steps)


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """The folder and the results of a ``--quick`` run on the stand-in."""
    folder = contract.shared(tmp_path_factory, "2-2", "--quick", "--data", "synthetic")
    return folder, contract.metrics_of(folder)["results"]


def answer_of(quick, seeds=3, changes=None, **made_up) -> str:
    """The answer of the quick run as if every kind had arrived from every seed, with some of it made up.

    Args:
        changes: place of a kind among the trainings -> what is different about it. Places 0 and 4 have batches of 1 at
            the low and at the high rate, 3 and 7 those of 404.
    """
    kept = json.loads((quick[0] / "answer.json").read_text(encoding="utf-8"))
    values = {"settings": replace(hw.QUICK, num_seeds=seeds), "seed": 0} | kept["values"] | kept["results"] | made_up
    arrived = {"reached": seeds, "diverged": 0}
    rows = enumerate(values["trainings"])
    return render(hw.__file__, values | {"trainings": [row | arrived | (changes or {}).get(k, {}) for k, row in rows]})


@pytest.mark.parametrize("turned", [False, True])
def test_the_answer_turns_around_with_its_verdicts(quick, turned):
    good, bad = ("worse", "better") if turned else ("better", "worse")
    verdicts = {"epochs": bad, "steps_alike": not turned, "higher_rate": good, "low_rate": good}
    verdicts |= {"small_hovers": not turned, "large_settles": True}
    verdicts |= {"lowest_test": 2, "lowest_train": 3, "test_differs": not turned}
    times = {"epoch": bad, "quickest": 5, "others": 7, "near": [6] if turned else []}
    rows = {"opposed": 300, "share": 0.7426, "verdict": good, "norm": 0.5}
    pair = [{"rate": 0.01, "batch_size": 1}, {"rate": 0.1, "batch_size": 10}]
    scaling = {"factor": 10.0, "pair": pair, "epochs": [32.0, 31.3], "alike": not turned}
    made_up = {"single_rows": rows, "scaling": scaling, "law_gap": 0.5 if turned else 0.02}
    text = answer_of(quick, verdicts=verdicts, times=times, **made_up)
    assert ("多半还是朝着下降的方向" in text) == turned == ("方向多半是错的" not in text)
    assert ("没有证实这条规则" in text) == turned == ("没有很好地符合" in text)
    assert "没有检验它" not in text and "没有检验它" in answer_of(quick, scaling=None)
    says = ("批太大，每轮更新的次数少，收敛慢", "降不下去，batch", "噪声使它来回跳动", "向量化没有用上")
    says += (
        "因为这时快慢由学习率决定",
        "固定开销摊到了更多行上",
        "噪声小，才用得上大的学习率",
        "比另外 7 种都快",
    )
    for sentence in says:
        assert (sentence in text) != turned, sentence
    assert ("两者的测试误差在各种子之间分不出高下" in text) == turned == ("与它分不出快慢（按" in text)
    assert ("批大的用的轮数反而少" in text) == turned


def test_the_answer_says_the_numbers_of_the_run(quick):
    folder, results = quick
    answer = (folder / "answer.md").read_text(encoding="utf-8")
    assert "5 轮共 **250 次**" in answer and "不一致" not in answer
    assert "```python\ndef gradient(" in answer and "def count_iterations(" in answer
    assert "Goyal" in answer and "Keskar" in answer and "学习率不变时，小批量只能" in answer
    assert "批太大，每轮更新的次数少" in answer and "批太小，梯度噪声大" in answer
    for row in results["trainings"]:
        assert f"| {row['rate']} | {row['batch_size']} | {row['steps_per_epoch']} | {int(row['steps'])} |" in answer
    assert {path.stem for path in (folder / "figures").iterdir()} == {"steps", "loss", "noise", "ends"}


@pytest.mark.parametrize("place", [None, 0, 3])
def test_what_not_every_seed_reached_is_not_compared(quick, place):
    verdicts = quick[1]["verdicts"] | {"epochs": "cannot be told apart"}
    changes = {} if place is None else {place: {"reached": 2}}
    headline = answer_of(quick, changes=changes, verdicts=verdicts).splitlines()[0]
    assert ("轮：在种子之间的波动范围之内，分不出快慢。" in headline) == (place is None)
    assert ("轮：不是每个种子都到达，不作比较。" in headline) == (place is not None)


@pytest.mark.parametrize(
    ("small", "large", "says"),
    [
        (3, 3, "学习率 0.1 太大，batch 1 和 batch 404 都发散。"),
        (3, 0, "学习率 0.1 时 batch 1 发散：批太小，梯度噪声大。"),
        (1, 0, "学习率 0.1 时 batch 1 在 3 个种子中有 1 个发散，batch 404 没有发散。"),
        (2, 3, "学习率 0.1 时 batch 1 在 3 个种子中有 2 个发散，batch 404 发散。"),
        (0, 1, "学习率 0.1 时 batch 1 没有发散，batch 404 在 3 个种子中有 1 个发散。"),
    ],
)
def test_a_divergence_is_told_of_as_many_seeds_as_diverged(quick, small, large, says):
    nothing = {"hover": [], "test": [], "loss_noise": []}
    changes = {k: {"diverged": n} | (nothing if n == 3 else {}) for k, n in ((4, small), (7, large))}
    verdicts = quick[1]["verdicts"] | {"small_hovers": False, "large_settles": False}
    text = answer_of(quick, changes=changes, verdicts=verdicts)
    headline = text.splitlines()[0]
    assert headline.endswith(f"{says}**") and ("都发散" in headline) == (small == large)
    assert ("批太小，梯度噪声大" in headline) == ((small, large) == (3, 0))
    assert ("：是学习率太大" in text) == (small == large == 3)
    assert ("倍，不计发散的 1 个种子" in text) == (3 not in (small, large))


@pytest.mark.parametrize(
    ("seeds", "times", "says"),
    [
        (3, {"quickest": 5, "others": 7, "near": []}, "，比另外 7 种都快，超出种子之间的波动。它一步 "),
        (3, {"quickest": 7, "others": 7, "near": []}, "，比另外 7 种都快，超出种子之间的波动。\n"),
        (
            3,
            {"quickest": 7, "others": 7, "near": [5, 6]},
            "；学习率 0.1、batch 10；学习率 0.1、batch 50 与它分不出快慢",
        ),
        (3, {"quickest": 7, "others": 0, "near": []}, "，其余的不是每个种子都做到。"),
        (1, {"quickest": 7, "others": 7, "near": [5, 6]}, "，只有一个种子，不作比较。"),
    ],
)
def test_the_quickest_is_praised_as_far_as_it_was_compared(quick, seeds, times, says):
    text = answer_of(quick, seeds, times={"epoch": "worse"} | times)
    assert f"秒）{says}" in text
    assert ("（按各种子自己的用时比较）" in text) == ("分不出快慢" in says)


def test_a_factor_that_is_no_whole_number_is_not_rounded(quick):
    pair = [{"rate": 0.02, "batch_size": 10}, {"rate": 0.03, "batch_size": 15}]
    scaling = {"factor": 1.5, "pair": pair, "epochs": [32.0, 31.3], "alike": True}
    assert "都乘以 1.5 之后用 31.3 轮" in answer_of(quick, scaling=scaling)
