"""Settings of a homework, a frozen dataclass of hyper-parameters: ``-o key=value`` overrides, JSON and back."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Sequence
from typing import Any, ClassVar, Protocol, TypeVar

from paddle_camp.errors import SettingError


class _Dataclass(Protocol):
    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]


S = TypeVar("S", bound=_Dataclass)
_TRUE, _FALSE = {"true", "yes", "on", "1"}, {"false", "no", "off", "0"}


def override(settings: S, assignments: Sequence[str]) -> S:
    """Return ``settings`` with ``key=value`` texts applied, each converted to its field's type.

    Types understood: ``int float bool str``, ``T | None`` (the word ``none``) and ``tuple[T, ...]`` (comma-separated).

    Raises:
        SettingError: no ``=``, an unknown key (the message lists the valid ones), a value of another type, or one
            that the dataclass's ``__post_init__`` refuses.
    """
    hints = typing.get_type_hints(type(settings))
    values: dict[str, Any] = {}
    for text in assignments:
        key, equals, value = text.partition("=")
        key = key.strip()
        if not equals:
            raise SettingError(f"-o {text}: write it as key=value, for example -o num_epochs=2")
        if key not in hints:
            known = ", ".join(f.name for f in dataclasses.fields(settings))
            raise SettingError(f"-o {text}: there is no setting {key!r}; the settings of this homework are: {known}")
        try:
            values[key] = _convert(value.strip(), hints[key])
        except ValueError as error:
            kind = getattr(hints[key], "__name__", None) if not typing.get_args(hints[key]) else None
            now = getattr(settings, key)
            raise SettingError(f"-o {text}: {key} wants {kind or hints[key]} ({error}); it is now {now!r}") from None
    return dataclasses.replace(settings, **values)


def _convert(text: str, kind: Any) -> Any:
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        if text.lower() == "none":
            return None
        (kind,) = [k for k in typing.get_args(kind) if k is not type(None)]
    if typing.get_origin(kind) is tuple:
        inner = typing.get_args(kind)[0]
        return tuple(_convert(part.strip(), inner) for part in text.split(",") if part.strip())
    if kind is bool:
        if text.lower() not in _TRUE | _FALSE:
            raise ValueError(f"{text!r} is neither true nor false")
        return text.lower() in _TRUE
    if kind in (int, float, str):
        value = kind(text)
        if kind is float and not math.isfinite(value):
            raise ValueError(f"{text!r} is not a finite number")
        return value
    raise ValueError(f"a setting of type {kind} cannot be given on the command line")


def as_dict(settings: _Dataclass) -> dict[str, Any]:
    """The settings as plain JSON values (tuples become lists)."""
    return {key: list(v) if isinstance(v, tuple) else v for key, v in dataclasses.asdict(settings).items()}


def restore(kind: type[S], values: Any) -> S:
    """The inverse of :func:`as_dict`, for values that a file holds.

    Raises:
        SettingError: no object, unknown keys (another version of the project may have written them), or a value of
            another type.
    """
    hints = typing.get_type_hints(kind)
    if not isinstance(values, dict):
        raise SettingError("the saved settings are no object")
    unknown = sorted(set(values) - set(hints))
    if unknown:
        raise SettingError(f"these saved settings are not known to this version: {', '.join(unknown)}")
    given = {key: tuple(v) if isinstance(v, list) else v for key, v in values.items()}
    for key, value in given.items():
        if not _has_type(value, hints[key]):
            raise SettingError(f"the saved setting {key} is {str(value)[:60]!a}, of another type")
    return kind(**given)


def _has_type(value: Any, kind: Any) -> bool:
    """Whether a JSON value (lists as tuples) is of a setting's type; a whole number is a float, a truth no number."""
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return any(_has_type(value, each) for each in typing.get_args(kind))
    if typing.get_origin(kind) is dict:
        key, item = typing.get_args(kind)
        return isinstance(value, dict) and all(_has_type(k, key) and _has_type(v, item) for k, v in value.items())
    if typing.get_origin(kind) is tuple:
        return isinstance(value, tuple) and all(_has_type(each, typing.get_args(kind)[0]) for each in value)
    if kind is float:
        return type(value) in (int, float)
    return type(value) is kind
