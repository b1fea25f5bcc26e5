"""Whether a network hands gradients back: dead units, and what is left of a gradient at the first layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import paddle
from paddle import nn

from paddle_camp.errors import require
from paddle_camp.networks.modes import unchanged
from paddle_camp.speed.onednn.function import paddle_operators

LAYERS = (nn.Conv2D, nn.Linear)


def pass_back(model: nn.Layer, inputs: np.ndarray, seed: int = 0) -> dict[str, Any] | None:
    """Send a random direction of the outputs back through a network in evaluation mode; JSON values.

    It is no loss's gradient: that of a network which is sure and right is 0, however healthy the network. A unit
    (a channel of a convolution, an output of a linear layer) whose weights get no gradient from any of the inputs
    is dead on them: behind a ReLU that is off, for example.

    Args:
        inputs: float32 ``[N, ...]``; some tens are enough.

    Returns:
        ``dead``: the share of all units; ``layers``: rows of ``layer``, ``units``, ``dead`` (a share), ``gradient``
        (Euclidean norm / that of the weights); ``ratio``: the first layer's gradient / the last's (None: one of them is
        not finite, or the last is 0). None: the network has no such layer with weights that are trained.

    Raises:
        SettingError: the output is no array ``[N, K]``.
    """
    named = [(name, each) for name, each in model.named_sublayers() if isinstance(each, LAYERS)]
    named = [(name, each) for name, each in named if not each.weight.stop_gradient]
    if not named:
        return None
    with unchanged(model), paddle_operators():
        model.eval()
        given = paddle.to_tensor(inputs)
        given.stop_gradient = False  # a grid_sample whose picture needs no gradient ends the process in Paddle
        outputs = model(given)
        require(isinstance(outputs, paddle.Tensor) and outputs.ndim == 2, "the output is not [N, K]")
        direction = np.random.default_rng(seed).normal(size=outputs.shape).astype(np.float32)
        score = (outputs.astype("float32") * paddle.to_tensor(direction)).mean()
        weights = [each.weight for _, each in named]
        gradients = paddle.grad(score, [*weights, given], allow_unused=True)[:-1]
    rows = []
    for (name, layer), gradient in zip(named, gradients, strict=True):
        if gradient is None:  # an auxiliary head
            continue
        found, weight = gradient.numpy(), layer.weight.numpy()
        units = np.moveaxis(found, 0 if isinstance(layer, nn.Conv2D) else 1, 0)  # [out, in, h, w] or [in, out]
        units = units.reshape(len(units), -1)
        norm = float(np.linalg.norm(found) / max(float(np.linalg.norm(weight)), 1e-12))
        row = {"layer": name, "units": len(units), "dead": float((units == 0).all(axis=1).mean())}
        rows.append(row | {"gradient": norm if np.isfinite(norm) else None})
    first, last = rows[0]["gradient"], rows[-1]["gradient"]
    units = np.array([row["units"] for row in rows])
    dead = float(np.average([row["dead"] for row in rows], weights=units))
    return {"dead": dead, "layers": rows, "ratio": first / last if first is not None and last else None}
