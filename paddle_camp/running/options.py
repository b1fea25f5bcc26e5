"""The options of a run, the same for every homework."""

from __future__ import annotations

import os
import typing
from dataclasses import dataclass, fields
from pathlib import Path

from paddle_camp.errors import CampError, SettingError
from paddle_camp.running.settings import has_type, type_name

DATA = ("auto", "real", "synthetic")
MAX_SEED = 2**31 - 1  # what numpy, Paddle and the seeds that follow it in a sweep all take
MAX_NAME = 255  # bytes of a name in a path, of nearly all file systems


@dataclass(frozen=True)
class Options:
    """The command line of a run, as :mod:`paddle_camp.commands.run` or a notebook gives it; see the README.

    Raises:
        CampError: a value of another type or out of range.
    """

    data: str = "auto"
    data_dir: str | None = None
    device: str = "auto"
    amp: bool = False
    quick: bool = False
    seed: int | None = None  # None: 0, or with ``config`` that of its run
    overrides: tuple[str, ...] = ()
    out: str | None = None
    resume: str | None = None  # None: a new run; "": the latest one; else its folder
    jobs: int | None = None  # None: one; on a cluster as many as it has room for
    cluster: str | None = None
    visualdl: bool = False
    live: bool = False
    debug: bool = False
    config: str | None = None  # the config.json of a run to be run again

    def __post_init__(self) -> None:
        hints = typing.get_type_hints(type(self))
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, os.PathLike):  # a notebook has paths, config.json and the other places have texts
                value = os.fspath(value)
                object.__setattr__(self, field.name, value)
            if not has_type(value, hints[field.name]):
                raise SettingError(f"{field.name}={value!r}: this option wants {type_name(hints[field.name])}")
        if self.data not in DATA:
            raise CampError(f"--data {self.data}: there are {', '.join(DATA)}")
        if self.seed is not None and self.seed < 0:
            raise CampError(f"--seed {self.seed}: give 0 or a positive number")
        if self.seed is not None and self.seed > MAX_SEED:
            raise CampError(f"--seed {str(self.seed)[:12]}...: give {MAX_SEED:,} at most")
        for name in ("data_dir", "out", "resume", "config"):
            _check_path(f"--{name.replace('_', '-')}", getattr(self, name) or "")
        if self.jobs is not None and self.jobs < 1:
            raise CampError(f"--jobs {self.jobs}: give 1 or more")


def _check_path(option: str, path: str) -> None:
    """Refuse what no file system takes, before one is asked.

    Raises:
        CampError: a name in it is too long, or holds a zero byte.
    """
    try:
        taken = "\0" not in path and all(len(os.fsencode(part)) <= MAX_NAME for part in Path(path).parts)
    except UnicodeEncodeError:  # half of a character, as only JSON can write it
        taken = False
    if not taken:
        raise CampError(f"{option} {path[:40]!a}...: a name in it is longer than {MAX_NAME} bytes, or has a zero byte")
