"""From a name to arrays: the real data set where it is found, else its stand-in, through the same reader."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from paddle_camp.data.finding.cache import default_cache_dir
from paddle_camp.data.finding.downloads import real_or_none
from paddle_camp.data.fundus.reading import locate_fundus, read_fundus
from paddle_camp.data.fundus.standin import write_fundus_standin
from paddle_camp.data.image_set import ImageSet, check_counts, draw
from paddle_camp.data.pictures.class_folders import left_aside
from paddle_camp.data.showing import ShownData


@dataclass(frozen=True, repr=False)
class FundusData(ShownData):
    """iChallenge-PM or its stand-in."""

    name: ClassVar[str] = "iChallenge-PM"
    train: ImageSet
    valid: ImageSet


def load_fundus(
    data: str = "auto",
    data_dir: str | None = None,
    image_size: int = 224,
    counts: tuple[int | None, int | None] = (None, None),
) -> FundusData:
    """Find and read the fundus pictures.

    Args:
        data: "real", "synthetic", or "auto": real if found, else the stand-in.
        data_dir: the first place to look; naming one rules the stand-in out.
        image_size: the side of the square pictures, pixels.
        counts: how many training and validation pictures to use, drawn with the classes in proportion; None is all
            there are. A stand-in is drawn with that many (None: 400 and 200).

    Raises:
        SettingError: a count that is not positive.
        DataError: damaged data, or data="real" and none found.
    """
    check_counts(counts)
    found = real_or_none("ichallenge-pm", data, data_dir)
    if found is not None:
        root, origin = found.path, "real"
        layout = locate_fundus(root)
        how = found.how + left_aside(layout.train, layout.valid)
    else:
        # One seed for all runs: the run's seed varies the training, not the pictures.
        num_train, num_valid = counts[0] or 400, counts[1] or 200
        root = default_cache_dir() / f"standin-fundus-{num_train}-{num_valid}-{image_size}"
        root = write_fundus_standin(root, num_train, num_valid, seed=0, image_size=image_size)
        origin, how = "synthetic", "drawn by the program"
    train, valid = (
        draw(read_fundus(root, part, image_size), count) for part, count in zip(("train", "valid"), counts, strict=True)
    )
    return FundusData(train, valid, origin=origin, path=root, how=how)
