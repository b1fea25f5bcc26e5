"""What came before networks: always the mean angle, and ridge regression on the pixels."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from sklearn.linear_model import Ridge

import paddle_camp as camp

SIZE = (40, 22)  # width and height of the small grey pictures
PENALTIES = (1.0, 10.0, 100.0)  # of the squares of the weights; candidates


def features_of(images: np.ndarray) -> np.ndarray:
    """Small grey pictures, 0 to 1: float64 ``[N, 880]`` of uint8 ``[N, 3, H, W]``."""
    grey = [cv2.cvtColor(image.transpose(1, 2, 0), cv2.COLOR_BGR2GRAY) for image in images]
    return np.array([cv2.resize(each, SIZE, interpolation=cv2.INTER_AREA).ravel() for each in grey]) / 255


def fit_ridge(part: camp.ImageSet, penalty: float) -> Ridge:
    """Ridge regression of both angles, the joystick's and the smoothed one."""
    return Ridge(penalty).fit(features_of(part.images), part.labels.astype(np.float64))


def ridge_angles(
    train: camp.ImageSet,
    valid: camp.ImageSet,
    asked: dict[str, camp.ImageSet],
    penalties: tuple[float, ...] = PENALTIES,
) -> dict[str, Any]:
    """What ridge regression says, the penalty chosen on ``valid``.

    Returns:
        ``penalty``, and for each part of ``asked`` float64 ``[N, 2]``: the joystick's angle and the smoothed one.
    """
    rows, truth = features_of(valid.images), valid.labels
    errors = {each: float(((fit_ridge(train, each).predict(rows) - truth) ** 2).mean()) for each in penalties}
    penalty = min(errors, key=errors.__getitem__)
    model = fit_ridge(train, penalty)
    return {"penalty": penalty} | {name: model.predict(features_of(part.images)) for name, part in asked.items()}
