"""A Donkey Car's drive in three tables: train.csv, validation.csv and test.csv, which name pictures beside them.

A row is ``image,steering,steering_smooth,...,block``: a path below the table's folder, the joystick's angle, its mean
over a quarter of a second, and the number of a block of time. Without ``steering_smooth`` the mean is taken over the
rows beside it; without ``block`` a table is one block.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import numpy as np

from paddle_camp.data.drives.log import Crop, Log, angle_of, moving_mean
from paddle_camp.data.finding.tables import read_table
from paddle_camp.data.pictures.class_folders import shown
from paddle_camp.errors import DataError

NAME = "Donkey Car"
CROP: Crop = (0.0, 0.0)  # walls reach up to the picture's upper edge where the car is near them
COLUMNS, OPTIONAL = ("image", "steering"), ("steering_smooth", "block")
PARTS = {"train": "train.csv", "valid": "validation.csv", "test": "test.csv"}
REACH = 1  # rows on either side; every second frame is kept, of 20 in a second


def read_donkey(root: Path) -> dict[str, Log]:
    """The rows of "train", "valid" and "test".

    Raises:
        DataError: a table is missing, empty or damaged, an angle is none, or a picture would lie elsewhere.
    """
    return {part: _read(root, root / name, part) for part, name in PARTS.items()}


def _read(root: Path, table: Path, part: str) -> Log:
    rows = read_table(table, COLUMNS, optional=OPTIONAL)
    if not rows:
        raise DataError(f"{shown(table)}: the log is empty; record a drive, or get it again")
    paths, angles, means, blocks = [], [], [], []
    for number, (image, steering, smooth, block) in rows:
        inside = PurePosixPath(image.replace("\\", "/"))
        if not image or inside.is_absolute() or ".." in inside.parts:
            raise DataError(f"{shown(table)}: row {number}: {image!r} is no picture below this folder; correct it")
        paths.append(root / inside)
        angles.append(angle_of(table, number, "steering", steering))
        if smooth:
            means.append(angle_of(table, number, "steering_smooth", smooth))
        blocks.append(block or part)
    given = len(means) == len(angles)
    smoothed = np.array(means) if given else moving_mean(np.array(angles), blocks, REACH)
    return Log(table, tuple(paths), np.stack([angles, smoothed], axis=1).astype(np.float32), tuple(blocks))
