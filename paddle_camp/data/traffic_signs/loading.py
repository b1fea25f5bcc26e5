"""From a name to arrays: the real traffic signs where they are found, else drawn ones."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from paddle_camp.data.finding.cache import default_cache_dir
from paddle_camp.data.finding.downloads import real_or_none
from paddle_camp.data.image_set import ImageSet, check_counts, split_off_groups
from paddle_camp.data.info import DataInfo
from paddle_camp.data.pictures.class_folders import shown
from paddle_camp.data.showing import ShownData
from paddle_camp.data.traffic_signs.official import read_official
from paddle_camp.data.traffic_signs.rows import check_parts
from paddle_camp.data.traffic_signs.sheets import is_here, read_sheets
from paddle_camp.data.traffic_signs.standin import draw_signs
from paddle_camp.errors import require

STAND_IN = (1290, 430)  # training and test pictures that are drawn where none are asked for


@dataclass(frozen=True, repr=False)
class TrafficSignsData(ShownData):
    """GTSRB or its stand-in.

    Attributes:
        train: BGR pictures of 43 signs; ``groups`` name the track, a drive past one sign: its pictures are much alike.
        test: pictures without tracks.
        sizes: part -> the shorter side of the original pictures, pixels: int64 ``[N]``.
        held_out: which training pictures the data set itself holds out, whole tracks: bool ``[N]``; None: it does not
            say.
    """

    name: ClassVar[str] = "GTSRB"
    train: ImageSet
    test: ImageSet
    sizes: dict[str, np.ndarray]
    held_out: np.ndarray | None = None

    @functools.cached_property
    def info(self) -> DataInfo:
        """What a run notes of its data."""
        return replace(super().info, path=shown(self.path))

    def split_by_track(self, share: float, seed: int) -> tuple[ImageSet, ImageSet]:
        """(Rest, held out) of the training pictures, every track on one side: as the data set says, else drawn.

        Args:
            share: of each class's tracks, where the data set says nothing, drawn by ``seed``.

        Raises:
            SettingError: one of the two would be empty.
        """
        if self.held_out is None:
            return split_off_groups(self.train, share, seed)
        parts = [np.flatnonzero(each) for each in (~self.held_out, self.held_out)]
        usable = min(map(len, parts)) > 0
        require(usable, "of the pictures used the data set holds out all or none: take more of them")
        return self.train.take(parts[0]), self.train.take(parts[1])


def load_traffic_signs(
    data: str = "auto",
    data_dir: str | None = None,
    image_size: int = 32,
    counts: tuple[int | None, int | None] = (None, None),
) -> TrafficSignsData:
    """Find and read the German traffic signs: Stallkamp, Schlipsing, Salmen and Igel, Neural Networks 32 (2012).

    The whole of a picture, the tenth around the sign included, is squeezed into a square, as ``predict`` does it.

    Args:
        data: "real", "synthetic", or "auto": real if found, else the stand-in.
        data_dir: the first place to look; naming one rules the stand-in out.
        image_size: the side of the square pictures, pixels.
        counts: how many training and test pictures to use, drawn with the classes in proportion; only they are
            decoded. None is all there are. A stand-in is drawn with that many (None: 1,290 and 430).

    Raises:
        SettingError: a count or a size that is out of range.
        DataError: damaged data, or data="real" and none found.
    """
    check_counts(counts)
    require(image_size >= 1, f"image_size={image_size}: give the side of the pictures in pixels")
    found = real_or_none("gtsrb", data, data_dir)
    if found is None:
        # One seed for all runs: the run's seed varies the training, not the pictures.
        parts = [
            draw_signs(part, count or usual, image_size)
            for part, count, usual in zip(("train", "test"), counts, STAND_IN, strict=True)
        ]
        pictures, sizes = zip(*parts, strict=True)
        how = "the program, which has drawn them"
        sides = dict(zip(("train", "test"), sizes, strict=True))
        place = Path("generated")
        return TrafficSignsData(pictures[0], pictures[1], sides, origin="synthetic", path=place, how=how)
    return _read(found.path, found.how, image_size, counts)


def _read(root: Path, how: str, image_size: int, counts: tuple[int | None, int | None]) -> TrafficSignsData:
    names = ("train", "test")
    if is_here(root):
        parts = [read_sheets(root, part) for part in names]
    else:
        parts = [read_official(root, part, default_cache_dir()) for part in names]
    check_parts(*parts)
    rows = [part.drawn(count) for part, count in zip(parts, counts, strict=True)]
    train, test = (part.images(index, image_size) for part, index in zip(parts, rows, strict=True))
    sizes = {name: part.sizes[index] for name, part, index in zip(names, parts, rows, strict=True)}
    held = None if parts[0].held_out is None else parts[0].held_out[rows[0]]
    return TrafficSignsData(train, test, sizes, held, origin="real", path=root, how=how)
