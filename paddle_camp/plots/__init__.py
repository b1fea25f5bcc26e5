"""Figures out of recorded rows or plain arrays; knows no paddle and keeps no global matplotlib state.

Every function returns a :class:`matplotlib.figure.Figure`, at most 8 inches wide (1200 pixels), and takes a ``title``
and a ``subtitle``; the subtitle, in a warm colour, is where a run says that its data are a stand-in. ``runs`` maps the
name of a run to its rows in order. The first run is the trunk: it is drawn on top, so that runs forked from it are
seen to branch off. A value that is missing or NaN leaves a gap.
"""

from paddle_camp.plots.curves import decay_figure, learning_rate_curves, loss_curves, metric_curves
from paddle_camp.plots.heat import explanation_figure
from paddle_camp.plots.language import words
from paddle_camp.plots.panels import bar_panels, histogram_figure, line_panels, strip_panels
from paddle_camp.plots.pictures import (
    feature_maps,
    mosaic,
    picture_grid,
    prediction_grid,
    steps_figure,
    wrong_pictures,
)
from paddle_camp.plots.results import confusion_figure, heat_map, roc_figure
from paddle_camp.plots.scatter import true_against_predicted
from paddle_camp.plots.style import add_note, save

__all__ = [
    "add_note",
    "bar_panels",
    "confusion_figure",
    "decay_figure",
    "explanation_figure",
    "feature_maps",
    "heat_map",
    "histogram_figure",
    "learning_rate_curves",
    "line_panels",
    "loss_curves",
    "metric_curves",
    "mosaic",
    "picture_grid",
    "prediction_grid",
    "roc_figure",
    "save",
    "steps_figure",
    "strip_panels",
    "true_against_predicted",
    "words",
    "wrong_pictures",
]
