"""Picture files to one uint8 array, decoded once and kept."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from paddle_camp.data.finding.cache import cached_array, default_cache_dir
from paddle_camp.data.finding.contents import read_bytes, sha256_of
from paddle_camp.errors import DataError
from paddle_camp.machine import MAX_PIXELS

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".ppm")  # of what decode_any reads
VERSION = 1  # raise it when the same files would give other pixels
MAX_BYTES = 200_000_000  # of a file: pictures are a hundredth of it, and all of a file is read before it is decoded

_REDUCED = {2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4, 8: cv2.IMREAD_REDUCED_COLOR_8}


def read_pictures(
    paths: Sequence[Path],
    image_size: int,
    cache_dir: Path | None = None,
    decoder: Callable[[Path, int], np.ndarray] | None = None,
) -> np.ndarray:
    """Decode and resize pictures, or take them from the cache of an earlier run.

    The cache is keyed by the names and the bytes of all files and by the size, so a changed picture is seen.

    Args:
        paths: N JPEG files, or what ``decoder`` reads.
        image_size: the side of the square result, pixels.
        cache_dir: default $PADDLE_CAMP_CACHE or ``~/.cache/paddle_camp``.
        decoder: :func:`decode` by default; or :func:`decode_any`.

    Returns:
        uint8 ``[N, 3, image_size, image_size]``, BGR, in the order of ``paths``.

    Raises:
        DataError: files that are no whole pictures: the first of them, and how many there are.
    """
    shape = (len(paths), 3, image_size, image_size)

    def decode_all() -> np.ndarray:
        images = np.empty(shape, np.uint8)

        def place(index: int) -> None:
            images[index] = (decoder or decode)(paths[index], image_size).transpose(2, 0, 1)

        _all_or_first_error(pool, place, range(len(paths)))
        return images

    # Hashing and decoding are C code that lets go of the interpreter lock: threads do.
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        # Another OpenCV may bring another JPEG decoder and other low bits.
        key = hashlib.sha256(f"{VERSION} {cv2.__version__} {image_size}\n".encode())
        for path, digest in zip(paths, _all_or_first_error(pool, _digest_of, paths), strict=True):
            key.update(os.fsencode(path.name) + f"\0{digest}\n".encode())
        file = (cache_dir or default_cache_dir()) / f"pictures-{image_size}-{key.hexdigest()[:32]}.npz"
        return cached_array(file, shape, decode_all)


def _all_or_first_error(pool: ThreadPoolExecutor, function: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    """``function`` of each of the pictures; a DataError is that of the first, and says of how many more."""

    def attempt(item: Any) -> tuple[Any, DataError | None]:
        try:
            return function(item), None
        except DataError as error:
            return None, error

    results = list(pool.map(attempt, items))
    errors = [error for _, error in results if error]
    if errors:
        more = f"; {len(errors)} of {len(items)} pictures cannot be read" if len(errors) > 1 else ""
        raise DataError(f"{errors[0]}{more}") from errors[0]
    return [value for value, _ in results]


def decode(path: Path, image_size: int) -> np.ndarray:
    """One JPEG as uint8 ``[image_size, image_size, 3]``, BGR.

    A large picture is decoded at 1/2, 1/4 or 1/8 of its size, the smallest that is not below ``image_size``: the
    decoder then averages in the frequency domain and computes a fraction of the pixels. The rest of the way down
    is INTER_AREA. What this changes, measured on real pictures enlarged to 2124x2056: they come out a little
    softer than by full decoding and INTER_AREA, by 0.4 to 0.9 of 255 grey levels on average (at most 25, on
    edges), in a third to a half of the time. The course decodes fully and takes INTER_LINEAR, which reads 4
    pixels of every 87 and so keeps the camera's noise: 0.5 to 1.4 levels from here without noise, 2.5 with noise
    of 6. A picture that has the size already is not touched.

    Raises:
        DataError: it cannot be read, is no JPEG, cut short, damaged, or too large.
    """
    data = _bytes_of(path)
    size = jpeg_size(data)
    if size is None:
        raise DataError(f"{path}: not a JPEG picture, or a file cut short ({len(data)} bytes); copy it again")
    if size[0] * size[1] > MAX_PIXELS:
        raise DataError(f"{path}: {size[1]} x {size[0]} pixels, {MAX_PIXELS:,} at most; save it anew, smaller")
    fitting = [d for d in _REDUCED if min(size) // d >= image_size]
    flag = _REDUCED[max(fitting)] if fitting else cv2.IMREAD_COLOR
    image = cv2.imdecode(np.frombuffer(data, np.uint8), flag)
    if image is None:
        raise DataError(f"{path}: the JPEG cannot be decoded; copy it again")
    return fit_square(image, image_size)


def decode_any(path: Path, image_size: int) -> np.ndarray:
    """One picture in any usual format as uint8 ``[image_size, image_size, 3]``, BGR, turned upright as its EXIF says.

    JPEG as by :func:`decode`; PNG, WebP, BMP, TIFF and PPM are decoded at full size, without their transparency.

    Raises:
        DataError: no such picture, cut short, damaged, or larger than OpenCV reads.
    """
    data = _bytes_of(path)
    with _in_one_line(path):
        if data.startswith(b"\xff\xd8"):
            return decode(path, image_size)
        return fit_square(_decoded(path, data), image_size)


def decode_full(path: Path) -> np.ndarray:
    """One picture in any usual format as it is, uint8 ``[H, W, 3]``, BGR, turned upright as its EXIF says.

    Raises:
        DataError: as for :func:`decode_any`.
    """
    with _in_one_line(path):
        return _decoded(path, _bytes_of(path))


@contextlib.contextmanager
def _in_one_line(path: Path) -> Iterator[None]:
    """Inside, OpenCV's errors, for example of more pixels than it accepts, become a DataError."""
    try:
        yield
    except cv2.error as error:
        raise DataError(f"{path}: OpenCV cannot decode it ({error.err}); save it anew, smaller") from None


