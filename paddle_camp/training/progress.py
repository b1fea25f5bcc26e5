"""What a student sees while a training runs, and how Ctrl-C reaches it between two steps."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator

from tqdm import tqdm

from paddle_camp.history import Row

LOG_EVERY = 10  # steps, as in the course


class Progress:
    """A progress bar over the pictures of a training on stderr, with images/s and the time left, and log lines.

    The bar shows on a terminal only; the lines, in the course's form, always (unless ``quiet``). What was measured
    (``[validation] accuracy/loss: ...``) goes to stdout. Where nobody reads them any more (a pipe's other end is gone,
    the disk behind a redirection is full), a training goes on without words: it must not stop before it has saved.
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
        """Show a measurement."""
        if self.quiet:
            return
        both = f"accuracy/loss: {row['accuracy']:.4f}/" if "accuracy" in row else "loss: "
        with contextlib.suppress(OSError):
            tqdm.write(f"[{row['split']}] {both}{row['loss']:.4f}", file=sys.stdout)
            sys.stdout.flush()

    def close(self) -> None:
        """Take the bar away."""
        with contextlib.suppress(OSError):
            self.bar.close()


@contextlib.contextmanager
def interruptible() -> Iterator[threading.Event]:
    """Turn the first Ctrl-C (or SIGTERM) into an event that the loop reads between steps; a second Ctrl-C is immediate.

    A second SIGTERM is not: a supervisor (Paddle's launcher sends three within a second) has SIGKILL for that.
    An exception in the middle of a step would leave weights and optimizer out of step with each other. Outside the
    main thread, where signals cannot be caught, the event is simply never set.
    """
    asked = threading.Event()

    def ask(number, frame):
        if asked.is_set():
            if number == signal.SIGINT:
                raise KeyboardInterrupt
            return
        asked.set()
        # Not print: the signal may have come in the middle of one, and Python's streams cannot be entered twice.
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
