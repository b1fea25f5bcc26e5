"""Pictures of one's own in class folders: ``cats/1.jpg``, ``dogs/1.png``, perhaps below ``train/`` and ``valid/``."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from paddle_camp.data.image_set import ImageSet, split_off
from paddle_camp.data.info import DataInfo
from paddle_camp.data.pictures.decoding import SUFFIXES, decode_any, read_pictures
from paddle_camp.data.showing import ShownData
from paddle_camp.errors import DataError, require
from paddle_camp.preprocessing import PICTURES, PictureKind

# The names, in lower case, of folders that hold a part of the data set rather than a class.
PARTS = {"train": "train", "training": "train", "valid": "valid", "validation": "valid", "val": "valid", "test": "test"}
LITTER = ("__macosx", "thumbs.db", "desktop.ini")  # what systems leave beside pictures; names with a dot are hidden


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
        return replace(super().info, name=_shown(self.path.name), path=_shown(self.path))


def load_folder(
    path: str | os.PathLike, image_size: int = 224, holdout: float | None = None, seed: int = 0
) -> FolderData:
    """Read the pictures of a folder with one subfolder a class.

    JPEG, PNG, WebP, BMP and TIFF, also in folders further below; hidden files are left out. Where the class folders lie
    in ``train/`` and perhaps ``valid/`` (or ``val/``, ``validation/``) and ``test/``, these are the parts. Decoded
    pictures are kept for the next time, by their content.

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
    require(not taken, f"holdout={holdout}: {_shown(root)} has a valid part already; leave holdout out")
    classes = {name: _classes_in(place) for name, place in places.items()}
    names = tuple(classes["train"])
    _check_classes(places, classes)
    kind = replace(PICTURES, classes=tuple(map(_shown, names)), image_size=image_size)
    parts = {part: _read(places[part], found, names, kind) for part, found in classes.items()}
    if holdout is not None:
        parts["train"], parts["valid"] = split_off(parts["train"], holdout, seed)
    found = (parts["train"], parts.get("valid"), parts.get("test"))
    return FolderData(*found, kind.classes, origin="real", path=root, how="the folder that was named")


def _parts_of(root: Path) -> dict[str, Path]:
    """Part -> its folder; all of ``root`` is "train" unless it has a ``train/`` with folders in it."""
    folders = _folders_in(root)
    known = [folder for folder in folders if folder.name.lower() in PARTS]
    places = {PARTS[folder.name.lower()]: folder for folder in known}
    if "train" not in places or not _folders_in(places["train"]):  # "train" may be a class, beside "bus" and "car"
        return {"train": root}
    if len(places) < len(folders):
        extra = [folder for folder in folders if folder not in places.values()]
        raise DataError(
            f"{_shown(extra[0])}: lies beside {places['train'].name} and is neither valid nor test; there may be one "
            "folder of each: move it away"
        )
    return places


def _classes_in(place: Path) -> dict[str, list[Path]]:
    """Class -> its files, both sorted by name."""
    loose = [path for path in _entries(place) if path.suffix.lower() in SUFFIXES and not path.is_dir()]
    if loose:
        raise DataError(
            f"{_shown(loose[0])}: has no class; {len(loose)} pictures lie beside the class folders: move each into the "
            "folder of its class"
        )
    return {folder.name: list(_files_below(folder)) for folder in _folders_in(place)}


def _check_classes(places: dict[str, Path], classes: dict[str, dict[str, list[Path]]]) -> None:
    known = classes["train"]
    if len(known) < 2:
        raise DataError(
            f"{_shown(places['train'])}: {len(known)} class folders where 2 or more belong: put the pictures of each "
            "class into a folder with the name of the class"
        )
    for part, found in classes.items():
        for name, files in found.items():
            if name not in known:
                raise DataError(f"{_shown(places[part] / name)}: a class that the training part does not have")
            if not files:
                raise DataError(f"{_shown(places[part] / name)}: no pictures in this class folder; fill or remove it")
    empty = [part for part, found in classes.items() if not found]
    if empty:
        raise DataError(f"{_shown(places[empty[0]])}: no class folders in it; fill or remove it")


def _read(place: Path, found: dict[str, list[Path]], names: tuple[str, ...], kind: PictureKind) -> ImageSet:
    paths = [path for files in found.values() for path in files]
    _check_memory(place, len(paths), kind.image_size)
    labels = np.repeat([names.index(name) for name in found], [len(files) for files in found.values()])
    shown = tuple(_shown(path.relative_to(place).as_posix()) for path in paths)
    try:
        images = read_pictures(paths, kind.image_size, decoder=decode_any)
    except DataError as error:
        raise DataError(_shown(str(error))) from None
    return ImageSet(images, labels, shown, kind=kind)


def _check_memory(place: Path, count: int, image_size: int) -> None:
    needed = count * 3 * image_size**2
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else needed
    if needed > memory:
        raise DataError(
            f"{_shown(place)}: {count:,} pictures of {image_size} x {image_size} take {needed / 1e9:.1f} GB of memory, "
            f"this machine has {memory / 1e9:.1f}: take a smaller image_size, or a paddle.io.Dataset"
        )


def _entries(folder: Path) -> list[Path]:
    """What lies in a folder, sorted by name, without what is hidden."""
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        raise DataError(f"{_shown(folder)}: no folder that can be read ({error.strerror}); check its name") from None
    return [folder / name for name in names if name[0] != "." and name.lower() not in LITTER]


def _folders_in(folder: Path) -> list[Path]:
    return [path for path in _entries(folder) if path.is_dir()]


def _files_below(folder: Path, above: tuple[Path, ...] = ()) -> Iterator[Path]:
    """Each file in a folder and the folders in it; a link that leads back to where it was met is not followed."""
    above = (*above, folder.resolve())
    for path in _entries(folder):
        if not path.is_dir():
            if path.exists() and not path.is_file():  # a pipe would be waited for
                raise DataError(f"{_shown(path)}: neither a file nor a folder; remove it")
            yield path
        elif not any(one.is_relative_to(path.resolve()) for one in above):
            yield from _files_below(path, above)


def _shown(path: str | os.PathLike) -> str:
    """A path as one line that can be printed and written as UTF-8, whatever its bytes are."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
