"""Small drawn pictures in class folders."""

from pathlib import Path

import cv2

from tests.helpers.fundus_files import drawn

SIZE = 32


def write_picture(path: Path, seed: int = 0, height: int = SIZE, width: int = SIZE) -> Path:
    """A drawn picture in the format of the name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, drawn(seed, height, width))[1].tobytes())
    return path
