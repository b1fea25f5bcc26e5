"""Homework 5-3: the same start in every cell, diverged cells, the best rate for each, and interruptions."""

from __future__ import annotations

import numpy as np
import paddle
import pytest

import paddle_camp as camp
from homework.hw5_3_optimizers import experiment as hw
from homework.hw5_3_optimizers import steps, verdicts
from paddle_camp.answers.template import render
from paddle_camp.comparisons import ENOUGH
from tests.helpers import contract
from tests.helpers.markdown import form_faults

SMALL = ("-o", "train_pictures=200", "-o", "test_pictures=100", "-o", "batch_size=20", "-o", "num_seeds=2")


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    return contract.run("5-3", tmp_path_factory.mktemp("quick"), "--quick", "--data", "synthetic")[0]


def test_quick(quick):
    results = contract.check(quick, "5-3", data=True, classifier=True)
    assert len(results["grid"]) == 20 and set(results["best"]) == set(hw.OPTIMIZERS)
    best = results["best"]
    assert best["SGD"]["rate"] > best["Adam"]["rate"]  # plain gradient descent wants larger steps than Adam
    assert results["grid"]["SGD 0.0001"]["test_accuracy"] < 0.6 < 0.8 < best["Adam"]["test_accuracy"]
    for name in hw.OPTIMIZERS:
        of_name = {key: cell for key, cell in results["grid"].items() if key.startswith(name + " ")}
        chosen = max(of_name, key=lambda key: of_name[key]["holdout_accuracy"])
        assert chosen == f"{name} {best[name]['rate']:g}"  # by held-out digits, not by the test digits
    reason, per_rate = results["reason"], results["reason"]["per_rate"]
    assert reason["explains"] and per_rate["Adam"] > 10 * per_rate["SGD"]  # what is divided by the gradient's size
    assert form_faults((quick / "answer.md").read_text(encoding="utf-8")) == []
    assert {path.name for path in (quick / "figures").iterdir()} == {
        f"{name}.png" for name in ("heat_map", "by_optimizer", "by_rate", "confusion", "mistakes", "first-batch")
    }


def test_every_cell_begins_with_the_same_loss(quick):
    """The same weights and the same first batch: the loss before the first update is the same, whoever updates."""
    rows = contract.rows_of(quick / "steps.csv")
    first = {row["run"]: float(row["loss"]) for row in rows if row["step"] == "1"}
    assert len(first) >= 15 and len(set(first.values())) == 1


def test_a_diverged_cell_is_marked_and_stops_nothing(tmp_path):
    asked = ("-o", "optimizers=SGD,Adam", "-o", "learning_rates=0.01,1e20", "--data", "synthetic", *SMALL)
    folder, said = contract.run("5-3", tmp_path, *asked)
    results = contract.check(folder, "5-3", data=True, classifier=True)
    assert results["grid"]["SGD 1e+20"]["diverged"] == 2 and results["best"]["SGD"]["rate"] == 0.01
    assert "diverged at step" in said and "[8/8]" in said
    assert "发散" in (folder / "answer.md").read_text(encoding="utf-8")


def test_an_interrupted_sweep_goes_on_and_two_jobs_find_the_same(tmp_path, tmp_path_factory, monkeypatch):
    asked = ("-o", "optimizers=SGD,Adam", "-o", "learning_rates=0.01", "--data", "synthetic", *SMALL)
    whole = contract.metrics_of(contract.shared(tmp_path_factory, "5-3", *asked))["results"]
    done, train = [], hw.train_cell

    def stop_at_the_third(optimizer, rate, seed, **common):
        done.append((optimizer, rate, seed))
        if len(done) == 3:
            raise KeyboardInterrupt
        return train(optimizer, rate, seed, **common)

    monkeypatch.setattr(hw, "train_cell", stop_at_the_third)
    with pytest.raises(AssertionError):  # status 130
        contract.run("5-3", tmp_path / "cut", *asked)
    folder, _ = contract.run("5-3", tmp_path / "cut", "--resume")
    assert done.count(("Adam", 0.01, 0)) == 3  # cut, made up for, and once more to keep the winner's weights
    assert contract.metrics_of(folder)["results"] == whole
    monkeypatch.setattr(hw, "train_cell", train)
    two = contract.metrics_of(contract.run("5-3", tmp_path / "two", *asked, "--jobs", "2")[0])["results"]
    for key, cell in whole["grid"].items():
        np.testing.assert_allclose(two["grid"][key]["test_accuracies"], cell["test_accuracies"], atol=0.021)


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("optimizers=SGD,Lion", "optimizers=Lion: there are SGD, Momentum"),
        ("learning_rates=0.1,0.1", "each one once"),
        ("learning_rates=0", "must be positive"),
        ("optimizers=", "name at least one"),
        ("model=alexnet", "does not take pictures of 1 x 28 x 28"),
    ],
)
def test_a_wrong_setting_is_one_line_before_any_training(override, says, tmp_path):
    contract.refused("5-3", tmp_path, says, "train_pictures=100", override)