def _decoded(path: Path, data: bytes) -> np.ndarray:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if image is None:
        raise DataError(
            f"{path}: not a whole JPEG, PNG, WebP, BMP, TIFF or PPM picture ({len(data)} bytes); "
            "copy it again or remove it"
        )
    return image


def _digest_of(path: Path) -> str:
    _check_bytes(path)
    return sha256_of(path)


def _bytes_of(path: Path) -> bytes:
    _check_bytes(path)
    return read_bytes(path)


def _check_bytes(path: Path) -> None:
    with contextlib.suppress(OSError):  # what cannot be read is reported by who reads it
        size = os.stat(path).st_size
        if size > MAX_BYTES:
            raise DataError(f"{path}: {size / 1e6:,.0f} MB, a picture has {MAX_BYTES / 1e6:,.0f} at most; remove it")


def fit_square(image: np.ndarray, image_size: int) -> np.ndarray:
    """uint8 ``[H, W, 3]`` to ``[image_size, image_size, 3]``, whatever its proportions."""
    if image.shape[:2] == (image_size, image_size):
        return image
    shrinks = min(image.shape[:2]) >= image_size
    return cv2.resize(image, (image_size, image_size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def jpeg_size(data: bytes) -> tuple[int, int] | None:
    """(height, width) from the header of a JPEG; None if it is none or its end is missing.

    OpenCV fills the missing part of a cut picture with grey and says nothing that a program can catch; but in the
    coded data of a JPEG the bytes FF D9 stand only at the end, so their absence after the start of the scan tells.
    """
    if not data.startswith(b"\xff\xd8"):
        return None
    at, size = 2, None
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker == 0xDA:  # start of scan: the header is over
            return size if data.find(b"\xff\xd9", at) > 0 else None
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):  # start of frame
            size = int.from_bytes(data[at + 5 : at + 7], "big"), int.from_bytes(data[at + 7 : at + 9], "big")
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None
