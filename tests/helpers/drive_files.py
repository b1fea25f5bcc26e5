"""Miniature drives in both layouts: a Donkey Car's three tables, and a log of Udacity's simulator."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

DONKEY = {"train": ("train.csv", 12), "valid": ("validation.csv", 4), "test": ("test.csv", 4)}
WINDOWS = "C:\\Users\\me\\drive\\IMG\\"
NAMES = "center,left,right,steering,throttle,brake,speed"


def picture(seed: int, height: int = 120, width: int = 160) -> np.ndarray:
    """uint8 ``[height, width, 3]``, of broad squares: JPEG keeps them."""
    coarse = np.random.default_rng(seed).integers(30, 225, (height // 20, width // 20, 3), np.uint8)
    return np.kron(coarse, np.ones((20, 20, 1), np.uint8))


def write(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels, [cv2.IMWRITE_JPEG_QUALITY, 100])


def angle(number: int) -> float:
    """What the driver steers in a row, from -1 to 1."""
    return (number % 9 - 4) / 4


def write_donkey(root: Path, smooth: bool = True, block: bool = True) -> Path:
    """Three tables and their pictures; two blocks in each."""
    number = 0
    for name, count in DONKEY.values():
        lines = [",".join(["image", "steering", *["steering_smooth"] * smooth, "throttle", *["block"] * block])]
        for row in range(count):
            file = f"images/{number}_cam_image_array_.jpg"
            write(root / file, picture(number))
            cells = [file, f"{angle(number)}", *[f"{angle(number) / 2}"] * smooth, "0.5"]
            lines.append(",".join([*cells, *[str(7 + 2 * row // count)] * block]))
            number += 1
        (root / name).write_text("\n".join(lines) + "\n")
    return root


def write_udacity(
    root: Path, count: int = 6, *, header: bool = True, folder: str = "IMG/", sides: bool = True, others: bool = True
) -> Path:
    """A log of three cameras, and two of the forward one (``others``); ``folder`` is what stands before the names."""
    for part, name in (("", "driving_log.csv"), *([("v", "validation_log.csv"), ("t", "test_log.csv")] * others)):
        lines = [NAMES] if header else []
        for row in range(count if not part else 3):
            files = [f"{camera}_{part}{row}.jpg" for camera in ("center", "left", "right")]
            kept = files if sides and not part else files[:1]
            for file in kept:
                path = root / "IMG" / file
                write(path, picture(1000 * len(file) + row, 80, 160))
            cells = [folder + file if file in kept else "" for file in files]
            lines.append(", ".join([*cells, f"{angle(row)}", "1", "0", "30.19"]))
        (root / name).write_text("\r\n".join(lines) + "\r\n")
    return root
