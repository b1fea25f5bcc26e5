"""What becomes of a loss's gradient on its way back through the layers of a network."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import paddle
from paddle import nn

SMALL, LARGE = 1e-2, 1e2  # times: a gradient that changes by less over all layers is kept


@contextlib.contextmanager
def outputs_of(layers: Iterable[nn.Layer]) -> Iterator[list[paddle.Tensor]]:
    """Inside, the outputs of these layers in the order in which they are computed, those of one forward pass."""
    seen: list[paddle.Tensor] = []

    def note(layer: nn.Layer, inputs: tuple, output: paddle.Tensor) -> None:
        seen.append(output)

    hooks = [layer.register_forward_post_hook(note) for layer in layers]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()


def arriving(loss: paddle.Tensor, outputs: Sequence[paddle.Tensor]) -> list[float | None]:
    """The Euclidean norm of the gradient of ``loss`` with respect to each of some layers' outputs; None: not finite."""
    norms = [float(gradient.norm()) for gradient in paddle.grad(loss, list(outputs))]
    return [norm if np.isfinite(norm) else None for norm in norms]


def mean_by_layer(rows: Sequence[Sequence[float | None]]) -> list[float | None]:
    """Layer by layer, the geometric mean over several rows, such as seeds; None where one is None, 0 where one is 0."""

    def mean(values: tuple) -> float | None:
        if any(value is None for value in values):
            return None
        return float(np.exp(np.mean(np.log(values)))) if min(values) > 0 else 0.0

    return [mean(values) for values in zip(*rows, strict=True)]


def judge_arriving(norms: Sequence[float | None]) -> dict:
    """What becomes of the gradient on its way from the last of some layers to the first.

    Args:
        norms: of :func:`arriving`, from the first layer to the last.

    Returns:
        ``ratio``: gradient at the first layer / at the last (None: not finite, or 0 at the last); ``each``: that ratio
        for one layer, its root; ``state``: "none" (no gradient at all), "vanishes", "explodes", "kept".
    """
    first, last = norms[0], norms[-1]
    layers = len(norms) - 1
    if first is None or last is None:
        return {"ratio": None, "each": None, "state": "explodes"}
    if first == 0 or last == 0:
        return {"ratio": None, "each": None, "state": "none"}
    ratio = first / last
    state = "vanishes" if ratio < SMALL else "explodes" if ratio > LARGE else "kept"
    return {"ratio": ratio, "each": ratio ** (1 / layers) if layers else 1.0, "state": state}
