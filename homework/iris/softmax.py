"""The softmax in float32, failing and mended, and how hard two losses pull at its inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import paddle
import paddle.nn.functional as F

CASES = ((1.0, 2.0, 3.0), (101.0, 102.0, 103.0), (-109.0, -108.0, -107.0), (0.0, 0.0, 200.0))
CONFIDENCES = np.linspace(-8.0, 8.0, 65)  # logit of the right class, the two others at 0


def naive_softmax(logits: np.ndarray) -> np.ndarray:
    """e^z / sum e^z as the formula says; float32 overflows from e^88.8 on and is 0 below e^-104."""
    powers = np.exp(logits)
    return powers / powers.sum(axis=-1, keepdims=True)


def shifted_softmax(logits: np.ndarray) -> np.ndarray:
    """The same number: the largest logit is taken off all, so that the largest power is e^0 = 1 and none overflows."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """log(softmax) without the softmax: z - max - log sum e^(z - max), finite where the probability itself is 0."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def numerics() -> list[dict[str, Any]]:
    """Both softmaxes in float32 for each case, and the cross-entropy of the first class in three ways.

    Returns:
        rows of ``logits``, ``naive``, ``shifted``, ``failed`` (a naive number is NaN), ``gap`` of the shifted
        ones to float64; the cross-entropy as ``log_of_softmax`` (of the shifted one), by ``log_softmax``, and
        ``paddle``'s own.
    """
    rows = []
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for case in CASES:
            z = np.array(case, np.float32)
            naive, shifted = naive_softmax(z), shifted_softmax(z)
            exact = shifted_softmax(np.array(case, np.float64))
            direct = F.log_softmax(paddle.to_tensor(z)).numpy()
            row = {"logits": case, "naive": naive.tolist(), "shifted": shifted.tolist()}
            row |= {"failed": bool(np.isnan(naive).any()), "gap": float(np.abs(shifted - exact).max())}
            row |= {"log_of_softmax": float(-np.log(shifted[0])), "log_softmax": float(-log_softmax(z)[0])}
            rows.append(row | {"paddle": float(-direct[0])})
    return rows


def pulls(squared_error: Callable, cross_entropy: Callable) -> dict[str, Any]:
    """The length of each loss's gradient by the logits, while the right class's logit goes from low to high.

    Returns:
        ``share``: of the right class; ``squared error`` and ``cross-entropy``: lengths of the gradients; ``ratio``: of
        the second to the first where all classes are equally likely.
    """
    places = np.zeros((len(CONFIDENCES), 3))
    places[:, 0] = CONFIDENCES
    targets = paddle.to_tensor(np.tile([1.0, 0.0, 0.0], (len(places), 1)))
    found: dict[str, Any] = {"share": shifted_softmax(places)[:, 0].tolist()}
    for name, loss in (("squared error", squared_error), ("cross-entropy", cross_entropy)):
        logits = paddle.to_tensor(places, stop_gradient=False)
        slope = paddle.grad(loss(logits, targets).sum(), logits)[0]
        found[name] = np.linalg.norm(slope.numpy(), axis=1).tolist()
    even = int(np.abs(CONFIDENCES).argmin())
    return found | {"ratio": found["cross-entropy"][even] / found["squared error"][even]}