def row(*accuracies, holdout=None, diverged=0):
    mean = float(np.mean(accuracies))
    held = mean if holdout is None else holdout
    return {"diverged": diverged, "holdout_accuracy": held, "test_accuracy": mean, "test_accuracies": list(accuracies)}


DIGITS = np.arange(300) % 10
GOOD, ALIKE = (0.90, 0.91, 0.93), (0.91, 0.90, 0.92)


def test_too_large_and_too_small_are_told_apart_and_near_is_not_worse():
    found = verdicts.find_rates(
        {0.1: row(0.2, 0.21, 0.19), 0.01: row(*GOOD), 0.001: row(*ALIKE), 0.0001: row(0.1, 0.11, 0.1)}, DIGITS
    )
    assert found["states"] == {"0.1": "large", "0.01": "best", "0.001": "near", "0.0001": "small"}
    assert (found["rate"], found["edge"], found["learned"], found["nothing"]) == (0.01, None, True, ["0.0001"])
    ends = [verdicts.find_rates({rate: row(*GOOD), 0.01: row(0.8, 0.8, 0.8)}, DIGITS)["edge"] for rate in (0.1, 0.001)]
    assert ends == ["largest", "smallest"] and verdicts.find_rates({0.1: row(*GOOD)}, DIGITS)["edge"] is None


def test_a_rate_with_which_some_seeds_collapse_is_not_as_good():
    """Real accuracies of Adam: a seed that collapses makes the scatter so large that the t-test tells nothing."""
    cells = {0.1: row(0.0982, 0.8913, 0.9037), 0.01: row(0.9754, 0.9848, 0.9821), 0.001: row(0.9787, 0.9727, 0.9705)}
    found = verdicts.find_rates(cells, np.arange(10_000) % 10)
    assert found["states"] == {"0.1": "unsteady", "0.01": "best", "0.001": "near"}
    sgd = verdicts.find_rates({rate: row(*GOOD) for rate in cells}, DIGITS)
    assert verdicts.rates_for_all({"Adam": found, "SGD": sgd}) == ["0.01", "0.001"]
    text = answer({"Adam": list(cells.values())}, ["Adam"])
    assert "- 学习率 0.1：Adam（9.82%～90.37%）不可靠：有的种子比最好的学习率低 5.0 个百分点以上" in text
    assert "- 不可靠：Adam 在 0.1 时步长" in text and "与 0.001 分不出高下" in text.splitlines()[0]


def test_three_pictures_of_299_rank_nothing():
    digits = np.arange(299) % 10
    found = verdicts.find_rates({0.1: row(254 / 299), 0.01: row(251 / 299), 0.001: row(63 / 299)}, digits)
    assert found["states"] == {"0.1": "best", "0.01": "near", "0.001": "small"}
    best = {"A": found, "B": verdicts.find_rates({0.1: row(0.1), 0.01: row(251 / 299), 0.001: row(0.5)}, digits)}
    assert verdicts.compare_with_first(best, ["A", "B"], 299)["B"]["verdict"] == "cannot be told apart"
    assert verdicts.rates_for_all(best) == ["0.01"]
    dull = verdicts.find_rates({0.1: row(0.0), 0.01: row(0.0), 0.001: row(0.1)}, digits)
    assert dull["states"]["0.01"] == "large" and not dull["learned"]
    assert verdicts.rates_for_all(best | {"C": dull}) == ["0.01"] and verdicts.rates_for_all({"C": dull}) == []


def test_the_first_steps_of_gradient_descent_are_the_rate_times_the_gradient():
    batches = [(np.random.default_rng(k).random((8, 1, 28, 28)).astype("float32"), np.arange(8)) for k in range(3)]

    def measure(optimizer, rate):
        paddle.seed(0)
        model = camp.create_for("mlp_relu", camp.DIGITS)
        return steps.measure_steps(model, hw.OPTIMIZERS[optimizer](rate, model.parameters()), batches)

    plain = measure("SGD", 0.01)
    assert plain["length"] == pytest.approx(0.01 * plain["gradient"], rel=1e-3)
    assert measure("Momentum", 0.01)["length"] > 1.2 * plain["length"]
    adam = measure("Adam", 0.01)
    assert 0.001 < adam["length"] <= 0.0101 and adam["weight"] == plain["weight"]  # of the rate's size, at most it
    assert measure("SGD", 1e20) is None
    assert plain["steps"] == 3 < steps.FIRST  # no more batches than that


