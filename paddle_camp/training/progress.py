"""Progress bar and log lines of a training, and Ctrl-C handled between two steps."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

from tqdm import tqdm

from paddle_camp.history import Row

LOG_EVERY = 10  # steps, as in the course


class Progress:
    """A progress bar over the samples of a training on stderr, with images/s and the time left, and log lines.

    The bar shows on a terminal only; the lines, in the course's form, always (unless ``quiet``). Evaluations
    (``[validation] accuracy/loss: ...``) go to stdout. Write errors (a closed pipe, a full disk) are ignored so that
    training reaches its next save.
    """

    def __init__(self, name: str, total: int, done: int, quiet: bool = False):
        self.quiet = quiet
        hide = True if quiet else None  # None: tqdm hides the bar where stderr is no terminal
        self.bar = tqdm(total=total, initial=done, desc=name, unit="image", disable=hide, smoothing=0.1, leave=False)

    def step(self, row: Row) -> None:
        """Show a finished step."""
        with contextlib.suppress(OSError):
            self.bar.update(row["samples"])
            if row["batch"] % LOG_EVERY == 0 and not self.quiet:
                line = f"epoch: {row['epoch']}, batch_id: {row['batch']}, loss is: {row['loss']:.4f}"
                tqdm.write(line, file=sys.stderr)

    def measured(self, row: Row) -> None:
        """Print an evaluation."""
        if self.quiet:
            return
        both = f"accuracy/loss: {row['accuracy']:.4f}/" if "accuracy" in row else "loss: "
        with contextlib.suppress(OSError):
            tqdm.write(f"[{row['split']}] {both}{row['loss']:.4f}", file=sys.stdout)
            sys.stdout.flush()

    def close(self) -> None:
        """Remove the bar."""
        with contextlib.suppress(OSError):
            self.bar.close()


@contextlib.contextmanager
def interruptible() -> Iterator[threading.Event]:
    """Turn the first Ctrl-C (or SIGTERM) into an event that the loop reads between steps.

    An exception in the middle of a step would leave weights and optimizer inconsistent. A second Ctrl-C raises
    KeyboardInterrupt at once; a second SIGTERM does not, as Paddle's launcher sends three within a second, and a
    supervisor can send SIGKILL. Outside the main thread, where signals cannot be caught, the event is never set.
    """
    asked = threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            if number == signal.SIGINT:
                raise KeyboardInterrupt
            return
        asked.set()
        # os.write, not print: the signal may have interrupted a print, and Python's streams are not reentrant.
        more = b" (once more to stop at once)" if number == signal.SIGINT else b""
        with contextlib.suppress(OSError):  # a Ctrl-C reaches the whole pipe: ``| tee log`` may be gone already
            os.write(2, b"interrupted: finishing this step and saving" + more + b"\n")

    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    previous = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
