"""Central differences against derivatives that are known."""

from __future__ import annotations

import numpy as np
import pytest

from paddle_camp.derivatives import central_differences


def test_a_polynomial_of_degree_two_is_exact_and_the_array_stays_as_it_was():
    values = np.array([[1.0, -2.0], [0.5, 3.0]])
    kept = values.copy()
    found = central_differences(lambda: float((values**2).sum() + values[0, 1] * values[1, 0]), values, 0.25)
    assert found.tolist() == [[2.0, -3.5], [-1.0, 6.0]]
    assert (values == kept).all()


def test_the_error_falls_with_the_square_of_the_step():
    x = np.array([0.7])
    errors = [central_differences(lambda: np.exp(x[0]), x, step)[0] - np.exp(0.7) for step in (0.1, 0.05)]
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.01)


def test_a_function_that_raises_leaves_the_array_as_it_was():
    values = np.array([1.0, 2.0])
    with pytest.raises(ZeroDivisionError):
        central_differences(lambda: 1 / 0, values, 0.1)
    assert values.tolist() == [1.0, 2.0]
