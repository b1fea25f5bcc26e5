"""Traffic signs drawn by the program, seen from the front: a board, and what stands on it.

Lengths are in half widths of the sign, -1..1 both ways, x to the right and y down. Colours are BGR. They are recognised
as signs and are no copies of the official drawings.
"""

from __future__ import annotations

import functools

import cv2
import numpy as np

SIDE = 128  # pixels
RED, BLUE, WHITE, BLACK = (40, 30, 200), (160, 80, 20), (245, 245, 245), (25, 25, 25)
GREY, YELLOW, GREEN = (140, 140, 140), (20, 190, 250), (60, 160, 40)

LIMITS = {0: "20", 1: "30", 2: "50", 3: "60", 4: "70", 5: "80", 7: "100", 8: "120"}
ENDS = (6, 32, 41, 42)
Stroke = list[tuple[float, float]]

# Label of a triangle -> lines on it, through these points.
TRIANGLES: dict[int, list[Stroke]] = {
    11: [[(0, 0.6), (0, -0.45)], [(-0.3, 0.15), (0.3, 0.15)]],
    18: [[(0, -0.35), (0, 0.25)], [(0, 0.52), (0, 0.55)]],
    19: [[(0.25, 0.6), (0.25, 0.1), (-0.25, -0.3)], [(-0.25, -0.3), (-0.02, -0.32)], [(-0.25, -0.3), (-0.2, -0.05)]],
    21: [[(0.15, 0.6), (0.25, 0.3), (-0.2, 0.1), (0.1, -0.35)]],
    22: [[(-0.5, 0.55), (-0.3, 0.15), (-0.1, 0.55), (0.1, 0.55), (0.3, 0.15), (0.5, 0.55)]],
    23: [
        [(-0.3, 0.6), (-0.1, 0.4), (-0.3, 0.25), (-0.15, 0.1)],
        [(0.1, 0.6), (0.3, 0.4), (0.1, 0.25), (0.25, 0.1)],
        [(-0.2, -0.1), (0.2, -0.25)],
    ],
    24: [[(-0.2, 0.6), (-0.2, -0.35)], [(0.35, 0.6), (0.35, 0.3), (0.08, 0.1), (0.08, -0.35)]],
    25: [[(-0.3, 0.6), (-0.1, 0.2), (0.1, 0.6)], [(-0.1, 0.2), (-0.1, -0.1), (0.3, 0.15)], [(0.25, 0.6), (0.55, 0.6)]],
    27: [
        [(0, 0.0), (0, 0.25), (-0.2, 0.6)],
        [(0, 0.25), (0.2, 0.6)],
        [(-0.25, 0.1), (0.25, 0.1)],
        [(0, -0.3), (0, -0.28)],
    ],
    28: [
        [(-0.25, 0.1), (-0.25, 0.35), (-0.4, 0.6)],
        [(-0.25, 0.35), (-0.1, 0.6)],
        [(0.25, 0.0), (0.25, 0.35), (0.1, 0.6)],
        [(0.25, 0.35), (0.45, 0.6)],
        [(-0.25, 0.15), (0.25, 0.1)],
    ],
    30: [[(0, -0.3), (0, 0.6)], [(-0.38, -0.05), (0.38, 0.4)], [(0.38, -0.05), (-0.38, 0.4)]],
    31: [[(-0.4, 0.6), (-0.2, 0.2), (0.25, 0.2), (0.45, 0.55)], [(0.25, 0.2), (0.3, -0.2)], [(0.1, -0.3), (0.3, -0.2)]],
}
# Label of a blue disc -> arrows on it; each ends with a head.
ARROWS: dict[int, list[Stroke]] = {
    33: [[(-0.35, 0.6), (-0.35, -0.1), (0.45, -0.1)]],
    35: [[(0, 0.65), (0, -0.55)]],
    36: [[(-0.25, 0.65), (-0.25, -0.55)], [(-0.25, 0.2), (0.5, 0.2)]],
    38: [[(-0.4, -0.45), (0.45, 0.4)]],
    40: [[(-0.5, 0.3), (-0.1, -0.5)], [(0.0, -0.55), (0.5, 0.2)], [(0.5, 0.35), (-0.4, 0.45)]],
}
MIRRORED = {20: 19, 34: 33, 37: 36, 39: 38}


@functools.cache
def draw_plate(label: int) -> tuple[np.ndarray, np.ndarray]:
    """The sign of a label: uint8 ``[SIDE, SIDE, 3]``, BGR, and its outline, uint8 ``[SIDE, SIDE]``, 255 inside."""
    if label in MIRRORED:
        picture, outline = draw_plate(MIRRORED[label])
        return np.ascontiguousarray(picture[:, ::-1]), np.ascontiguousarray(outline[:, ::-1])
    picture, outline = np.zeros((SIDE, SIDE, 3), np.uint8), np.zeros((SIDE, SIDE), np.uint8)
    for board, (colour, scale) in _boards(label):
        _fill(picture, board * scale, colour)
    _fill(outline, _boards(label)[0][0], 255)
    _inside(picture, label)
    return picture, outline


