"""The ranges of settings, written as annotations: ``learning_rate: Rate = 0.01``.

The ``Settings`` of a page inherit :class:`HyperParameters`, which checks every annotated field. The bounds are those of
the package annotated-types (``Annotated[int, Ge(2)]``), ``MinLen(1)`` is the least length of a tuple, and
:class:`OneOf`, :class:`Distinct`, :class:`Check` and :class:`Hint` are added here. What stands inside a tuple or beside
``None`` is checked too: ``tuple[Rate, ...]``, ``Count | None``.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from annotated_types import BaseMetadata, Ge, GroupedMetadata, Gt, Le, Lt, MinLen

from paddle_camp.errors import SettingError
from paddle_camp.running.settings import has_type

Count = Annotated[int, Gt(0)]
Rate = Annotated[float, Gt(0)]
Share = Annotated[float, Gt(0), Lt(1)]
Fraction = Annotated[float, Ge(0), Lt(1)]  # a momentum, a smoothing
NonNegative = Annotated[float, Ge(0)]

_NUMBERS = ("no", "one", "two", "three", "four", "five")


@dataclass(frozen=True)
class OneOf:
    """A value out of ``names`` (any collection, a dict for example): ``Annotated[str, OneOf(LOSSES)]``."""

    names: Collection[Any]


@dataclass(frozen=True)
class Distinct:
    """A tuple in which nothing stands twice."""


@dataclass(frozen=True)
class Check:
    """A value for which ``function(value)`` raises no SettingError; the error it raises is shown as it is."""

    function: Callable[[Any], object]


@dataclass(frozen=True)
class IsFile:
    """A text that names a file of this machine; ``--config`` does not take it from another's."""


File = Annotated[str, IsFile()]


@dataclass(frozen=True)
class Hint:
    """What is said instead of the bounds: ``Annotated[int, Ge(3), Hint("a plateau needs at least 3 epochs")]``."""

    text: str


T = TypeVar("T")
Several = Annotated[tuple[T, ...], MinLen(1), Distinct()]  # ``Several[Rate]``: one or more, each one once


class HyperParameters:
    """Base class of a page's ``Settings``, a frozen dataclass: its annotations are checked when one is made.

    A class with a check across its fields overrides ``__post_init__`` and calls ``super().__post_init__()`` first.
    """

    def __post_init__(self) -> None:
        check_ranges(self)


def check_ranges(settings: Any) -> None:
    """Check the fields of a dataclass against their annotations.

    Raises:
        SettingError: a value is out of its range; the message has the field, the value and the range.
    """
    hints = typing.get_type_hints(type(settings), include_extras=True)
    for field in dataclasses.fields(settings):
        if fault := _fault(getattr(settings, field.name), hints[field.name]):
            values, said = fault
            shown = ",".join(map(str, values))
            raise SettingError(f"{field.name}{'=' if shown else ''}{shown}: {said}")


def _fault(value: Any, kind: Any) -> tuple[tuple, str] | None:
    """The values that are out of range (of a tuple, the elements) and what is right; None if all is well."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if value is None:
        return None  # whether it may be is a question of type
    if origin is Annotated:
        return _fault(value, arguments[0]) or _own_fault(value, list(_flat(arguments[1:])))
    if origin in (typing.Union, types.UnionType):
        faults = [_fault(value, each) for each in arguments if has_type(value, each)]
        return faults[0] if faults and all(faults) else None
    if origin is tuple:
        found = [fault for each in value if (fault := _fault(each, arguments[0]))]
        alike = [fault for fault in found if fault[1] == found[0][1]]
        return (tuple(each for values, _ in alike for each in values), found[0][1]) if found else None
    return None


def _flat(marks: tuple) -> Iterator[Any]:
    for mark in marks:
        if isinstance(mark, type):  # Distinct for Distinct()
            mark = mark()
        if isinstance(mark, GroupedMetadata):  # Interval(gt=0, lt=1) is Gt(0), Lt(1)
            yield from mark
        else:
            yield mark


def _own_fault(value: Any, marks: list[Any]) -> tuple[tuple, str] | None:
    shown = value if isinstance(value, tuple) else (value,)
    said = ""
    for mark in marks:
        if isinstance(mark, Check):
            mark.function(value)
        elif isinstance(mark, types.FunctionType):  # a Check, where this module cannot be imported
            mark(value)
        elif not _holds(value, mark):
            said = said or _in_words(mark, marks)
    hint = next((mark.text for mark in marks if isinstance(mark, Hint)), said)
    return (shown, hint) if said else None


def _holds(value: Any, mark: Any) -> bool:
    match mark:
        case Gt(bound):
            return value > bound
        case Ge(bound):
            return value >= bound
        case Lt(bound):
            return value < bound
        case Le(bound):
            return value <= bound
        case MinLen(least):
            return len(value) >= least
        case OneOf(names):
            return value in names
        case Distinct():
            return len(set(value)) == len(value)
        case BaseMetadata():  # must not pass for checked
            raise TypeError(f"settings are not checked for {mark}; write a Check(function)")
    return True


def _in_words(broken: Any, marks: list[Any]) -> str:
    match broken:
        case OneOf(names):
            return f"there are {', '.join(map(str, names))}"
        case Distinct():
            return "each one once"
        case MinLen(least):
            return f"name at least {_NUMBERS[least] if least < len(_NUMBERS) else least}"
    return _bounds_in_words([mark for mark in marks if isinstance(mark, Gt | Ge | Lt | Le)])


def _bounds_in_words(bounds: list[Any]) -> str:
    match bounds:
        case [Gt(0)]:
            return "must be positive"
        case [Ge(0)]:
            return "must not be negative"
        case [Gt(0), Lt(1)]:
            return "give a share between 0 and 1"
        case [Gt(low)]:
            return f"give more than {low}"
        case [Ge(low)]:
            return f"give at least {low}"
        case [Lt(high)]:
            return f"give less than {high}"
        case [Le(high)]:
            return f"give at most {high}"
        case [Ge(low), Lt(high)]:
            return f"give a number from {low} to below {high}"
        case [Ge(low), Le(high)]:
            return f"give a number from {low} to {high}"
        case [Gt(low), Lt(high)]:
            return f"give a number above {low} and below {high}"
        case [Gt(low), Le(high)]:
            return f"give a number above {low} and up to {high}"
    raise TypeError(f"a range has a lower bound and then an upper one, not {bounds}")
