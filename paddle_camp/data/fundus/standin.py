"""The embedded stand-in for iChallenge-PM: drawn fundus pictures, in the folders and files of the real set.

A network trained on them has learnt about these drawings and about nothing else; whoever shows a result says so.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from paddle_camp.data.fundus.drawn_eye import draw_eye, draw_fundus
from paddle_camp.errors import DataError, SettingError
from paddle_camp.files import temporary_folder

__all__ = ["draw_fundus", "write_fundus_standin"]

DRAWING = 1  # count up when a change to the drawing changes the pictures: old folders are then drawn again
STAMP = "STAND-IN.txt"
NOTE = """These pictures are DRAWN, not real: they stand in for iChallenge-PM (PALM) where that set is not at hand.
They say nothing about eyes and nothing about how well a network would do on patients.
The same parameters give the same pictures; delete this folder to have it drawn again.
parameters: """


def kind_of(seed: int, split: int, i: int) -> str:
    """The class of picture ``i``: 53 % P, 40 % N, 7 % H, evenly mixed however many pictures are drawn."""
    golden = 0.6180339887498949  # steps of the golden section fill 0..1 evenly from the first picture on
    start = np.random.default_rng([seed, split]).random()
    place = (start + golden * i) % 1
    return "P" if place < 0.53 else "N" if place < 0.93 else "H"


def _write_split(root: Path, split: int, count: int, seed: int, image_size: int) -> None:
    """Split 0 is training (the name's letter is the class), split 1 validation (the class is in labels.csv)."""
    folder = root / ("PALM-Training400", "PALM-Validation400")[split]
    folder.mkdir()
    rows = ["ID,imgName,Label,Fovea_X,Fovea_Y"]
    for i in range(count):
        kind, rng = kind_of(seed, split, i), np.random.default_rng([seed, split, i])
        picture, (x, y) = draw_eye(kind, rng, image_size)
        name = f"{'V' if split else kind}{i + 1:04d}.jpg"
        rows.append(f"{i + 1},{name},{int(kind == 'P')},{x:.2f},{y:.2f}")
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(75, 96))]
        (folder / name).write_bytes(cv2.imencode(".jpg", picture, quality)[1].tobytes())
    if split:
        (root / "PALM-Validation-GT").mkdir()
        (root / "PALM-Validation-GT" / "labels.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def _is_complete(root: Path, note: str, num_train: int, num_valid: int) -> bool:
    """Whether ``root`` holds the very pictures that ``note`` describes, all of them."""
    stamp, labels = root / STAMP, root / "PALM-Validation-GT" / "labels.csv"
    return (
        stamp.is_file()
        and stamp.read_text(encoding="utf-8") == note
        and labels.is_file()
        and len(list((root / "PALM-Training400").glob("*.jpg"))) == num_train
        and len(list((root / "PALM-Validation400").glob("*.jpg"))) == num_valid
    )


def _put_in_place(made: Path, root: Path, is_complete: Callable[[], bool]) -> None:
    """Rename ``made`` to ``root``; if another process was first with the same pictures, theirs stay."""
    if is_complete():
        return
    if (root / STAMP).is_file():
        os.replace(root, made.parent / "outdated")  # goes with the temporary folder
    try:
        os.replace(made, root)
    except OSError:
        if not is_complete():
            raise


def write_fundus_standin(root: Path, num_train: int, num_valid: int, seed: int, image_size: int = 224) -> Path:
    """Write the stand-in in the layout of the real set, unless it is there already.

    ``PALM-Training400/{P,H,N}NNNN.jpg``, ``PALM-Validation400/VNNNN.jpg``, ``PALM-Validation-GT/labels.csv`` (the
    fovea in pixels), and ``STAND-IN.txt``, which says that the pictures are drawn and holds the parameters. Picture
    ``i`` of a split depends on (seed, split, i) alone. Everything is written under a temporary name beside ``root``
    and renamed at the end.

    Args:
        root: the folder to make; an outdated stand-in in it is replaced.
        num_train, num_valid: how many pictures, each from 1 to 9999.
        image_size: width and height in pixels.

    Returns:
        ``root``.

    Raises:
        DataError: ``root`` holds something else, or cannot be written.
        SettingError: a number is out of range.
    """
    root = Path(root)
    settings = {"num_train": num_train, "num_valid": num_valid, "seed": seed, "image_size": image_size}
    if min(num_train, num_valid) < 1 or max(num_train, num_valid) > 9999 or image_size < 16 or seed < 0:
        raise SettingError(
            f"a stand-in has 1 to 9999 pictures of 16 pixels or more and a seed from 0 on, not {settings}"
        )
    note = NOTE + json.dumps({"drawing": DRAWING, **settings}) + "\n"
    complete = partial(_is_complete, root, note, num_train, num_valid)
    try:
        if complete():
            return root
        if root.exists() and not (root / STAMP).is_file() and any(root.iterdir()):
            raise DataError(f"{root} holds something else than drawn pictures and is left alone: name another folder")
        with temporary_folder(root) as part:
            made = part / root.name
            made.mkdir()
            _write_split(made, 0, num_train, seed, image_size)
            _write_split(made, 1, num_valid, seed, image_size)
            (made / STAMP).write_text(note, encoding="utf-8")
            _put_in_place(made, root, complete)
    except OSError as error:
        raise DataError(
            f"cannot write the drawn pictures to {root}: {error}; name a folder you can write to"
        ) from error
    return root
