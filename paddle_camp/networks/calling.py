"""How a network is called, whatever the number of its inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from paddle import nn


def call(model: nn.Layer, inputs: Any) -> Any:
    """``model`` of its inputs: a tuple is several positional arguments, a dict several named ones."""
    if isinstance(inputs, Mapping):
        return model(**inputs)
    return model(*inputs) if isinstance(inputs, tuple | list) else model(inputs)
