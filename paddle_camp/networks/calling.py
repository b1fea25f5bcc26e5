"""How a network is called, whatever the number of its inputs and of their rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import paddle
from paddle import nn

from paddle_camp.networks.modes import evaluating

AT_ONCE = 500  # rows


def call(model: nn.Layer, inputs: Any) -> Any:
    """``model`` of its inputs: a tuple is several positional arguments, a dict several named ones."""
    if isinstance(inputs, Mapping):
        return model(**inputs)
    return model(*inputs) if isinstance(inputs, tuple | list) else model(inputs)


def outputs_of(
    model: nn.Layer, inputs: np.ndarray, part: Callable[[paddle.Tensor], paddle.Tensor] | None = None
) -> np.ndarray:
    """The outputs ``[N, ...]`` for inputs ``[N, ...]``, in evaluation mode, at most :data:`AT_ONCE` rows at a time.

    Args:
        part: what is called instead of the whole ``model``, such as ``model.encoder``.
    """
    function = model if part is None else part
    with evaluating(model):
        pieces = [function(paddle.to_tensor(inputs[i : i + AT_ONCE])).numpy() for i in range(0, len(inputs), AT_ONCE)]
    return np.concatenate(pieces)
