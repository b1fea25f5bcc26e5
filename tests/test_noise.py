"""A falling row of numbers and one that hovers; the smallest difference that can be told."""

from __future__ import annotations

import numpy as np
import pytest

from paddle_camp.noise import falls, smallest_difference


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
