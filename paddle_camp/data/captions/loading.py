"""From a name to arrays: Flickr8k's photographs and captions where they are found, else drawn shapes."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from paddle_camp.data.captions.captioned import CaptionedPictures
from paddle_camp.data.captions.flickr8k import Rows, read_flickr8k
from paddle_camp.data.captions.standin import draw_captioned
from paddle_camp.data.finding.downloads import real_or_none
from paddle_camp.data.image_set import check_counts
from paddle_camp.data.info import DataInfo
from paddle_camp.data.pictures.class_folders import shown
from paddle_camp.data.pictures.decoding import read_pictures
from paddle_camp.data.showing import ShownData
from paddle_camp.errors import require

STAND_IN = (600, 100, 100)  # training, dev and test pictures that are drawn where none are asked for
PARTS = ("train", "valid", "test")
Counts = tuple[int | None, int | None, int | None]


@dataclass(frozen=True, repr=False)
class CaptionsData(ShownData):
    """Flickr8k or its stand-in; ``valid`` is its dev part."""

    name: ClassVar[str] = "Flickr8k"
    train: CaptionedPictures
    valid: CaptionedPictures
    test: CaptionedPictures

    @functools.cached_property
    def info(self) -> DataInfo:
        """What a run notes of its data."""
        return replace(super().info, path=shown(self.path))


def load_captions(
    data: str = "auto", data_dir: str | None = None, image_size: int = 224, counts: Counts = (None, None, None)
) -> CaptionsData:
    """Find and read Flickr8k: Hodosh, Young and Hockenmaier, JAIR 47 (2013), 853-899.

    The whole of a photograph is squeezed into a square, as ``predict`` does it.

    Args:
        data: "real", "synthetic", or "auto": real if found, else the stand-in.
        data_dir: the first place to look; naming one rules the stand-in out.
        image_size: the side of the square pictures, pixels.
        counts: how many training, dev and test pictures to use, drawn at random; only they are decoded. None is all
            there are. A stand-in is drawn with that many (None: 600, 100 and 100).

    Raises:
        SettingError: a count or a size that is out of range.
        DataError: damaged data, or data="real" and none found.
    """
    check_counts(counts)
    require(image_size >= 1, f"image_size={image_size}: give the side of the pictures in pixels")
    found = real_or_none("flickr8k", data, data_dir)
    if found is None:
        # One seed for all runs: the run's seed varies the training, not the pictures.
        drawn = {
            part: draw_captioned(part, count or usual, image_size)
            for part, count, usual in zip(PARTS, counts, STAND_IN, strict=True)
        }
        how = "the program, which has drawn them"
        return CaptionsData(**drawn, origin="synthetic", path=Path("generated"), how=how)
    rows = read_flickr8k(found.path)
    parts = {part: _read(rows[part], count, image_size) for part, count in zip(PARTS, counts, strict=True)}
    return CaptionsData(**parts, origin="real", path=found.path, how=found.how)


def _read(rows: Rows, count: int | None, image_size: int) -> CaptionedPictures:
    """``count`` of the pictures, drawn without a change of their order."""
    if count is not None and count < len(rows):
        drawn = np.sort(np.random.default_rng(0).permutation(len(rows))[:count])
        rows = [rows[i] for i in drawn]
    paths, captions = zip(*rows, strict=True)
    return CaptionedPictures.of(read_pictures(paths, image_size), [path.name for path in paths], captions)
