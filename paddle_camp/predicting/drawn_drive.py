"""A drive with the predicted angles drawn in: a video, or a strip of some of its pictures."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from paddle_camp.data.pictures.decoding import decode_full
from paddle_camp.errors import CampError
from paddle_camp.predicting.saved_model import SavedModel

VIDEOS = {".mp4": "mp4v", ".avi": "MJPG"}  # how the file ends -> its codec
STRIPS = (".png", ".jpg")
WIDTH, PER_SECOND = 320, 10  # pixels of a picture; pictures of a video
ACROSS, DOWN = 6, 4  # pictures of a strip at most, evenly spaced
LOCK = 60.0  # degrees by which the pointer turns at full lock
GREEN, DARK = (80, 220, 80), (40, 40, 40)


def gives_angles(saved: SavedModel) -> bool:
    """Whether a network steers: it takes pictures of roads and gives a number."""
    return saved.reader == "roads" and bool(saved.number)


def with_angle(image: np.ndarray, angle: float) -> np.ndarray:
    """A picture 320 pixels wide with a pointer, to the left or right by the angle (-1 to 1), and the number.

    Args:
        image: uint8 ``[H, W, 3]``, BGR.
    """
    height = round(WIDTH * image.shape[0] / image.shape[1])
    shown = cv2.resize(image, (WIDTH, height), interpolation=cv2.INTER_AREA if image.shape[1] > WIDTH else 1)
    foot, long = (WIDTH // 2, height - 6), 0.55 * height
    turned = math.radians(LOCK * max(-1.0, min(1.0, angle)))
    tip = (round(foot[0] + long * math.sin(turned)), round(foot[1] - long * math.cos(turned)))
    for colour, thickness in ((DARK, 7), (GREEN, 3)):
        cv2.arrowedLine(shown, foot, tip, colour, thickness, cv2.LINE_AA, tipLength=0.15)
        cv2.putText(shown, f"{angle:+.2f}", (8, height - 10), 0, 0.6, colour, (thickness + 1) // 2, cv2.LINE_AA)
    return shown


def draw_drive(path: Path, angles: Sequence[tuple[str | os.PathLike, float]]) -> None:
    """Write the video, or the strip.

    Args:
        path: ends in one of :data:`VIDEOS` or :data:`STRIPS`.
        angles: (picture file, angle) in the order of time.

    Raises:
        CampError: the place cannot be written, or this OpenCV has no codec for it.
        DataError: a picture has gone meanwhile.
    """
    if path.suffix.lower() in STRIPS:
        _write_strip(path, angles)
    else:
        _write_video(path, angles)


def _frame(file: str | os.PathLike, angle: float, size: tuple[int, int] | None = None) -> np.ndarray:
    shown = with_angle(decode_full(Path(file)), angle)
    return shown if size is None or shown.shape[1::-1] == size else cv2.resize(shown, size)


def _write_strip(path: Path, angles: Sequence[tuple[str | os.PathLike, float]]) -> None:
    chosen = np.linspace(0, len(angles) - 1, min(len(angles), ACROSS * DOWN)).round().astype(int)
    first = _frame(*angles[0])
    shown = [_frame(*angles[i], first.shape[1::-1]) for i in chosen]
    shown += [np.full_like(first, 255)] * (-len(shown) % min(ACROSS, len(shown)))
    rows = [cv2.hconcat(shown[i : i + ACROSS]) for i in range(0, len(shown), ACROSS)]
    written = cv2.imencode(path.suffix, cv2.vconcat(rows))[1].tobytes()
    try:
        path.write_bytes(written)
    except OSError as error:
        raise CampError(f"--draw {path}: cannot be written ({error.strerror}); choose another place") from None


def _write_video(path: Path, angles: Sequence[tuple[str | os.PathLike, float]]) -> None:
    size = _frame(*angles[0]).shape[1::-1]
    codec = cv2.VideoWriter_fourcc(*VIDEOS[path.suffix.lower()])
    writer = cv2.VideoWriter(str(path), codec, PER_SECOND, size)
    if not writer.isOpened():
        raise CampError(f"--draw {path}: cannot be written, or OpenCV lacks the codec; try another place, or .avi")
    try:
        for file, angle in angles:
            writer.write(_frame(file, angle, size))
    finally:
        writer.release()
