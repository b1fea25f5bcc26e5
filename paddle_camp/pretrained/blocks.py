"""Features on disk: a folder of files, each with those of at most :data:`BLOCK` pictures, by the pictures' keys.

A file is written whole or not at all, so what an interrupted computation has finished is found by the next one; two
processes may write into one folder. A file that is damaged costs one line, and is removed: its features are computed
again.
"""

from __future__ import annotations

import hashlib
import logging
import stat
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from paddle_camp.data.finding.cache import DAMAGE
from paddle_camp.files import replace_file

log = logging.getLogger(__name__)

BLOCK = 256  # pictures: some seconds of computing, which are lost where it is interrupted
KEY = 16  # bytes
ROOM = 4096  # bytes of a file beside its numbers


def key_of(image: np.ndarray) -> bytes:
    """The key of a picture, uint8 ``[C, H, W]``: a hash of its shape and its bytes."""
    digest = hashlib.sha256(repr(image.shape).encode())
    digest.update(np.ascontiguousarray(image).data)
    return digest.digest()[:KEY]


@dataclass(frozen=True)
class Blocks:
    """The features of one network in one folder.

    Attributes:
        folder: made with the first file; all features in it are of this ``shape``.
    """

    folder: Path
    shape: tuple[int, ...]

    def read(self, wanted: set[bytes]) -> Iterator[tuple[list[bytes], np.ndarray, float]]:
        """What is there of the ``wanted`` keys, file by file, each key once.

        Yields:
            (keys, their features, float32 ``[B, *shape]``, and the seconds that computing them took).
        """
        left = set(wanted)
        for path in sorted(self.folder.glob("*.npz")):
            keys = self._keys(path)
            rows = [row for row, key in enumerate(keys) if key in left]
            block = self._features(path, len(keys)) if rows else None
            if block is not None:
                chosen = [keys[row] for row in rows]
                left.difference_update(chosen)
                yield chosen, block[0][rows], block[1] * len(rows) / len(keys)

    def write(self, keys: Sequence[bytes], features: np.ndarray, seconds: float) -> None:
        """Keep the features of these pictures; where that cannot be done, a line says so."""
        packed = np.frombuffer(b"".join(keys), np.uint8).reshape(-1, KEY)

        def save(temporary: Path) -> None:
            with open(temporary, "wb") as file:
                np.savez(file, keys=packed, features=features, seconds=np.float64(seconds))

        try:
            replace_file(self.folder / f"{_name_of(packed)}.npz", save)
        except OSError as error:
            log.warning("features are not kept: %s cannot be written (%s); set $PADDLE_CAMP_CACHE", self.folder, error)

    def _keys(self, path: Path) -> list[bytes]:
        """The keys of a file, none where it is damaged."""
        keys = _member(path, "keys", np.uint8, BLOCK * KEY)
        if keys is None or keys.ndim != 2 or keys.shape[1] != KEY or len({bytes(key) for key in keys}) != len(keys):
            return _removed(path, "its keys are damaged")
        if path.stem != _name_of(keys):
            return _removed(path, "it is not called after its keys")
        return [bytes(key) for key in keys]

    def _features(self, path: Path, count: int) -> tuple[np.ndarray, float] | None:
        """The features of a file and what they cost; None where it is damaged."""
        size = count * int(np.prod(self.shape, dtype=np.int64)) * 4
        features, seconds = _member(path, "features", np.float32, size), _member(path, "seconds", np.float64, 8)
        right = features is not None and features.shape == (count, *self.shape) and bool(np.isfinite(features).all())
        if not right or seconds is None or seconds.shape != () or not 0 <= seconds < 1e9:
            _removed(path, "its features are damaged")
            return None
        return features, float(seconds)


def _name_of(keys: np.ndarray) -> str:
    return hashlib.sha256(keys.tobytes()).hexdigest()[:32]


def _member(path: Path, name: str, dtype: type, most: int) -> np.ndarray | None:
    """An array of a file, whose size is looked at before anything is read; None: there is none, or it is damaged."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return None
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo(f"{name}.npy").file_size > most + ROOM:
                return None
        with np.load(path, allow_pickle=False) as archive:
            array = archive[name]  # the zip checks a CRC
    except DAMAGE:
        return None
    return array if isinstance(array, np.ndarray) and array.dtype == dtype else None


def _removed(path: Path, why: str) -> list[bytes]:
    log.warning("features in %s cannot be used (%s); they are computed again", path, why)
    with suppress(OSError):  # a folder of that name stays, and is passed over the next time too
        path.unlink()
    return []
