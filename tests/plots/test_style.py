"""The header of a figure: a note that comes later lies where a subtitle would, and nothing is lost or covered."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.figure import Figure

from paddle_camp import plots
from paddle_camp.plots.graph import computation_graph
from paddle_camp.plots.style import DPI, HeadedFigure, new_figure
from tests.helpers.figures import NOTE, legend_of, texts

ROWS = [{"step": k + 1, "loss": 1 / (k + 1), "learning_rate": 0.1} for k in range(8)]
EPOCHS = [{"epoch": k, "split": "validation", "accuracy": 0.5 + 0.1 * k} for k in (1, 2)]
IMAGES = np.zeros((2, 3, 8, 8), np.uint8)

KINDS = {
    "loss": lambda **more: plots.loss_curves({"a": ROWS, "b": ROWS[:4]}, marks={"b": 4}, **more),
    "decay": lambda **more: plots.decay_figure({"a": ROWS}, {"a": EPOCHS}, steps_per_epoch=4, **more),
    "bars": lambda **more: plots.bar_panels(["x", "y"], {"n": [1, 20], "m": [2, 3]}, title="Two", **more),
    "strips": lambda **more: plots.strip_panels(["x"], {"n": [[1, 2]]}, **more),
    "confusion": lambda **more: plots.confusion_figure(np.eye(2, dtype=int), ["no", "yes"], **more),
    "many classes": lambda **more: plots.confusion_figure(np.eye(20, dtype=int), "abcdefghijklmnopqrst", **more),
    "heat map": lambda **more: plots.heat_map(np.eye(3), rows="abc", columns="def", title="A table " * 12, **more),
    "pictures": lambda **more: plots.picture_grid(IMAGES, ["one", "two"], [False, True], **more),
    "graph": lambda **more: computation_graph({"a": (0, 0), "b": (1, 0)}, {}, [("a", "b", 1, 2)], **more),
}


def png(figure: Figure) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=DPI, metadata={"Software": None})
    return stream.getvalue()


@pytest.mark.parametrize("kind", KINDS)
def test_a_note_that_comes_later_is_drawn_as_the_subtitle_is(kind):
    late = KINDS[kind]()
    plots.add_note(late, NOTE)
    assert png(late) == png(KINDS[kind](subtitle=NOTE)) != png(KINDS[kind]())


@pytest.mark.parametrize("kind", KINDS)
def test_a_figure_that_has_the_note_is_left_alone(kind):
    figure = KINDS[kind](subtitle=NOTE)
    plots.add_note(figure, NOTE)
    assert png(figure) == png(KINDS[kind](subtitle=NOTE))


def test_a_note_comes_before_another_subtitle_and_both_are_wrapped():
    figure = new_figure(2.0, "Title", "a subtitle " * 8)
    plots.add_note(figure, NOTE)
    _, subtitle = texts(figure)
    assert " ".join(subtitle.split()) == f"{NOTE}; {'a subtitle ' * 8}".strip() and "\n" in subtitle


def test_the_panels_keep_their_height_and_the_legend_its_names():
    figure = KINDS["loss"]()
    figure.draw_without_rendering()
    height, tall = figure.axes[0].get_position().height * figure.get_figheight(), figure.get_figheight()
    plots.add_note(figure, NOTE)
    figure.draw_without_rendering()
    assert figure.get_figheight() == pytest.approx(tall + 0.2)
    assert figure.axes[0].get_position().height * figure.get_figheight() == pytest.approx(height, abs=0.02)
    assert legend_of(figure) == ["a", "b"] and len(figure.legends) == 1
    assert texts(figure).count("Training loss") == 1


def test_what_a_page_has_written_on_its_figure_stays():
    figure = new_figure(2.0, "Title", None)
    figure.text(0.5, 0.1, "n = 7")
    plots.add_note(figure, NOTE)
    assert {"Title", NOTE, "n = 7"} == set(texts(figure))


def test_a_figure_of_matplotlibs_own_gets_the_note_once():
    figure = Figure()
    for _ in range(2):
        plots.add_note(figure, NOTE)
    assert texts(figure) == [NOTE]


def test_a_figure_shows_itself_in_a_notebook():
    figure = new_figure(2.0, "Title", None)
    assert isinstance(figure, HeadedFigure) and figure._repr_png_().startswith(b"\x89PNG")
