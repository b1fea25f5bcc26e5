"""What a training shows while it runs, on a terminal and in a notebook, and Ctrl-C handled between two steps."""

from __future__ import annotations

import contextlib
import html
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

from tqdm import tqdm

from paddle_camp.history import History, Row, epochs_html
from paddle_camp.notebook import LiveOutput, in_notebook
from paddle_camp.svg import losses_html

LOG_EVERY = 10  # steps, as in the course
REDRAW_EVERY = 0.25  # seconds, in a notebook: each time is a message to the browser


class Progress:
    """Shows nothing: the base of what does, and what a quiet training has."""

    def step(self, row: Row) -> None:
        """A step is done."""

    def epoch_done(self, row: Row) -> None:
        """The steps of an epoch are done: the row of the split "train". Its evaluations follow."""

    def measured(self, row: Row) -> None:
        """An evaluation is done."""

    def close(self) -> None:
        """The training ends, finished or not."""


class TerminalProgress(Progress):
    """A bar over the samples on stderr, with their rate and the time left, and lines in the course's form.

    The bar shows on a terminal only, the lines always. Evaluations (``[validation] accuracy/loss: ...``) go to stdout.
    Write errors (a closed pipe, a full disk) are ignored so that training reaches its next save.
    """

    def __init__(self, name: str, total: int, done: int):
        # disable=None: tqdm hides the bar where stderr is no terminal
        self.bar = tqdm(total=total, initial=done, desc=name, unit="sample", disable=None, smoothing=0.1, leave=False)

    def step(self, row: Row) -> None:
        """Move the bar; every tenth step is a line."""
        with contextlib.suppress(OSError):
            self.bar.update(row["samples"])
            if row["batch"] % LOG_EVERY == 0:
                line = f"epoch: {row['epoch']}, batch_id: {row['batch']}, loss is: {row['loss']:.4f}"
                tqdm.write(line, file=sys.stderr)

    def measured(self, row: Row) -> None:
        """Print it."""
        both = f"accuracy/loss: {row['accuracy']:.4f}/" if "accuracy" in row else "loss: "
        with contextlib.suppress(OSError):
            tqdm.write(f"[{row['split']}] {both}{row['loss']:.4f}", file=sys.stdout)
            sys.stdout.flush()

    def close(self) -> None:
        """Remove the bar."""
        with contextlib.suppress(OSError):
            self.bar.close()


class NotebookProgress(Progress):
    """One output of the cell: a bar with the rate and the time left, a table with a row an epoch, and the losses.

    It is drawn anew in place, at most every quarter of a second. At the end table and curves stay, under one line.

    Args:
        history: of the part of the training that was done before.
    """

    def __init__(self, name: str, total: int, done: int, history: History):
        self.name, self.total, self.before, self.done = name, total, done, done
        self.rows = list(history.evaluations)
        self.losses = [(row["step"], row["loss"]) for row in history.steps]
        self.output = LiveOutput()
        self.began = self.drawn_at = time.monotonic()
        self.draw(f"{name}: starting")

    def step(self, row: Row) -> None:
        """Move the bar."""
        self.done += row["samples"]
        self.losses.append((row["step"], row["loss"]))
        self.draw_if_due()

    def measured(self, row: Row) -> None:
        """A new row in the table, or new cells in its last one, and points of the curves."""
        self.rows.append(row)
        self.draw_if_due()

    epoch_done = measured

    def draw_if_due(self) -> None:
        """Draw it if the last time is long enough ago."""
        if time.monotonic() - self.drawn_at < REDRAW_EVERY:
            return
        rate = (self.done - self.before) / (time.monotonic() - self.began)
        left = tqdm.format_interval((self.total - self.done) / rate) if rate else "?"
        place = f"{self.done:,} of {self.total:,} samples, {rate:.3g} samples/s, {left} left"
        self.draw(f"{self.name}: {place}; loss {self.losses[-1][1]:.4f}")

    def close(self) -> None:
        """Leave the table, and in the bar's place what was done."""
        if self.done == self.before:  # all was done before
            return self.draw(f"{self.name}: nothing was left to do", bar=False)
        took = f"{self.done - self.before:,} samples in {time.monotonic() - self.began:.1f} s"
        part = "" if self.done >= self.total else f", {self.done / self.total:.0%} of the training"
        self.draw(f"{self.name}: {took}{part}", bar=False)

    def draw(self, line: str, bar: bool = True) -> None:
        """Show the bar if there is one, the line, and the table."""
        self.drawn_at = time.monotonic()
        shown = f'<progress value="{self.done}" max="{self.total}"></progress> ' * bar
        curves = losses_html(self.losses, self.rows)
        self.output.show(f"<div>{shown}{html.escape(line)}</div>{epochs_html(self.rows)}{curves}", line)


