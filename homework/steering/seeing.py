"""Which parts of a picture the network looks at, and whether it steers otherwise without them.

VisualBackProp (Bojarski et al., arXiv:1611.05418), made for PilotNet: the means of each convolution's channels, from
the last one back to the first, each enlarged to the size of the one before and multiplied by it.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import paddle

import paddle_camp as camp
from paddle_camp.networks.calling import outputs_of
from paddle_camp.networks.modes import evaluating

ERASED = 0.2  # share of the pixels that are erased
BLUR = 8.0  # pixels; what is erased is replaced by the blurred picture


def visual_backprop(model: Any, inputs: np.ndarray) -> np.ndarray:
    """How much each pixel takes part, 0 to 1 within a picture: float32 ``[N, H, W]`` of inputs ``[N, 3, H, W]``."""
    x, means = paddle.to_tensor(inputs), []
    with evaluating(model), paddle.no_grad():
        for stage in model.features:
            x = stage(x)
            means.append(x.numpy().mean(axis=1))
    sizes = [each.shape[1:] for each in means[:-1]][::-1] + [inputs.shape[2:]]
    below = [*means[:-1][::-1], np.ones((len(inputs), *inputs.shape[2:]), np.float32)]
    heat = means[-1]
    for size, mean in zip(sizes, below, strict=True):
        larger = np.stack([cv2.resize(each, size[::-1], interpolation=cv2.INTER_LINEAR) for each in heat])
        heat = larger * mean
    heat = heat - heat.min(axis=(1, 2), keepdims=True)
    return heat / np.maximum(heat.max(axis=(1, 2), keepdims=True), 1e-12)


def erased(images: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """The pictures with their hottest pixels blurred away: uint8 ``[N, 3, H, W]`` and ``[N, H, W]``."""
    result = images.copy()
    for picture, warm in zip(result, heat, strict=True):
        hot = warm >= np.quantile(warm, 1 - ERASED)
        blurred = cv2.GaussianBlur(np.ascontiguousarray(picture.transpose(1, 2, 0)), (0, 0), BLUR).transpose(2, 0, 1)
        picture[:, hot] = blurred[:, hot]
    return result


def judge_seeing(model: Any, part: camp.ImageSet) -> dict[str, Any]:
    """By how much the angle changes without the hottest pixels, and without those that are hottest in another picture.

    Returns:
        ``own`` and ``other``: mean changes of the angle; ``against``: the paired comparison, more is better.
    """
    scale = part.kind.scale
    heat = visual_backprop(model, scale(part.images))
    angles = outputs_of(model, scale(part.images))[:, 0]

    def moved(warm: np.ndarray) -> np.ndarray:
        return np.abs(outputs_of(model, scale(erased(part.images, warm)))[:, 0] - angles)

    own, other = moved(heat), moved(np.roll(heat, len(heat) // 2, axis=0))
    against = camp.comparisons.compare_paired(own, other)
    return {"own": float(own.mean()), "other": float(other.mean()), "against": against, "pictures": len(part)}
