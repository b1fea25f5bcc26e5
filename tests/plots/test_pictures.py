"""Figures of results show what they were given: counts, curves with their areas, pictures, numbers."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import to_hex

from paddle_camp import plots
from tests.helpers.figures import NOTE, texts


def test_confusion_figure_writes_counts_and_shares_and_survives_an_absent_class():
    figure = plots.confusion_figure(np.array([[180, 20], [0, 0]]), ["not PM", "PM"], subtitle=NOTE)
    found = texts(figure)
    assert {"180\n90.0%", "20\n10.0%", "0\n0.0%", "not PM", "PM", NOTE} <= set(found)


def test_of_many_classes_the_mistakes_alone_are_written_in():
    matrix = 30 * np.eye(43, dtype=int)
    matrix[2, 5] = 4
    matrix[7] = 0  # a class without pictures
    names = [f"sign {k}" for k in range(43)]
    figure = plots.confusion_figure(matrix, names, subtitle=NOTE)
    axes = figure.axes[0]
    assert [(text.get_text(), text.get_position()) for text in axes.texts] == [("4", (5, 2))]
    assert [label.get_text() for label in axes.get_yticklabels()] == names
    assert [label.get_text() for label in axes.get_xticklabels()] == names
    figure.canvas.draw()
    tops = [label.get_window_extent().y1 for label in axes.get_yticklabels()]
    bottoms = [label.get_window_extent().y0 for label in axes.get_yticklabels()]
    assert all(below <= above + 1 for below, above in zip(tops[1:], bottoms, strict=False))  # no name on another


def test_roc_figure_names_each_curve_with_its_area():
    rates = np.array([0, 0.1, 1.0])
    figure = plots.roc_figure({"decayed": (rates, np.array([0, 0.9, 1.0]), 0.9)})
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["chance (AUC 0.5)", "decayed (AUC 0.900)"]
    np.testing.assert_array_equal(axes.lines[1].get_xdata(), rates)


def test_picture_grid_turns_bgr_to_rgb_and_frames_the_marked_ones():
    images = np.zeros((3, 3, 8, 8), np.uint8)
    images[:, 2] = 200  # BGR: red
    figure = plots.picture_grid(images, ["a_$1$.jpg", "b.jpg", "c.jpg"], np.array([False, True, False]), columns=2)
    first, second, third, unused = figure.axes
    assert first.images[0].get_array()[0, 0].tolist() == [200, 0, 0]
    widths = [axes.spines["left"].get_linewidth() for axes in (first, second, third)]
    assert widths[1] > 3 and max(widths[0], widths[2]) < 1
    red = to_hex(second.spines["left"].get_edgecolor())
    assert red == "#c1121f" and first.get_title() == "a_$1$.jpg"
    assert not unused.axison


def test_picture_grid_takes_grey_pictures_and_none_at_all(tmp_path):
    plots.save(plots.picture_grid(np.zeros((1, 1, 8, 8), np.uint8), ["7"], [True]), tmp_path / "grey.png")
    plots.save(plots.picture_grid(np.zeros((0, 3, 8, 8), np.uint8), [], []), tmp_path / "none.png")


def test_wrong_predictions_come_first_in_red():
    images = np.zeros((6, 3, 8, 8), np.uint8)
    labels = np.array([0, 1, 0, 1, 0, 1])
    probability = np.array([0.1, 0.2, 0.8, 0.9, 0.3, 0.7])  # wrong: the second and the third
    figure = plots.prediction_grid(images, [f"{i}.jpg" for i in range(6)], labels, probability, count=5)
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert [title.splitlines()[0] for title in titles] == ["1.jpg", "2.jpg", "0.jpg", "3.jpg", "4.jpg"]
    assert titles[0].splitlines()[1:] == ["true: 1", "P(1) = 0.20"]
    assert "Predictions, the wrong ones first" in texts(figure)


def test_the_classes_have_names_and_mistakes_that_find_no_room_are_counted():
    images, labels = np.zeros((6, 3, 8, 8), np.uint8), np.array([0, 1, 0, 1, 0, 1])
    options = {"classes": ("not PM", "PM"), "count": 3}
    figure = plots.prediction_grid(images, "abcdef", labels, 1.0 - labels, **options)
    assert "a\ntrue: not PM\nP(PM) = 1.00" in texts(figure) and "b\ntrue: PM\nP(PM) = 0.00" in texts(figure)
    assert "Predictions, the wrong ones first (2 of 6 shown)" in texts(figure)


def test_a_heat_map_writes_its_numbers_and_leaves_gaps():
    figure = plots.heat_map(np.array([[1.0, np.nan], [3.0, 4.0]]), rows=["a", "b"], columns=["x", "y"], title="t")
    axes = figure.axes[0]
    assert sorted(text.get_text() for text in axes.texts) == ["1", "3", "4"]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["a", "b"]


def test_bar_panels_share_their_names_and_write_the_values():
    figure = plots.bar_panels(["one", "two"], {"size": [0.5, 1234.0], "cost": [1.0, 2.0]})
    left, right = figure.axes
    assert [tick.get_text() for tick in left.get_yticklabels()] == ["one", "two"]
    assert [text.get_text() for text in left.texts] == ["0.5", "1,234"]
    assert (left.get_xscale(), left.get_xlabel(), right.get_xlabel()) == ("log", "size", "cost")


def test_a_mosaic_has_every_picture_in_its_place():
    pictures = np.zeros((2, 3, 28, 28))
    pictures[1, 2] = 0.5
    figure = plots.mosaic(pictures, rows=("first", "second"), columns="abc", title="$x$")
    sheet = figure.axes[0].images[0].get_array()
    assert sheet.shape == (58, 88) and sheet[30, 60] == 0.5 and sheet[28, 0] == 1 and sheet[:28, :28].max() == 0
    assert {"first", "second", "a", "c", "$x$"} <= set(texts(figure))
