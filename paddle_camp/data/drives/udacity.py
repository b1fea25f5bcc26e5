"""A drive in Udacity's simulator: driving_log.csv, and pictures of three cameras in IMG/.

A row is ``center,left,right,steering,throttle,brake,speed``, with these names in the first row or without: the
simulator writes none. The pictures are named by the paths of the machine that recorded them, ``C:\\drive\\IMG\\a.jpg``
or ``/home/me/IMG/a.jpg``; only their names count, they are looked for in IMG/. Where validation_log.csv and
test_log.csv lie beside it, these are the other two parts; else blocks of time are held out for them. The row of a log
may lack the pictures of the side cameras.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PureWindowsPath

import numpy as np

from paddle_camp.data.drives.log import Crop, Log, angle_of, moving_mean
from paddle_camp.data.finding.tables import read_table, read_text
from paddle_camp.data.pictures.class_folders import shown
from paddle_camp.errors import DataError

NAME = "Udacity's simulator"
CROP: Crop = (60 / 160, 25 / 160)  # sky and trees; the car's bonnet
COLUMNS = ("center", "left", "right", "steering")
WHOLE = (*COLUMNS, "throttle", "brake", "speed")  # of a log without a header row
OPTIONAL = ("steering_smooth", "block")
PARTS = {"train": "driving_log.csv", "valid": "validation_log.csv", "test": "test_log.csv"}
REACH = 7  # rows on either side of a moving mean, half a second
BLOCKS = 24  # that a log is cut into where nothing says what to hold out
HELD_OUT = {"valid": (4, 12, 20), "test": (7, 15, 23)}
GAP = 10  # rows at each end of a held-out block that are left out: their neighbours are trained on


def read_udacity(root: Path) -> dict[str, Log]:
    """The rows of "train", "valid" and "test".

    Raises:
        DataError: a log is missing, empty or damaged, too short to hold blocks out, or an angle is none.
    """
    whole = _read(root, root / PARTS["train"])
    others = {part: root / PARTS[part] for part in ("valid", "test")}
    if not any(path.exists() for path in others.values()):
        return held_out(whole)
    return {"train": whole} | {part: _read(root, path) for part, path in others.items()}


def _read(root: Path, table: Path) -> Log:
    first = read_text(table).split("\n", 1)[0]
    named = "steering" in first.lower()
    rows = read_table(table, COLUMNS, optional=OPTIONAL, header=() if named else WHOLE)
    if not rows:
        raise DataError(f"{shown(table)}: the log is empty; record a drive, or get it again")
    cameras: tuple[list[Path], ...] = ([], [], [])
    angles, means, blocks = [], [], []
    for number, (*pictures, steering, smooth, block) in rows:
        for camera, cell, name in zip(cameras, pictures, COLUMNS, strict=False):
            if picture := PureWindowsPath(cell).name:
                camera.append(root / "IMG" / picture)
            elif name == "center":
                raise DataError(f"{shown(table)}: row {number}: names no picture under center; correct the table")
        angles.append(angle_of(table, number, "steering", steering))
        if smooth:
            means.append(angle_of(table, number, "steering_smooth", smooth))
        blocks.append(block)
    centre, left, right = map(tuple, cameras)
    if len(left) != len(right) or len(left) not in (0, len(rows)):
        raise DataError(f"{shown(table)}: some rows lack the picture of a side camera; name all of them, or none")
    smoothed = means if len(means) == len(angles) else moving_mean(np.array(angles), blocks, REACH)
    pairs = np.stack([angles, smoothed], axis=1).astype(np.float32)
    return Log(table, centre, pairs, tuple(blocks), (left, right))


def held_out(log: Log) -> dict[str, Log]:
    """The parts of a log that is one: blocks of time for validation and testing, the rest to train on.

    Raises:
        DataError: the blocks would be too short to leave their ends out.
    """
    if len(log) < BLOCKS * 3 * GAP:
        need = f"{BLOCKS * 3 * GAP} are needed to hold blocks of time out"
        raise DataError(f"{shown(log.table)}: {len(log)} rows, {need}; record a longer drive")
    rows = np.array_split(np.arange(len(log)), BLOCKS)
    names = [str(number) for number, own in enumerate(rows) for _ in own]
    log = replace(log, blocks=tuple(names))
    kept = [number for number in range(BLOCKS) if not any(number in held for held in HELD_OUT.values())]
    parts = {"train": log.take(np.concatenate([rows[number] for number in kept]))}
    for part, numbers in HELD_OUT.items():
        parts[part] = replace(log.take(np.concatenate([rows[n][GAP:-GAP] for n in numbers])), sides=((), ()))
    return parts
