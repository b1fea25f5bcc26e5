"""MNIST: 60,000 + 10,000 handwritten digits of 28 x 28 pixels, as one uint8 array.

LeCun, Cortes and Burges. Read from the four IDX files, gzip'd or plain, or from another form, such as the course's
``mnist.json.gz`` (:mod:`paddle_camp.data.mnist_forms`).
"""

from __future__ import annotations

import gzip
import math
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np

from paddle_camp.data.finding.downloads import real_or_none
from paddle_camp.data.finding.sources import DATASETS
from paddle_camp.data.image_set import ImageSet, draw, split_off
from paddle_camp.data.mnist_forms import AGAIN, CLASSES, OTHER_FORMS, SIDE, Part
from paddle_camp.data.showing import ShownData
from paddle_camp.errors import DataError, one_line, require
from paddle_camp.preprocessing import DIGITS

MAX_BYTES = 500_000_000  # of an IDX file's data; MNIST's has 47 million
TEST_SHARE = 1 / 7  # of a file that is not in two parts; MNIST's own


@dataclass(frozen=True, repr=False)
class MnistData(ShownData):
    """MNIST or its stand-in: ``images`` uint8 ``[N, 1, 28, 28]``, light on dark, ``labels`` int64 ``[N]``."""

    name: ClassVar[str] = "MNIST"
    train: ImageSet
    test: ImageSet


def load_mnist(
    data: str = "auto", data_dir: str | None = None, counts: tuple[int | None, int | None] = (None, None)
) -> MnistData:
    """Find (or download) and read the digits.

    Args:
        data: "real", "synthetic", or "auto": real if they can be had, else the stand-in.
        data_dir: the first place to look; naming one rules the stand-in out.
        counts: how many training and test digits to use, drawn with the classes in proportion; None is all there are.

    Raises:
        SettingError: a count that is not positive.
        DataError: damaged files, or data="real" and none can be had.
    """
    for count in counts:
        require(count is None or count > 0, f"{count} digits are asked for: give a positive number, or none for all")
    found = real_or_none("mnist", data, data_dir)
    if found is not None:
        parts, path, origin, how = read_mnist(found.path), found.path, "real", found.how
        if parts[1].names[0].startswith("train"):
            how += f" (no test part there: {TEST_SHARE:.0%} of the digits, drawn with seed 0, are split off for it)"
    else:
        parts, path, origin, how = standin_digits(), Path("scikit-learn"), "synthetic", "scikit-learn's 8 x 8 digits"
    train, test = (draw(part, count) for part, count in zip(parts, counts, strict=True))
    return MnistData(train, test, origin=origin, path=path, how=how)


def read_mnist(folder: Path) -> tuple[ImageSet, ImageSet]:
    """(Training, test) digits from a folder with the four IDX files, or with one of the other forms.

    Raises:
        DataError: a file is missing, damaged, or not what its name says.
    """
    if not any(folder.glob("train-images*")):
        for name, read in OTHER_FORMS.items():
            if (folder / name).is_file():
                return _in_two(read(folder / name), folder / name)
    parts = []
    for part in ("train", "t10k"):
        files = [_named(folder, part, what) for what in ("images-idx3", "labels-idx1")]
        images, labels = (read_idx(file, dimensions) for file, dimensions in zip(files, (3, 1), strict=True))
        if images.shape[1:] != (SIDE, SIDE):
            raise DataError(
                f"{files[0]}: pictures of {images.shape[1]} x {images.shape[2]} pixels where 28 x 28 belong"
            )
        parts.append(_checked(images, labels, part, f"{files[0].name} and {files[1].name} in {folder}"))
    return parts[0], parts[1]


def _in_two(parts: dict[str, Part], path: Path) -> tuple[ImageSet, ImageSet]:
    """(Training, test) digits of a file with parts; of a single part a seventh, drawn class by class, is the second."""
    sets = [_checked(*part, name, f"{name} in {path}") for name, part in parts.items()]
    if len(sets) == 1:
        return split_off(sets[0], TEST_SHARE, seed=0)
    *rest, test = sets
    train = ImageSet(
        np.concatenate([part.images for part in rest]),
        np.concatenate([part.labels for part in rest]),
        tuple(name for part in rest for name in part.names),
        kind=DIGITS,
    )
    return train, test


