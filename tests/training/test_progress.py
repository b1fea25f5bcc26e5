"""What a training prints on a terminal and shows in a notebook, and what a Ctrl-C leaves."""

from __future__ import annotations

import math
import os
import pickle
import re
import signal
import threading
from pathlib import Path

import pytest

from paddle_camp.history import History
from paddle_camp.training import progress
from paddle_camp.training.progress import Interrupted, interruptible, show_progress

EPOCH = {"epoch": 1.0, "step": 11, "split": "train", "loss": 0.5, "samples": 44, "seconds": 2.0}
VALID = {"epoch": 1.0, "step": 11, "split": "validation", "loss": 0.25, "accuracy": 0.75, "samples": 8, "seconds": 0.5}


def step(batch: int) -> dict:
    return {"step": batch + 1, "epoch": 0, "batch": batch, "loss": 1 / (batch + 1), "samples": 4, "seconds": 0.1}


def train(shown: progress.Progress) -> None:
    """Eleven steps, their epoch, and an evaluation."""
    for batch in range(11):
        shown.step(step(batch))
    shown.epoch_done(EPOCH)
    shown.measured(VALID)
    shown.close()


def test_a_terminal_gets_the_lines_of_the_course(capsys):
    train(show_progress("train", 44, 0))
    out, err = capsys.readouterr()
    assert err.splitlines() == ["epoch: 0, batch_id: 0, loss is: 1.0000", "epoch: 0, batch_id: 10, loss is: 0.0909"]
    assert out == "[validation] accuracy/loss: 0.7500/0.2500\n"


def test_a_regression_has_no_accuracy(capsys):
    shown = show_progress("train", 44, 0)
    shown.measured({key: value for key, value in VALID.items() if key != "accuracy"})
    assert capsys.readouterr().out == "[validation] loss: 0.2500\n"


def test_a_quiet_training_shows_nothing_not_even_in_a_notebook(capsys, monkeypatch):
    monkeypatch.setattr(progress, "in_notebook", lambda: True)
    train(show_progress("train", 44, 0, quiet=True))
    assert capsys.readouterr() == ("", "")


class Recorder:
    """Stands for the output of a cell."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, str]] = []

    def show(self, as_html: str, as_text: str) -> None:
        self.shown.append((as_html, as_text))


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """A notebook in which each look at the clock is a quarter of a second after the last."""
    recorder = Recorder()
    monkeypatch.setattr(progress, "in_notebook", lambda: True)
    monkeypatch.setattr(progress, "LiveOutput", lambda: recorder)
    return recorder


def clock(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Each look at the clock is so much later than the last."""
    now = iter(range(10**6))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(now) * seconds)


def test_a_notebook_gets_a_bar_and_a_table_and_no_lines(recorded, monkeypatch, capsys):
    clock(monkeypatch, 1.0)
    train(show_progress("train", 88, 0))
    assert capsys.readouterr() == ("", "")
    assert len(recorded.shown) == 1 + 11 + 2 + 1
    first, second = recorded.shown[0], recorded.shown[1]
    assert first[1] == "train: starting"
    assert '<progress value="4" max="88"></progress>' in second[0] and "<table>" not in second[0]
    assert "<svg" not in first[0] and "<circle" in second[0]  # the curve grows
    assert [recorded.shown[place][0].count("<polyline") for place in (2, -1)] == [1, 2]
    assert re.fullmatch(r"train: 4 of 88 samples, [\d.]+ samples/s, \d\d:\d\d left; loss 1.0000", second[1])
    last, text = recorded.shown[-1]
    assert re.fullmatch(r"train: 44 samples in [\d.]+ s, 50% of the training", text)
    assert "<progress" not in last
    assert [re.findall(r"<t[hd]>(.*?)</t[hd]>", row) for row in last.split("</tr>")[:-1]] == [
        ["epoch", "training loss", "validation loss", "validation accuracy", "seconds"],
        ["1", "0.5000", "0.2500", "0.7500", "2.5"],
    ]


