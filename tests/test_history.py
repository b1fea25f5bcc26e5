"""How a history shows itself, and the smoothed curve: literal numbers, NaN, and windows of any length."""

from __future__ import annotations

import base64
import re
import subprocess
import sys

import cv2
import numpy as np
import pytest

from paddle_camp.errors import SettingError
from paddle_camp.history import History, epochs_html, smooth


def history(num_epochs: int = 3, accuracy: bool = True) -> History:
    """Ten steps an epoch; a measured split."""
    steps = [{"step": i + 1, "epoch": i // 10, "batch": i % 10, "loss": 1 / (i + 1)} for i in range(10 * num_epochs)]
    rows = []
    for epoch in range(1, num_epochs + 1):
        row = {"epoch": float(epoch), "step": 10 * epoch, "samples": 40, "seconds": 1.5}
        rows.append(row | {"split": "train", "loss": 0.5 / epoch})
        measured = {"loss": 0.25 / epoch} | ({"accuracy": 0.91} if accuracy else {"mean_absolute_error": 1234.5678})
        rows.append(row | {"split": "validation", "seconds": 0.25} | measured)
    return History(steps, rows)


def cells(html: str) -> list[list[str]]:
    return [re.findall(r"<t[hd]>(.*?)</t[hd]>", row) for row in html.split("</tr>")[:-1]]


def curve(shown: History) -> np.ndarray:
    """The picture in the rich display, uint8 ``[H, W, 3]``."""
    (data,) = re.findall(r'src="data:image/png;base64,([^"]+)"', shown._repr_html_())
    return cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (history(), "History(30 steps, 3 epochs; validation: loss 0.083, accuracy 0.910)"),
        (
            history(1, accuracy=False),
            "History(10 steps, 1 epoch; validation: loss 0.250, mean_absolute_error 1234.568)",
        ),
        (History(), "History(0 steps, 0 epochs)"),
        (History([{"step": 1, "loss": 2.0}]), "History(1 step, 0 epochs)"),
        (History([], history().evaluations[:1]), "History(0 steps, 1 epoch; train: loss 0.500)"),
        (History([], [{"epoch": 0.0, "step": 0, "split": "probe", "norm": 1.0}]), "History(0 steps, 0 epochs)"),
        (
            History([], [{"epoch": 1.5, "step": 9, "split": "a", "loss": 2e-6}, *history(1).evaluations]),
            "History(0 steps, 1 epoch; a: loss 2e-06; validation: loss 0.250, accuracy 0.910)",
        ),
    ],
)
def test_one_line_says_how_far_and_how_good(shown: History, text: str):
    assert repr(shown) == text
    assert text in shown._repr_html_()


def test_the_table_has_a_row_an_epoch():
    rows = history().evaluations
    within = {"epoch": 1.5, "step": 15, "split": "validation", "loss": 9.0}
    probe = {"epoch": 2.0, "step": 20, "split": "probe", "norms": [1, 2]}
    assert cells(epochs_html([*rows, within, probe])) == [
        ["epoch", "training loss", "validation loss", "validation accuracy", "seconds"],
        ["1", "0.5000", "0.2500", "0.9100", "1.8"],
        ["2", "0.2500", "0.1250", "0.9100", "1.8"],
        ["3", "0.1667", "0.0833", "0.9100", "1.8"],
    ]
    assert epochs_html([]) == epochs_html([within, probe]) == ""


def test_other_measurements_are_columns_and_what_was_not_measured_is_blank():
    rows = history(2, accuracy=False).evaluations
    del rows[1]  # the second epoch alone was evaluated
    table = cells(epochs_html(rows))
    assert table[0] == ["epoch", "training loss", "validation loss", "validation mean_absolute_error", "seconds"]
    assert [row[2:4] for row in table[1:]] == [["", ""], ["0.1250", "1234.5678"]]


def test_the_middle_of_many_epochs_is_left_out():
    table = cells(epochs_html(history(100).evaluations))
    assert [row[0] for row in table] == ["epoch", *map(str, range(1, 11)), "…", *map(str, range(91, 101))]


def test_names_are_texts():
    row = {"epoch": 1.0, "step": 1, "split": "<b>$x$", "loss": 1.0}
    shown = History([], [row])._repr_html_()
    assert "<th>&lt;b&gt;$x$ loss</th>" in shown and "<b>" not in shown


def test_the_curve_shows_the_steps_and_every_split():
    whole, steps_only = curve(history()), curve(History(history().steps))
    assert whole.shape[2] == 3 and 500 < whole.shape[1] < 1000
    blue, orange = ((180, 119, 31), (14, 127, 255))  # Matplotlib's first colours, BGR
    assert (steps_only == blue).all(2).any() and not (steps_only == orange).all(2).any()
    assert (whole == blue).all(2).any() and (whole == orange).all(2).any()


@pytest.mark.parametrize("losses", [[float("nan")], [1.0, float("inf"), 2.0], [0.5]])
def test_a_curve_with_any_losses_is_drawn(losses):
    assert curve(History([{"step": i, "loss": loss} for i, loss in enumerate(losses, 1)])).size


def test_showing_a_history_needs_no_pyplot():
    """Which would choose a backend, and a window system with it."""
    code = "from paddle_camp import History; import sys\n"
    code += "History([{'step': 1, 'loss': 1.0}])._repr_html_(); print('matplotlib.pyplot' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "False\n", "")


def test_smooth_is_the_mean_about_each_value_and_moves_no_bend():
    result = smooth([1, 2, 3, 4, 10], 3)
    np.testing.assert_allclose(result, [1.5, 2, 3, 17 / 3, 7], rtol=1e-15)
    assert result.dtype == np.float64
    np.testing.assert_allclose(smooth([1, 2, 3, 4, 10], 4), [2, 2.5, 4.75, 17 / 3, 7], rtol=1e-15)
    bend = np.abs(np.arange(-20.0, 21.0))  # falls for 20 steps, then rises
    assert np.argmin(smooth(bend, 9)) == 20


def test_smooth_with_a_window_of_one_changes_nothing_and_a_long_one_averages_all():
    np.testing.assert_array_equal(smooth([3, 1, 2], 1), [3, 1, 2])
    np.testing.assert_allclose(smooth([3, 1, 2], 99), [2, 2, 2])
    assert smooth([], 5).shape == (0,)


def test_smooth_lets_a_nan_spoil_only_its_own_windows():
    result = smooth([1, float("nan"), 1, 1, 1], 2)
    np.testing.assert_array_equal(np.isnan(result), [True, True, False, False, False])


def test_smooth_refuses_an_empty_window():
    with pytest.raises(SettingError, match="window is 0"):
        smooth([1.0], 0)