def _named(folder: Path, part: str, what: str) -> Path:
    """The file of one of its spellings: with a hyphen or a dot, gzip'd or plain."""
    spellings = [f"{part}-{name}-ubyte{end}" for name in (what, what.replace("-", ".")) for end in (".gz", "")]
    for spelling in spellings:
        if (folder / spelling).is_file():
            return folder / spelling
    raise DataError(f"{folder}: no {spellings[0]}; {DATASETS['mnist'].how_to_get}")


def read_idx(path: Path, dimensions: int) -> np.ndarray:
    """A uint8 array from an IDX file (format: http://yann.lecun.com/exdb/mnist/), gzip'd or plain.

    Raises:
        DataError: cut, damaged, or not an IDX file of bytes with so many dimensions.
    """
    header = 4 + 4 * dimensions
    magic = bytes([0, 0, 8, dimensions])  # 8: unsigned bytes
    begin = _unzipped(path, header)
    if begin[:4] != magic:
        raise DataError(f"{path}: begins with {begin[:4].hex()} where an IDX file has {magic.hex()}; {AGAIN}")
    if len(begin) < header:
        raise DataError(f"{path}: ends within its header; {AGAIN}")
    shape = tuple(int(size) for size in np.frombuffer(begin[4:], ">u4"))
    expected = math.prod(shape)
    if expected > MAX_BYTES:
        raise DataError(f"{path}: its header announces {expected:,} bytes, more than any MNIST has; {AGAIN}")
    content = _unzipped(path, header + expected + 1)
    if len(content) - header != expected:
        least = "at least " if len(content) - header > expected else ""
        raise DataError(f"{path}: {least}{len(content) - header:,} bytes of data where {expected:,} belong; {AGAIN}")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def _unzipped(path: Path, size: int) -> bytes:
    """The first ``size`` bytes, or all there are: a small gzip may hold gigabytes."""
    if path.exists() and not path.is_file():  # a pipe would be waited for
        raise DataError(f"{path}: not a regular file; {AGAIN}")
    try:
        with path.open("rb") as file:
            zipped = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            return gzip.GzipFile(fileobj=file).read(size) if zipped else file.read(size)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read ({one_line(error)}); {AGAIN}") from None


def _checked(images: np.ndarray, labels: np.ndarray, part: str, where: str) -> ImageSet:
    if len(images) != len(labels):
        raise DataError(f"{where}: {len(images)} images but {len(labels)} labels; {AGAIN}")
    if not len(labels):
        raise DataError(f"{where}: no digits at all; {AGAIN}")
    wrong = np.flatnonzero((labels < 0) | (labels >= CLASSES) | (labels != labels.astype(np.int64)))
    if len(wrong):
        raise DataError(f"{where}: label number {wrong[0] + 1} is {labels[wrong[0]]}, not a digit 0 to 9; {AGAIN}")
    names = tuple(f"{part}-{i}" for i in range(len(labels)))
    return ImageSet(np.ascontiguousarray(images[:, None]), labels.astype(np.int64), names, kind=DIGITS)


def standin_digits() -> tuple[ImageSet, ImageSet]:
    """(Training, test) stand-ins: scikit-learn's 1,797 digits of 8 x 8 pixels, enlarged to 20 x 20 in 28 x 28.

    A fifth of them, drawn class by class, is the test part. Alpaydin and Kaynak, UCI, 1998.
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    small = np.clip(digits.images * 255 / 16, 0, 255).astype(np.uint8)
    images = np.zeros((len(small), SIDE, SIDE), np.uint8)
    for image, digit in zip(images, small, strict=True):
        image[4:24, 4:24] = cv2.resize(digit, (20, 20), interpolation=cv2.INTER_CUBIC)
    names = tuple(f"digit-{i}" for i in range(len(images)))
    everything = ImageSet(images[:, None], digits.target.astype(np.int64), names, kind=DIGITS)
    return split_off(everything, 0.2, seed=0)