def test_steps_explain_the_rates_only_where_they_are_closer():
    long, short = {"length": 0.001}, {"length": 0.0001}
    best = {"SGD": {"rate": 0.1, "learned": True}, "Adam": {"rate": 0.001, "learned": True}}
    found = steps.explain({"SGD 0.1": long, "Adam 0.001": long}, best)
    assert found["explains"] and found["spread"] == 1 and found["spread_per_rate"] == pytest.approx(100)
    assert not steps.explain({"SGD 0.1": long, "Adam 0.001": short}, best)["explains"]
    assert steps.explain({"SGD 0.1": None, "Adam 0.001": long}, best) is None
    dull = best | {"Adam": {"rate": 0.001, "learned": False}}  # what learned nothing has no best rate
    assert steps.explain({"SGD 0.1": long, "Adam 0.001": long}, dull) is None
    assert steps.explain({"SGD 0.1": long, "Adam 0.1": short}, best | {"Adam": best["SGD"]}) is None


def test_steps_are_longer_or_shorter_than_at_the_best_rate():
    best = {"SGD": {"rate": 0.01, "states": {"0.1": "large", "0.01": "best", "0.001": "small"}}}
    measured = {"SGD 0.1": {"length": 3.0}, "SGD 0.01": {"length": 2.0}, "SGD 0.001": {"length": 1.0}}
    assert steps.compare_lengths(measured, best) == {"SGD 0.1": "longer", "SGD 0.001": "shorter"}
    assert steps.compare_lengths(measured | {"SGD 0.1": None}, best) == {"SGD 0.001": "shorter"}
    assert steps.compare_lengths(measured | {"SGD 0.01": None}, best) == {}


def answer(rows, order, num_seeds=3, lengths=(0.5, 0.01, 0.0001), rates=(0.1, 0.01, 0.001)):
    """The answer of made-up rows: optimizer -> its accuracies at each rate."""
    settings = hw.replace(hw.Settings(), optimizers=tuple(rows), learning_rates=rates, num_seeds=num_seeds)
    grid = {f"{n} {rate:g}": each for n, three in rows.items() for rate, each in zip(rates, three, strict=True)}
    best = {n: verdicts.find_rates(dict(zip(rates, three, strict=True)), DIGITS) for n, three in rows.items()}
    measured = {
        key: {"steps": 7, "gradient": 0.01, "length": lengths[k % len(rates)], "weight": 0.02}
        for k, key in enumerate(grid)
    }
    values = {"grid": grid, "best": best, "order": order, "for_all": verdicts.rates_for_all(best), "steps": measured}
    values |= {"against_first": verdicts.compare_with_first(best, order, 300), "reason": steps.explain(measured, best)}
    counts = {"train": 1000, "holdout": 200, "test": 300, "enough": ENOUGH, "far": verdicts.FAR}
    values["lengths"] = steps.compare_lengths(measured, best)
    text = render(hw.__file__, {"settings": settings} | values | counts)
    assert form_faults(text) == [] and "：。" not in text and "；。" not in text
    return text


def test_opposite_failures_are_named_apart():
    sgd = [row(*GOOD), row(0.5, 0.51, 0.52), row(0.1, 0.1, 0.1)]
    adam = [row(0.2, 0.21, 0.19), row(0.7, 0.71, 0.70), row(0.94, 0.95, 0.96)]
    text = answer({"SGD": sgd, "Adam": adam}, ["Adam", "SGD"])
    first = text.splitlines()[0]
    assert "最好的是 Adam" in first and "没有对所有优化算法都最好的学习率" in first
    assert "SGD 是 0.1（所试的最大一档，更大的没有试）" in first and "Adam 是 0.001（所试的最小一档" in first
    assert "是 SGD 的最好学习率；对 Adam（20.00%）太大" in text
    assert "对 SGD（10.00%）太小；SGD 的准确率不高于总猜最多的一类，没有学会" in text
    assert "- 太大：Adam 在 0.1、0.01 时步长" in text and "- 太小：SGD 在 0.01、0.001 时步长" in text
    assert "两种偏差方向相反" in text and "步子比最好时大，可能在低处来回越过。" in text and "可能走不到。" in text
    same = answer({"SGD": sgd, "Adam": adam}, ["Adam", "SGD"], lengths=(0.1, 0.1, 0.1))
    assert "- 太大：Adam" in same and "来回越过" not in same and "走不到" not in same
    some = answer({"SGD": sgd, "Adam": adam}, ["Adam", "SGD"], lengths=(0.1, 0.5, 0.2))
    assert "倍）：Adam 在 0.01 时，步子比最好时大" in some and "走不到" not in some


