"""The first batch of a run's first training, kept for its report: a look at it finds most mistakes in the data.

Labels that belong to other pictures, colours in another order, a crop that cuts the thing away, or random changes that
are too strong are seen at once there, and nowhere in a loss.
"""

from __future__ import annotations

import contextlib
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from paddle_camp.files import replace_file

MOST = 10  # pictures that are kept
Place = Callable[[], Path]  # the file; it is asked for when the first training begins
_place: Place | None = None


@contextlib.contextmanager
def kept_at(place: Place | None) -> Iterator[None]:
    """Inside, the first training of this process keeps its first batch in ``place()``, if nothing is there yet."""
    global _place
    before, _place = _place, place
    try:
        yield
    finally:
        _place = before


def file_in(checkpoints: Path) -> Path:
    """The file of a run, among what is deleted when it is done."""
    return checkpoints / "first-batch" / "pictures.npz"


def current_place() -> Path | None:
    """Where it is kept, for processes that train for this one; None: nowhere."""
    return None if _place is None else _place()


def keep(train: Any) -> None:
    """Write the first pictures of the first epoch as the network gets them, but for the scaling; and their labels.

    They are computed anew from what the batches are a function of, so nothing that is random is drawn from. Sources
    other than ``Batches`` of pictures are left out; a full disk is ignored.
    """
    if _place is None or not hasattr(train, "unscaled"):
        return
    path = _place()
    if path.exists():
        return
    images, labels = (part[:MOST] for part in next(train.unscaled(), (np.empty(0), np.empty(0))))
    if not len(images) or images.dtype != np.uint8:
        return
    scaled = np.asarray(train.scaled(images), np.float64)
    values = np.array([scaled.min(), scaled.max(), scaled.mean(), scaled.std()])
    classes = np.array(train.data.kind.classes, dtype=np.str_)

    def write(at: Path) -> None:
        with at.open("wb") as stream:  # by its name numpy would add .npz to it
            np.savez_compressed(stream, images=images, labels=labels, range=values, classes=classes)

    with contextlib.suppress(OSError):
        replace_file(path, write)


def read(path: Path) -> dict[str, np.ndarray] | None:
    """What :func:`keep` wrote; None where it is missing or damaged.

    ``images`` uint8 ``[B, C, H, W]``, ``labels`` ``[B, ...]``, ``range``: least, largest, mean and deviation of the
    scaled pictures, ``classes``: names.
    """
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as kept:
            return {name: kept[name] for name in ("images", "labels", "range", "classes")}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
