"""The picture of `convolutions`: a Chinese temple that scikit-learn brings along, in grey."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import sklearn.datasets

from paddle_camp.data.built_in import describe_built_in
from paddle_camp.data.info import DataInfo


@dataclass(frozen=True)
class Picture:
    """``pixels``: grey, 0 to 255, float64 ``[size, size]``."""

    pixels: np.ndarray
    info: DataInfo
    how: str = "scikit-learn"


def load_picture(data: str = "auto", data_dir: str | None = None, size: int = 200) -> Picture:
    """The middle of ``china.jpg``, made ``size`` pixels wide and high; nothing is looked for in ``data_dir``."""
    grey = cv2.cvtColor(sklearn.datasets.load_sample_image("china.jpg"), cv2.COLOR_RGB2GRAY)
    side, (height, width) = min(grey.shape), grey.shape
    top, left = (height - side) // 2, (width - side) // 2
    square = np.ascontiguousarray(grey[top : top + side, left : left + side])
    pixels = cv2.resize(square, (size, size), interpolation=cv2.INTER_AREA).astype(np.float64)
    folder = str(Path(sklearn.datasets.__file__).parent)
    return Picture(pixels, describe_built_in("the picture china.jpg", data, folder, {"train": 1}, pixels))
