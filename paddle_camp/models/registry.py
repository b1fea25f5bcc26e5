"""The registry of the zoo: networks by name."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from paddle import nn

from paddle_camp.errors import SettingError
from paddle_camp.networks.summary import layer_rows, summary_table
from paddle_camp.networks.weights import load_weights

_BUILDERS: dict[str, Callable[..., nn.Layer]] = {}


def register_model(builder: Callable[..., nn.Layer]) -> Callable[..., nn.Layer]:
    """Decorator: add ``builder`` to the registry under its function's name.

    Raises:
        ValueError: the registry has that name already.
    """
    name = builder.__name__
    if name in _BUILDERS:
        raise ValueError(f"a model named {name!r} is registered already, in {_BUILDERS[name].__module__}")
    _BUILDERS[name] = builder
    return builder


def list_models() -> list[str]:
    """The names in the registry, sorted."""
    return sorted(_BUILDERS)


def check_model_name(name: str) -> str:
    """Return ``name`` if it is in the registry.

    Raises:
        SettingError: it is not; the message has the closest match and the list of names.
    """
    if name not in _BUILDERS:
        near = difflib.get_close_matches(name, _BUILDERS, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise SettingError(f"there is no model {name!r}: {hint}the zoo has {', '.join(list_models())}")
    return name


def create_model(name: str, pretrained: str | Path | None = None, **arguments: Any) -> nn.Layer:
    """Build a network by name.

    Args:
        name: one of :func:`list_models`.
        pretrained: a local ``.pdparams`` file, ours or one of ``paddle.vision.models``, with as many classes.
        **arguments: of its builder; all builders take ``num_classes`` and ``in_channels``.

    Raises:
        SettingError: unknown name.
        CheckpointError: the weights are missing, damaged or of another network.
    """
    model = _BUILDERS[check_model_name(name)](**arguments)
    if pretrained is not None:
        load_weights(model, pretrained)
    return model


def summary(name: str, input_shape: tuple[int, ...] = (1, 3, 224, 224), **arguments: Any) -> None:
    """Print each layer's output shape, parameters and multiply-adds, and their sums.

    Args:
        name: one of :func:`list_models`.
        input_shape: batch included; LeNet for digits takes (1, 1, 28, 28).
        **arguments: as for :func:`create_model`.
    """
    print(summary_table(layer_rows(create_model(name, **arguments), input_shape)))
