"""Kills its process at its n-th change in a folder; Python imports this at the start where PYTHONPATH names its folder.

A change is a file that is opened for writing, renamed, linked or removed, or a folder that is made or removed. The
process is gone just before it; of a file that would be written over in place, just after it has become empty.
"""

from __future__ import annotations

import os
import signal
import sys

FOLDER, NUMBER, RANK, COUNT = "KILL_IN", "KILL_AT", "KILL_RANK", "KILL_COUNT"
_WRITES = os.O_WRONLY | os.O_RDWR
_CHANGES = ("os.rename", "os.link", "os.symlink", "os.remove", "os.mkdir", "os.rmdir", "os.truncate")


def watch(folder: str, number: int, count_in: str | None) -> None:
    """Count the changes under ``folder``, and kill this process at the given one; the count so far is a file's size."""
    seen = 0

    def hook(event: str, arguments: tuple) -> None:
        nonlocal seen
        opened = event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITES
        if not (opened or event in _CHANGES) or isinstance(arguments[0], int):
            return
        path = _whole_path(event, arguments)
        if not path.startswith(folder) or path == count_in:
            return
        seen += 1
        if count_in is not None:
            os.truncate(_descriptor, seen)
        if seen == number:
            if opened and arguments[2] & os.O_TRUNC and os.path.isfile(path):
                os.truncate(os.open(path, os.O_WRONLY), 0)
            os.kill(os.getpid(), signal.SIGKILL)

    if count_in is not None:
        _descriptor = os.open(count_in, os.O_WRONLY | os.O_CREAT)
    sys.addaudithook(hook)


def _whole_path(event: str, arguments: tuple) -> str:
    path = os.fsdecode(arguments[1] if event == "os.symlink" else arguments[0])
    place = {"os.remove": 1, "os.rmdir": 1, "os.mkdir": 2}.get(event)
    if place is not None and arguments[place] >= 0:  # shutil.rmtree names what is in an open folder
        return os.path.join(os.readlink(f"/proc/self/fd/{arguments[place]}"), path)
    return os.path.abspath(path)


if FOLDER in os.environ and os.environ.get(RANK) in (None, os.environ.get("PADDLE_TRAINER_ID")):
    # What this process starts is not watched.
    _folder, _number = os.environ.pop(FOLDER), int(os.environ.pop(NUMBER))
    watch(_folder, _number, os.environ.pop(COUNT, None))
