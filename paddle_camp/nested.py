"""Nested arrays: a network with several inputs takes a tuple, list or dict of arrays where others take one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any


def map_arrays(function: Callable[[Any], Any], values: Any) -> Any:
    """``function`` of every array in ``values``, in the same structure; lists become tuples."""
    if isinstance(values, Mapping):
        return {key: map_arrays(function, value) for key, value in values.items()}
    if isinstance(values, tuple | list):
        return tuple(map_arrays(function, value) for value in values)
    return function(values)


def leaves(values: Any) -> Iterator[Any]:
    """The arrays in ``values``, from first to last."""
    if isinstance(values, Mapping | tuple | list):
        for value in values.values() if isinstance(values, Mapping) else values:
            yield from leaves(value)
    else:
        yield values


def take_rows(values: Any, index: Any) -> Any:
    """The rows ``index`` (an int64 array or a slice) of every array."""
    return map_arrays(lambda array: array[index], values)


def count_rows(values: Any) -> int:
    """The rows of the first array."""
    return len(next(leaves(values)))
