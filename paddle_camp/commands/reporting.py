"""What every command says of an error, and its exit status: 0 done, 1 failed, 2 the user can mend it, 130."""

from __future__ import annotations

import contextlib
import errno
import io
import sys
import traceback
from collections.abc import Callable

from paddle_camp.errors import CampError, RunError
from paddle_camp.machine import NO_PADDLE
from paddle_camp.running.printing import printable


def escape_what_cannot_be_shown() -> None:
    """Let characters that the terminal or a redirection cannot take (Chinese in Windows' cp1252) come out escaped."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def guarded(work: Callable[[], int], debug: bool) -> int:
    """``work()``'s exit status; an error is reported and becomes one."""
    try:
        return work()
    except KeyboardInterrupt:
        _say("interrupted")
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
