"""From a name to arrays: the real cats and dogs where they are found, else drawn ones."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from paddle_camp.data.cats_and_dogs.reading import CLASSES, Part, find_unlabelled, locate_cats_and_dogs
from paddle_camp.data.cats_and_dogs.standin import draw_cats_and_dogs
from paddle_camp.data.finding.cache import default_cache_dir
from paddle_camp.data.finding.downloads import real_or_none
from paddle_camp.data.finding.sources import Found
from paddle_camp.data.image_set import ImageSet, check_counts, drawn_rows, rows_of_draw
from paddle_camp.data.info import DataInfo
from paddle_camp.data.pictures.class_folders import left_aside, read_labelled, shown
from paddle_camp.data.showing import ShownData
from paddle_camp.errors import DataError, require

STAND_IN = (1000, 200)  # training and validation pictures that are drawn where none are asked for


@dataclass(frozen=True, repr=False)
class CatsAndDogsData(ShownData):
    """Dogs vs. Cats or its stand-in.

    Attributes:
        train, valid: BGR pictures whose kind has the classes "cat" (label 0) and "dog" (1); ``names`` are paths.
        valid_share: the share of the training pictures that was split off as ``valid``; None: the set has such a part.
    """

    name: ClassVar[str] = "Dogs vs. Cats"
    train: ImageSet
    valid: ImageSet
    valid_share: float | None = None

    @functools.cached_property
    def info(self) -> DataInfo:
        """What a run notes of its data."""
        return replace(super().info, path=shown(self.path))

    def read_unlabelled(self, count: int | None = None) -> tuple[np.ndarray, tuple[str, ...]]:
        """Kaggle's pictures without labels, ``test1/`` or its zip, at the size of the others.

        Args:
            count: how many, the first by their numbers; None: all there are.

        Returns:
            uint8 ``[N, 3, S, S]``, BGR, and their N names.

        Raises:
            DataError: there are none, or files that are no whole pictures.
        """
        paths = find_unlabelled(self.path, default_cache_dir())[:count] if self.origin == "real" else []
        if not paths:
            raise DataError(f"{shown(self.path)}: no test1/ and no test1.zip, Kaggle's pictures without labels, there")
        found = read_labelled(paths[0].parent, paths, np.zeros(len(paths), np.int64), self.train.kind)
        return found.images, found.names


def load_cats_and_dogs(
    data: str = "auto",
    data_dir: str | None = None,
    image_size: int = 128,
    counts: tuple[int | None, int | None] = (None, None),
    valid_share: float = 0.1,
    seed: int = 0,
) -> CatsAndDogsData:
    """Find and read the photographs of cats and dogs, decoded once and kept.

    The whole of a photograph is squeezed into a square, as ``load_folder`` and ``predict`` do it: nothing is cut off,
    so a random resized crop can lie anywhere in it. Crops of S pixels come out sharper from pictures of somewhat more:
    ``image_size=160`` for crops of 128.

    Args:
        data: "real", "synthetic", or "auto": real if found, else the stand-in.
        data_dir: the first place to look; naming one rules the stand-in out.
        image_size: the side of the square pictures, pixels.
        counts: how many training and validation pictures to use, drawn with the classes in proportion; only they are
            decoded. None is all there are. A stand-in is drawn with that many (None: 1,000 and 200).
        valid_share: of the training pictures, drawn class by class, that becomes ``valid`` where the set has no
            ``valid/``; ``how`` says so.
        seed: of that draw.

    Raises:
        SettingError: a count, a size or a share that is out of range.
        DataError: damaged data, or data="real" and none found.
    """
    check_counts(counts)
    require(image_size >= 1, f"image_size={image_size}: give the side of the pictures in pixels")
    require(0 < valid_share < 1, f"valid_share={valid_share}: give a share between 0 and 1")
    found = real_or_none("dogs-vs-cats", data, data_dir)
    if found is not None:
        return _read(found, image_size, counts, valid_share, seed)
    # One seed for all runs: the run's seed varies the training, not the pictures.
    train, valid = (
        draw_cats_and_dogs(part, count or usual, image_size)
        for part, count, usual in zip(("train", "valid"), counts, STAND_IN, strict=True)
    )
    how = "the program, which has drawn them"
    return CatsAndDogsData(train, valid, origin="synthetic", path=Path("generated"), how=how)


def _read(
    found: Found, image_size: int, counts: tuple[int | None, int | None], valid_share: float, seed: int
) -> CatsAndDogsData:
    parts, how, share = locate_cats_and_dogs(found.path, default_cache_dir()), found.how, None
    how += left_aside(*(part.place for part in parts.values()))
    if "valid" not in parts:
        parts, share = _split(parts["train"], valid_share, seed), valid_share
        how += f" (no valid/ there: {share:.0%} of the training pictures, drawn with seed {seed}, are split off for it)"
    train, valid = (
        _drawn(parts[part], count).read(image_size) for part, count in zip(("train", "valid"), counts, strict=True)
    )
    return CatsAndDogsData(train, valid, share, origin="real", path=found.path, how=how)


def _split(part: Part, share: float, seed: int) -> dict[str, Part]:
    for label, name in enumerate(CLASSES):
        count = int((part.labels == label).sum())
        if not 0 < round(count * share) < count:
            raise DataError(
                f"{shown(part.place)}: {count} pictures of a {name} are too few to split {share:.0%} of them off to "
                "report on; add pictures, or put some of both classes into a folder valid/ beside it"
            )
    mask = drawn_rows(part.labels, share, seed)
    return {"train": part.take(~mask), "valid": part.take(mask)}


def _drawn(part: Part, count: int | None) -> Part:
    """As :func:`paddle_camp.data.image_set.draw`, before anything is decoded."""
    if count is None or count >= len(part.paths):
        return part
    return part.take(rows_of_draw(part.labels, count))
