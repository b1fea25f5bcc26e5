"""Context managers that restore what a network was: training modes, running statistics, what is trained."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import paddle
from paddle import nn


@contextlib.contextmanager
def unchanged(model: nn.Layer) -> Iterator[None]:
    """Restore training modes and running statistics after the forward and backward passes inside."""
    modes = [(layer, layer.training) for layer in model.sublayers(include_self=True)]
    statistics = {key: value.clone() for key, value in model.state_dict().items() if value.stop_gradient}
    try:
        yield
    finally:
        model.set_state_dict(model.state_dict() | statistics)
        for layer, mode in modes:
            layer.training = mode


@contextlib.contextmanager
def evaluating(model: nn.Layer) -> Iterator[None]:
    """Evaluation mode without gradients; each layer's training mode is restored afterwards, also after an error."""
    modes = [(layer, layer.training) for layer in model.sublayers(include_self=True)]
    model.eval()
    try:
        with paddle.no_grad():
            yield
    finally:
        for layer, mode in modes:
            layer.training = mode


@contextlib.contextmanager
def held(network: nn.Layer) -> Iterator[None]:
    """What is computed inside asks for no gradients of the network's weights: only its inputs' are to be had."""
    trained = [parameter for parameter in network.parameters() if not parameter.stop_gradient]
    for parameter in trained:
        parameter.stop_gradient = True
    try:
        yield
    finally:
        for parameter in trained:
            parameter.stop_gradient = False
