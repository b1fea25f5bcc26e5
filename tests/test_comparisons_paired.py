"""Paired numbers, spreads and choices among several, against values of R and of textbooks; and ties."""

from __future__ import annotations

import json

import numpy as np
import pytest

from paddle_camp.comparisons import (
    compare_paired,
    compare_shares,
    compare_spreads,
    compare_with_value,
    find_best,
    holm,
    leaders,
    mcnemar,
    verdict_of,
)
from paddle_camp.errors import SettingError

EVEN = "cannot be told apart"

# Student's sleep data (1908): extra hours of sleep of ten patients with either drug; R: t.test(x, y, paired = TRUE).
DRUG_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]

DRUG_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def test_paired_numbers_as_in_the_first_paired_t_test():
    found = compare_paired(DRUG_1, DRUG_2)
    assert found["difference"] == pytest.approx(-1.58)
    assert found["p_value"] == pytest.approx(0.00283289, rel=1e-5)
    assert found["interval"] == [pytest.approx(-2.4598858, abs=1e-6), pytest.approx(-0.7001142, abs=1e-6)]
    assert found["verdict"] == "worse"
    assert compare_paired(DRUG_1, DRUG_2, lower_is_better=True)["verdict"] == "better"
    turned = compare_paired(np.array(DRUG_2)[:, None], DRUG_1)
    assert (turned["verdict"], turned["p_value"]) == ("better", pytest.approx(found["p_value"]))
    assert json.loads(json.dumps(found)) == found


def test_what_both_share_drops_out():
    """Seeds that differ much more than the two things that are compared with each of them."""
    base = np.array([0.1, 0.5, 0.9, 0.3])
    found = compare_paired(base + 0.01 + np.array([0.001, -0.001, 0.001, -0.001]), base)
    assert found["verdict"] == "better"


@pytest.mark.parametrize("gap", [0.0, 0.3, -5.0])
def test_one_seed_tells_nothing(gap):
    assert compare_paired([0.9 + gap], [0.9]) == {
        "verdict": EVEN, "difference": pytest.approx(gap), "p_value": None, "interval": None,
    }  # fmt: skip
    assert compare_with_value([0.9 + gap], 0.9)["verdict"] == EVEN


@pytest.mark.parametrize(
    ("seeds", "p_value", "verdict"), [(2, 0.5, EVEN), (3, 0.25, EVEN), (5, 0.0625, EVEN), (6, 2 / 64, "better")]
)
def test_equal_differences_are_no_certainty(seeds, p_value, verdict):
    """Accuracies come in steps of a picture: two equal differences have no variance at all."""
    first = np.linspace(0.5, 0.9, seeds)
    found = compare_paired(first + 0.01, first)
    assert (found["p_value"], found["verdict"]) == (pytest.approx(p_value), verdict)


def test_no_difference_at_all_is_a_tie():
    assert compare_paired(DRUG_1, DRUG_1) == {"verdict": EVEN, "difference": 0.0, "p_value": 1.0, "interval": None}
    assert compare_paired([1.0] * 9, [1.0] * 9, lower_is_better=True)["verdict"] == EVEN
    assert compare_paired([0.0] * 9, [0.0] * 9)["verdict"] == EVEN


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [
        ([1.0, 2.0], [1.0], "2 numbers against 1: they are compared one by one"),
        ([], [], "0 numbers against 0"),
        ([1.0, np.nan], [1.0, 2.0], "a NaN or an infinite number"),
        ([1.0, 2.0], [1.0, np.inf], "a NaN or an infinite number"),
    ],
)
def test_what_is_no_pair_is_refused(first, second, says):
    with pytest.raises(SettingError, match=says):
        compare_paired(first, second)


def test_numbers_against_a_fixed_one():
    found = compare_with_value(DRUG_2, 0.0)  # R: t.test(x): t = 3.6799, df = 9, p-value = 0.005076
    assert (found["verdict"], found["p_value"]) == ("better", pytest.approx(0.005076, abs=1e-6))
    assert found["interval"] == [pytest.approx(0.8976775, abs=1e-6), pytest.approx(3.7623225, abs=1e-6)]
    assert compare_with_value(DRUG_1, 0.0)["verdict"] == EVEN  # p-value = 0.2176
    assert compare_with_value([2.0, 2.2, 1.9], 10.0, lower_is_better=True)["verdict"] == "better"


def test_which_of_two_scatters_less():
    wide, narrow = np.array([-4.0, 0.0, 4.0, 0.0]), np.array([-0.4, 0.0, 0.4, 0.0])
    found = compare_spreads(narrow, wide, resolution=1e-6)
    # F = 1/100 with 3 and 3 degrees of freedom: twice I(1/101; 3/2, 3/2), of which there is a closed form.
    p_value = 4 / np.pi * (np.arcsin(101**-0.5) - 99 / 101 * 10 / 101)
    assert (found["verdict"], found["p_value"]) == ("better", pytest.approx(p_value, abs=1e-6))
    assert found["difference"] == pytest.approx(-3.6 * np.sqrt(8 / 12))
    assert compare_spreads(wide, narrow, resolution=1e-6)["verdict"] == "worse"
    assert compare_spreads(wide, wide, resolution=1e-6)["verdict"] == EVEN
    assert compare_spreads([3.0], wide, resolution=1e-6)["verdict"] == EVEN
    # Four equal accuracies on 100 pictures against four within a picture.
    flat, step = [0.9] * 4, [0.9, 0.91, 0.9, 0.91]
    assert compare_spreads(flat, step, resolution=0.01)["verdict"] == EVEN
    found = compare_spreads(flat, flat, resolution=0.01)
    assert (found["verdict"], found["difference"], found["p_value"]) == (EVEN, 0.0, pytest.approx(1.0))
    with pytest.raises(SettingError, match="resolution=0: must be positive"):
        compare_spreads(flat, step, resolution=0)


