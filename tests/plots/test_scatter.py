"""Predicted against true values: a square panel per model, every sample in it."""

from __future__ import annotations

import numpy as np
import pytest

from paddle_camp.plots.scatter import true_against_predicted


@pytest.mark.parametrize("count", [1, 3, 4])
def test_every_sample_is_drawn_and_the_axes_are_alike(count):
    truth = np.array([1.0, 2.0, 50.0])
    predictions = {f"model {k}": (truth + 3 * k)[:, None] for k in range(count)}  # [N, 1], as a network gives them
    figure = true_against_predicted(truth, predictions, unit="$", subtitle="stand-in")
    panels = [axes for axes in figure.axes if axes.axison]
    assert [axes.get_title() for axes in panels] == list(predictions)
    for k, axes in enumerate(panels):
        diagonal, dots = axes.lines
        assert list(diagonal.get_xdata()) == list(diagonal.get_ydata())
        np.testing.assert_array_equal(dots.get_ydata(), truth + 3 * k)
        assert axes.get_xlim() == axes.get_ylim()
        assert axes.get_xlim()[0] < 1 and axes.get_xlim()[1] > 50 + 3 * (count - 1)
    assert figure.get_figwidth() <= 8
    figure.canvas.draw()


def test_a_model_that_is_always_the_same_can_be_drawn():
    figure = true_against_predicted([5.0, 5.0], {"constant": [5.0, 5.0]})
    low, high = figure.axes[0].get_xlim()
    assert low < 5 < high
    figure.canvas.draw()
