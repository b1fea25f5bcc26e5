"""Homework 1-2: gradient descent finds what least squares finds, and the market's numbers are those worked by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from markdown_it import MarkdownIt

import homework
from homework.hw1_2_written_questions import experiment as hw
from paddle_camp.errors import SettingError
from paddle_camp.running.options import Options


def test_the_gradient_of_the_mean_square():
    rng = np.random.default_rng(0)
    inputs, targets, weights = rng.normal(size=(30, 2)), rng.normal(size=30), rng.normal(size=3)
    _, gradient = hw.mean_square(weights, inputs, targets)
    steps = 1e-6 * np.eye(3)
    numerical = [
        (hw.mean_square(weights + s, inputs, targets)[0] - hw.mean_square(weights - s, inputs, targets)[0]) / 2e-6
        for s in steps
    ]
    assert gradient == pytest.approx(numerical, rel=1e-6)


def test_gradient_descent_finds_the_relation_where_there_is_no_noise():
    exact = replace(hw.Settings(), noise_minutes=0.0)
    weights, losses = hw.gradient_descent(*hw.draw_orders(exact, np.random.default_rng(3)), exact)
    assert weights == pytest.approx([12, 4, 8], abs=1e-6)
    assert losses == sorted(losses, reverse=True)


def test_with_noise_it_finds_what_least_squares_finds():
    found, _ = hw.learn(hw.Settings(), seed=0)
    assert found["difference"] < 1e-9
    errors = found["errors"]
    assert errors["learned"] < errors["no_rush"] < errors["mean"]
    assert 2.5 < errors["learned"] < 3.5  # the noise, 3 minutes, cannot be learned


def test_the_market_worked_by_hand():
    # 90 - 2w = -10 + 3w: w = 20; 115 - 2w = 50: w = 32.5; 115 - 2w = -10 + 3w: w = 25.
    market = hw.simulate(hw.Settings())
    assert market["before"] == pytest.approx((20, 50))
    assert market["short_run"] == pytest.approx([32.5, 50])
    assert market["long_run"] == pytest.approx((25, 65))
    # A year later 0.15 of the missing -10 + 3 * 32.5 - 50 have come.
    assert market["path"][1] == pytest.approx([(115 - 55.625) / 2, 55.625])
    gaps = [wage - 25 for wage, _ in market["path"]]
    assert np.divide(gaps[1:], gaps[:-1]) == pytest.approx([market["remains"]] * hw.Settings().years)
    assert market["entry"]["0.5"] > market["entry"]["1.0"] == market["long_run"][0] > market["entry"]["2.0"]


def test_the_quick_run_leaves_the_files_and_says_what_it_found(tmp_path):
    answer, path = homework.run("1-2", Options(out=str(tmp_path), quick=True))
    for name in ("metrics.json", "config.json", "env.json", "answer.md", "report.html"):
        assert (path / name).is_file(), name
    assert all((path / "figures" / f"{name}.png").is_file() for name in ("orders", "market"))
    assert "与最小二乘得到同一个解" in answer.text and "漏掉“高峰”以后" in answer.text
    assert "短期内工资上涨 62.5%" in answer.text and "| C 长期均衡 | 25.0 | 65.0 |" in answer.text
    assert "**" not in MarkdownIt().render(answer.text)  # every bold text is closed


def test_the_answer_changes_where_the_run_contradicts_it(tmp_path):
    overrides = ("num_steps=3", "adjustment=0.6", "rush_minutes=0")
    answer, _ = homework.run("1-2", Options(out=str(tmp_path), overrides=overrides))
    assert "还没有走到最小二乘的解" in answer.text and "同一个解" not in answer.text
    assert "蛛网" in answer.text and "每年缩小到" not in answer.text
    assert "漏掉“高峰”以后" not in answer.text


@pytest.mark.parametrize(
    ("overrides", "short", "long"),
    [
        ((), "50% / (0.80 + 0) = 62.5%", "50% / (0.80 + 1.20) = 25%"),
        # 90 - w = -10 + 4w: w = 20, 70 people; elasticities 2/7 and 8/7, and 35 people are half of them.
        (("demand_slope=1", "supply_slope=4", "demand_growth=35"), "50% / (0.29 + 0) = 175%", "(0.29 + 1.14) = 35%"),
        # 90 - 2w = -10 + 0.5w: w = 40, 10 people; elasticities 8 and 2, and demand grows by the half of 10.
        (("supply_slope=0.5", "demand_growth=5"), "50% / (8.00 + 0) = 6.2%", "50% / (8.00 + 2.00) = 5%"),
    ],
)
def test_the_wages_follow_from_the_elasticities(overrides, short, long, tmp_path):
    """Worked by hand; for straight lines the formula is exact, so it gives the table's wages."""
    answer, _ = homework.run("1-2", Options(out=str(tmp_path), quick=True, overrides=overrides))
    assert short in answer.text and long in answer.text
    market = answer.results["market"]
    before = market["before"]
    for wage, supply in ((market["short_run"][0], 0.0), (market["long_run"][0], market["elasticity"]["supply"])):
        share = (wage / before[0] - 1) * (market["elasticity"]["demand"] + supply)
        assert share == pytest.approx(0.5)


def test_the_words_of_the_question_have_their_names(tmp_path):
    answer, _ = homework.run("1-2", Options(out=str(tmp_path), quick=True))
    for word in ("引致需求", "边际产量", "弹性", "McKinsey & Company", "这是咨询公司的预测，不是统计"):
        assert word in answer.text


def test_same_seed_same_results():
    assert hw.learn(hw.QUICK, 1)[0] == hw.learn(hw.QUICK, 1)[0] != hw.learn(hw.QUICK, 2)[0]


@pytest.mark.parametrize(
    "values",
    [
        {"orders": 30},
        {"train_share": 1.0},
        {"learning_rate": 1.5},
        {"noise_minutes": -1.0},
        {"adjustment": 0.8},
        {"demand_people": -50.0},
    ],
)
def test_bad_settings_are_one_line(values):
    (name,) = values
    with pytest.raises(SettingError, match=f"^{name}=") as caught:
        hw.Settings(**values)
    assert "\n" not in str(caught.value)