def test_optimizers_that_cannot_be_told_apart_share_the_first_place():
    flat = [row(0.2, 0.21, 0.19), row(*GOOD), row(0.5, 0.51, 0.52)]
    alike = [row(0.2, 0.21, 0.19), row(*ALIKE), row(0.5, 0.51, 0.52)]
    first = answer({"SGD": flat, "Adam": alike}, ["SGD", "Adam"]).splitlines()[0]
    assert "留出图片上最高的是 SGD" in first and "Adam 与它的差别在种子之间的波动范围之内" in first
    assert "最好的是" not in first and "但 0.01 对每种优化算法都与选出的分不出高下" in first


def test_one_seed_makes_no_ranking_and_one_that_learned_nothing_has_no_best_rate():
    learned, none = [row(0.2), row(0.91), row(0.5)], [row(0.1), row(0.09), row(0.1, diverged=1)]
    text = answer({"SGD": learned, "Adam": none}, ["SGD", "Adam"], num_seeds=1)
    first = text.splitlines()[0]
    assert "只有 1 个种子，不排名次" in first and "最好的是" not in first
    assert "Adam 低于它，超出抽样误差" in first and "Adam 在所试的学习率下都没有学会" in first
    assert "Adam 的最好学习率" not in text and "各自最好的分不出高下" not in text
    assert "只计测试图片的抽样误差" in text and "当作两次独立的抽样，偏保守" in text
    assert "发散的训练按 10.00% 计" in text and "前 7 步" in text and "SGD 选出的学习率是 0.01。" in first


def test_rates_that_suit_all_are_those_that_suit_all_that_learned():
    rows = {
        name: [row(0.2, 0.21, 0.19), row(*each), row(0.5, 0.51, 0.52)]
        for name, each in (("SGD", GOOD), ("Adam", ALIKE))
    }
    rows["RMSProp"] = [row(0.0, 0.0, 0.0), row(0.0, 0.0, 0.0), row(0.1, 0.1, 0.1)]
    first = answer(rows, ["SGD", "Adam", "RMSProp"]).splitlines()[0]
    assert "但 0.01 对每种学会的优化算法都与选出的分不出高下" in first and "RMSProp 是" not in first
    assert "RMSProp 在所试的学习率下都没有学会" in first


def test_one_optimizer_has_a_chosen_rate_and_no_best_one():
    first = answer({"SGD": [row(0.2, 0.21, 0.19), row(*GOOD), row(*ALIKE)]}, ["SGD"]).splitlines()[0]
    assert "SGD 的测试准确率为 91.33%" in first and "选出的学习率是 0.01，与 0.001 分不出高下。" in first
    assert "最好的" not in first
    text = answer({"SGD": [row(*GOOD), row(0.5, 0.51, 0.52), row(0.1, 0.1, 0.1)]}, ["SGD"])
    assert "选出的学习率是 0.1（所试的最大一档，更大的没有试）。" in text.splitlines()[0]
    assert "## 步长" in text and "因优化算法而异" not in text and "发散的训练" not in text


def test_one_rate_is_neither_chosen_nor_best():
    text = answer({"SGD": [row(*GOOD)], "Adam": [row(*ALIKE)]}, ["SGD", "Adam"], rates=(0.01,), lengths=(0.5,))
    assert "学习率是" not in text and "选出的学习率" not in text.splitlines()[0] and "的最好学习率" not in text
    assert "因优化算法而异" not in text and "- 学习率" not in text


def test_where_nothing_learned_there_is_no_best():
    guesses = [row(0.1, 0.1, 0.1)] * 3
    rows = {"SGD": [row(0.12, 0.13, 0.12), *guesses[1:]], "Adam": guesses}
    first = answer(rows, ["SGD", "Adam"]).splitlines()[0]
    assert "SGD 在所试的学习率下都没有学会。Adam 在所试的学习率下都没有学会。" in first
    assert "最好的" not in first and "各自选出的学习率：" not in first
    missed = {"SGD": [row(0.1, 0.1, 0.1, holdout=0.5), row(0.5, 0.5, 0.5, holdout=0.4), guesses[0]]}
    text = answer(missed, ["SGD"])
    assert "SGD 在选出的学习率（0.1）下没有学会" in text.splitlines()[0]
    assert "- 学习率 0.01：SGD 的准确率高于总猜最多的一类，但按留出的图片没有选它。" in text


def test_steps_that_do_not_explain_the_rates_are_not_said_to():
    rows = {"SGD": [row(*GOOD), row(0.5, 0.5, 0.5), row(0.1, 0.1, 0.1)]}
    rows["Adam"] = [row(0.1, 0.1, 0.1), row(0.5, 0.5, 0.5), row(*GOOD)]
    assert "不能只用步长来解释" in answer(rows, ["SGD", "Adam"], lengths=(0.1, 0.01, 0.0002))
    assert "与下面的解释相符" in answer(rows, ["SGD", "Adam"], lengths=(0.1, 0.1, 0.1))
