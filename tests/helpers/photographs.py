"""Photographs of digits on paper, put together from MNIST's ink: what a phone makes of a sheet."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

INK, PAPER, DESK = 45, 215, 60  # grey levels
LARGE = (3000, 4000)  # of a phone with 12 megapixels


def photograph(
    digits: Sequence[np.ndarray],
    seed: int,
    *,
    size: tuple[int, int] = (1200, 1600),
    share: float = 0.3,
    vignette: float = 0.15,
    desk: bool = False,
    squared: bool = False,
    boxed: bool = False,
) -> np.ndarray:
    """Digits uint8 ``[28, 28]`` side by side on a sheet, uint8 ``[H, W, 3]``.

    Args:
        size: of the photograph: height, width.
        share: height of a digit as a share of the photograph's.
        vignette: how much darker the corners are, as a share.
        desk: a dark desk is seen around the sheet, which lies a little askew.
        squared: the paper has lines, 5 to a digit's height.
        boxed: a box is drawn round the digits, with the same pen.
    """
    rng = np.random.default_rng(seed)
    height, width = size
    tall = round(share * height)
    inks = [_ink(digit, tall) for digit in digits]
    gap = round(rng.uniform(0.25, 0.5) * tall)
    across = sum(ink.shape[1] for ink in inks) + gap * (len(inks) - 1)
    top = round(height * rng.uniform(0.3, 0.4)) if share < 0.4 else (height - tall) // 2
    left = round((width - across) * rng.uniform(0.4, 0.6))
    sheet = np.full(size, float(PAPER))
    if squared:
        for step in np.arange(0, max(size), tall / 5):
            for end in ((0, 1), (1, 0)):
                at = round(step + rng.uniform(0, 2))
                start, stop = ((at, 0), (at, height)) if end == (0, 1) else ((0, at), (width, at))
                cv2.line(sheet, start, stop, PAPER - 45, max(1, tall // 80))
    alpha = np.zeros(size)
    at = left
    for ink in inks:
        room = alpha[top : top + tall, at : at + ink.shape[1]]
        np.maximum(room, ink, out=room)
        at += ink.shape[1] + gap
    if boxed:
        edge = round(0.35 * tall)
        corners = [(left - edge, top - edge), (left + across + edge, top + tall + edge)]
        cv2.rectangle(alpha, *corners, 1.0, max(2, tall // 14))
    picture = sheet * (1 - alpha) + INK * alpha
    if desk:
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-8, 8), 0.8)
        picture = cv2.warpAffine(picture, turn, (width, height), borderValue=float(DESK))
        picture += (picture < DESK + 1) * cv2.resize(rng.normal(0, 6, (40, 50)), (width, height))
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    picture *= (1 - vignette * (x**2 + y**2) / 2) * (1 + 0.06 * x)
    picture = cv2.GaussianBlur(picture, (0, 0), 1.0) + rng.normal(0, 4, size)
    return np.repeat(np.clip(picture, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


def _ink(digit: np.ndarray, tall: int) -> np.ndarray:
    """The digit alone, ``tall`` pixels high: 0 to 1, with the sharp edge of a pen."""
    rows, columns = (np.flatnonzero(digit.max(axis=axis)) for axis in (1, 0))
    cut = digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.float32) / 255
    size = (max(2, round(cut.shape[1] * tall / cut.shape[0])), tall)
    large = cv2.GaussianBlur(cv2.resize(cut, size, interpolation=cv2.INTER_CUBIC), (0, 0), tall / 60)
    return np.clip((large - 0.35) / 0.2, 0, 1)


# Name -> how such a photograph is taken, and how many digits are on it.
KINDS = {
    "a sheet": ({}, 1),
    "a dark desk around the sheet": ({"desk": True}, 1),
    "a small digit on 12 megapixels, corners 15 % darker": ({"size": LARGE, "share": 0.08, "vignette": 0.15}, 1),
    "a small digit on 12 megapixels, corners 35 % darker": ({"size": LARGE, "share": 0.08, "vignette": 0.35}, 1),
    "squared paper": ({"squared": True}, 1),
    "a box drawn round it": ({"boxed": True, "share": 0.25}, 1),
    "two digits side by side": ({}, 2),
    "two digits in a box on squared paper, on a desk": (
        {"squared": True, "boxed": True, "desk": True, "share": 0.2},
        2,
    ),
}
