"""Pictures in class folders, perhaps below ``train/`` and ``valid/``: what lies there, and the arrays of it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from paddle_camp.data.image_set import ImageSet
from paddle_camp.data.pictures.decoding import read_pictures
from paddle_camp.errors import DataError
from paddle_camp.preprocessing import PictureKind

# The names, in lower case, of folders that hold a part of the data set rather than a class.
PARTS = {"train": "train", "training": "train", "training_set": "train"}
PARTS |= {"valid": "valid", "validation": "valid", "val": "valid", "test": "test", "test_set": "test"}
SUFFIXES = {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm"}
SUFFIXES |= {".gif", ".avif", ".heic", ".heif"}
BEGINNINGS = re.compile(  # of files of these formats
    rb"\xff\xd8\xff|\x89PNG\r\n|RIFF....WEBP|BM....\0\0\0\0|II\*\0|MM\0\*|P[1-6]\s+(#|\d+\s)|GIF8|....ftyp(avi|hei|hev|mif|msf)",
    re.DOTALL,
)
LITTER = ("__macosx", "thumbs.db", "desktop.ini")  # what systems leave beside pictures; names with a dot are hidden


def entries(folder: Path) -> list[Path]:
    """What lies in a folder, sorted by name, without what is hidden.

    Raises:
        DataError: there is no such folder, or it cannot be read.
    """
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        raise DataError(f"{shown(folder)}: no folder that can be read ({error.strerror}); check its name") from None
    return [folder / name for name in names if name[0] != "." and name.lower() not in LITTER]


def is_picture(path: Path) -> bool:
    """Whether a file is to be read as a picture: by its name, or else by its first bytes. Of a folder: no."""
    if path.suffix.lower() in SUFFIXES:
        return not path.is_dir()
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return BEGINNINGS.match(file.read(16)) is not None
    except OSError:
        return False


def folders_in(folder: Path) -> list[Path]:
    """The folders in a folder, sorted by name."""
    return [path for path in entries(folder) if path.is_dir()]


def part_folders(root: Path) -> dict[str, Path]:
    """Part ("train", "valid", "test") -> its folder in ``root``; of several for one part, the last by name."""
    return {PARTS[folder.name.lower()]: folder for folder in folders_in(root) if folder.name.lower() in PARTS}


def pictures_beside(place: Path) -> list[Path]:
    """The pictures in ``place`` itself, whatever they are called."""
    return [path for path in entries(place) if is_picture(path)]


def left_aside(*places: Path) -> str:
    """Words on the files in ``places`` that are no pictures: " (2 files that are no pictures ...)"; "" if none are."""
    others = [path for place in places for path in entries(place) if not path.is_dir() and not is_picture(path)]
    if not others:
        return ""
    first = ", ".join(shown(path.name) for path in others[:3]) + (", ..." if len(others) > 3 else "")
    return f" ({len(others)} {'files that are' if len(others) > 1 else 'file that is'} no picture left aside: {first})"


def classes_in(place: Path) -> dict[str, list[Path]]:
    """Class -> its files, both sorted by name.

    Raises:
        DataError: pictures lie beside the class folders.
    """
    loose = pictures_beside(place)
    if loose:
        raise DataError(
            f"{shown(loose[0])}: has no class; {len(loose)} pictures lie beside the class folders: move each into the "
            "folder of its class"
        )
    return {folder.name: list(_files_below(folder)) for folder in folders_in(place)}


def check_classes(places: dict[str, Path], classes: dict[str, dict[str, list[Path]]]) -> None:
    """Hold the class folders of each part to those of "train".

    Raises:
        DataError: fewer than two classes, a class that training does not have, or one without pictures.
    """
    known = classes["train"]
    if len(known) < 2:
        raise DataError(
            f"{shown(places['train'])}: {len(known)} class folders where 2 or more belong: put the pictures of each "
            "class into a folder with the name of the class"
        )
    for part, found in classes.items():
        for name, files in found.items():
            if name not in known:
                raise DataError(f"{shown(places[part] / name)}: a class that the training part does not have")
            if not files:
                raise DataError(f"{shown(places[part] / name)}: no pictures in this class folder; fill or remove it")
    empty = [part for part, found in classes.items() if not found]
    if empty:
        raise DataError(f"{shown(places[empty[0]])}: no class folders in it; fill or remove it")


def read_labelled(place: Path, paths: Sequence[Path], labels: np.ndarray, kind: PictureKind) -> ImageSet:
    """The decoded pictures, or those that an earlier run has kept.

    Args:
        place: the folder that the names are given from.
        paths: N files below it, in any format that :func:`~paddle_camp.data.pictures.decoding.decode` reads.
        labels: int64 ``[N]``.
        kind: its ``image_size`` is the side of the pictures.

    Raises:
        DataError: files that are no whole pictures, or more pictures than memory.
    """
    _check_memory(place, len(paths), kind.image_size)
    names = tuple(shown(path.relative_to(place).as_posix()) for path in paths)
    try:
        images = read_pictures(paths, kind.image_size)
    except DataError as error:
        raise DataError(shown(str(error))) from None
    return ImageSet(images, labels, names, kind=kind)


def _check_memory(place: Path, count: int, image_size: int) -> None:
    """Before they are decoded: whether ``count`` pictures fit into memory.

    Raises:
        DataError: they do not.
    """
    needed = count * 3 * image_size**2
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else needed
    if needed > memory:
        raise DataError(
            f"{shown(place)}: {count:,} pictures of {image_size} x {image_size} take {needed / 1e9:.1f} GB of memory, "
            f"this machine has {memory / 1e9:.1f}: take a smaller image_size, or a paddle.io.Dataset"
        )


def require_file(path: Path) -> None:
    """Refuse a pipe, which would be waited for, and a device; what is missing is left to the decoder.

    Raises:
        DataError: it is one.
    """
    if path.exists() and not path.is_file():
        raise DataError(f"{shown(path)}: neither a file nor a folder; remove it")


def _files_below(folder: Path, above: tuple[Path, ...] = ()) -> Iterator[Path]:
    """Each file in a folder and the folders in it; a link that leads back to where it was met is not followed."""
    above = (*above, folder.resolve())
    for path in entries(folder):
        if not path.is_dir():
            require_file(path)
            yield path
        elif not any(one.is_relative_to(path.resolve()) for one in above):
            yield from _files_below(path, above)


def shown(path: str | os.PathLike) -> str:
    """A path as one line that can be printed and written as UTF-8, whatever its bytes are."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
