"""Small copies of the figures of a run that somebody else made: decoded and written anew, never handed through."""

from __future__ import annotations

import base64
import io
import os
import warnings
from itertools import islice
from pathlib import Path

from PIL import Image

from paddle_camp.collecting.foreign import read_bytes, shortened
from paddle_camp.errors import DataError

MOST_BYTES, MOST_PIXELS = 16 << 20, 40_000_000
MOST_FILES = 200  # of a folder that are looked at
SIDE = 480  # pixels of the longer side
QUALITY = 72  # of the JPEG


def thumbnails(folder: Path, most: int) -> list[tuple[str, str]]:
    """The names of the first ``most`` figures of a run and their small copies as data URIs; others are left out."""
    figures = folder / "figures"
    if most < 1 or figures.is_symlink():
        return []
    try:
        with os.scandir(figures) as entries:
            names = sorted(each.name for each in islice(entries, MOST_FILES) if each.name.endswith(".png"))
    except OSError:  # no such folder, or one that cannot be read
        return []
    found: list[tuple[str, str]] = []
    for name in names:
        if len(found) < most and (uri := _small(folder, f"figures/{name}")) is not None:
            found.append((shortened(name.removesuffix(".png"), 40), uri))
    return found


def _small(folder: Path, name: str) -> str | None:
    try:
        content = read_bytes(folder, name, MOST_BYTES)
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Pillow only warns of a picture that is too large
            with Image.open(io.BytesIO(content), formats=["PNG"]) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    return None
                picture.thumbnail((SIDE, SIDE))
                flat = Image.new("RGB", picture.size, "white")
                whole = picture.convert("RGBA")
                flat.paste(whole, mask=whole)
    except (DataError, OSError, ValueError, SyntaxError, EOFError, Warning, Image.DecompressionBombError):
        return None
    jpeg = io.BytesIO()
    flat.save(jpeg, "JPEG", quality=QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(jpeg.getvalue()).decode("ascii")