class Together(Progress):
    """Several displays of one training."""

    def __init__(self, *displays: Progress):
        self.displays = displays

    def step(self, row: Row) -> None:
        """To each."""
        for display in self.displays:
            display.step(row)

    def epoch_done(self, row: Row) -> None:
        """To each."""
        for display in self.displays:
            display.epoch_done(row)

    def measured(self, row: Row) -> None:
        """To each."""
        for display in self.displays:
            display.measured(row)

    def close(self) -> None:
        """To each."""
        for display in self.displays:
            display.close()


Watcher = Callable[[str, History], Progress]
_watchers: list[Watcher] = []


@contextlib.contextmanager
def watched_by(watcher: Watcher) -> Iterator[None]:
    """Inside, ``watcher(name, history so far)`` gives every training of this process one more display."""
    _watchers.append(watcher)
    try:
        yield
    finally:
        _watchers.remove(watcher)


def with_watchers(display: Progress, name: str, history: History) -> Progress:
    """The display of a training, and those of all watchers."""
    more = [watcher(name, history) for watcher in _watchers]
    return Together(display, *more) if more else display


def show_progress(name: str, total: int, done: int, quiet: bool = False, history: History | None = None) -> Progress:
    """The display of a training of ``total`` samples, ``done`` of which are done: none, a terminal's or a notebook's.

    Args:
        name: what stands before the bar.
        history: the training so far.
    """
    if quiet:
        return Progress()
    return (
        NotebookProgress(name, total, done, history or History())
        if in_notebook()
        else TerminalProgress(name, total, done)
    )


class Interrupted(KeyboardInterrupt):
    """A training was interrupted: ``history`` is its record so far; the message says in one line how to go on."""

    def __init__(self, message: str, history: History):
        super().__init__(message)
        self.history = history

    def __reduce__(self) -> tuple[type[Interrupted], tuple[str, History]]:
        """How to copy it to another process: with its history."""
        return type(self), (str(self), self.history)

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows: the line, instead of a traceback through the loop."""
        return [str(self)]


@contextlib.contextmanager
def interruptible(history: History, folder: Path | None = None) -> Iterator[threading.Event]:
    """Turn the first Ctrl-C (or SIGTERM) into an event that the loop reads between steps, to raise KeyboardInterrupt.

    An exception in the middle of a step would leave weights and optimizer inconsistent. A second Ctrl-C raises
    KeyboardInterrupt at once; a second SIGTERM does not, as Paddle's launcher sends three within a second, and a
    supervisor can send SIGKILL. Outside the main thread, where signals cannot be caught, the event is never set.

    Args:
        history: what the training appends its rows to.
        folder: where the training is saved before it raises; None if nowhere.

    Raises:
        Interrupted: instead of every KeyboardInterrupt.
    """
    asked, at_once = threading.Event(), threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            if number == signal.SIGINT:
                at_once.set()
                raise KeyboardInterrupt
            return
        asked.set()
        # os.write, not print: the signal may have interrupted a print, and Python's streams are not reentrant.
        saving = b" and saving" if folder is not None else b""
        more = b" (once more to stop at once)" if number == signal.SIGINT else b""
        with contextlib.suppress(OSError):  # a Ctrl-C reaches the whole pipe: ``| tee log`` may be gone already
            os.write(2, b"interrupted: finishing this step" + saving + more + b"\n")

    previous = {}
    if threading.current_thread() is threading.main_thread():
        previous = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    except KeyboardInterrupt:
        whole = asked.is_set() and not at_once.is_set()
        raise Interrupted(_how_to_go_on(history, folder, whole), history) from None
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _how_to_go_on(history: History, folder: Path | None, whole: bool) -> str:
    """One line; ``whole``: the last step was finished, and saved if there is a folder."""
    step = history.steps[-1]["step"] if history.steps else 0
    again, error = ("the cell", "sys.last_value") if in_notebook() else ("it", "this error")
    if folder is None:
        how = "nothing is saved: give keep=FOLDER, then a training that is run again goes on where it was"
    else:
        how = f"run {again} again: it goes on from {f'step {step}' if whole else 'the last save'} of {folder}"
    return f"interrupted after step {step}; {how}; the history so far is {error}.history"
