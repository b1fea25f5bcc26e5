"""Shares and classifiers compared, against literal values of R, of textbooks and of the papers, turned around."""

from __future__ import annotations

import json

import numpy as np
import pytest

from paddle_camp.comparisons import (
    compare_classifiers,
    compare_share,
    compare_shares,
    compare_with_majority,
    mcnemar,
    share_interval,
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
