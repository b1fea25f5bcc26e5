"""From a name to arrays: the real data set where it is found, else its stand-in, through the same reader."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from paddle_camp.errors import DataError
from paddle_camp.readers import sources
from paddle_camp.readers.batches import ImageSet, draw
from paddle_camp.readers.cache import default_cache_dir
from paddle_camp.readers.fundus import read_fundus
from paddle_camp.readers.synthetic import write_fundus_standin


@dataclass(frozen=True)
class FundusData:
    """iChallenge-PM or its stand-in.

    Attributes:
        origin: "real" or "synthetic".
        path: where the pictures lie.
        how: which place of the search this is.
    """

    train: ImageSet
    valid: ImageSet
    origin: str
    path: Path
    how: str
    name: str = "iChallenge-PM"


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
        DataError: damaged data, or data="real" and none found.
    """
    found = None if data == "synthetic" else sources.find("ichallenge-pm", data_dir)
    if found is not None:
        root, origin, how = found.path, "real", found.how
    elif data == "real":
        raise DataError(f"--data real: iChallenge-PM was not found; {sources.DATASETS['ichallenge-pm'].how_to_get}")
    else:
        # One seed for all runs: the run's seed varies the training, not the pictures.
        train, valid = counts[0] or 400, counts[1] or 200
        root = default_cache_dir() / f"standin-fundus-{train}-{valid}-{image_size}"
        root = write_fundus_standin(root, train, valid, seed=0, image_size=image_size)
        origin, how = "synthetic", "drawn by the program"
    parts = [draw(read_fundus(root, part, image_size), n) for part, n in zip(("train", "valid"), counts, strict=True)]
    return FundusData(*parts, origin=origin, path=root, how=how)
