"""Figures of panels and pictures show what they were given."""

from __future__ import annotations

import numpy as np
import pytest

from paddle_camp import plots
from tests.helpers.figures import legend_of, texts


def test_bars_have_their_length_their_number_and_their_interval():
    panels = {"AUC": [0.5, 0.9], "parameters": [10.0, 1000.0]}
    intervals = {"AUC": [(0.4, 0.6), (0.85, 0.99)]}
    figure = plots.bar_panels(["a", "b$"], panels, linear={"AUC": (0, 1)}, intervals=intervals)
    auc, parameters = figure.axes
    assert [bar.get_width() for bar in auc.patches] == [0.5, 0.9]
    assert auc.get_xscale() == "linear" and parameters.get_xscale() == "log"
    assert [line.get_xdata().tolist() if hasattr(line.get_xdata(), "tolist") else list(line.get_xdata())
            for line in auc.lines] == [[0.4, 0.6], [0.85, 0.99]]  # fmt: skip
    assert {"0.5", "0.9", "10", "1,000", "b$"} <= set(texts(figure))


@pytest.mark.parametrize(
    ("values", "written"),
    [
        ([0.6, 0.97], ["0.60", "0.97"]),
        ([12.3, 456.0, 7.89, 1e5], ["12.3", "456", "7.89", "100,000"]),
        ([0.5, 999.7, 3.0], ["0.5", "1,000", "3.0"]),
        ([1e-7, 0.5], ["1e-07", "0.5"]),
    ],
)
def test_the_numbers_of_a_panel_have_the_same_decimals_within_three_digits(values, written):
    figure = plots.bar_panels(["bar"] * len(values), {"": values})
    assert [text for text in texts(figure) if text in written] == written


def test_more_than_four_quantities_take_a_second_row():
    figure = plots.bar_panels(["a"], {str(i): [1.0] for i in range(7)})
    shown = [axes for axes in figure.axes if axes.axison]
    assert len(shown) == 7 and len({round(axes.get_subplotspec().rowspan.start) for axes in shown}) == 2


def test_strips_show_every_training_and_say_who_diverged():
    panels = {"loss": [[0.2, 0.4], []], "accuracy": [[0.9, 0.8], []]}
    figure = plots.strip_panels(["good", "bad"], panels, marks={"loss": {"chance": 0.69}})
    loss, accuracy = figure.axes
    dots = [line for line in loss.lines if line.get_marker() == "o"]
    assert [list(line.get_xdata()) for line in dots] == [[0.2, 0.4]]
    mean = [line for line in accuracy.lines if line.get_marker() == "|"]
    assert list(mean[0].get_xdata()) == [pytest.approx(0.85)]
    assert texts(figure).count("diverged") == 2 and "chance" in texts(figure)


def test_the_label_of_a_narrow_panel_is_broken_and_its_longest_bar_leaves_room_for_the_number():
    panels = {"multiply-adds (millions)": [0.5, 15470.0], "b": [1.0, 2.0], "c": [1.0, 2.0], "d": [1.0, 2.0]}
    axes = plots.bar_panels(["x", "y"], panels, linear=dict.fromkeys(panels)).axes[0]
    assert axes.get_xlabel() == "multiply-adds\n(millions)"
    assert axes.get_xlim()[0] == 0 and 1.5 * 15470 < axes.get_xlim()[1] < 1e5


@pytest.mark.parametrize("values, named", [([0.2, 0.69], [0.1, 1]), ([0.002, 0.69], [0.01, 0.1])])
def test_a_logarithmic_strip_names_powers_of_ten_only_and_two_at_least(values, named):
    axes = plots.strip_panels(["a"], {"loss": [values]}, log=["loss"]).axes[0]
    low, high = axes.get_xlim()
    assert low < min(values) and max(values) < high
    assert [tick for tick in axes.get_xticks() if 0.999 * low <= tick <= 1.001 * high] == pytest.approx(named)
    assert not any(axes.xaxis.get_minor_formatter().format_ticks(axes.get_xticks(minor=True)))


def test_a_label_has_one_colour_in_all_panels():
    curves = {"one": {"a": ([1, 2], [3, 4]), "b": ([1, 2], [1, 1])}, "two": {"b": ([1, 2], [2, 2])}}
    figure = plots.line_panels(curves, "x", "y", log="y")
    one, two = figure.axes
    assert one.lines[1].get_color() == two.lines[0].get_color() != one.lines[0].get_color()
    assert legend_of(figure) == ["a", "b"]
    assert one.get_yscale() == "log" and one.get_xscale() == "linear"
    assert {"one", "two", "x", "y"} <= set(texts(figure))


@pytest.mark.parametrize(
    ("values", "names"),
    [([180, 470], ["200", "300", "400"]), ([0.03, 2], ["0.1", "1"]), ([1e-7, 1], ["$\\mathdefault{10^{-5}}$"])],
)
def test_short_numbers_on_a_logarithmic_axis_are_written_out(values, names):
    axes = plots.line_panels({"": {"a": ([1, 2], values)}}, "x", "y", log="y").axes[0]
    named = [*axes.yaxis.get_major_formatter().format_ticks(axes.get_yticks())]
    named += axes.yaxis.get_minor_formatter().format_ticks(axes.get_yticks(minor=True))
    assert set(names) <= set(named)


