"""One's own handwritten digit, from a photograph or a drawing to what a network for MNIST expects.

MNIST's digits are light on dark, fit into 20 x 20 pixels and lie with their centre of mass in the middle of 28 x 28
(LeCun et al., 1998), which is pixel 14 counted from 0, give or take a half. A digit that is prepared otherwise is
another picture to the network: too small, off the centre or dark on light, and it fails.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from paddle_camp.data.pictures.ink import MIN_CONTRAST, find_ink, stroke_width
from paddle_camp.data.pictures.opening import open_picture
from paddle_camp.errors import DataError

SIDE, BOX = 28, 20
LONGEST = 1400  # pixels of the longer side that a photograph is reduced to
LEAST = 1000  # and of the shorter one that it is decoded with at least
HUGE = 3 * LONGEST  # pixels of the longer side from which on it is reduced before anything is computed
THINNEST, USUAL = 0.09, 0.12  # width of a stroke as a share of the digit's longer side: MNIST's are 0.07 to 0.25
MIDDLE = 14.0  # of MNIST's 10,000 test digits the centres lie from 13.50 to 14.50


def prepare_digit(path: str | Path) -> dict[str, np.ndarray]:
    """The steps from a picture file of any size to uint8 ``[28, 28]``, light on dark, for the one digit on it.

    Returns:
        Name of a step -> grey uint8 picture, in order; "28 x 28" is the last.

    Raises:
        DataError: as :func:`prepare_digits`, or there are several digits on it.
    """
    digits = prepare_digits(path)
    if len(digits) > 1:
        raise DataError(f"{path}: there are {len(digits)} digits on it; cut out the one that is meant")
    return digits[0]


def prepare_digits(path: str | Path) -> list[dict[str, np.ndarray]]:
    """The digits on a picture file of any size, in the order of reading, each with the steps of its preparation.

    A picture that has MNIST's form already is not touched (but for dark ink, which is made light). Otherwise the sheet
    is found where a desk is seen around it, its shading is divided out, and what is a box round the digits or fainter
    than half the ink, such as the lines of squared paper, is left out; strokes finer than MNIST's are made wider.

    Returns:
        One at least; as :func:`prepare_digit` returns them.

    Raises:
        DataError: as :func:`~paddle_camp.data.pictures.opening.open_picture`, or there is no digit on it, and why.
    """
    grey = _grey(_not_huge(open_picture(Path(path), LEAST)))
    for light in (grey, 255 - grey):
        if _has_the_form(light):
            return [{"grey": grey, "28 x 28": light}]
    scale = LONGEST / max(grey.shape)
    if scale < 1:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    try:
        inked = find_ink(grey)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    return [_steps(grey, inked.light, mask) for mask in inked.marks]


def _steps(grey: np.ndarray, light: np.ndarray, mask: np.ndarray) -> dict[str, np.ndarray]:
    clean = np.where(mask, light, 0).astype(np.uint8)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    cropped = clean[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    boxed = _fit(_not_too_thin(cropped))
    steps = {"grey": grey, "light on dark": light, "without paper": clean, "cropped": cropped, "20 x 20": boxed}
    return steps | {"28 x 28": _centre(boxed)}


def _not_too_thin(cropped: np.ndarray) -> np.ndarray:
    """A fine pen's strokes, which would be less than two of 20 pixels wide, made wider."""
    width, side = stroke_width(cropped > 0), max(cropped.shape)
    more = round(USUAL * side - width)
    if width >= THINNEST * side or more < 1:
        return cropped
    half = (more + 1) // 2
    room = cv2.copyMakeBorder(cropped, half, half, half, half, cv2.BORDER_CONSTANT)
    return cv2.dilate(room, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * half + 1, 2 * half + 1)))


def _not_huge(picture: np.ndarray) -> np.ndarray:
    """A picture of no camera is made smaller first: what follows computes in floats."""
    scale = HUGE / max(picture.shape)
    return picture if scale >= 1 else cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def _grey(picture: np.ndarray) -> np.ndarray:
    """Uint8 ``[H, W]``. Ink on transparent paper is dark on white, whatever its colour: the opacity is the ink."""
    grey = cv2.cvtColor(picture[:, :, :3], cv2.COLOR_BGR2GRAY)
    if picture.shape[2] == 3:
        return grey
    alpha = picture[:, :, 3]
    opaque = grey[alpha > 127]
    if len(opaque) < alpha.size / 2:
        return 255 - alpha
    if np.ptp(np.percentile(opaque, (1, 99))) < MIN_CONTRAST:  # paper that the digit is cut out of
        return alpha
    share = alpha / np.float32(255)  # a picture with corners, say, that are transparent: they are paper too
    return (grey * share + float(np.median(opaque)) * (1 - share)).astype(np.uint8)


def _has_the_form(light: np.ndarray) -> bool:
    """Whether a picture, light on dark, is 28 x 28 with a digit of MNIST's size in MNIST's place on plain black."""
    if light.shape != (SIDE, SIDE) or not light.any():
        return False
    extents = [np.ptp(np.flatnonzero(light.any(axis=axis))) + 1 for axis in (0, 1)]
    return max(extents) == BOX and max(abs(place - MIDDLE) for place in _centre_of_mass(light)) <= 0.5


def _centre_of_mass(picture: np.ndarray) -> tuple[float, float]:
    """(Row, column), in pixels from 0."""
    weight = picture.astype(np.float64) + 1e-9
    row, column = (
        float(weight.sum(axis=1 - axis) @ np.arange(size) / weight.sum()) for axis, size in enumerate(weight.shape)
    )
    return row, column


def _fit(cropped: np.ndarray) -> np.ndarray:
    """The digit with its longer side 20 pixels; a thin stroke of a large photograph is averaged, not lost."""
    height, width = cropped.shape
    scale = BOX / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(cropped, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    return (small.astype(np.float32) * (255 / max(1, int(small.max())))).astype(np.uint8)


def _centre(boxed: np.ndarray) -> np.ndarray:
    """In the middle of 28 x 28 by its centre of mass, as far as it stays inside."""
    height, width = boxed.shape
    row, column = _centre_of_mass(boxed)
    top = int(np.clip(round(MIDDLE - row), 0, SIDE - height))
    left = int(np.clip(round(MIDDLE - column), 0, SIDE - width))
    out = np.zeros((SIDE, SIDE), np.uint8)
    out[top : top + height, left : left + width] = boxed
    return out
