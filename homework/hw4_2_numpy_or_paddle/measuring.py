"""What is measured of the two ways in homework 4-2: lines of code, and times with their spread."""

from __future__ import annotations

import ast
import inspect

import numpy as np
from numpy.typing import ArrayLike

from paddle_camp.comparisons import EVEN, compare_paired
from paddle_camp.history import History

ROUNDS = 7  # of each timing, numpy and Paddle in turn


def verdict_on_numpy(by_numpy: ArrayLike, by_paddle: ArrayLike) -> str:
    """Whether numpy is the faster of the two, by seconds that were measured alternating.

    By ratios, and only where the ranges do not overlap either: a machine's hiccup is no fact about a framework.
    """
    first, second = np.asarray(by_numpy, np.float64), np.asarray(by_paddle, np.float64)
    if first.min() <= second.max() and second.min() <= first.max():
        return EVEN
    return compare_paired(np.log(first), np.log(second), lower_is_better=True)["verdict"]


def summarise(by_numpy: np.ndarray, by_paddle: np.ndarray) -> list:
    """[median of numpy, median of Paddle, the verdict on numpy, both ranges] of seconds measured in turn."""
    ranges = [[float(each.min()), float(each.max())] for each in (by_numpy, by_paddle)]
    medians = [float(np.median(each)) for each in (by_numpy, by_paddle)]
    return [*medians, verdict_on_numpy(by_numpy, by_paddle), ranges]


def seconds_of(histories: dict[str, History]) -> list:
    """What :func:`summarise` makes of two trainings, cut into :data:`ROUNDS` parts of as many steps each.

    The medians are those of a step; the first part is left out as a warm-up.
    """
    columns = [np.array(history.column("seconds")) for history in histories.values()]
    parts = [[part.mean() for part in np.array_split(column, ROUNDS + 1)[1:]] for column in columns]
    return summarise(*np.array(parts))


def lines_of_code(*parts) -> int:
    """Lines of source that are neither blank, comment nor docstring, with each statement on one line."""

    def counts(node: ast.AST) -> bool:
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        return isinstance(node, ast.stmt) and not docstring

    return sum(counts(node) for part in parts for node in ast.walk(ast.parse(inspect.getsource(part))))