def test_whole_numbers_have_whole_ticks_and_every_column_its_numbers():
    """There is no epoch 1.5; and above an empty cell the axis is named all the same."""
    curves = {name: {"a": ([1, 2], [3, 4])} for name in "abcd"} | {"e": {"a": ([1, 2], [3, 4])}}
    figure = plots.line_panels(curves, "epochs finished", "loss")
    shown = [axes for axes in figure.axes if axes.axison]
    assert all(float(tick).is_integer() for tick in shown[0].get_xticks())
    lowest = [axes.get_xlabel() == "epochs finished" for axes in shown]
    numbered = [axes.xaxis.get_major_ticks()[0].label1.get_visible() for axes in shown]
    assert lowest == numbered == [False, False, True, True, True]
    fractions = plots.line_panels({"": {"a": ([0.2, 0.4], [3, 4])}}, "x", "y").axes[0]
    assert not all(float(tick).is_integer() for tick in fractions.get_xticks())


def test_a_curve_does_not_hide_another_that_it_runs_along():
    """The later one lies over it in dashes; curves apart, and those that only cross, stay as they are."""
    x = [1, 2, 3, 4]
    curves = {"a": (x, [1, 2, 4, 8]), "b": (x[1:], [2, 4, 8]), "c": (x, [1, 2, 4, np.nan]), "d": (x, [9, 3, 7, 4])}
    a, b, c, d = plots.line_panels({"": curves}, "x", "y", log="y").axes[0].lines
    assert [line.is_dashed() for line in (a, b, c, d)] == [False, True, True, False]
    assert len({line.get_linewidth() for line in (a, b, c, d)}) == 1  # no band, which would look like an uncertainty
    assert c.zorder > b.zorder > a.zorder == d.zorder
    level = {"a": (x[1:], [4, 2, 1]), "level": ([1, 4], [1, 1])}  # they meet in the last point, one of the level's two
    assert not any(line.is_dashed() for line in plots.line_panels({"": level}, "x", "y").axes[0].lines)
    curves = {"a": (x, [np.nan] * 4), "none": ([], []), "b": (x, [1, 2, 3, 4]), "nothing": ([], [])}
    gaps = plots.line_panels({"": curves}, "x", "y").axes[0]
    assert len({line.zorder for line in gaps.lines}) == 1


def test_panels_with_an_axis_each_are_named_below_it():
    curves = {"width": {"a": ([1, 1000], [1, 2])}, "depth": {"a": ([1, 8], [1, 2])}}
    figure = plots.line_panels(curves, "", "seconds", share_x=False)
    assert [axes.get_xlabel() for axes in figure.axes] == ["width", "depth"]
    assert figure.axes[0].get_xlim()[1] > 500 > figure.axes[1].get_xlim()[1]


def test_a_histogram_stands_beside_what_is_expected():
    figure = plots.histogram_figure([1, 2, 3], [0.2, 0.5, 0.3], "k", expected=[0.25, 0.5, 0.25], marks={"mean": 2})
    axes = figure.axes[0]
    assert [bar.get_height() for bar in axes.patches] == [0.2, 0.5, 0.3]
    assert list(axes.lines[0].get_ydata()) == [0.25, 0.5, 0.25]
    assert legend_of(figure) == ["seen", "expected"] and "mean" in texts(figure)
    assert not plots.histogram_figure([1], [1], "k").legends


def test_wrong_pictures_are_those_that_a_classifier_gets_wrong():
    images = np.zeros((4, 3, 8, 8), np.uint8)
    labels = np.array([0, 1, 0, 1])
    probability = {"good": np.array([0.1, 0.9, 0.2, 0.8]), "bad": np.array([0.9, 0.2, 0.3, 0.7])}
    figure = plots.wrong_pictures(images, labels, probability)
    said = texts(figure)
    assert "good (0 wrong)" in said and "bad (2 wrong)" in said
    assert sum(text.startswith("true ") for text in said) == 2
    assert {"0.90", "0.20", "0.10"} <= set(said) and "0.30" not in said  # the third picture nobody gets wrong
    crowd = plots.wrong_pictures(np.repeat(images, 20, 0), np.tile(labels, 20), {"x": np.tile([0.9, 0.1] * 2, 20)})
    assert any("(30 of 80)" in text for text in texts(crowd))
    nobody = plots.wrong_pictures(images, labels, {"good": probability["good"]})
    assert not any(text.startswith("true ") for text in texts(nobody))


def test_the_steps_of_a_preparation():
    steps = {"grey": np.zeros((40, 30), np.uint8), "28 x 28": np.ones((28, 28), np.uint8)}
    said = texts(plots.steps_figure(steps, title="t"))
    assert {"grey", "30 x 40", "t"} <= set(said)


def test_a_cell_without_a_number_says_why():
    figure = plots.heat_map([[1.0, np.nan]], rows=["r"], columns=["a", "b"], empty="diverged")
    assert "diverged" in texts(figure)
    plots.heat_map([[np.nan]], rows=["r"], columns=["a"], empty="diverged")
