"""Pictures of one's own in class folders: ``cats/1.jpg``, ``dogs/1.png``, perhaps below ``train/`` and ``valid/``."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from paddle_camp.data.image_set import ImageSet, split_off
from paddle_camp.data.info import DataInfo
from paddle_camp.data.pictures.class_folders import (
    check_classes,
    classes_in,
    folders_in,
    left_aside,
    part_folders,
    read_labelled,
    shown,
)
from paddle_camp.data.showing import ShownData
from paddle_camp.errors import DataError, require
from paddle_camp.preprocessing import PICTURES, PictureKind


@dataclass(frozen=True, repr=False)
class FolderData(ShownData):
    """Pictures read from class folders.

    Attributes:
        valid, test: None where there is no such part.
        classes: the names of the class folders, sorted: label 0, 1, and so on.
    """

    name: ClassVar[str] = "pictures in class folders"
    train: ImageSet
    valid: ImageSet | None
    test: ImageSet | None
    classes: tuple[str, ...]

    @functools.cached_property
    def info(self) -> DataInfo:
        """What a run notes of its data; the folder's name is theirs."""
        return replace(super().info, name=shown(self.path.name), path=shown(self.path))


def load_folder(
    path: str | os.PathLike, image_size: int = 224, holdout: float | None = None, seed: int = 0
) -> FolderData:
    """Read the pictures of a folder with one subfolder a class.

    JPEG, PNG, WebP, BMP, TIFF, PPM, GIF and AVIF, also in folders further below; hidden files are left out. Where the
    class folders lie in ``train/`` and perhaps ``valid/`` (or ``val/``, ``validation/``) and ``test/``, these are the
    parts (names that :data:`~paddle_camp.data.pictures.class_folders.PARTS` lists). Decoded pictures are kept for the
    next time, by their content.

    Args:
        path: the folder.
        image_size: the side of the square pictures, pixels.
        holdout: the share of the training pictures, drawn class by class, that becomes ``valid``.
        seed: of that draw.

    Returns:
        BGR pictures whose kind has the classes; ``names`` are paths such as ``cats/1.jpg``.

    Raises:
        DataError: no folder, fewer than two classes, an empty one, or files that are no whole pictures.
        SettingError: ``image_size`` or ``holdout`` is out of range, or there is a ``valid`` part already.
    """
    require(image_size >= 1, f"image_size={image_size}: give the side of the pictures in pixels")
    require(holdout is None or 0 < holdout < 1, f"holdout={holdout}: give a share between 0 and 1, or None")
    root = Path(path).expanduser().absolute()
    places = _parts_of(root)
    taken = holdout is not None and "valid" in places
    require(not taken, f"holdout={holdout}: {shown(root)} has a valid part already; leave holdout out")
    classes = {name: classes_in(place) for name, place in places.items()}
    names = tuple(classes["train"])
    check_classes(places, classes)
    kind = replace(PICTURES, classes=tuple(map(shown, names)), image_size=image_size)
    parts = {part: _read(places[part], found, names, kind) for part, found in classes.items()}
    if holdout is not None:
        parts["train"], parts["valid"] = split_off(parts["train"], holdout, seed)
    found = (parts["train"], parts.get("valid"), parts.get("test"))
    how = "the folder that was named" + left_aside(*places.values())
    return FolderData(*found, kind.classes, origin="real", path=root, how=how)


def _parts_of(root: Path) -> dict[str, Path]:
    """Part -> its folder; all of ``root`` is "train" unless it has a ``train/`` with folders in it."""
    places = part_folders(root)
    if "train" not in places or not folders_in(places["train"]):  # "train" may be a class, beside "bus" and "car"
        return {"train": root}
    extra = [folder for folder in folders_in(root) if folder not in places.values()]
    if extra:
        raise DataError(
            f"{shown(extra[0])}: lies beside {places['train'].name} and is neither valid nor test; there may be one "
            "folder of each: move it away"
        )
    return places


def _read(place: Path, found: dict[str, list[Path]], names: tuple[str, ...], kind: PictureKind) -> ImageSet:
    paths = [path for files in found.values() for path in files]
    labels = np.repeat([names.index(name) for name in found], [len(files) for files in found.values()])
    return read_labelled(place, paths, labels, kind)
