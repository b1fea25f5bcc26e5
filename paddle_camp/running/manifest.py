"""``manifest.json``: the SHA-256 of every file that a finished run wrote; the last file of a run.

It finds what was damaged, edited or lost on the way from a student to a teacher. It is no signature: who edits a file
can write the manifest anew as well.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from paddle_camp.files import read_sealed, sha256_of, write_sealed

FILE = "manifest.json"
_OWN = {FILE, ".lock"}


def write_manifest(folder: Path, headline_from_predictions: bool) -> None:
    """Describe every file below a run's ``folder``, atomically.

    Args:
        headline_from_predictions: the headline in ``metrics.json`` is the accuracy of ``predictions.csv``, so that
            whoever has both can compute it again.
    """
    files = {name: describe(folder / name) for name in sorted(files_below(folder))}
    write_sealed(folder / FILE, {"files": files, "headline_from_predictions": headline_from_predictions})


def refresh_manifest(folder: Path, names: Iterable[str]) -> None:
    """Describe these files anew, after they were rendered again; what it says of all others stays as it was.

    A run without a manifest (not done, or of an older version) gets none, and a damaged one is left as it is: nothing
    vouches for the other files.
    """
    try:
        manifest = read_sealed(folder / FILE)
        files = dict(manifest["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return
    files |= {name: describe(folder / name) for name in names}
    if files != manifest["files"]:
        write_sealed(folder / FILE, manifest | {"files": dict(sorted(files.items()))})


def remove_manifest(folder: Path) -> None:
    """Before a run goes on: its files are about to change."""
    (folder / FILE).unlink(missing_ok=True)


def describe(path: Path) -> dict[str, Any]:
    """Bytes and SHA-256 of a file."""
    return {"bytes": path.stat().st_size, "sha256": sha256_of(path)}


def files_below(folder: Path) -> Iterator[str]:
    """The regular files of a run by their names relative to ``folder``, with slashes; no links, not the manifest."""
    for place, _, names in os.walk(folder):
        for path in (Path(place, name) for name in names):
            name = path.relative_to(folder).as_posix()
            if name not in _OWN and os.path.isfile(path) and not path.is_symlink():
                yield name
