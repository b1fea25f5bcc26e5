"""Flickr8k as it is published: a folder of photographs, a table of captions, and a list of names for each part.

* ``Flicker8k_Dataset/1000268201_693b08cb0e.jpg`` (the folder is spelt so);
* ``Flickr8k_text/Flickr8k.token.txt``: ``NAME.jpg#0<TAB>caption``, five of them a picture;
* ``Flickr8k_text/Flickr_8k.trainImages.txt`` (``dev``, ``test``): a name a line.

The text files may lie beside the photographs' folder as well, where their zip was unpacked. Captions of pictures that
are in no list are passed over: the whole set has 91 of them, and one whose picture does not exist.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from paddle_camp.data.captions.words import clean
from paddle_camp.data.finding.sources import DATASETS
from paddle_camp.data.finding.tables import read_text
from paddle_camp.data.pictures.class_folders import shown
from paddle_camp.errors import DataError

TOKENS = "Flickr8k.token.txt"
LISTS = {part: f"Flickr_8k.{name}Images.txt" for part, name in (("train", "train"), ("valid", "dev"), ("test", "test"))}
FOLDERS = ("Flicker8k_Dataset", "Flickr8k_Dataset", "Flicker8k_Dataset/Flicker8k_Dataset", "Images")
NAME = re.compile(r"[^/\\\0]+\.jpe?g", re.IGNORECASE)  # of a file in the folder, never elsewhere
AGAIN = "get the file again"

Rows = list[tuple[Path, tuple[str, ...]]]


def read_flickr8k(root: Path) -> dict[str, Rows]:
    """(picture file, its captions) of every picture of the "train", "valid" (dev) and "test" list.

    Raises:
        DataError: a file or the folder is missing, a line is damaged, a picture is in two lists, has no caption, or
            is not there.
    """
    texts = root / "Flickr8k_text" if (root / "Flickr8k_text").is_dir() else root
    folder = next((root / name for name in reversed(FOLDERS) if (root / name).is_dir()), None)
    if folder is None:
        raise DataError(
            f"{shown(root)}: no folder {FOLDERS[0]} with the photographs; {DATASETS['flickr8k'].how_to_get}"
        )
    captions = read_tokens(_there(texts / TOKENS))
    found: dict[str, Rows] = {}
    known: dict[str, str] = {}
    for part, file in LISTS.items():
        names = read_list(_there(texts / file), captions)
        if twice := [name for name in names if name in known]:
            other = known[twice[0]]
            raise DataError(f"{shown(texts / file)}: {twice[0]} is in {other} too; a picture belongs to one part")
        known |= dict.fromkeys(names, file)
        found[part] = [(folder / name, captions[name]) for name in names]
    missing = [path for rows in found.values() for path, _ in rows if not path.exists()]
    if missing:
        many = f"{len(missing)} of the {len(known)} pictures in the lists are"
        raise DataError(f"{shown(missing[0])}: {many} missing, this one first; get them again")
    return found


def _there(path: Path) -> Path:
    if not path.is_file():
        raise DataError(f"{shown(path)}: no such file; {DATASETS['flickr8k'].how_to_get}")
    return path


def read_tokens(path: Path) -> dict[str, tuple[str, ...]]:
    """Picture -> its captions, in the order of the table.

    Raises:
        DataError: the file cannot be read, or a line is not ``NAME.jpg#N<TAB>caption``.
    """
    found: dict[str, list[str]] = {}
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        key, tab, caption = line.rstrip("\r").partition("\t")
        name, mark, place = key.rpartition("#")
        if not (tab and mark and place.isdecimal() and name):
            raise DataError(f"{shown(path)}, line {number}: not NAME.jpg#0, a tab and a caption; {AGAIN}")
        found.setdefault(name, []).append(caption.strip())
    if not found:
        raise DataError(f"{shown(path)}: there are no captions in it; {AGAIN}")
    return {name: tuple(captions) for name, captions in found.items()}


def read_list(path: Path, captions: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The names of a part's pictures.

    Raises:
        DataError: there are none, one is no name of a JPEG, stands twice, or has no caption with a word in it.
    """
    names: dict[str, int] = {}
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        name = line.strip()
        if not name:
            continue
        at = f"{shown(path)}, line {number}"
        if not NAME.fullmatch(name):
            raise DataError(f"{at}: {name[:60]!r} is no name of a JPEG; {AGAIN}")
        if name in names:
            raise DataError(f"{at}: {name} stands on line {names[name]} too; take one out")
        if not any(map(clean, captions.get(name, ()))):
            raise DataError(f"{at}: {name} has no caption in {TOKENS}; take it out of the list, or get both again")
        names[name] = number
    if not names:
        raise DataError(f"{shown(path)}: there are no names in it; {AGAIN}")
    return list(names)
