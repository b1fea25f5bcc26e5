"""Public files fetched from their mirrors, each checked by its hash before it takes its name."""

from __future__ import annotations

import contextlib
import functools
import http.client
import os
import sys
import time
from pathlib import Path

from paddle_camp.data.finding.cache import default_cache_dir
from paddle_camp.data.finding.fetching import fetch
from paddle_camp.data.finding.sources import DATASETS, Found, Remote, find
from paddle_camp.errors import DataError
from paddle_camp.files import replace_file

REMEMBERED = 900  # seconds in which a download that failed is not tried again


def find_or_download(dataset: str, data_dir: str | os.PathLike | None = None) -> Found | None:
    """A data set on this machine, downloaded if it can be.

    Args:
        dataset: a key of :data:`~paddle_camp.data.finding.sources.DATASETS`.
        data_dir: as for :func:`~paddle_camp.data.finding.sources.find`; naming one rules a download out.

    Returns:
        The folder; None where the machine has none and no mirror gives it (offline, say).

    Raises:
        DataError: a place the user named does not exist or holds nothing of the data set.
    """
    if found := find(dataset, data_dir):
        return found
    folder = default_cache_dir() / dataset
    files = DATASETS[dataset].files
    if not files:
        return None
    if all(remote.is_at(folder / remote.name) for remote in files):
        return Found(folder, "downloaded before")
    if all(download(remote, folder) for remote in files):
        return Found(folder, "downloaded")
    return None


def real_or_none(dataset: str, data: str = "auto", data_dir: str | os.PathLike | None = None) -> Found | None:
    """What ``--data`` asks for: the real data set, or None where its stand-in is to be taken.

    Args:
        data: "real", "synthetic", or "auto": real if it can be had, else the stand-in.
        data_dir: the first place to look; naming one rules the stand-in out.

    Raises:
        DataError: data="real" and it cannot be had, or as for :func:`find_or_download`.
    """
    found = None if data == "synthetic" else find_or_download(dataset, data_dir)
    if found is None and data == "real":
        known = DATASETS[dataset]
        raise DataError(f"--data real: {known.name} was not found; {known.how_to_get}")
    return found


def download(remote: Remote, folder: Path) -> bool:
    """Fetch a file into ``folder``, from the first of its mirrors that has it, unless it is there already.

    Returns:
        Whether the file is there, whole, in the end; never where $PADDLE_CAMP_OFFLINE is 1 and it was not.
    """
    if remote.is_at(folder / remote.name):
        return True
    if os.environ.get("PADDLE_CAMP_OFFLINE") == "1":
        return False
    failed = folder / f".{remote.name}.failed"
    if _is_recent(failed):
        print(f"{remote.name} could not be downloaded a short while ago; remove {failed} to try now", file=sys.stderr)
        return False
    for url in remote.urls:
        size = "" if remote.size is None else f" ({remote.size / 1e6:.1f} MB)"
        print(f"downloading {remote.name}{size} from {url}", file=sys.stderr, flush=True)
        try:
            replace_file(folder / remote.name, functools.partial(_fetch_right, remote, url))
            failed.unlink(missing_ok=True)
            return True
        # No network, a time-out or an HTTP error; a file that is not the right one; a disk that is full.
        except (OSError, ValueError, http.client.HTTPException) as error:
            print(f"  not from there: {_short(error)}", file=sys.stderr, flush=True)
    with contextlib.suppress(OSError):
        failed.touch()
    return False


def _fetch_right(remote: Remote, url: str, file: Path) -> None:
    fetch(url, file, remote.size)
    if not remote.is_at(file):
        raise ValueError(f"not the right file, by its {remote.known_hash[0].upper()}")


def _is_recent(failed: Path) -> bool:
    try:
        return 0 <= time.time() - failed.stat().st_mtime < REMEMBERED
    except OSError:
        return False


def _short(error: Exception) -> str:
    """One line of a message that may have many."""
    return (str(error).splitlines() or [type(error).__name__])[0][:160]
