"""Homework 3-1: the two formulas of tanh, where they fail, and the count of positive entries."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from markdown_it import MarkdownIt
from scipy import stats

import homework
from homework.hw3_1_tanh import experiment as hw
from homework.hw3_1_tanh.rounding import exact_derivative, rounded_tanh
from paddle_camp.answers.template import render
from paddle_camp.errors import SettingError
from paddle_camp.running.options import Options


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_stable_formula_is_tanh_everywhere(dtype):
    x = np.concatenate([np.linspace(-1000, 1000, 4001), np.logspace(-30, 3, 500), [0.0, -0.0]]).astype(dtype)
    found = hw.stable_tanh(x)
    assert found.dtype == dtype
    assert found == pytest.approx(np.tanh(x), rel=4 * float(np.finfo(dtype).eps))
    assert np.signbit(found[-1]) and not np.signbit(found[-2])  # -0 stays -0, as with np.tanh


@pytest.mark.parametrize(("dtype", "threshold"), [(np.float32, 88.72284), (np.float64, 709.782712893384)])
def test_from_which_number_on_the_questions_formula_is_nan(dtype, threshold):
    found = hw.smallest_where(lambda x: np.isnan(hw.naive_tanh(x)), dtype)
    assert found == pytest.approx(threshold, rel=1e-6)  # the logarithm of the largest number of the type
    here = np.array([found], dtype)
    assert np.isnan(hw.naive_tanh(here)) and np.isnan(hw.naive_tanh(-here))
    assert hw.naive_tanh(np.nextafter(here, dtype(0))) == 1


def test_the_search_finds_the_very_number():
    for place in (0.1, 1.0, 777.7):
        assert hw.smallest_where(lambda x, place=place: x >= place, np.float64) == place


@pytest.mark.parametrize(("dtype", "half_gap"), [(np.float32, 2.0**-25), (np.float64, 2.0**-54)])
def test_the_correctly_rounded_tanh_is_1_from_where_the_distance_is_half_a_gap(dtype, half_gap):
    found = hw.check_derivative(hw.stable_tanh, hw.sech_square, dtype)["zero_from"]
    here = -math.log(half_gap / 2) / 2  # 1 - tanh x = 2 e^(-2x), nearly: 9.011 and 19.062
    assert found["rounded"] == pytest.approx(here, rel=1e-6) and found["expected"] == pytest.approx(here)
    assert found["cosh"] > 40 > 2 * here  # it does not lose its digits to a subtraction
    just_below = np.nextafter(np.array([found["rounded"]], dtype), dtype(0))
    assert rounded_tanh(just_below) == 1 - np.finfo(dtype).epsneg


def test_the_correctly_rounded_tanh_is_that_of_a_wider_type():
    x = np.linspace(-12, 12, 101).astype(np.float32)
    assert np.array_equal(rounded_tanh(x), np.tanh(x.astype(np.float64)).astype(np.float32))
    assert float(exact_derivative(0.5)) == pytest.approx(1 - math.tanh(0.5) ** 2, rel=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_with_cosh_the_derivative_keeps_its_digits(dtype):
    errors = hw.check_derivative(hw.stable_tanh, hw.sech_square, dtype)["errors"]
    assert errors["cosh"] < 4 * np.finfo(dtype).eps < errors["difference"] / 1000
    assert hw.sech_square(np.array([1000], dtype)) == 0  # and no warning


def answer_with(dtype: str = "float32", settings: hw.Settings = hw.QUICK, **zero_from) -> str:
    """The answer, as if this type's derivative had become 0 from these places on."""
    tanh = hw.check_tanh(settings)
    tanh["types"][dtype]["zero_from"] |= zero_from
    matrix = {"positive": 50, "dtype": "bool", "expected": 50.0, "deviation": 5.0, "verdict": "cannot be told apart"}
    matrix |= {"drawn_mean": 50.0, "drawn_deviation": 5.0, "fewest": 30, "most": 70, "agrees": True}
    matrix |= {"chi_square": 9.0, "degrees_of_freedom": 9, "p_value": 0.5}
    values = {"tanh": tanh, "matrix": matrix, "entries": 100, "code": {"tanh": "…", "count": "…"}}
    return render(hw.__file__, values | {"settings": settings, "seed": 0})


def test_the_answer_says_whose_rounding_makes_the_derivative_0():
    told = answer_with(rounded=9.0109, own=8.5, numpy=10.0, cosh=52.7)
    assert "正确舍入 | 9.01 | 19.06 |" in told and "与二分查找的结果相同" in told
    assert "用稳定公式是 8.50" in told and "用本机的 np.tanh 是 10.00" in told and "才因为下溢变成 0" in told
    assert "落在画图的区间之内" in told
    other = answer_with(rounded=11.0, own=11.0, numpy=11.0, cosh=9.0)
    assert "推导或查找有误" in other and "结果相同" not in other
    assert "没有推迟变成 0 的位置" in other and "落在画图的区间之内" not in other


def test_a_wrong_place_in_float64_alone_is_said_too():
    assert "推导或查找有误" in answer_with("float64", rounded=18.0)
    assert "没有推迟变成 0 的位置" in answer_with("float64", cosh=19.0)


