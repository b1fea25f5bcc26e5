"""Comparisons against literal values of R, of textbooks and of the papers, turned around, and where nothing is told."""

from __future__ import annotations

import json

import numpy as np
import pytest

from paddle_camp.comparisons import (
    compare_classifiers,
    compare_paired,
    compare_share,
    compare_shares,
    compare_spreads,
    compare_with_majority,
    compare_with_value,
    find_best,
    holm,
    leaders,
    mcnemar,
    share_interval,
    smallest_difference,
    verdict_of,
)
from paddle_camp.errors import DataError, SettingError

EVEN = "cannot be told apart"


@pytest.mark.parametrize(
    ("first", "second", "p_value", "verdict"),
    [  # binom.test(first, first + second) of R; 12 binary digits are exact
        (9, 1, 22 / 1024, "better"),
        (1, 9, 22 / 1024, "worse"),
        (6, 0, 2 / 64, "better"),
        (5, 0, 2 / 32, EVEN),  # with five discordant samples nothing can be told
        (0, 5, 2 / 32, EVEN),
        (8, 2, 112 / 1024, EVEN),
        (1, 0, 1.0, EVEN),
        (4, 4, 1.0, EVEN),
        (0, 0, 1.0, EVEN),
        (5, 15, 0.04138947, "worse"),
    ],
)
def test_mcnemar_is_exact(first, second, p_value, verdict):
    found = mcnemar(first, second)
    assert found["p_value"] == pytest.approx(p_value, rel=1e-6)
    assert (found["verdict"], found["difference"], found["interval"]) == (verdict, first - second, None)
    assert (found["only_first"], found["only_second"]) == (first, second)
    assert json.loads(json.dumps(found)) == found


def test_mcnemar_refuses_what_is_no_count():
    with pytest.raises(SettingError, match="only_first=-1, only_second=3: counts from 0 on"):
        mcnemar(-1, 3)


def test_two_classifiers_on_the_same_samples():
    labels = np.arange(12) % 2
    right, wrong = np.eye(2)[labels], np.eye(2)[1 - labels]
    mixed = np.where(np.arange(12)[:, None] < 7, wrong, right)
    found = compare_classifiers(right, mixed, labels[:, None])
    assert (found["only_first"], found["only_second"], found["verdict"]) == (7, 0, "better")
    assert compare_classifiers(mixed, right, labels)["verdict"] == "worse"
    assert compare_classifiers(mixed, mixed, labels)["verdict"] == EVEN
    assert isinstance(found["only_first"], int)
    with pytest.raises(DataError, match=r"labels \[11\] for predictions \[12\]"):
        compare_classifiers(right, mixed, labels[1:])


@pytest.mark.parametrize(
    ("right", "count", "low", "high"),
    [  # Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (20, 20, 0.8389, 1.0),
        (1, 1, 0.2065, 1.0),
        (0, 1, 0.0, 0.7935),
        (97, 100, 0.9155, 0.9897),
    ],
)
def test_the_interval_of_a_share(right, count, low, high):
    assert share_interval(right, count) == [pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5)]
    if right in (0, count):
        assert share_interval(right, count)[right == count] == (right == count)  # exactly
    narrow = share_interval(right, count, level=0.5)
    assert low <= narrow[0] < narrow[1] <= high + 1e-4


@pytest.mark.parametrize(
    ("right", "count", "says"),
    [(0, 0, "count=0: a share needs"), (5, 4, "right=5: give a number from 0 to 4"), (-1, 4, "right=-1")],
)
def test_what_is_no_share_is_refused(right, count, says):
    for function in (share_interval, lambda r, n: compare_share(r, n, 0.5), lambda r, n: compare_shares(r, n, 1, 2)):
        with pytest.raises(SettingError, match=says):
            function(right, count)


@pytest.mark.parametrize(
    ("right", "count", "reference", "p_value", "verdict"),
    [
        (682, 925, 0.75, 0.3825, EVEN),  # Conover's example in the help of R's binom.test
        (60, 100, 0.5, 0.05688793, EVEN),
        (61, 100, 0.5, 0.03520020, "better"),
        (39, 100, 0.5, 0.03520020, "worse"),
        (10, 10, 0.5, 2 / 1024, "better"),
        (0, 10, 0.5, 2 / 1024, "worse"),
        (1, 1, 0.5, 1.0, EVEN),
        (10, 10, 1.0, 1.0, EVEN),
        (9, 10, 1.0, 0.0, "worse"),
    ],
)
def test_a_share_against_a_known_one(right, count, reference, p_value, verdict):
    found = compare_share(right, count, reference)
    assert found["p_value"] == pytest.approx(p_value, abs=5e-5) and found["verdict"] == verdict
    assert found["difference"] == right / count - reference


def test_a_known_share_is_one():
    with pytest.raises(SettingError, match="reference=50: give a share from 0 to 1"):
        compare_share(1, 2, 50)


def test_an_accuracy_against_the_commonest_label():
    labels = np.repeat([0, 1], [30, 70])
    assert compare_with_majority(70, labels) == compare_share(70, 100, 0.7)
    assert compare_with_majority(70, labels)["verdict"] == EVEN
    assert compare_with_majority(85, labels[:, None])["verdict"] == "better"
    assert compare_with_majority(55, labels)["verdict"] == "worse"
    assert compare_with_majority(100, np.zeros(100, int))["verdict"] == EVEN  # one class: nothing to learn
    assert compare_with_majority(30, np.arange(100) % 10)["verdict"] == "better"  # ten classes: of 10
    with pytest.raises(DataError, match="there is no sample"):
        compare_with_majority(0, np.zeros(0, int))


@pytest.mark.parametrize(
    ("right", "count", "other", "others", "low", "high", "verdict"),
    [  # Newcombe, Statistics in Medicine 17 (1998) 873-890, table II, method 11
        (56, 70, 48, 80, 0.0428, 0.3422, "better"),
        (9, 10, 3, 10, 0.1013, 0.8387, "better"),
        (48, 80, 56, 70, -0.3422, -0.0428, "worse"),
        # Three against none of three are told apart, two are not, as by Boschloo's exact test (p 0.031 and 0.125).
        (3, 3, 0, 3, 0.0242, 1.0, "better"),
        (2, 2, 0, 2, -0.1344, 1.0, EVEN),
        (1, 1, 0, 1, -0.3370, 1.0, EVEN),
        (5, 5, 5, 5, -0.5371, 0.5371, EVEN),
    ],
)
def test_two_shares_of_different_samples(right, count, other, others, low, high, verdict):
    found = compare_shares(right, count, other, others)
    assert found["interval"] == [pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5)]
    assert (found["verdict"], found["p_value"]) == (verdict, None)
    assert found["difference"] == pytest.approx(right / count - other / others)


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


def test_the_smallest_difference_that_can_be_told():
    assert smallest_difference(0.02) == pytest.approx(0.0554362, abs=1e-6)  # 1.959964 sqrt(2) 0.02
    assert smallest_difference(0.0) == 0.0


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
