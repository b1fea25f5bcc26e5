"""Where the digits are on a photograph: the sheet, the ink on it, and which marks belong together.

Everything is told by grey levels and shapes; no network looks. What is no ink on paper is refused: a network that knows
ten digits calls a cat one of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from paddle_camp.errors import DataError

SHEET_SIDE = 300  # pixels that a picture is reduced to for finding the sheet
SHADING_SIDE = 105  # and for finding the shading of the paper
MIN_CONTRAST = 30  # grey levels of 255 between ink and paper
FAINTEST = 0.45  # of the darkest ink: what is fainter is paper, its lines, or a shadow
MOST_DIGITS = 12
ICON = 64  # pixels of a side below which a picture is no photograph, and its strokes are too coarse to be judged
# Shares of the height of the tallest mark: what is lower is a piece of a digit; how far pieces lie from it, and whole
# marks of one digit from each other, at most; what is too small to be a digit of its own.
PIECE, REACH, TOUCH, SMALL = 0.6, 0.3, 0.05, 0.35
# What is ink on paper. The bounds lie between what was measured on 400 of MNIST's digits, 359 of scikit-learn's (both
# enlarged, dark on light) and photographs put together from MNIST's, and what it is on photographs of anything else.
SPLIT = 0.74  # of the variance around a digit that paper and ink explain, at least
SCATTER = 0.08  # of the bare paper, as a share of the ink's darkness, at most: squared paper has 0.076
MOST_GREY = 0.02  # share of the picture that is neither paper nor ink, at most
MOST_INK = 0.32  # share of the picture that is ink, at most
MOST_LOST = 0.75  # share of the ink that is neither a digit's nor a box's, at most
WIDEST = 0.42  # width of the strokes as a share of the digit's longer side, at most
MOST_HOLES = 3  # in a digit
RAGGED, STEPS = 1.4, 3.0  # length of the edges by that of two smooth ones, at most; a pixel's steps add to fine ones


NO_DIGIT = "no digit on it: this is no ink on plain paper; photograph one that is written on a sheet, from above"


@dataclass(frozen=True)
class Inked:
    """What is dark on a light sheet.

    Attributes:
        light: uint8 ``[H, W]``, the ink light on black paper, evenly lit.
        marks: masks of the digits, bool ``[H, W]`` each, in the order of reading.
    """

    light: np.ndarray
    marks: list[np.ndarray]


def find_ink(grey: np.ndarray) -> Inked:
    """The digits on a picture, uint8 ``[H, W]``, dark on light or light on dark.

    Raises:
        DataError: why what is seen is no digit; the file is not named.
    """
    sheet = find_sheet(grey)
    if sheet is None:
        grey = 255 - grey if _is_light_on_dark(grey) else grey
        paper = np.full(grey.shape, True)
    else:
        paper, grey = sheet, np.where(sheet, grey, np.uint8(np.median(grey[sheet])))
    darkness = 255 - cv2.GaussianBlur(evenly_lit(grey), (3, 3), 0)
    darkness[~paper] = 0
    darkest = _darkest(darkness)
    if darkest < MIN_CONTRAST:
        raise DataError("there is no digit to be seen on it (hardly any contrast); write it bolder")
    ink = darkness > FAINTEST * darkest
    marks, boxed = _digits_in(ink)
    found, all_ink = sum(int(mark.sum()) for mark in marks), int(ink.sum()) - boxed
    is_digit = (
        _is_plain(darkness, ink, darkest, paper)
        and found >= (1 - MOST_LOST) * all_ink
        and all(_is_written(darkness, ink, mark) for mark in marks)
    )
    if not is_digit and max(grey.shape) >= ICON:
        raise DataError(NO_DIGIT)
    return Inked(darkness, marks)


def find_sheet(grey: np.ndarray) -> np.ndarray | None:
    """The inside of a sheet that lies on a desk at most half as bright, bool ``[H, W]``; None: no desk is seen."""
    scale = min(1.0, SHEET_SIDE / max(grey.shape))
    small = cv2.GaussianBlur(_shrunk(grey, scale), (0, 0), 2)
    bright = cv2.threshold(small, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)[1]
    outlines = cv2.findContours(bright, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
    if not outlines:
        return None
    outline = cv2.convexHull(max(outlines, key=cv2.contourArea))  # a digit may lie at its edge
    area = cv2.contourArea(outline)
    (_, (width, height), _) = cv2.minAreaRect(outline)
    inside = cv2.drawContours(np.zeros(small.shape, np.uint8), [outline], -1, 255, cv2.FILLED) > 0
    if area < 0.2 * small.size or area < 0.84 * width * height or inside.mean() > 0.98:
        return None
    if np.median(small[~inside]) > 0.55 * np.median(small[inside]):  # a shadow is brighter than that
        return None
    margin = 2 * max(2, round(0.015 * max(small.shape))) + 1
    within = cv2.erode(inside.astype(np.uint8), np.ones((margin, margin), np.uint8), borderValue=1)
    return cv2.resize(within, grey.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0


def evenly_lit(grey: np.ndarray) -> np.ndarray:
    """Light paper with the shading of a photograph divided out, so that one threshold suits the whole sheet.

    The paper is what is left when everything dark and narrower than a third of the picture is filled in.
    """
    small = _shrunk(grey, min(1.0, SHADING_SIDE / max(grey.shape)))
    side = max(3, max(small.shape) // 3)
    paper = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    paper = cv2.resize(cv2.GaussianBlur(paper, (0, 0), side / 6), grey.shape[::-1]).astype(np.float32)
    return np.minimum(255.0 * grey / np.maximum(paper, 1), 255).astype(np.uint8)


def _shrunk(grey: np.ndarray, scale: float) -> np.ndarray:
    height, width = (max(1, round(scale * length)) for length in grey.shape)
    return cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA)


def _is_light_on_dark(grey: np.ndarray) -> bool:
    """The edge of a picture is paper: light paper means dark ink."""
    edge = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    return float(np.median(edge)) < (float(grey.min()) + float(grey.max())) / 2


def _darkest(darkness: np.ndarray) -> int:
    """How dark the ink is: a fine pen's digit on a large sheet is one pixel in some thousands."""
    count = min(darkness.size - 1, max(10, darkness.size // 10_000))
    return int(np.partition(darkness.reshape(-1), -count)[-count])


def _is_plain(darkness: np.ndarray, ink: np.ndarray, darkest: int, paper: np.ndarray) -> bool:
    """Whether the sheet beside the ink is as even as paper, squared paper included, and not covered with ink."""
    bare = paper & (cv2.dilate(ink.astype(np.uint8), np.ones((7, 7), np.uint8)) == 0)
    between = bare & (darkness > 0.3 * darkest)
    if ink.sum() > MOST_INK * paper.sum() or between.sum() > MOST_GREY * paper.sum() or not bare.any():
        return False
    return float(darkness[bare].std()) <= SCATTER * darkest


def _is_written(darkness: np.ndarray, ink: np.ndarray, mark: np.ndarray) -> bool:
    """Whether around a digit there is ink and paper and little between, and the ink makes strokes."""
    rows, columns = np.flatnonzero(mark.any(axis=1)), np.flatnonzero(mark.any(axis=0))
    side = max(np.ptp(rows), np.ptp(columns)) + 1
    edge = max(3, side // 4)
    around = tuple(slice(max(0, each[0] - edge), each[-1] + 1 + edge) for each in (rows, columns))
    values, inked = darkness[around].astype(np.float32), ink[around]
    share = float(inked.mean())
    if not 0 < share < 1:
        return False
    apart = float(values[inked].mean() - values[~inked].mean())
    is_sharp = share * (1 - share) * apart**2 >= SPLIT * float(values.var())
    return is_sharp and _is_drawn(mark[around], side)


def _is_drawn(mark: np.ndarray, side: int) -> bool:
    """Whether a mask is made of strokes: not too wide, smooth at their edges, around few holes."""
    outlines, levels = cv2.findContours(mark.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    width, holes = stroke_width(mark), int((levels[0][:, 3] >= 0).sum())
    # A stroke has two edges, each as long as itself.
    raggedness = sum(cv2.arcLength(each, True) for each in outlines) * width / (2 * int(mark.sum()))
    return width <= WIDEST * side and holes <= MOST_HOLES and raggedness <= RAGGED + STEPS / width


def stroke_width(mask: np.ndarray) -> float:
    """How wide the strokes of a mask are on average, pixels: in a strip the mean distance to the edge is a quarter."""
    padded = cv2.copyMakeBorder(mask.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    inside = cv2.distanceTransform(padded, cv2.DIST_L2, 3)
    return 4 * float(inside[padded > 0].mean())


def _digits_in(ink: np.ndarray) -> tuple[list[np.ndarray], int]:
    """(Masks of the digits, by their marks: what is written together belongs together; pixels of boxes round them)."""
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    marks = [number for number in range(1, count) if boxes[number][cv2.CC_STAT_AREA] >= 4]
    marks.sort(key=lambda number: -boxes[number][cv2.CC_STAT_AREA])
    marks = marks[:200]
    inner = [number for number in marks if not _touches_edge(boxes[number], ink.shape)]
    marks = inner if inner and boxes[inner[0]][3] >= 0.03 * max(ink.shape) else marks
    frames = [number for number in marks if any(_is_framed(boxes[other], boxes[number]) for other in marks)]
    marks = [number for number in marks if number not in frames]
    largest = max(boxes[number][cv2.CC_STAT_AREA] for number in marks)
    marks = [number for number in marks if boxes[number][cv2.CC_STAT_AREA] >= largest / 20]  # dust moves no frame
    groups = _grouped(marks, boxes)
    if len(groups) > MOST_DIGITS:
        raise DataError(f"no digit on it, or too many: {len(groups)} separate marks; photograph one digit from above")
    return [np.isin(labels, group) for group in groups], sum(int(boxes[number][4]) for number in frames)


def _touches_edge(box: np.ndarray, shape: tuple[int, ...]) -> bool:
    left, top, width, height, _ = box
    return left == 0 or top == 0 or left + width == shape[1] or top + height == shape[0]


def _is_framed(inner: np.ndarray, outer: np.ndarray) -> bool:
    """Whether ``outer`` is a box that is drawn round ``inner``: thin, and everywhere outside of it."""
    (left, top, width, height, area), (x, y, across, down, around) = inner, outer
    if area < 20 or height < 0.2 * down or around > 0.35 * across * down:
        return False
    edge = 0.04 * min(across, down)
    return x + edge < left and y + edge < top and left + width + edge < x + across and top + height + edge < y + down


def _grouped(marks: list[int], boxes: np.ndarray) -> list[list[int]]:
    """The marks of each digit, digits in the order of reading: two digits have a gap, a 5 and its bar are one."""
    tallest = max(boxes[number][3] for number in marks)
    groups: list[list[int]] = []
    for number in (each for each in marks if boxes[each][3] >= PIECE * tallest):
        near = [
            group for group in groups if min(_gap(boxes[number], boxes[other]) for other in group) < TOUCH * tallest
        ]
        groups = [group for group in groups if group not in near] + [[*sum(near, []), number]]
    for number in (each for each in marks if boxes[each][3] < PIECE * tallest):
        gaps = [min(_gap(boxes[number], boxes[other]) for other in group) for group in groups]
        if min(gaps) < REACH * tallest:
            groups[int(np.argmin(gaps))].append(number)
        elif max(boxes[number][2:4]) >= SMALL * tallest:
            groups.append([number])

    return _in_reading_order(groups, boxes, tallest)


def _in_reading_order(groups: list[list[int]], boxes: np.ndarray, tallest: int) -> list[list[int]]:
    """Row by row, each from left to right; a row may be askew."""
    middle = {group[0]: float(boxes[group[0]][1] + boxes[group[0]][3] / 2) for group in groups}
    rows: list[list[list[int]]] = []
    for group in sorted(groups, key=lambda each: middle[each[0]]):
        if rows and middle[group[0]] - middle[rows[-1][-1][0]] < 0.6 * tallest:
            rows[-1].append(group)
        else:
            rows.append([group])
    return [group for row in rows for group in sorted(row, key=lambda each: boxes[each[0]][0])]


def _gap(one: np.ndarray, other: np.ndarray) -> int:
    """Pixels between two boxes, the larger of those across and down."""
    return max(max(one[k], other[k]) - min(one[k] + one[k + 2], other[k] + other[k + 2]) for k in (0, 1))
