"""The runs below some folders, such as a class's hand-ins, and whose they are by the folders they lie in."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from paddle_camp.collecting.foreign import shortened
from paddle_camp.collecting.record import RunRecord, is_run, read_record
from paddle_camp.errors import CampError
from paddle_camp.running.folder import follow_latest

MOST_RUNS, MOST_FOLDERS, DEEPEST = 1000, 50_000, 8
_TIME = re.compile(r"\d{8}-\d{6}(-\d+)?")
_PLAIN = {"runs", "work", "latest"}  # folders that say nothing of whose run it is


@dataclass(frozen=True)
class Found:
    """A run, and ``whose`` it is: the student's folder, or what else tells it from the others of its assignment."""

    record: RunRecord
    whose: str


def find_runs(paths: Iterable[Path], unread: list[Path] | None = None) -> list[Found]:
    """The runs that ``paths`` are, or that lie below them, each once, sorted by assignment and owner.

    A path may be a link, such as ``latest``; below a path no link is followed.

    Args:
        unread: gets the folders below them that may not be read; they are left out.

    Raises:
        CampError: a path is no folder, there is no run below it, or there are too many.
    """
    found: dict[Path, Found] = {}
    roots: dict[Path, str] = {}
    for path in paths:
        root = follow_latest(path)
        if not root.is_dir():
            said = "a file, not a folder; unpack it first" if root.is_file() else "no such folder"
            raise CampError(f"{path}: {said}; name runs, or a folder of runs")
        if not _may_be_read(root):
            raise CampError(f"{path}: may not be read; ask its owner for the permission")
        root, before = root.resolve(), len(found)
        own = is_run(root)
        for folder in [root] if own else runs_below(root, unread):
            record = read_record(folder)
            parts = folder.parts[-4:] if own else folder.relative_to(root).parts
            found.setdefault(folder, Found(record, _whose(parts, record)))
            roots.setdefault(folder, "" if own else root.name)
            if len(found) > MOST_RUNS:
                raise CampError(f"{path}: more than {MOST_RUNS} runs; compare fewer at a time")
        if len(found) == before and not any(root in folder.parents or root == folder for folder in found):
            raise CampError(f"{path}: no run in it (no folder with a metrics.json); name runs, or a folder of runs")
    return sorted(_told_apart(_of_their_class(found, roots)), key=lambda each: (each.record.homework, each.whose))


def runs_below(root: Path, unread: list[Path] | None = None) -> Iterator[Path]:
    """The folders of runs below a folder; what lies in a run, hidden folders and links are left out.

    Args:
        unread: gets the folders that may not be read.

    Raises:
        CampError: there are too many folders.
    """
    for count, (place, names, _) in enumerate(os.walk(root), start=1):
        if count > MOST_FOLDERS:
            raise CampError(f"{root}: more than {MOST_FOLDERS:,} folders; name the one with the runs")
        here = Path(place)
        if is_run(here):
            names.clear()
            yield here
        deep = len(here.relative_to(root).parts) >= DEEPEST
        names[:] = [] if deep else sorted(name for name in names if not name.startswith("."))
        closed = [name for name in names if not _may_be_read(here / name) and not (here / name).is_symlink()]
        names[:] = [name for name in names if name not in closed]
        if unread is not None:
            unread += [here / name for name in closed]


def _may_be_read(folder: Path) -> bool:
    return os.access(folder, os.R_OK | os.X_OK)


def _whose(parts: tuple[str, ...], record: RunRecord) -> str:
    kept = [part for part in parts if not _TIME.fullmatch(part) and part not in (*_PLAIN, record.homework, "/")]
    return shortened("/".join(kept) or record.folder.name, 60)


def _of_their_class(found: Mapping[Path, Found], roots: Mapping[Path, str]) -> list[Found]:
    """With the class's folder before the students of one name who are in several classes."""
    classes: dict[str, set[str]] = {}
    for folder, each in found.items():
        classes.setdefault(each.whose, set()).add(roots[folder])
    return [
        replace(each, whose=shortened(f"{roots[folder]}/{each.whose}", 60))
        if len(classes[each.whose]) > 1 and roots[folder]
        else each
        for folder, each in found.items()
    ]


def _told_apart(found: list[Found]) -> list[Found]:
    """With the run's own folder, mostly its time, behind an owner who has several runs of an assignment."""
    count = Counter((each.record.homework, each.whose) for each in found)
    several = {key for key, number in count.items() if number > 1}
    return [
        replace(each, whose=f"{each.whose} · {shortened(each.record.folder.name, 40)}")
        if (each.record.homework, each.whose) in several
        else each
        for each in found
    ]
