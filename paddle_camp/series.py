"""Arithmetic on a recorded series of numbers; numpy only, so that plots and homework rules share one definition."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from paddle_camp.errors import SettingError


def smooth(values: Sequence[float] | np.ndarray, window: int) -> np.ndarray:
    """The trailing mean: entry i is the mean of the last ``window`` values up to and including i.

    The first ``window - 1`` entries average what is there, so nothing looks ahead and nothing is lost. A NaN
    spoils only the windows that contain it (a running sum would carry it to the end).

    Args:
        values: float ``[N]``.
        window: how many values to average, 1 or more.

    Returns:
        float64 ``[N]``.

    Raises:
        SettingError: ``window`` is below 1.
    """
    if window < 1:
        raise SettingError(f"the smoothing window is {window} values: use 1 (no smoothing) or more")
    series = np.asarray(values, np.float64)
    return np.array([series[max(0, i + 1 - window) : i + 1].mean() for i in range(len(series))], np.float64)
