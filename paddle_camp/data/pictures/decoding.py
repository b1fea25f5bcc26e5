"""Picture files to one uint8 array, decoded once and kept."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL
import simplejpeg

from paddle_camp.data.finding.cache import cached_array, default_cache_dir
from paddle_camp.data.finding.contents import sha256_of
from paddle_camp.data.pictures.channels import on_white
from paddle_camp.data.pictures.opening import check_bytes, open_picture
from paddle_camp.errors import DataError

VERSION = 2  # raise it when the same files would give other pixels, or would no longer be taken


def read_pictures(
    paths: Sequence[Path],
    image_size: int,
    cache_dir: Path | None = None,
    decoder: Callable[[Path, int], np.ndarray] | None = None,
    width: int | None = None,
    variant: str = "",
) -> np.ndarray:
    """Decode and resize pictures, or take them from the cache of an earlier run.

    The cache is keyed by the names and the bytes of all files and by the size, so a changed picture is seen.

    Args:
        paths: N files in any format of :mod:`~paddle_camp.data.pictures.opening`.
        image_size: the side of the square result, pixels.
        cache_dir: default $PADDLE_CAMP_CACHE or ``~/.cache/paddle_camp``.
        decoder: :func:`decode` by default.
        width: of the result of a ``decoder`` that gives no squares; ``image_size`` is then the height.
        variant: what else the decoder's result depends on.

    Returns:
        uint8 ``[N, 3, image_size, width or image_size]``, BGR, in the order of ``paths``.

    Raises:
        DataError: files that are no whole pictures: the first of them, and how many there are.
    """
    shape = (len(paths), 3, image_size, width or image_size)

    def decode_all() -> np.ndarray:
        images = np.empty(shape, np.uint8)

        def place(index: int) -> None:
            images[index] = (decoder or decode)(paths[index], image_size).transpose(2, 0, 1)

        _all_or_first_error(pool, place, range(len(paths)))
        return images

    # Hashing and decoding are C code that lets go of the interpreter lock: threads do.
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        # Another decoder may bring other low bits.
        versions = f"{cv2.__version__} {simplejpeg.__version__} {PIL.__version__}"
        key = hashlib.sha256(f"{VERSION} {versions} {image_size}{variant}\n".encode())
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
    """One picture in any usual format as uint8 ``[image_size, image_size, 3]``, BGR, upright, laid on white.

    A large JPEG is decoded at 1/2, 1/4 or 1/8 of its size (:func:`~paddle_camp.data.pictures.opening.open_picture`);
    the rest of the way down is INTER_AREA. What this changes, measured on real pictures enlarged to 2124x2056: they
    come out a little softer than by full decoding and INTER_AREA, by 0.4 to 0.9 of 255 grey levels on average (at most
    25, on edges), in a third to a half of the time. The course decodes fully and takes INTER_LINEAR, which reads 4
    pixels of every 87 and so keeps the camera's noise: 0.5 to 1.4 levels from here without noise, 2.5 with noise
    of 6. A picture that has the size already is not touched.

    Raises:
        DataError: as :func:`~paddle_camp.data.pictures.opening.open_picture`.
    """
    return fit_square(on_white(open_picture(path, image_size)), image_size)


def decode_full(path: Path) -> np.ndarray:
    """One picture as :func:`decode` reads it, uint8 ``[H, W, 3]``, at its own size.

    Raises:
        DataError: as for :func:`decode`.
    """
    return on_white(open_picture(path))


def _digest_of(path: Path) -> str:
    check_bytes(path)
    return sha256_of(path)


def fit_square(image: np.ndarray, image_size: int) -> np.ndarray:
    """uint8 ``[H, W, 3]`` to ``[image_size, image_size, 3]``, whatever its proportions."""
    if image.shape[:2] == (image_size, image_size):
        return image
    shrinks = min(image.shape[:2]) >= image_size
    return cv2.resize(image, (image_size, image_size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