def _boards(label: int) -> list[tuple[np.ndarray, tuple]]:
    """Polygons one on the other: outline, (colour, scale)."""
    disc, octagon = _regular(64), _regular(8, 22.5)
    if label in TRIANGLES or label in (19, 26, 29):
        up = np.array([(0, -0.9), (1, 0.85), (-1, 0.85)])
        return [(up, (RED, 1.0)), (up * [1, 1] + [0, 0.1], (WHITE, 0.72))]
    if label == 13:
        down = np.array([(0, 0.9), (1, -0.85), (-1, -0.85)])
        return [(down, (RED, 1.0)), (down - [0, 0.1], (WHITE, 0.62))]
    if label == 12:
        return [(_regular(4), (WHITE, 1.0)), (_regular(4), (YELLOW, 0.72))]
    if label == 14:
        return [(octagon, (WHITE, 1.0)), (octagon, (RED, 0.93))]
    if label in ARROWS:
        return [(disc, (WHITE, 1.0)), (disc, (BLUE, 0.93))]
    if label == 17:
        return [(disc, (WHITE, 1.0)), (disc, (RED, 0.95))]
    return [(disc, (BLACK if label in ENDS else RED, 1.0)), (disc, (WHITE, 0.95 if label in ENDS else 0.76))]


def _inside(picture: np.ndarray, label: int) -> None:
    if label in LIMITS:
        _write(picture, LIMITS[label], BLACK)
    elif label in TRIANGLES:
        for stroke in TRIANGLES[label]:
            _line(picture, stroke, BLACK, 0.17)
    elif label in ARROWS:
        for stroke in ARROWS[label]:
            _arrow(picture, stroke)
    elif label == 14:
        _write(picture, "STOP", WHITE)
    elif label == 17:
        _fill(picture, _box(-0.7, -0.18, 0.7, 0.18), WHITE)
    elif label == 26:
        for y, colour in ((-0.15, RED), (0.2, YELLOW), (0.55, GREEN)):
            _fill(picture, _regular(24) * 0.16 + [0, y], colour)
    elif label == 29:
        for x in (-0.3, 0.3):
            _line(picture, [(x, 0.5), (0, 0.1)], BLACK, 0.08)
            _line(picture, list(map(tuple, _regular(24) * 0.2 + [x, 0.5])), BLACK, 0.08)
    _vehicles(picture, label)
    if label in ENDS:
        for shift in (-0.2, 0.0, 0.2):
            _line(picture, [(-0.62 + shift, 0.62 + shift), (0.62 + shift, -0.62 + shift)], BLACK, 0.06)


def _vehicles(picture: np.ndarray, label: int) -> None:
    """Cars and lorries, and the number on a sign that ends a limit."""
    if label == 6:
        _write(picture, "80", GREY)
    if label in (9, 41):
        _car(picture, -0.33, RED if label == 9 else GREY)
        _car(picture, 0.33, BLACK if label == 9 else GREY)
    if label in (10, 16, 42):
        shift = 0.0 if label == 16 else -0.28
        colour = {10: RED, 16: BLACK, 42: GREY}[label]
        _fill(picture, _box(-0.3 + shift, -0.4, 0.32 + shift, 0.25), colour)
        _fill(picture, _box(0.32 + shift, -0.1, 0.5 + shift, 0.25), colour)
        for x in (-0.15, 0.3):
            _fill(picture, _regular(16) * 0.13 + [x + shift, 0.32], colour)
    if label in (10, 42):
        _car(picture, 0.45, BLACK if label == 10 else GREY)


def _car(picture: np.ndarray, x: float, colour: tuple) -> None:
    _fill(picture, _box(x - 0.25, -0.05, x + 0.25, 0.2), colour)
    _fill(picture, _box(x - 0.15, -0.25, x + 0.15, 0.0), colour)
    for side in (-0.14, 0.14):
        _fill(picture, _regular(16) * 0.1 + [x + side, 0.25], colour)


def _regular(corners: int, degrees: float = 0.0) -> np.ndarray:
    angles = np.radians(degrees) + np.linspace(0, 2 * np.pi, corners, endpoint=False)
    return np.stack([np.cos(angles), np.sin(angles)], 1)


def _box(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])


def _pixels(points: np.ndarray) -> np.ndarray:
    """Sixteenths of pixels, for OpenCV."""
    return np.rint(((np.asarray(points) + 1) * SIDE / 2 - 0.5) * 16).astype(np.int32)


def _fill(picture: np.ndarray, points: np.ndarray, colour: tuple | int) -> None:
    cv2.fillPoly(picture, [_pixels(points)], colour, cv2.LINE_AA, 4)


def _line(picture: np.ndarray, points: Stroke, colour: tuple, width: float) -> None:
    cv2.polylines(picture, [_pixels(np.array(points))], False, colour, round(width * SIDE / 2), cv2.LINE_AA, 4)


def _arrow(picture: np.ndarray, points: Stroke) -> None:
    _line(picture, points, WHITE, 0.22)
    tip, along = np.array(points[-1]), np.array(points[-1]) - points[-2]
    along = along / np.linalg.norm(along)
    across = np.array([-along[1], along[0]])
    _fill(picture, np.stack([tip + 0.3 * along, tip + 0.32 * across, tip - 0.32 * across]), WHITE)


def _write(picture: np.ndarray, text: str, colour: tuple) -> None:
    scale = {2: 2.0, 3: 1.35, 4: 1.25}[len(text)]
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 7)
    place = (SIDE - width) // 2, (SIDE + height) // 2
    cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, colour, 7, cv2.LINE_AA)
