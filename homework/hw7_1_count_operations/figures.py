"""The figure of homework 7-1: how much of the kernel lies inside the picture, for every output pixel."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from paddle_camp import plots


def draw(taps: np.ndarray, settings: Any) -> Figure:
    """The positions of the kernel inside the small picture; ``taps`` are those of a row or column, ``[output]``."""
    kernel, stride, padding = settings.kernel_size, settings.stride, settings.padding
    side = settings.counted_size
    title = plots.words(
        f"Kernel {kernel}, stride {stride}, padding {padding}: positions inside a {side} x {side} picture",
        f"卷积核 {kernel}×{kernel}，步幅 {stride}，填充 {padding}：卷积核落在 {side}×{side} 图片内的位置数",
    )
    return plots.heat_map(np.outer(taps, taps), title=title)