def test_what_an_interval_says_of_a_number():
    assert verdict_of([0.6, 0.9], 0.5) == "better" and verdict_of([0.1, 0.4], 0.5) == "worse"
    assert verdict_of([0.6, 0.9], 0.5, lower_is_better=True) == "worse"
    assert verdict_of([0.1, 0.4], 0.5, lower_is_better=True) == "better"
    assert [verdict_of(interval, 0.5) for interval in ([0.4, 0.6], [0.5, 0.6], [0.4, 0.5], None)] == [EVEN] * 4


def test_holm_allows_for_the_number_of_comparisons():
    """R: p.adjust(c(0.021484375, 0.03125, 0.001953125, 1), "holm")."""
    found = {"a": mcnemar(9, 1), "b": mcnemar(0, 6), "c": mcnemar(0, 10), "d": mcnemar(3, 3)}
    found["e"] = compare_paired([1.0], [2.0])
    adjusted = holm(found)
    assert list(adjusted) == list(found)
    assert [row["p_value"] for row in adjusted.values()] == [0.064453125, 0.064453125, 0.0078125, 1.0, None]
    assert [row["verdict"] for row in adjusted.values()] == [EVEN, EVEN, "worse", EVEN, EVEN]
    assert found["a"]["verdict"] == "better" and adjusted["a"]["only_first"] == 9
    assert holm({"a": found["a"]}) == {"a": found["a"]} and holm({}) == {}


def test_the_best_are_all_that_share_the_best_value():
    values = {"lenet": 0.5, "vgg": 0.9, "resnet": 0.9}
    assert leaders(values) == ["vgg", "resnet"] and leaders(values, lower_is_better=True) == ["lenet"]
    assert leaders({"one": 0.1}) == ["one"]


def test_only_the_scatter_within_a_group_counts():
    """Three trainings that lie far apart, each of which hardly wavers, against three that waver a lot."""
    steady = [0.70, 0.71, 0.70, 0.72, 0.80, 0.81, 0.80, 0.82, 0.90, 0.91, 0.90, 0.92]
    waver = [0.7, 0.9, 0.6, 0.8, 0.7, 0.9, 0.6, 0.8, 0.7, 0.9, 0.6, 0.8]
    assert compare_spreads(steady, waver, resolution=0.005, groups=3)["verdict"] == "better"
    assert compare_spreads(steady, waver, resolution=0.005)["verdict"] == EVEN
    assert compare_spreads([0.5, 0.6, 0.7], [0.5, 0.6, 0.7], resolution=0.01, groups=3)["verdict"] == EVEN
    with pytest.raises(SettingError, match="groups=2: of unequal sizes"):
        compare_spreads([0.5, 0.6, 0.7], waver, resolution=0.01, groups=2)


def test_of_equal_things_one_in_twenty_is_told_apart():
    """The verdicts' error rate: exact tests stay below 5 %, the t-test is at it."""
    rng = np.random.default_rng(0)
    paired = [compare_paired(rng.normal(size=5), rng.normal(size=5))["verdict"] for _ in range(1000)]
    exact = [mcnemar(k, 20 - k)["verdict"] for k in rng.binomial(20, 0.5, 1000).tolist()]
    counts = zip(rng.binomial(40, 0.9, 500).tolist(), rng.binomial(60, 0.9, 500).tolist(), strict=True)
    shares = [compare_shares(a, 40, b, 60)["verdict"] for a, b in counts]
    assert 0.03 < np.mean([verdict != EVEN for verdict in paired]) < 0.07
    assert 0.01 < np.mean([verdict != EVEN for verdict in exact]) < 0.06
    assert 0.0 <= np.mean([verdict != EVEN for verdict in shares]) < 0.06


def test_the_best_is_compared_with_every_other_one():
    values = {"wide": [1.0, 1.2, 1.1], "narrow": [2.0, 2.21, 2.1], "noisy": [0.3, 2.1, 1.0]}
    found = find_best(values, lower_is_better=True)
    assert found["name"] == "wide" and list(found["against"]) == ["narrow", "noisy"]
    alone = compare_paired(values["wide"], values["narrow"], lower_is_better=True)
    assert found["against"]["narrow"]["verdict"] == "better"
    assert found["against"]["narrow"]["p_value"] == 2 * alone["p_value"]  # one of two comparisons
    assert found["against"]["noisy"]["verdict"] == EVEN
    assert find_best(values)["name"] == "narrow"
    assert find_best({"a": [1.0], "b": [2.0]}) == {"name": "b", "against": {"a": compare_paired([2.0], [1.0])}}
    assert find_best({"a": [1.0, 2.0]}) == {"name": "a", "against": {}}
    with pytest.raises(SettingError, match="nothing to find the best of"):
        find_best({})
