"""A miniature Flickr8k: twelve pictures in three lists, five captions each, and some captions that no list names."""

from __future__ import annotations

from pathlib import Path

import cv2

from tests.helpers.fundus_files import drawn

PARTS = {"train": 6, "dev": 3, "test": 3}


def names_of(part: str) -> list[str]:
    """The files of a part, in the order of its list."""
    return [f"{part}_{number}.jpg" for number in reversed(range(PARTS[part]))]


def captions_of(name: str) -> list[str]:
    """Five captions of a picture."""
    return [f"A {name[:3]} dog , number {number} , runs in the man's garden ." for number in range(5)]


def write_flickr8k(root: Path, texts: str = "Flickr8k_text", pictures: str = "Flicker8k_Dataset") -> Path:
    """The data set in ``root``; ``texts`` and ``pictures`` are the folders of lists and pictures."""
    (root / texts).mkdir(parents=True, exist_ok=True)
    (root / pictures).mkdir(parents=True)
    rows = ["2258277193_586949ec62.jpg.1#0\tA picture that does not exist ."]
    for seed, part in enumerate(PARTS):
        names = names_of(part)
        (root / texts / f"Flickr_8k.{part}Images.txt").write_text("".join(f"{name}\n" for name in names))
        for number, name in enumerate(names):
            assert cv2.imwrite(str(root / pictures / name), drawn(10 * seed + number, 32, 48))
            rows += [f"{name}#{k}\t{caption}" for k, caption in enumerate(captions_of(name))]
    (root / texts / "Flickr8k.token.txt").write_text("\n".join(rows) + "\n")
    return root
