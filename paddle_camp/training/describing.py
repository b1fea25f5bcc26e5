"""Networks and optimizers in words, and whether they belong together: read from what any of Paddle's has."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import paddle
from paddle import nn
from paddle.optimizer import Optimizer

from paddle_camp.errors import require


def check_trainable(name: str, network: Any, optimizer: Any) -> None:
    """Check that ``network`` is a network and ``optimizer``, if it has one, trains it.

    Raises:
        SettingError: it is something else, trains the parameters of another network, or has nothing to train.
    """
    require(isinstance(network, nn.Layer), f"{name}: give a network (paddle.nn.Layer), not a {type(network).__name__}")
    if optimizer is None:
        return
    given = type(optimizer).__name__
    require(isinstance(optimizer, Optimizer), f"{name}: give an optimizer (paddle.optimizer.Adam, ...), not a {given}")
    trained, own_ones = {id(each) for each in parameters_of(optimizer)}, {id(each) for each in network.parameters()}
    own = not trained or not own_ones or bool(trained & own_ones)
    frozen = bool(own_ones) and all(parameter.stop_gradient for parameter in network.parameters())
    require(not frozen, f"{name}: all of its parameters are frozen: there is nothing to train")
    require(own, f"{name}: its optimizer trains another network: build it with parameters={name}.parameters()")


def parameters_of(optimizer: Optimizer) -> list[paddle.Tensor]:
    """What it was built with, each once, wherever a version of Paddle keeps it."""
    found: dict[int, paddle.Tensor] = {}
    for value in vars(optimizer).values():
        for each in value if isinstance(value, list) else ():
            group = each["params"] if isinstance(each, dict) and isinstance(each.get("params"), list) else [each]
            found |= {id(one): one for one in group if isinstance(one, paddle.Tensor)}
    return list(found.values())


def network_in_words(network: nn.Layer) -> str:
    """Such as ``ResNet of 23,512,130 numbers (layers 3f2a91c0)``; other layers, other digits."""
    shapes = [(key, list(value.shape), value.stop_gradient) for key, value in network.state_dict().items()]
    shown = re.sub(r", data_format=\w+", "", str(network))  # BatchNorm1D changes it in its first forward pass
    layers = hashlib.sha256(f"{shown}{shapes}".encode()).hexdigest()[:8]
    return f"{type(network).__name__} of {sum(p.size for p in network.parameters()):,} numbers (layers {layers})"


def optimizer_in_words(optimizer: Optimizer) -> str:
    """Such as ``Momentum(momentum=0.9, regularization_coeff=0.001)``, without the learning rate."""
    numbers: dict[str, Any] = {
        key.lstrip("_"): value for key, value in vars(optimizer).items() if isinstance(value, float)
    }
    for key, value in vars(optimizer).items():
        if value is True:  # use_nesterov, amsgrad
            numbers[key.lstrip("_")] = value
        elif value and ("regularization" in key or "grad_clip" in key) and not isinstance(value, float):
            numbers[key.lstrip("_")] = str(value)
    numbers.pop("learning_rate", None)
    return f"{type(optimizer).__name__}({', '.join(f'{key}={numbers[key]}' for key in sorted(numbers))})"
