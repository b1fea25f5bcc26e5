"""Settings of a homework, a frozen dataclass of hyper-parameters: ``-o key=value`` overrides, JSON and back."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol, TypeVar

from paddle_camp.errors import SettingError


class _Dataclass(Protocol):
    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]


S = TypeVar("S", bound=_Dataclass)
_TRUE, _FALSE = {"true", "yes", "on", "1"}, {"false", "no", "off", "0"}


def override(settings: S, assignments: Sequence[str]) -> S:
    """Return ``settings`` with ``key=value`` texts applied, each converted to its field's type.

    Types understood: ``int float bool str``, ``T | None`` (the word ``none``), ``int | str`` (the first that takes the
    text) and ``tuple[T, ...]`` (comma-separated); a range (``Annotated``) is left to ``__post_init__``.

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
            known = ", ".join(names_of(type(settings)))
            raise SettingError(f"-o {text}: there is no setting {key!r}; the settings of this homework are: {known}")
        try:
            values[key] = _convert(value.strip(), hints[key])
        except ValueError as error:
            wanted, now = type_name(hints[key]), getattr(settings, key)
            raise SettingError(f"-o {text}: {key} wants {wanted} ({error}); it is now {now!r}") from None
    return dataclasses.replace(settings, **values)


def names_of(kind: type[_Dataclass]) -> list[str]:
    """The names of the settings, those of an assignment's own class before inherited ones."""
    own = kind.__dict__.get("__annotations__", {})
    return sorted((field.name for field in dataclasses.fields(kind)), key=lambda name: name not in own)


def type_name(kind: Any) -> str:
    """A type as it is written: ``int | None``, ``tuple[float, ...]``."""
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return " | ".join(map(type_name, typing.get_args(kind)))
    return "None" if kind is type(None) else str(kind) if typing.get_args(kind) else kind.__name__


def _convert(text: str, kind: Any) -> Any:
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return _first_that_takes(text, typing.get_args(kind))
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


def _first_that_takes(text: str, kinds: tuple) -> Any:
    if type(None) in kinds and text.lower() == "none":
        return None
    *others, last = [kind for kind in kinds if kind is not type(None)]
    for kind in others:
        with contextlib.suppress(ValueError):
            return _convert(text, kind)
    return _convert(text, last)


def in_words(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Values as ``key=value`` texts, which :func:`override` turns into the same values again."""
    return tuple(f"{key}={_in_words(value)}" for key, value in values.items())


def _in_words(value: Any) -> str:
    if isinstance(value, tuple | list | range):
        return ",".join(map(_in_words, value))
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


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
    given = {key: _from_json(value, hints[key]) for key, value in values.items()}
    for key, value in given.items():
        if not has_type(value, hints[key]):
            raise SettingError(f"the saved setting {key} is {str(value)[:60]!a}, of another type")
    return kind(**given)


def _from_json(value: Any, kind: Any) -> Any:
    """Lists as tuples, and a whole number as a float where the setting is one: Paddle takes no rate of 1."""
    arguments = typing.get_args(kind)
    if isinstance(value, list):
        return tuple(_from_json(each, arguments[0] if arguments else Any) for each in value)
    wants_float = kind is float or (float in arguments and int not in arguments)
    return float(value) if wants_float and has_type(value, int) and has_type(value, float) else value


def has_type(value: Any, kind: Any) -> bool:
    """Whether a value is of a setting's type; a whole number is a float, a truth no number, and NaN is nothing."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        return has_type(value, arguments[0])
    if origin in (typing.Union, types.UnionType):
        return any(has_type(value, each) for each in arguments)
    if origin is dict:
        key, item = arguments
        return isinstance(value, dict) and all(has_type(k, key) and has_type(v, item) for k, v in value.items())
    if origin is tuple:
        return isinstance(value, tuple) and all(has_type(each, arguments[0]) for each in value)
    if kind is float:
        return (type(value) is int and abs(value) < 2**1000) or (type(value) is float and math.isfinite(value))
    return type(value) is kind