def test_the_rate_and_the_time_left_are_those_of_this_part_of_the_training(recorded, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    shown = show_progress("train", 1000, 500, history=History([], [EPOCH]))
    now[0] += 2
    shown.step(step(0) | {"samples": 100})
    assert recorded.shown[-1][1] == "train: 600 of 1,000 samples, 50 samples/s, 00:08 left; loss 1.0000"
    assert "<td>1</td><td>0.5000</td>" in recorded.shown[0][0]  # the epoch before
    shown.close()
    assert recorded.shown[-1][1] == "train: 100 samples in 2.0 s, 60% of the training"


def test_fast_steps_are_not_each_drawn_and_the_last_state_is(recorded, monkeypatch):
    clock(monkeypatch, 0.01)
    train(show_progress("train", 44, 0))
    assert len(recorded.shown) <= 3
    assert "<td>0.7500</td>" in recorded.shown[-1][0]


def test_names_are_texts(recorded):
    show_progress("<b>mine</b>", 0, 0).close()
    assert "&lt;b&gt;mine" in recorded.shown[-1][0] and recorded.shown[-1][1] == "<b>mine</b>: nothing was left to do"


def press(history: History, folder: Path | None = None, presses: int = 1) -> Interrupted:
    """Train, press Ctrl-C so often, and return the error."""
    with pytest.raises(Interrupted) as caught, interruptible(history, folder) as asked:
        for _ in range(presses):
            signal.raise_signal(signal.SIGINT)
        assert asked.is_set()
        raise KeyboardInterrupt  # the loop, after the step
    assert isinstance(caught.value, KeyboardInterrupt) and caught.value.history is history
    return caught.value


@pytest.mark.parametrize(
    ("folder", "message", "said"),
    [
        (
            None,
            "interrupted after step 7; nothing is saved: give keep=FOLDER, then a training that is run again goes on "
            "where it was; the history so far is this error.history",
            "interrupted: finishing this step (once more to stop at once)\n",
        ),
        (
            Path("mine"),
            "interrupted after step 7; run it again: it goes on from step 7 of mine; the history so far is "
            "this error.history",
            "interrupted: finishing this step and saving (once more to stop at once)\n",
        ),
    ],
)
def test_an_interrupt_says_how_to_go_on_and_speaks_of_saving_only_where_it_saves(folder, message, said, capfd):
    error = press(History([step(6)]), folder)
    assert str(error) == message and error._render_traceback_() == [message]
    assert capfd.readouterr().err == said


def test_in_a_notebook_the_cell_is_run_again(monkeypatch):
    monkeypatch.setattr(progress, "in_notebook", lambda: True)
    error = press(History([step(6)]), Path("mine"))
    assert "; run the cell again: it goes on from step 7 of mine; " in str(error)
    assert str(error).endswith("sys.last_value.history")


def test_a_second_ctrl_c_stops_at_once_and_keeps_the_history(capfd):
    error = press(History([step(6)]), Path("mine"), presses=2)
    assert "goes on from the last save of mine" in str(error)  # this step was not finished
    assert capfd.readouterr().err.count("\n") == 1


def test_a_sigterm_is_one_too_and_more_of_them_change_nothing(capfd):
    with interruptible(History()) as asked:
        for _ in range(3):
            signal.raise_signal(signal.SIGTERM)
    assert asked.is_set() and capfd.readouterr().err == "interrupted: finishing this step\n"


def test_before_the_first_step_and_copied_to_another_process():
    error = press(History())
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is Interrupted and str(again) == str(error) and again.history == History()
    assert "after step 0;" in str(error)


def test_other_errors_pass_and_the_handlers_are_put_back():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with pytest.raises(ZeroDivisionError), interruptible(History()):
        math.log(1 / 0)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_a_closed_stderr_does_not_end_the_training(monkeypatch):
    def gone(*arguments):
        raise BrokenPipeError

    monkeypatch.setattr(os, "write", gone)
    press(History())


def test_outside_the_main_thread_nothing_is_caught():
    seen = []

    def work() -> None:
        with interruptible(History()) as asked:
            seen.append((asked.is_set(), signal.getsignal(signal.SIGINT)))

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(False, before)]
