"""MNIST in other forms than its four IDX files: the course's JSON, Keras' .npz, Theano's pickle, tables.

Pixels may be bytes, or fractions of 255 or of 256; labels may be numbers, texts, or lists of ten (one-hot).
"""

from __future__ import annotations

import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from paddle_camp.array_pickle import unpickle
from paddle_camp.data.finding.cache import DAMAGE
from paddle_camp.data.finding.contents import read_bytes
from paddle_camp.data.mnist_json import read_sets
from paddle_camp.errors import DataError
from paddle_camp.pickle_words import PickleError

SIDE, CLASSES = 28, 10
AGAIN = "copy or download it again"
BLOCK = 1000  # pictures that are converted at a time
MAX_ARRAYS = 500_000_000  # bytes of those in a file; a pixel takes 8 at most
MAX_BYTES = 400_000_000  # of a table, a picture takes 1 to 4 kB in it

Part = tuple[np.ndarray, np.ndarray]  # images uint8 [N, 28, 28], labels [N]


def read_json(path: Path) -> dict[str, Part]:
    """The course's file: ``[train, valid, eval]``, each ``[images, labels]``; images are lists of 784 numbers.

    Raises:
        DataError: not that.
    """
    sets = read_sets(path)
    if len(sets) != 3:
        raise DataError(f"{path}: {len(sets)} sets where train, valid and eval belong; {AGAIN}")
    return _parts(path, zip(("train", "valid", "eval"), sets, strict=True))


def read_npz(path: Path) -> dict[str, Part]:
    """Keras' ``mnist.npz``: arrays ``x_train``, ``y_train``, ``x_test``, ``y_test``.

    Raises:
        DataError: not that.
    """
    names = ("x_train", "y_train", "x_test", "y_test")
    try:
        with zipfile.ZipFile(path) as archive:  # before anything is unpacked: a small one may hold gigabytes
            if (size := sum(archive.getinfo(f"{name}.npy").file_size for name in names)) > MAX_ARRAYS:
                raise ValueError(f"its arrays have {size:,} bytes, {MAX_ARRAYS:,} at most")
        with np.load(path, allow_pickle=False) as arrays:
            sets = {part: (arrays[f"x_{part}"], arrays[f"y_{part}"]) for part in ("train", "test")}
    except (*DAMAGE, MemoryError) as error:
        raise DataError(
            f"{path}: is not Keras' mnist.npz with x_train, y_train, x_test and y_test ({_line(error)}); {AGAIN}"
        ) from None
    return _parts(path, sets.items())


def read_tables(path: Path) -> dict[str, Part]:
    """A table with a label and 784 pixels in a row, with or without a header row; and ``mnist_test.csv`` beside it.

    Kaggle's ``train.csv`` has no such table beside it: its ``test.csv`` has no labels.

    Raises:
        DataError: not that.
    """
    sets = {"train": _table(path)}
    test = path.with_name("mnist_test.csv")
    if path.name == "mnist_train.csv" and test.exists():
        sets["test"] = _table(test)
    return _parts(path, sets.items())


def read_pickled(path: Path) -> dict[str, Part]:
    """The ``mnist.pkl.gz`` of Theano's tutorials: (train, valid, test), each (images, labels).

    Nothing in it is called (:mod:`paddle_camp.array_pickle`).

    Raises:
        DataError: not that.
    """
    try:
        with gzip.open(path) as file:
            content = file.read(MAX_ARRAYS + 1)
        if len(content) > MAX_ARRAYS:
            raise PickleError(f"it has more than {MAX_ARRAYS:,} bytes")
        parts = zip(("train", "valid", "test"), unpickle(io.BytesIO(content)), strict=True)
        sets = {name: (images.values, labels.values) for name, (images, labels) in parts}
    except (OSError, EOFError, zlib.error, ValueError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path}: is no pickle of (train, valid, test), images and labels ({_line(error)}); {AGAIN}"
        ) from None
    return _parts(path, sets.items())


