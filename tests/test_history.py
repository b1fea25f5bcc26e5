"""The smoothed curve: literal numbers, NaN, and windows of any length."""

from __future__ import annotations

import numpy as np
import pytest

from paddle_camp.errors import SettingError
from paddle_camp.history import smooth


def test_smooth_is_the_trailing_mean():
    result = smooth([1, 2, 3, 4, 10], 3)
    np.testing.assert_allclose(result, [1, 1.5, 2, 3, 17 / 3], rtol=1e-15)
    assert result.dtype == np.float64


def test_smooth_with_a_window_of_one_changes_nothing_and_a_long_one_averages_all_so_far():
    np.testing.assert_array_equal(smooth([3, 1, 2], 1), [3, 1, 2])
    np.testing.assert_allclose(smooth([3, 1, 2], 99), [3, 2, 2])
    assert smooth([], 5).shape == (0,)


def test_smooth_lets_a_nan_spoil_only_its_own_windows():
    result = smooth([1, float("nan"), 1, 1, 1], 2)
    np.testing.assert_array_equal(np.isnan(result), [False, True, True, False, False])


def test_smooth_refuses_an_empty_window():
    with pytest.raises(SettingError, match="window is 0"):
        smooth([1.0], 0)
