"""One's own handwritten digit, from a photograph or a drawing to what a network for MNIST expects.

MNIST's digits are light on dark, fit into 20 x 20 pixels and lie with their centre of mass in the middle of 28 x 28
(LeCun et al., 1998), which is pixel 14 counted from 0, give or take a half. A digit that is prepared otherwise is
another picture to the network: too small, off the centre or dark on light, and it fails.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from paddle_camp.data.pictures.opening import open_picture
from paddle_camp.errors import DataError

SIDE, BOX = 28, 20
SHADING_SIDE = 105  # pixels that a picture is reduced to for finding its shading
MIN_CONTRAST = 30  # grey levels of 255 between ink and paper
MIDDLE = 14.0  # of MNIST's 10,000 test digits the centres lie from 13.50 to 14.50


def prepare_digit(path: str | Path) -> dict[str, np.ndarray]:
    """The steps from a picture file of any size to uint8 ``[28, 28]``, light on dark.

    A picture that has MNIST's form already is not touched (but for dark ink, which is made light).
    On light paper the shading of a photograph is divided out first.

    Returns:
        Name of a step -> grey uint8 picture, in order; "28 x 28" is the last.

    Raises:
        DataError: as :func:`~paddle_camp.data.pictures.opening.open_picture`, or there is no digit on it.
    """
    grey = _grey(open_picture(Path(path)))
    dark_paper = _is_light_on_dark(grey)
    light = grey if dark_paper else 255 - grey
    if _has_the_form(light):
        return {"grey": grey, "28 x 28": light}
    if not dark_paper:
        light = 255 - _evenly_lit(grey)
    # Otsu's threshold parts ink from paper, and what is paper becomes 0.
    threshold, mask = cv2.threshold(light, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    contrast = float(light[mask > 0].mean() - light[mask == 0].mean()) if 0 < mask.mean() < 255 else 0.0
    if contrast < MIN_CONTRAST:
        raise DataError(f"{path}: there is no digit to be seen on it (hardly any contrast); write it bolder")
    clean = np.where(mask > 0, light, 0).astype(np.uint8)
    mask = _without_specks(mask)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    cropped = np.where(mask > 0, clean, 0)[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    boxed = _fit(cropped)
    steps = {"grey": grey, "light on dark": light, "without paper": clean, "cropped": cropped, "20 x 20": boxed}
    return steps | {"28 x 28": _centre(boxed)}


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


def _is_light_on_dark(grey: np.ndarray) -> bool:
    """The edge of a picture is paper: light paper means dark ink."""
    edge = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    return float(np.median(edge)) < (float(grey.min()) + float(grey.max())) / 2


def _evenly_lit(grey: np.ndarray) -> np.ndarray:
    """Light paper with the shading of a photograph divided out, so that one threshold suits the whole sheet.

    The paper is what is left when everything dark and narrower than a third of the picture is filled in.
    """
    scale = min(1.0, SHADING_SIDE / max(grey.shape))
    height, width = (max(1, round(scale * length)) for length in grey.shape)
    small = cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA)
    side = max(3, max(small.shape) // 3)
    paper = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    paper = cv2.resize(cv2.GaussianBlur(paper, (0, 0), side / 6), grey.shape[::-1]).astype(np.float32)
    return np.minimum(255.0 * grey / np.maximum(paper, 1), 255).astype(np.uint8)


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


def _without_specks(mask: np.ndarray) -> np.ndarray:
    """Only what is at least a twentieth of the largest stroke: dust on the paper must not move the frame."""
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    areas = statistics[1:, cv2.CC_STAT_AREA]
    large = 1 + np.flatnonzero(areas >= areas.max() / 20)
    return np.where(np.isin(labels, large), 255, 0).astype(np.uint8)


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
