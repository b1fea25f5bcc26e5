"""A falling row of numbers and one that hovers; the smallest difference that can be told."""

from __future__ import annotations

import numpy as np
import pytest

from paddle_camp.noise import compare_over_seeds, falls, same_share, smallest_difference


def noisy(values, deviation=0.02, seed=0):
    return np.asarray(values) + np.random.default_rng(seed).normal(0, deviation, len(values))


def test_a_fall_within_the_noise_of_neighbours_is_seen():
    assert falls(noisy(np.linspace(0.5, 0.4, 20)))  # a step is a quarter of the noise
    assert not falls(noisy(np.linspace(0.4, 0.5, 20)))


def test_a_row_that_hovers_falls_in_one_of_twenty():
    found = [falls(noisy(np.full(20, 0.5), seed=seed)) for seed in range(400)]
    assert 0.02 <= np.mean(found) <= 0.09


def test_two_numbers_show_no_trend():
    assert not falls([1.0, 0.0]) and falls([2.0, 1.0, 0.0])


def test_the_smallest_difference_is_that_of_two_normal_numbers():
    assert smallest_difference(0.02) == pytest.approx(0.0554362, abs=1e-6)  # 1.959964 sqrt(2) 0.02
    assert smallest_difference(0.0) == 0.0


def test_three_seeds_are_paired_and_fewer_are_shares_of_the_samples():
    paired = compare_over_seeds([0.90, 0.92, 0.912], [0.89, 0.91, 0.90], 300)
    assert paired["verdict"] == "better" and paired["difference"] == pytest.approx(0.032 / 3)
    one = compare_over_seeds([0.91], [0.90], 300)  # 273 and 270 of 300
    assert one["verdict"] == "cannot be told apart" and one["interval"][0] < 0 < one["interval"][1]
    assert compare_over_seeds([0.91], [0.80], 300)["verdict"] == "better"
    assert compare_over_seeds([0.80, 0.81], [0.95, 0.96], 300)["verdict"] == "worse"


def test_shares_of_groups_are_compared_by_chi_squared():
    """Of 10, 10 and 10 right 10, 6, 10: 4 wrong ones where 4/3 are expected in each group."""
    expected, wrong = 10 * 26 / 30, 4 / 3
    statistic = 2 * (10 - expected) ** 2 / expected + (6 - expected) ** 2 / expected
    statistic += 2 * wrong**2 / wrong + (4 - wrong) ** 2 / wrong
    assert same_share([10, 6, 10], [10, 10, 10]) == pytest.approx(np.exp(-statistic / 2))  # two degrees of freedom
    assert same_share([5], [9]) is same_share([3, 3], [3, 3]) is same_share([0, 0], [3, 3]) is None
