"""One's own handwritten digit, from a photograph or a drawing to what a network for MNIST expects.

MNIST's digits are light on dark, fit into 20 x 20 pixels and lie with their centre of mass in the middle of 28 x 28
(LeCun et al., 1998), which is pixel 14 counted from 0, give or take a half. A digit that is prepared otherwise is
another picture to the network: too small, off the centre or dark on light, and it fails.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from paddle_camp.errors import DataError

SIDE, BOX = 28, 20
MIDDLE = 14.0  # of MNIST's 10,000 test digits the centres lie from 13.50 to 14.50


def prepare_digit(path: str | Path) -> dict[str, np.ndarray]:
    """The steps from a picture file of any size to uint8 ``[28, 28]``, light on dark.

    A picture that has MNIST's form already is not touched (but for dark ink, which is made light).

    Returns:
        Name of a step -> grey uint8 picture, in order; "28 x 28" is the last.

    Raises:
        DataError: the file cannot be read as a picture, or there is no digit on it.
    """
    try:
        content = np.frombuffer(Path(path).read_bytes(), np.uint8)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); name a PNG or JPEG file") from None
    picture = _decode(content)
    if picture is None:
        raise DataError(f"{path}: is no picture that OpenCV can decode; save it as PNG or JPEG")
    grey = _grey(picture)
    light = grey if _is_light_on_dark(grey) else 255 - grey
    if _has_the_form(light):
        return {"grey": grey, "28 x 28": light}
    # Otsu's threshold parts ink from paper; what is paper, however uneven, becomes 0.
    threshold, mask = cv2.threshold(light, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    contrast = float(light[mask > 0].mean() - light[mask == 0].mean()) if 0 < mask.mean() < 255 else 0.0
    if contrast < 30:
        raise DataError(f"{path}: there is no digit to be seen on it (hardly any contrast); write it bolder")
    clean = np.where(mask > 0, light, 0).astype(np.uint8)
    mask = _without_specks(mask)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    cropped = np.where(mask > 0, clean, 0)[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    boxed = _fit(cropped)
    steps = {"grey": grey, "light on dark": light, "without paper": clean, "cropped": cropped, "20 x 20": boxed}
    return steps | {"28 x 28": _centre(boxed)}


def _decode(content: np.ndarray) -> np.ndarray | None:
    """Eight-bit BGR or BGRA; None if OpenCV cannot decode it."""
    picture = cv2.imdecode(content, cv2.IMREAD_UNCHANGED) if len(content) else None
    if picture is None or (picture.ndim == 3 and picture.shape[2] == 4 and picture.dtype == np.uint8):
        return picture
    return cv2.imdecode(content, cv2.IMREAD_COLOR)  # unlike IMREAD_UNCHANGED it turns a phone's picture upright (EXIF)


def _grey(picture: np.ndarray) -> np.ndarray:
    if picture.shape[2] == 4:  # transparent parts are paper: white
        alpha = picture[:, :, 3:].astype(np.float32) / 255
        picture = (picture[:, :, :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)
    return cv2.cvtColor(picture[:, :, :3], cv2.COLOR_BGR2GRAY)


def _is_light_on_dark(grey: np.ndarray) -> bool:
    """The edge of a picture is paper: light paper means dark ink."""
    edge = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    return float(np.median(edge)) < (float(grey.min()) + float(grey.max())) / 2


def _has_the_form(light: np.ndarray) -> bool:
    """Whether a picture, light on dark, is 28 x 28 with a digit of MNIST's size in MNIST's place on plain black."""
    if light.shape != (SIDE, SIDE) or not light.any():
        return False
    extents = [np.ptp(np.flatnonzero(light.any(axis=axis))) + 1 for axis in (0, 1)]
    return max(extents) == BOX and max(abs(place - MIDDLE) for place in _centre_of_mass(light)) <= 0.5


def _centre_of_mass(picture: np.ndarray) -> tuple[float, float]:
    """(Row, column), in pixels from 0."""
    weight = picture.astype(np.float64) + 1e-9
    return tuple(
        float(weight.sum(axis=1 - axis) @ np.arange(size) / weight.sum()) for axis, size in enumerate(weight.shape)
    )


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
