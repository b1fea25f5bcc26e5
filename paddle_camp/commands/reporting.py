"""What every command says of an error, and its exit status: 0 done, 1 failed, 2 the user can mend it, 130."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import select
import signal
import stat
import sys
import threading
import traceback
from collections.abc import Callable, Iterator

from paddle_camp.errors import CampError, RunError
from paddle_camp.machine import NO_PADDLE
from paddle_camp.running.printing import printable

LOOK = 1.0  # seconds at most until it is noticed that nobody reads


def escape_what_cannot_be_shown() -> None:
    """Let characters that the terminal or a redirection cannot take (Chinese in Windows' cp1252) come out escaped."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@contextlib.contextmanager
def while_read() -> Iterator[None]:
    """Inside, the process gets a Ctrl-C when the pipe that it prints to has lost its reader (``| head -1``).

    Without it a training would go on for hours before the next line finds out. Elsewhere than on POSIX it does.
    """
    over = threading.Event()

    def watch() -> None:
        poll = select.poll()
        poll.register(1, 0)
        while not over.is_set():
            if poll.poll(LOOK * 1000):
                _say("nobody reads the output any more")
                os.kill(os.getpid(), signal.SIGINT)
                return

    watched = os.name == "posix" and _is_pipe(1)
    if watched:
        threading.Thread(target=watch, name="is the output read?", daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _is_pipe(descriptor: int) -> bool:
    try:
        return stat.S_ISFIFO(os.fstat(descriptor).st_mode)
    except OSError:  # closed from the start
        return False


@contextlib.contextmanager
def unless_unread() -> Iterator[None]:
    """Print to stdout what may be left unread: a reader that has gone is no fault of the work that is done."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        _let_go_of_stdout()


def _let_go_of_stdout() -> None:
    """What is still to be printed goes nowhere, lest Python complain of it at the end."""
    with contextlib.suppress(OSError, ValueError):  # a stream without a descriptor
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def guarded(work: Callable[[], int], debug: bool) -> int:
    """``work()``'s exit status; an error is reported and becomes one."""
    try:
        return work()
    except KeyboardInterrupt:
        _say("interrupted")
        return 130
    except BrokenPipeError:
        _let_go_of_stdout()
        _say("interrupted: nobody reads the output any more")
        return 130
    except Exception as error:
        if isinstance(error, ImportError) and _interrupted(error):  # Paddle's own words for a Ctrl-C while it loads
            _say("interrupted")
            return 130
        return report(error, debug)


def _interrupted(error: BaseException | None) -> bool:
    """Whether a Ctrl-C is among the error's causes."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def report(error: Exception, debug: bool) -> int:
    """Say the error in one line, below its traceback if ``debug``; returns the exit status."""
    message, status = _explain(error)
    lines = "".join(traceback.format_exception(error) if debug else ())
    _say(printable(f"{lines}error: {message}"))
    return status


def _say(text: str) -> None:
    with contextlib.suppress(OSError):  # nobody reads it any more: the status still tells
        print(text, file=sys.stderr)


def _explain(error: Exception) -> tuple[str, int]:
    """One line for an error, and its exit status: 2 where the user can mend it, else 1."""
    if isinstance(error, ModuleNotFoundError):
        missing = f"{error}; a package is missing, type: pip install -e .[cpu]    (or .[gpu])"
        return NO_PADDLE if error.name == "paddle" else missing, 2
    if isinstance(error, CampError):
        return str(error), 2
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"no room left on the disk{f' for {error.filename}' if error.filename else ''}: free some, then again", 1
    if isinstance(error, RunError):
        return str(error), 1
    return f"{error} ({type(error).__name__}; --debug shows where)", 1
