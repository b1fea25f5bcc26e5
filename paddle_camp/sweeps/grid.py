"""A grid of trainings over settings and seeds, in which a divergence is a result like any other."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paddle_camp.errors import DivergedError, require
from paddle_camp.history import History
from paddle_camp.sweeps.sweep import run_cells

Point = dict[str, Any]  # name of an axis -> a value of it


def diverged(result: Any) -> bool:
    """Whether a cell's loss became NaN or infinite; ``result["diverged"]`` is the step."""
    return isinstance(result, Mapping) and "diverged" in result


def finished(results: Iterable[Any]) -> list[Any]:
    """The results of the cells that did not diverge."""
    return [result for result in results if not diverged(result)]


@dataclass(frozen=True)
class Grid:
    """A result at every point of the product of some axes.

    Attributes:
        axes: name -> values.
        results: the values of a point, in the order of the axes -> its result; the last axis runs fastest.
    """

    axes: dict[str, tuple]
    results: dict[tuple, Any]

    def items(self) -> Iterator[tuple[str, Point, Any]]:
        """(name such as "Adam-0.1-0", point, result) of every cell."""
        for values, result in self.results.items():
            yield name_of(values), dict(zip(self.axes, values, strict=True)), result

    def at(self, **point: Any) -> Any:
        """The result at a point, every axis of which is named: ``grid.at(optimizer="Adam", rate=0.1, seed=0)``.

        Raises:
            SettingError: an axis is missing, or the grid has no such axis or value.
        """
        require(point.keys() == self.axes.keys(), f"a point of this grid needs {', '.join(self.axes)}")
        for axis, value in point.items():
            require(value in self.axes[axis], f"{axis}={value}: the grid has {', '.join(map(str, self.axes[axis]))}")
        return self.results[tuple(point[axis] for axis in self.axes)]

    def over(self, axis: str, summarise: Callable[[list], Any]) -> Grid:
        """The grid without ``axis``: each result is ``summarise`` of those along it, in the order of its values.

        They hold divergences too; :func:`finished` leaves these out.

        Raises:
            SettingError: the grid has no such axis.
        """
        require(axis in self.axes, f"{axis}: the axes of this grid are {', '.join(self.axes)}")
        place = list(self.axes).index(axis)
        along: dict[tuple, list] = {}
        for values, result in self.results.items():
            along.setdefault(values[:place] + values[place + 1 :], []).append(result)
        rest = {name: values for name, values in self.axes.items() if name != axis}
        return Grid(rest, {values: summarise(results) for values, results in along.items()})

    def named(self) -> dict[str, Any]:
        """Name of a cell -> its result."""
        return {name: result for name, _, result in self.items()}

    def histories(self, key: str = "history") -> dict[str, History]:
        """Name of a cell -> its history, which its result holds as a dict; without the cells that diverged."""
        return {n: History.from_dict(result[key]) for n, _, result in self.items() if not diverged(result)}


def name_of(values: Iterable[Any]) -> str:
    """``Adam-0.1-0``: the values joined, numbers without needless digits."""
    return "-".join(f"{value:g}" if isinstance(value, float) else str(value) for value in values)


def run_grid(
    function: Callable[..., Any],
    axes: Mapping[str, Iterable[Any]],
    folder: Path,
    *,
    common: Mapping[str, Any] | None = None,
    describe: Callable[[Any], str] | None = None,
    here: Callable[..., bool] | Collection[str] = (),
    prefix: str = "",
    jobs: int | None = None,
    cluster: str | None = None,
) -> Grid:
    """Call ``function(**point, **common)`` at every point of the product of ``axes``.

    Finished cells are files in ``folder``; an interrupted grid computes only the missing ones. A cell that raises
    :class:`~paddle_camp.errors.DivergedError` has the result ``{"diverged": step}``.

    Args:
        function: defined at the top of a module (other processes import it); returns JSON values.
        axes: name of a keyword of ``function`` -> its values, texts or numbers, each one once.
        common: the other keywords.
        describe: the result of a cell that finished in a few words, for the log; None: the numbers in it.
        here: whether a point's cell writes files besides its result, so that it must run on this machine; called as
            ``here(**point)``. Or the names of such cells.
        prefix: of the files' names, where one folder holds several grids.
        jobs, cluster: as for :func:`~paddle_camp.sweeps.sweep.run_cells`.

    Raises:
        SettingError: an axis is empty or holds a value twice, a keyword is an axis and common, ``here`` names no cell.
        CampError: there is no such cluster.
        ClusterError: the cluster failed; finished cells are kept.
    """
    grid, common = {name: tuple(values) for name, values in axes.items()}, dict(common or {})
    points = list(itertools.product(*grid.values()))
    files = [f"{prefix}{name_of(values)}".replace(" ", "_") for values in points]
    _check(grid, common, files)
    if callable(here):
        here = [name_of(values) for values in points if here(**dict(zip(grid, values, strict=True)))]
    unknown = set(here) - set(map(name_of, points))
    require(not unknown, f"here={', '.join(sorted(unknown))}: the grid has no such cell")
    results = run_cells(
        _Cell(function, (*grid, *common)),
        # Not a dict of arguments: the cluster is sent once what several cells are given, the data for example.
        {file: (*values, *common.values()) for file, values in zip(files, points, strict=True)},
        folder,
        jobs=jobs,
        cluster=cluster,
        here=[file for file, values in zip(files, points, strict=True) if name_of(values) in here],
        describe=lambda result: _in_words(result, describe or _numbers),
    )
    return Grid(grid, dict(zip(points, results.values(), strict=True)))


@dataclass(frozen=True)
class _Cell:
    """``func`` with keywords, and a divergence as a result; other processes get it by pickling."""

    func: Callable[..., Any]
    keywords: tuple[str, ...]

    def __call__(self, *values: Any) -> Any:
        try:
            return self.func(**dict(zip(self.keywords, values, strict=True)))
        except DivergedError as error:
            return {"diverged": error.step}


def _check(axes: Mapping[str, tuple], common: Mapping[str, Any], files: list[str]) -> None:
    """Refuse a grid without cells, and one in which two cells would share a file."""
    for axis, values in axes.items():
        require(len(values) > 0, f"{axis}: the axis of a grid needs at least one value")
        require(axis not in common, f"{axis}: is an axis of the grid and also common to its cells")
    twice = [file for file, count in Counter(files).items() if count > 1]
    require(not twice, f"two cells of a grid would be called {' and '.join(twice[:1])}: give each value once")
    wrong = [file for file in files if "/" in file or "\\" in file]
    require(not wrong, f"a cell is a file, and {' '.join(wrong[:1])} is no name of one: it has a / or a \\")


def _in_words(result: Any, describe: Callable[[Any], str]) -> str:
    """A cell's result for the log."""
    return f"diverged at step {result['diverged']}" if diverged(result) else describe(result)


def _numbers(result: Any) -> str:
    """The floats among the values of a dict: "accuracy 0.9871, loss 0.04123"."""
    rows = result.items() if isinstance(result, Mapping) else ()
    return ", ".join(f"{name} {value:.4g}" for name, value in rows if isinstance(value, float))
