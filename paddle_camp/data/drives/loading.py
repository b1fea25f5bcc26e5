"""From a name to arrays: a recorded drive where one is found, else a drawn one."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from paddle_camp.data.drives import donkey, udacity
from paddle_camp.data.drives.log import Crop, Log, check_crop
from paddle_camp.data.drives.standin import draw_drive
from paddle_camp.data.finding.downloads import real_or_none
from paddle_camp.data.finding.sources import Found, find
from paddle_camp.data.image_set import ImageSet, check_counts
from paddle_camp.data.info import DataInfo
from paddle_camp.data.pictures.class_folders import shown
from paddle_camp.data.showing import ShownData
from paddle_camp.errors import DataError, require

STAND_IN = (1200, 240, 240)  # pictures for training, validation and testing that are drawn where none are asked for
READERS = {"donkey": (donkey.read_donkey, donkey.CROP), "udacity": (udacity.read_udacity, udacity.CROP)}
NAMES = {"donkey": donkey.NAME, "udacity": udacity.NAME}


@dataclass(frozen=True, repr=False)
class DrivingData(ShownData):
    """A recorded drive or its stand-in.

    Attributes:
        train, valid, test: pictures of the forward camera, BGR, 66 x 200; labels float32 ``[N, 2]``: the angle, from -1
            (left) to 1 (right), and its moving mean; ``groups``: the block of time.
        sides: training pictures of the side cameras, with angles that lead back to the middle; None: there are none.
        crop: shares of the height that were cut off at the top and at the bottom.
        source: "donkey" or "udacity".
    """

    name: ClassVar[str] = "a recorded drive"
    train: ImageSet
    valid: ImageSet
    test: ImageSet
    sides: ImageSet | None
    crop: Crop
    source: str

    def parts(self) -> dict[str, ImageSet]:
        """The parts that there are, by name."""
        return super().parts() | ({} if self.sides is None else {"sides": self.sides})

    @functools.cached_property
    def info(self) -> DataInfo:
        """What a run notes of its data."""
        return replace(super().info, name=NAMES[self.source], path=shown(self.path))


def load_driving(
    data: str = "auto",
    data_dir: str | None = None,
    source: str | None = None,
    correction: float = 0.2,
    crop: Crop | None = None,
    counts: tuple[int | None, int | None, int | None] = (None, None, None),
) -> DrivingData:
    """Find and read a drive: one of a Donkey Car, one in Udacity's simulator, or a drawn one.

    Args:
        data: "real", "synthetic", or "auto": real if found, else the stand-in.
        data_dir: the first place to look; naming one rules the stand-in out.
        source: "donkey" or "udacity"; None: what is found, a Donkey Car's drive first.
        correction: of the angle for the side cameras' pictures: the left one asks for so much more to the right.
        crop: shares of the height to cut off at the top and the bottom; None: what suits the source.
        counts: how many pictures to train on, to validate and to test, evenly spaced in the log. None is all there
            are. A stand-in is drawn with that many (None: 1,200, 240 and 240).

    Raises:
        SettingError: a count, a crop or a correction that is out of range.
        DataError: damaged data, or data="real" and none found.
    """
    check_counts(counts)
    require(0 <= correction <= 1, f"correction={correction}: give an angle from 0 to 1")
    if crop is not None:
        check_crop(crop)
    kind, found = _find(data, data_dir, source)
    if found is None:
        (train, sides), (valid, _), (test, _) = (
            draw_drive(part, count or usual, correction if kind == "udacity" and part == "train" else None)
            for part, count, usual in zip(("train", "valid", "test"), counts, STAND_IN, strict=True)
        )
        whence: dict[str, Any] = {
            "origin": "synthetic",
            "path": Path("generated"),
            "how": "the program, which has drawn them",
        }
        return DrivingData(train, valid, test, sides, (0.0, 0.0), kind, **whence)
    read, usual_crop = READERS[kind]
    crop = usual_crop if crop is None else crop
    logs = [_some(log, count) for log, count in zip(read(found.path).values(), counts, strict=True)]
    train, valid, test = (log.images(crop) for log in logs)
    more = logs[0].side_images(crop, correction)
    return DrivingData(train, valid, test, more, crop, kind, origin="real", path=found.path, how=found.how)


def _find(data: str, data_dir: str | None, source: str | None) -> tuple[str, Found | None]:
    """Which kind of drive is taken, and where it lies."""
    if source is not None:
        require(source in READERS, f"source={source}: there are {', '.join(READERS)}")
        return source, real_or_none(f"driving-{source}", data, data_dir)
    if data_dir is not None and data != "synthetic":
        for kind in READERS:
            try:
                return kind, find(f"driving-{kind}", data_dir)
            except DataError:
                continue
    kinds = [kind for kind in READERS if data != "synthetic" and data_dir is None and find(f"driving-{kind}")]
    kind = kinds[0] if kinds else "donkey"
    return kind, real_or_none(f"driving-{kind}", data, data_dir)


def _some(log: Log, count: int | None) -> Log:
    """``count`` rows of a log, evenly spaced."""
    if count is None or count >= len(log):
        return log
    return log.take(np.linspace(0, len(log) - 1, count).round().astype(int))