def _table(path: Path) -> Part:
    content = read_bytes(path).removeprefix(b"\xef\xbb\xbf")
    if len(content) > MAX_BYTES:
        raise DataError(f"{path}: {len(content):,} bytes, more than MNIST has as a table; {AGAIN}")
    lines = content.split(b"\n")
    lines = [line for line in lines if line.strip()]
    if lines and not re.match(rb"[0-9]+,", lines[0]):
        lines = lines[1:]  # the names of the columns
    if not lines:
        raise DataError(f"{path}: no digits at all; {AGAIN}")
    try:
        rows = np.loadtxt(lines, np.uint8, delimiter=",", ndmin=2)
    except ValueError as error:
        raise DataError(f"{path}: is no table of labels and pixels from 0 to 255 ({_line(error)}); {AGAIN}") from None
    if rows.shape[1] != 1 + SIDE * SIDE:
        raise DataError(f"{path}: {rows.shape[1]} columns where a label and 784 pixels belong; {AGAIN}")
    return rows[:, 1:], rows[:, 0]


# The name of a file in the data set's folder -> its reader. Kaggle calls its table train.csv, as others do theirs.
OTHER_FORMS: dict[str, Callable[[Path], dict[str, Part]]] = {
    "mnist.json.gz": read_json,
    "mnist.json": read_json,
    "mnist.npz": read_npz,
    "mnist_train.csv": read_tables,
    "mnist/train.csv": read_tables,
    "digit-recognizer/train.csv": read_tables,
    "mnist.pkl.gz": read_pickled,
}


def _parts(path: Path, sets: Iterable[tuple[str, Part]]) -> dict[str, Part]:
    """Pictures and labels as they stand in the file, in MNIST's form."""
    found = dict(sets)
    for name, (images, _) in found.items():
        if images.ndim not in (2, 3) or (len(images) and images[0].size != SIDE * SIDE):
            raise DataError(
                f"{path}: {name} holds images of shape {images.shape[1:]} where 784 numbers belong; {AGAIN}"
            )
        if images.dtype.kind not in "uif" or not (images.min(initial=0) >= 0 and images.max(initial=0) <= 255):
            raise DataError(f"{path}: {name} has pixels outside of 0 to 255; {AGAIN}")
    scale = _scale_of([images for images, _ in found.values()])
    return {
        name: (_bytes(images, scale), _labels(labels, f"{name} in {path}")) for name, (images, labels) in found.items()
    }


def _scale_of(parts: list[np.ndarray]) -> int:
    """What the pixels are fractions of: 255 or 256, whichever makes whole numbers of them; 1 for bytes."""
    if max(images.max(initial=0) for images in parts) > 1:
        return 1
    some = parts[0][:BLOCK].astype(np.float64)
    return min((255, 256), key=lambda scale: np.abs(some * scale - np.rint(some * scale)).sum().round(6))


def _bytes(images: np.ndarray, scale: int) -> np.ndarray:
    if images.dtype == np.uint8 and scale == 1:
        return images.reshape(-1, SIDE, SIDE)
    found = np.empty((len(images), SIDE, SIDE), np.uint8)
    for start in range(0, len(images), BLOCK):
        block = np.asarray(images[start : start + BLOCK], np.float32)
        found[start : start + BLOCK] = np.rint(block * scale).reshape(-1, SIDE, SIDE)
    return found


def _labels(labels: np.ndarray, where: str) -> np.ndarray:
    """Labels ``[N]`` from ``[N]``, ``[N, 1]`` or one-hot ``[N, 10]``, numbers or texts of digits."""
    if labels.dtype.kind not in "uifbUS":
        raise DataError(f"{where}: labels of type {labels.dtype}, not digits 0 to 9; {AGAIN}")
    if labels.dtype.kind in "US":
        texts = labels.astype(str)
        wrong = [text for text in texts.reshape(-1).tolist() if not re.fullmatch(r"\s*[0-9](\.0*)?\s*", text)]
        if wrong:
            raise DataError(f"{where}: a label is {wrong[0][:40]!r}, not a digit 0 to 9; {AGAIN}")
        labels = texts.astype(np.float64)
    if labels.ndim == 2 and labels.shape[1] == CLASSES:
        sure = (np.sort(labels, axis=1) == [0] * (CLASSES - 1) + [1]).all(axis=1)
        if not sure.all():
            raise DataError(f"{where}: label number {int(sure.argmin()) + 1} is not one 1 among nine 0; {AGAIN}")
        return labels.argmax(axis=1)
    if labels.ndim > 1 and labels.size != len(labels):
        raise DataError(f"{where}: labels of shape {labels.shape[1:]} where one number belongs; {AGAIN}")
    return labels.reshape(-1)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:80] or type(error).__name__