@pytest.mark.parametrize("difference", [1e-8, 1e-5, 1e-3, 0.05, 0.0999])
def test_the_derivative_is_held_to_what_a_central_difference_can_tell(monkeypatch, difference):
    settings = replace(hw.QUICK, difference=difference)
    assert "，公式正确。" in answer_with(settings=settings)
    right = hw.tanh_gradient
    monkeypatch.setattr(hw, "tanh_gradient", lambda x: 1.02 * right(x))
    told = answer_with(settings=settings)
    assert "公式或差分有误" in told and "公式正确" not in told


@pytest.mark.parametrize(("low", "high"), [(-10.0, 10.0), (-5.0, 10.0), (-10.0, 12.0)])
def test_only_the_questions_interval_is_called_so(low, high):
    told = answer_with(settings=replace(hw.QUICK, low=low, high=high))
    asked = (low, high) == (-10, 10)
    assert ("题目的区间还没有到这个界限" in told) == asked == ("画图的区间还没有到这个界限" not in told)


def test_the_derivative_against_central_differences():
    x, h = np.linspace(-5, 5, 101), 1e-5
    assert hw.tanh_gradient(x) == pytest.approx((np.tanh(x + h) - np.tanh(x - h)) / (2 * h), abs=1e-9)


def test_the_chi_square_test_accepts_the_right_distribution_and_refuses_a_wrong_one():
    rng, probabilities = np.random.default_rng(0), stats.binom(100, 0.5).pmf(np.arange(101))
    p_values = [hw.compare(rng.binomial(100, 0.5, 2000), probabilities)["p_value"] for _ in range(200)]
    assert 0.02 < np.mean(np.array(p_values) < 0.1) < 0.2  # a tenth of them, by definition
    wrong = hw.compare(rng.binomial(100, 0.51, 2000), probabilities)
    assert wrong["p_value"] < 1e-6 and wrong["agrees"] is False
    # By hand: 60 and 40 where 50 and 50 are expected.
    by_hand = hw.compare(np.repeat([0, 1], [60, 40]), np.array([0.5, 0.5]))
    assert by_hand["chi_square"] == pytest.approx(4) and by_hand["degrees_of_freedom"] == 1
    assert by_hand["p_value"] == pytest.approx(math.erfc(2**0.5)) and by_hand["agrees"] is True  # two-sided, 2 sigma


def test_whether_a_count_is_usual_is_an_exact_test(tmp_path, monkeypatch):
    class Drawn(np.random.Generator):  # 61 positive entries of 100: two-sided p = 0.035; 60: p = 0.057
        positive = 61

        def standard_normal(self, size):
            return np.where(np.arange(100).reshape(size) < self.positive, 1.0, -1.0)

    monkeypatch.setattr(hw.np.random, "default_rng", lambda seed: Drawn(np.random.PCG64(seed)))
    monkeypatch.setattr(hw, "draw", lambda *arguments: {})
    monkeypatch.setattr(hw, "draw_counts", lambda settings, rng: np.random.RandomState(0).binomial(100, 0.5, 2000))
    rare, _ = homework.run("3-1", Options(out=str(tmp_path), quick=True))
    Drawn.positive = 60
    usual, _ = homework.run("3-1", Options(out=str(tmp_path), quick=True))
    assert rare.results["matrix"]["verdict"] == "better" and "2.2 个标准差，这样大的偏离不常见" in rare.text
    assert usual.results["matrix"]["verdict"] == "cannot be told apart" and "属于正常的波动" in usual.text


def test_the_quick_run_leaves_the_files_and_says_what_it_found(tmp_path):
    answer, path = homework.run("3-1", Options(out=str(tmp_path), quick=True))
    for name in ("metrics.json", "config.json", "env.json", "answer.md", "report.html"):
        assert (path / name).is_file(), name
    assert all((path / "figures" / f"{name}.png").is_file() for name in ("tanh", "errors", "counts"))
    matrix = answer.results["matrix"]
    assert f"有 {matrix['positive']} 个元素大于 0" in answer.text and matrix["dtype"] == "bool"
    assert abs(matrix["drawn_mean"] - 50) < 0.5 and abs(matrix["drawn_deviation"] - 5) < 0.5
    assert "与二项分布没有矛盾" in answer.text and "公式正确" in answer.text
    prose = "".join(answer.text.split("```")[::2])
    assert "**" not in MarkdownIt().render(prose)  # every bold text is closed
    assert "def stable_tanh(x" in answer.text and "q = p > 0" in answer.text  # the code that ran
    assert "题目的区间还没有到这个界限" in answer.text and "仍得到有限的数" in answer.text


def test_an_interval_beyond_the_threshold_is_said(tmp_path):
    answer, _ = homework.run("3-1", Options(out=str(tmp_path), quick=True, overrides=("high=100", "rows=3")))
    assert "画图的区间里已经出现了 nan" in answer.text and "B(30, 1/2)" in answer.text


def test_same_seed_same_counts():
    quick = replace(hw.QUICK, draws=300)
    first, again, other = (hw.draw_counts(quick, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


@pytest.mark.parametrize(
    "values",
    [{"low": 20.0}, {"points": 1}, {"difference": 0.0}, {"rows": 0}, {"draws": 10}, {"high": 5000.0}, {"low": -1001.0}],
)
def test_bad_settings_are_one_line(values):
    with pytest.raises(SettingError, match=f"{next(iter(values))}=") as caught:
        hw.Settings(**values)
    assert "\n" not in str(caught.value)
