"""Memory of trainings that are over: Paddle's optimizers keep it until Python looks for cycles.

An optimizer refers to itself (``clear_gradients`` is its own bound method). When nobody uses it any more, its weights,
their gradients and its moments wait for the garbage collector, which counts objects and not their bytes: four
trainings of VGG-16 in one process held 9 GiB.
"""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterable

from paddle import nn
from paddle.optimizer import Optimizer

MUCH = 2**24  # weights, 64 MiB; the leftovers of smaller networks may wait
_trained: list[tuple[weakref.ref[nn.Layer], weakref.ref[Optimizer], int]] = []


def make_room(network: nn.Layer, optimizers: Iterable[Optimizer]) -> None:
    """Collect the garbage if optimizers of networks that are gone hold much; remember these, without keeping them."""
    _trained[:] = [each for each in _trained if each[1]() is not None]
    if sum(weights for other, _, weights in _trained if other() is None) >= MUCH:
        gc.collect()
    weights = sum(parameter.size for parameter in network.parameters())
    _trained.extend((weakref.ref(network), weakref.ref(each), weights) for each in optimizers)
