"""Arrays, such as decoded pictures, kept on disk between runs; a cache that fails costs time, never the run."""

from __future__ import annotations

import atexit
import functools
import logging
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from paddle_camp.files import replace_file

log = logging.getLogger(__name__)

# What numpy lets through when a file is empty, cut, not a zip, a bare array, pickled, or has a flipped bit.
DAMAGE = (OSError, ValueError, KeyError, AttributeError, TypeError, EOFError, zipfile.BadZipFile, zlib.error)


def default_cache_dir() -> Path:
    """$PADDLE_CAMP_CACHE, or ``~/.cache/paddle_camp``; where neither is named nor can be made, a temporary folder."""
    if named := os.environ.get("PADDLE_CAMP_CACHE"):
        return Path(os.path.expanduser(named))
    return _below_home(os.path.expanduser("~/.cache/paddle_camp"))


@functools.cache  # is said once
def _below_home(usual: str) -> Path:
    try:
        os.makedirs(usual, exist_ok=True)
    except OSError as error:
        reason = error.strerror
    else:
        if os.access(usual, os.W_OK | os.X_OK):
            return Path(usual)
        reason = "no rights"
    folder = Path(tempfile.mkdtemp(prefix="paddle_camp-"))  # a name that nobody else could have made before
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    log.warning("%s cannot be written (%s): %s is used in this run; set $PADDLE_CAMP_CACHE", usual, reason, folder)
    return folder


def cached_array(
    path: Path, shape: tuple[int, ...], make: Callable[[], np.ndarray], dtype: npt.DTypeLike = np.uint8
) -> np.ndarray:
    """The array stored at ``path``; if there is none that is whole, ``make()``, stored for the next run.

    Args:
        path: an ``.npz`` file whose name says what is in it: a hash over everything ``make`` depends on.
        shape: what the array must look like.
        dtype: of its elements: numbers or booleans.

    Raises:
        ValueError: ``make()`` gives another shape or dtype, or ``dtype`` is of objects, texts or records.
    """
    dtype = np.dtype(dtype)
    if dtype.kind not in "biufc":
        raise ValueError(f"the cache holds numbers and booleans, not {dtype}")
    array = _load(path, shape, dtype)
    if array is None:
        array = make()
        if array.shape != shape or array.dtype != dtype:
            raise ValueError(f"{path.name}: {array.dtype} {array.shape} was made where {dtype} {shape} belongs")
        _save(path, array)
    return array


def _load(path: Path, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray | None:
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            array = archive["array"]  # the zip inside an .npz checks a CRC: a flipped bit is found here
    except (FileNotFoundError, NotADirectoryError):
        return None
    except DAMAGE as error:
        log.warning("the cache file %s cannot be used (%s); it is made again", path, error)
        return None
    if array.shape != shape or array.dtype != dtype:
        log.warning("the cache file %s holds %s %s; it is made again", path, array.dtype, array.shape)
        return None
    return array


def _save(path: Path, array: np.ndarray) -> None:
    def write(temporary: Path) -> None:
        with open(temporary, "wb") as file:  # given a name, savez would add ".npz" to it
            np.savez(file, array=array)

    try:
        replace_file(path, write)
    except OSError as error:
        log.warning("no cache for the next run: %s cannot be written (%s); set $PADDLE_CAMP_CACHE", path, error)
