"""Figures of runs show what they were given: the right lines, labels and warnings, in a stable file."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from matplotlib.text import Text

from paddle_camp import plots
from paddle_camp.history import smooth
from tests.helpers.figures import NOTE, legend_of, texts

NAMES = ["constant", "decay at 60", "too early", "too $late$"]


@pytest.fixture
def steps() -> dict[str, list[dict]]:
    """Four runs of 100 steps that share their first 30."""
    rng = np.random.default_rng(0)
    loss = 0.2 + 0.7 * np.exp(-np.arange(1, 101) / 25) * rng.gamma(4, 1 / 4, 100)
    drops = dict(zip(NAMES, (100, 60, 30, 90), strict=True))
    return {
        name: [
            {"step": i + 1, "loss": loss[i] * (1 if i < drop else 0.8), "learning_rate": 1e-3 if i < drop else 1e-4}
            for i in range(100)
        ]
        for name, drop in drops.items()
    }


@pytest.fixture
def epochs() -> dict[str, list[dict]]:
    """Two and a half epochs of 40 steps, on two splits."""
    return {
        name: [
            {"epoch": epoch, "split": split, "accuracy": 0.5 + 0.1 * epoch + 0.01 * i, "loss": 1 / epoch}
            for epoch in (1, 2, 2.5)
            for split in ("train", "validation")
        ]
        for i, name in enumerate(NAMES)
    }


def strong_lines(axes) -> list:
    return [line for line in axes.lines if line.get_linewidth() == 2.2]


def test_loss_curves_draw_raw_and_smoothed_values_and_name_the_marks(steps):
    figure = plots.loss_curves(steps, window=10, marks={"decay at 60": 60, "plateau": 55}, subtitle=NOTE)
    (axes,) = figure.axes
    strong = strong_lines(axes)
    assert len(strong) == 4
    loss = [row["loss"] for row in steps["constant"]]
    np.testing.assert_array_equal(strong[0].get_ydata(), smooth(loss, 10))
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), loss)
    assert legend_of(figure) == NAMES
    assert {NOTE, "Training loss", "plateau", "decay at 60"} <= set(texts(figure))
    assert "mean of 10 steps" in axes.get_ylabel()
    upright = {line.get_xdata()[0]: line for line in axes.lines if len(line.get_xdata()) == 2}
    assert sorted(upright) == [55, 60]
    assert upright[60].get_color() == strong[1].get_color()  # a mark named after a run has its colour
    assert upright[55].get_color() not in {line.get_color() for line in strong}


def test_labels_of_close_marks_do_not_overlap_and_stay_in_the_figure(steps):
    marks = {"too early": 50, "the plateau found": 55, "decay at 60": 60, "the end of epoch 2": 97}
    figure = plots.loss_curves(steps, marks=marks)
    figure.draw_without_rendering()
    labels = [text for text in figure.axes[0].texts if text.get_text() in marks]
    boxes = [Text.get_window_extent(text) for text in labels]  # the text alone, without its connecting line
    assert len(boxes) == 4
    for i, box in enumerate(boxes):
        assert box.x1 <= figure.bbox.x1
        assert figure.axes[0].bbox.y1 <= box.y0 < box.y1 <= figure.legends[0].get_window_extent().y0
        assert not any(box.overlaps(other) for other in boxes[i + 1 :])


def test_a_spike_is_cut_off_and_said(steps):
    steps["constant"][20]["loss"] = 50.0
    axes = plots.loss_curves(steps, window=10).axes[0]
    assert axes.get_ylim()[1] < 10
    assert "raw reaches 50" in axes.get_ylabel()


def test_learning_rates_are_logarithmic_at_their_values_and_dashed_where_they_are_equal(steps):
    axes = plots.learning_rate_curves(steps).axes[0]
    assert axes.get_yscale() == "log"
    by_run: dict[str, list] = {}
    for line in axes.lines:
        by_run.setdefault(line.get_color(), []).append(line)
    assert len(by_run) == 4
    for lines, rows in zip(by_run.values(), steps.values(), strict=True):
        rates = [row["learning_rate"] for row in rows]
        drawn = np.array([line.get_ydata() for line in lines])
        np.testing.assert_array_equal(np.nanmin(drawn, axis=0), rates)  # each where it belongs
        np.testing.assert_array_equal(np.nanmax(drawn, axis=0), rates)
    first, second, *_ = by_run.values()
    assert [line.is_dashed() for line in first] == [False]
    dashed = next(line for line in second if line.is_dashed())
    own = next(line for line in second if not line.is_dashed())
    rates = np.array([row["learning_rate"] for row in list(steps.values())[1]])
    equal = rates == np.array([row["learning_rate"] for row in steps["constant"]])
    assert np.isfinite(dashed.get_ydata())[equal].all() and np.isfinite(own.get_ydata())[~equal].all()
    # The rate of step i holds from the end of step i - 1: after 60 steps the line drops at 60.
    assert {line.get_drawstyle() for line in axes.lines} == {"steps-pre"}
    low, high = axes.get_ylim()
    assert low < 1e-4 and high > 1e-3


def test_metric_curves_take_one_split_and_show_the_published_curve(epochs):
    figure = plots.metric_curves(epochs, "accuracy", "validation", {"course": [0.7625, 0.6325, 0.930]}, subtitle=NOTE)
    (axes,) = figure.axes
    course, *lines = axes.lines
    np.testing.assert_array_equal(course.get_xdata(), [1, 2, 3])
    np.testing.assert_array_equal(course.get_ydata(), [0.7625, 0.6325, 0.930])
    assert course.is_dashed()
    assert len(lines) == 4
    np.testing.assert_array_equal(lines[0].get_xdata(), [1, 2, 2.5])
    np.testing.assert_allclose(lines[1].get_ydata(), [0.61, 0.71, 0.76])
    assert len({line.get_marker() for line in lines}) == 4
    assert legend_of(figure) == [*NAMES, "course"]
    assert axes.get_ylabel() == "validation accuracy"
    assert NOTE in texts(figure)


def test_decay_figure_puts_three_panels_on_one_axis_of_steps(steps, epochs):
    marks = {"decay at 60": 60, "too early": 30}
    figure = plots.decay_figure(steps, epochs, steps_per_epoch=40, marks=marks, reference={"course": [0.7, 0.8]})
    loss, rate, accuracy = figure.axes
    assert loss.get_xlim() == rate.get_xlim() == accuracy.get_xlim()
    course, first = accuracy.lines[:2]
    np.testing.assert_array_equal(course.get_xdata(), [40, 80])
    np.testing.assert_array_equal(first.get_xdata(), [40, 80, 100])
    for axes in figure.axes:
        assert {30, 60} <= {line.get_xdata()[0] for line in axes.lines if len(line.get_xdata()) == 2}
    assert [axes.get_ylabel().split("\n")[0] for axes in figure.axes] == [
        "training loss",
        "learning rate",
        "validation accuracy",
    ]
    assert "40 steps = 1 epoch" in accuracy.get_xlabel()


def test_missing_and_nan_values_leave_gaps_and_never_crash(tmp_path, epochs):
    nan = float("nan")
    rows = [
        {"step": 1, "loss": nan, "learning_rate": nan},
        {"step": 2},
        {"step": 3, "loss": 0.5, "learning_rate": 0.0},
        {"step": 4, "loss": float("inf"), "learning_rate": None},
    ]
    runs = {"broken": rows, "empty": [], "all nan": rows[:2]}
    epochs["constant"][1]["accuracy"] = nan
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plots.save(plots.loss_curves(runs, window=2, marks={"here": 2}), tmp_path / "a.png")
        plots.save(plots.learning_rate_curves(runs), tmp_path / "b.png")
        plots.save(plots.decay_figure(runs, {"broken": []}, steps_per_epoch=4), tmp_path / "c.png")
        plots.save(plots.metric_curves(epochs, "accuracy", "validation"), tmp_path / "d.png")
        plots.save(plots.decay_figure({}, {}, steps_per_epoch=4), tmp_path / "e.png")


def test_the_same_run_gives_the_same_bytes_and_a_forum_width(tmp_path, steps):
    for name in ("one.png", "two.png"):
        plots.save(plots.loss_curves(steps, marks={"plateau": 55}, subtitle=NOTE), tmp_path / "figures" / name)
    one, two = (tmp_path / "figures" / name for name in ("one.png", "two.png"))
    assert one.read_bytes() == two.read_bytes()
    assert int.from_bytes(one.read_bytes()[16:20], "big") == 1200
    assert sorted(path.name for path in one.parent.iterdir()) == ["one.png", "two.png"]


def test_a_long_subtitle_is_wrapped_and_the_header_never_reaches_the_panels(steps):
    figure = plots.loss_curves(steps, title="A title " * 15, subtitle="stand-in data " * 20)
    figure.draw_without_rendering()
    title, subtitle = (text.get_window_extent() for text in figure.texts)
    legend, panel = figure.legends[0].get_window_extent(), figure.axes[0].get_window_extent()
    assert title.y0 >= subtitle.y1 > subtitle.y0 >= legend.y1 > legend.y0 >= panel.y1
    assert max(title.x1, subtitle.x1, legend.x1) <= figure.bbox.x1
