"""Where a data set lies on this machine.

A data directory holds one folder a data set (``ichallenge-pm/``, ``mnist/`` ...), or is itself that folder, or is
the place where the downloaded archives lie. :mod:`paddle_camp.data.finding.datasets` lists them.
"""

from __future__ import annotations

import glob
import os
from dataclasses import dataclass
from pathlib import Path

from paddle_camp.data.finding.datasets import DATASETS as DATASETS  # for readers
from paddle_camp.data.finding.datasets import Dataset as Dataset
from paddle_camp.data.finding.datasets import Remote as Remote
from paddle_camp.errors import DataError

PROJECT_DATA = Path(__file__).resolve().parents[3] / "data"


@dataclass(frozen=True)
class Found:
    """A data set's own folder, and which of the places of the search it was found in."""

    path: Path
    how: str


def find(dataset: str, data_dir: str | os.PathLike | None = None) -> Found | None:
    """Look for a data set: ``data_dir``, $PADDLE_CAMP_DATA, ``data/``, then its usual places.

    Args:
        dataset: a key of :data:`DATASETS`.
        data_dir: what the user gave as ``--data-dir``; then the data set must be there.

    Returns:
        The folder, or None when the machine has none.

    Raises:
        DataError: a place the user named does not exist, or ``data_dir`` holds nothing of the data set.
    """
    known = DATASETS[dataset]
    if data_dir is not None:
        found = _look_in(_named_by_user(data_dir, "--data-dir"), known)
        if found is None:
            looked_for = ", ".join(
                known.folders[:1] + tuple(each for each in known.markers if not glob.has_magic(each))
            )
            raise DataError(f"--data-dir {data_dir}: holds nothing of {dataset}: no {looked_for}; {known.how_to_get}")
        return Found(found, "--data-dir")
    places = [(Path("data").absolute(), "./data"), (PROJECT_DATA, "the project's data/")]
    if named := os.environ.get("PADDLE_CAMP_DATA"):
        places.insert(0, (_named_by_user(named, "$PADDLE_CAMP_DATA"), "$PADDLE_CAMP_DATA"))
    for place, how in known.places:
        folders = sorted(glob.glob(place)) if glob.has_magic(place) else [place]
        places += [(Path(folder).expanduser(), how) for folder in folders]
    for folder, how in places:
        if found := _look_in(folder, known):
            return Found(found, how)
    return None


def _named_by_user(folder: str | os.PathLike, how: str) -> Path:
    path = Path(folder).expanduser().absolute()
    if not os.path.isdir(path):
        problem = "is a file, not a directory" if os.path.exists(path) else "does not exist"
        raise DataError(f"{how} {folder}: {problem}; name the directory that holds the data set")
    return path


def _look_in(data_dir: Path, known: Dataset) -> Path | None:
    # os.path.exists, not Path.exists: a folder that may not be entered is a place without data, not an error.
    for folder in known.folders:
        if any(_is_there(data_dir / folder, marker) for marker in known.markers):
            return data_dir / folder
    return None


def _is_there(folder: Path, marker: str) -> bool:
    if glob.has_magic(marker):  # the first of 25,000 pictures is enough
        return next(glob.iglob(os.path.join(glob.escape(str(folder)), marker)), None) is not None
    return os.path.exists(folder / marker)
