"""Records that trainings keep of themselves while they go on, for the page of ``--live``; knows no paddle.

A training writes a small JSON file in the place that its process knows, and whoever shows them reads the files: so a
sweep's trainings in processes of their own are seen as those of this one are.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from paddle_camp.files import write_json

PAUSE, LONGEST = 2.0, 60.0  # seconds between two writes, at least and at most
SHARE = 250  # of the time: where a write takes long, the next one waits so many times as long


class Pace:
    """When the next write is due: it may cost 1/250 of the time, on a slow disk too, and is due once a minute."""

    def __init__(self) -> None:
        self.due = time.monotonic() + PAUSE

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Inside is a write; the next one is due a pause later."""
        began = time.monotonic()
        try:
            yield
        finally:
            now = time.monotonic()
            self.due = now + min(LONGEST, max(PAUSE, SHARE * (now - began)))


@dataclass
class Sweep:
    """How far a sweep is; ``first`` of its cells were done before it began."""

    cells: int
    first: int
    done: int
    began: float = field(default_factory=time.monotonic)


@dataclass
class Recording:
    """The records of this process: one for each training, written at most every two seconds.

    Attributes:
        place: the folder of all records; it is asked for when the first training begins.
        cell: of a sweep, which is being computed.
        sweep: the one that this process directs.
    """

    place: Callable[[], Path]
    cell: str = ""
    sweep: Sweep | None = None
    pace: Pace = field(default_factory=Pace)
    _names: set[str] = field(default_factory=set)
    _waiting: dict[Path, Callable[[], dict[str, Any]]] = field(default_factory=dict)

    def begin(self, training: str) -> tuple[Path, str]:
        """The file of a new record, and the training's name with that of its cell; a second one of a name is "(2)"."""
        name = " · ".join(dict.fromkeys(part for part in (self.cell, training) if part))
        if self.cell and training == "train":  # the name of one that was given none
            name = self.cell
        names = [name, *(f"{name} ({number})" for number in range(2, len(self._names) + 2))]
        name = next(each for each in names if each not in self._names)
        self._names.add(name)
        file = hashlib.sha256(name.encode("utf-8", "backslashreplace")).hexdigest()[:16]  # whatever is in the name
        return self.place() / f"{file}.json", name

    def note(self, path: Path, record: Callable[[], dict[str, Any]]) -> None:
        """Write what the record is then, with all that wait, if it is time."""
        self._waiting[path] = record
        if time.monotonic() >= self.pace.due:
            self.flush()

    def flush(self) -> None:
        """Write what waits. What a full disk does not take waits for the next time, and the training goes on."""
        with self.pace.writing():
            for path, record in list(self._waiting.items()):
                with contextlib.suppress(OSError):
                    write_json(path, record())
                    del self._waiting[path]


_now: Recording | None = None


def current() -> Recording | None:
    """The records of this process; None: nobody looks."""
    return _now


def current_place() -> Path | None:
    """Where they are, for processes that train for this one."""
    return None if _now is None else _now.place()


@contextlib.contextmanager
def recorded(recording: Recording | None) -> Iterator[None]:
    """Inside, the trainings of this process keep their records there."""
    global _now
    before, _now = _now, recording
    try:
        yield
    finally:
        _now = before
        if recording is not None:
            recording.flush()


@contextlib.contextmanager
def in_cell(name: str) -> Iterator[None]:
    """Inside, the trainings are those of a sweep's cell."""
    if _now is None:
        yield
        return
    before, _now.cell = _now.cell, name
    try:
        yield
    finally:
        _now.cell = before


@contextlib.contextmanager
def sweeping(cells: int, done: int) -> Iterator[Sweep]:
    """Inside, this process directs a sweep of so many cells; it counts those that are done."""
    sweep = Sweep(cells, done, done)
    if _now is None:
        yield sweep
        return
    _now.sweep = sweep
    try:
        yield sweep
    finally:
        _now.sweep = None
