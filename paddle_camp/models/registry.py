"""The registry of the zoo: networks by name."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from paddle import nn

from paddle_camp.errors import SettingError, require
from paddle_camp.networks.summary import check_input_shape, layer_rows, summary_table
from paddle_camp.networks.weights import load_weights
from paddle_camp.preprocessing import PICTURES, PictureKind

Builder = Callable[..., nn.Layer]


@dataclass(frozen=True)
class Entry:
    """A network of the registry.

    Attributes:
        kind: the pictures it is made for.
        takes_image_size: whether its layers depend on the size of the pictures, so that its builder has an argument
            ``image_size``; the others take pictures of many sizes.
    """

    builder: Builder
    kind: PictureKind
    takes_image_size: bool


_ENTRIES: dict[str, Entry] = {}


def register_model(
    builder: Builder | None = None, *, kind: PictureKind = PICTURES, takes_image_size: bool | None = None
) -> Any:
    """Decorator, with or without arguments: add a builder to the registry under its function's name.

    A builder, a function or the network's class, takes ``num_classes`` and ``in_channels``. Running the notebook cell
    or the module that defines it again replaces it.

    Args:
        kind: the pictures that the network is made for.
        takes_image_size: whether the builder has an argument ``image_size``; by default, whether it names one.

    Raises:
        ValueError: another module has registered that name.
    """
    if builder is None:
        return lambda builder: register_model(builder, kind=kind, takes_image_size=takes_image_size)
    name = builder.__name__
    before = _ENTRIES.get(name)
    if before is not None and before.builder.__module__ != builder.__module__:
        raise ValueError(f"a model named {name!r} is registered already, in {before.builder.__module__}")
    if takes_image_size is None:
        takes_image_size = "image_size" in inspect.signature(builder).parameters
    _ENTRIES[name] = Entry(builder, kind, takes_image_size)
    return builder


def entries() -> dict[str, Entry]:
    """The registry as it is now: name -> entry."""
    return dict(_ENTRIES)


def list_models() -> list[str]:
    """The names in the registry, sorted."""
    return sorted(_ENTRIES)


def check_model_name(name: str) -> str:
    """Return ``name`` if it is in the registry.

    Raises:
        SettingError: it is not; the message has the closest match and the list of names.
    """
    if name not in _ENTRIES:
        near = difflib.get_close_matches(name, _ENTRIES, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        own = "one of your own is registered by --import FILE"
        raise SettingError(f"there is no model {name!r}: {hint}the zoo has {', '.join(list_models())}; {own}")
    return name


ModelName = Annotated[str, check_model_name]  # a setting that names a network of the zoo


def create_model(name: str, pretrained: str | Path | None = None, **arguments: Any) -> nn.Layer:
    """Build a network by name.

    Args:
        name: one of :func:`list_models`.
        pretrained: a local ``.pdparams`` file, ours or one of ``paddle.vision.models``, with as many classes.
        **arguments: of its builder; all builders take ``num_classes`` and ``in_channels``.

    Raises:
        SettingError: unknown name, an argument that its builder does not have, or it builds no network.
        CheckpointError: the weights are missing, damaged or of another network.
    """
    builder = _ENTRIES[check_model_name(name)].builder
    try:
        inspect.signature(builder).bind(**arguments)
    except TypeError as error:
        raise SettingError(f"model={name} is not built with {sorted(arguments)}: {error}") from None
    model = builder(**arguments)
    require(isinstance(model, nn.Layer), f"model={name}: its builder gives {type(model).__name__}, not a network")
    if pretrained is not None:
        load_weights(model, pretrained)
    return model


def kind_of(name: str) -> PictureKind:
    """The pictures that a network is made for."""
    return _ENTRIES[check_model_name(name)].kind


def input_shape(name: str, image_size: int | None = None) -> tuple[int, int, int]:
    """One input of a network, (channels, height, width): that of its kind, or of another size."""
    channels, *sides = kind_of(name).shape
    return (channels, image_size, image_size) if image_size else (channels, *sides)


def model_arguments(name: str, num_classes: int, in_channels: int, image_size: int) -> dict[str, Any]:
    """The arguments of :func:`create_model` for pictures of this shape and so many classes."""
    sized = {"image_size": image_size} if _ENTRIES[check_model_name(name)].takes_image_size else {}
    return {"num_classes": num_classes, "in_channels": in_channels} | sized


def create_for(name: str, pictures: Any, **arguments: Any) -> nn.Layer:
    """Build a network for these pictures, with one output for each of their classes.

    Args:
        name: one of :func:`list_models`.
        pictures: an ``ImageSet``, or a kind such as ``DIGITS``.
        **arguments: further ones of :func:`create_model`, which go before those of the pictures.
    """
    kind = pictures if isinstance(pictures, PictureKind) else pictures.kind
    usual = model_arguments(name, len(kind.classes) or 2, *_shape_of(pictures)[:2])
    return create_model(name, **usual | arguments)


def check_input(name: str, pictures: Any, model: nn.Layer | None = None) -> None:
    """Check before a training that a network takes these pictures.

    Args:
        name: one of :func:`list_models`.
        pictures: an ``ImageSet``, or a kind such as ``DIGITS``.
        model: the network, where it is not that of :func:`create_for`.

    Raises:
        SettingError: it does not take them.
    """
    model = create_for(name, pictures) if model is None else model
    check_input_shape(model, (1, *_shape_of(pictures)), name)


def _shape_of(pictures: Any) -> tuple[int, int, int]:
    return pictures.shape if isinstance(pictures, PictureKind) else tuple(pictures.images.shape[1:])


def summary(name: str, batch_shape: tuple[int, ...] | None = None, **arguments: Any) -> None:
    """Print each layer's output shape, parameters and multiply-adds, and their sums.

    Args:
        name: one of :func:`list_models`.
        batch_shape: of the input; by default one input of :func:`input_shape`.
        **arguments: as for :func:`create_model`.
    """
    print(summary_table(layer_rows(create_model(name, **arguments), batch_shape or (1, *input_shape(name)))))
