"""Max, average and L2 pooling of a picture, and how much each changes when the picture moves by a pixel."""

from __future__ import annotations

from typing import Any

import numpy as np
import paddle
import paddle.nn.functional as F

SIDE = 4  # of the windows, and their distance, pixels


def pools(picture: np.ndarray) -> dict[str, np.ndarray]:
    """The pooled pictures of ``[H, W]``: max, average, L2 (the root of the sum of squares), and one pixel in 4 x 4."""
    x = paddle.to_tensor(picture[np.newaxis, np.newaxis])
    mean_square = F.avg_pool2d(x**2, SIDE, SIDE)
    found = {"max": F.max_pool2d(x, SIDE, SIDE), "average": F.avg_pool2d(x, SIDE, SIDE)}
    found |= {"l2": SIDE * mean_square.sqrt(), "subsample": x[:, :, ::SIDE, ::SIDE]}
    rows, columns = found["max"].shape[2:]
    return {name: each.numpy()[0, 0, :rows, :columns] for name, each in found.items()}


def compare_pools(picture: np.ndarray) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Pools against their definitions, their order, and what a shift by one pixel does to them.

    Returns:
        (``gap``: the largest difference to the definition by windows; ``ordered``: average <= root mean square <= max
        in every window; ``shift``: name -> the mean change after moving the picture by a pixel, as a share of the
        deviation of the pooled picture), the pooled pictures.
    """
    found = pools(picture)
    rows, columns = found["max"].shape
    windows = picture[: rows * SIDE, : columns * SIDE].reshape(rows, SIDE, columns, SIDE).swapaxes(1, 2)
    defined = {"max": windows.max(axis=(2, 3)), "average": windows.mean(axis=(2, 3))}
    defined["l2"] = np.sqrt((windows**2).sum(axis=(2, 3)))
    gap = max(float(np.abs(found[name] - each).max()) for name, each in defined.items())
    root = found["l2"] / SIDE
    ordered = bool(((found["average"] <= root + 1e-9) & (root <= found["max"] + 1e-9)).all())
    before, after = pools(picture[:, :-1]), pools(picture[:, 1:])
    shift = {name: float(np.abs(before[name] - after[name]).mean() / before[name].std()) for name in found}
    return {"side": SIDE, "gap": gap, "ordered": ordered, "shift": shift}, found
