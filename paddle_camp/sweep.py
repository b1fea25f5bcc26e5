"""A sweep: many independent trainings ("cells"), in turn or side by side, each result kept as soon as it is there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import joblib
import paddle
from tqdm import tqdm

from paddle_camp.files import kept

Pairs = Iterator[tuple[str, Any]]  # name of a cell, its result


def run_cells(
    function: Callable[..., Any],
    cells: Mapping[str, tuple],
    folder: Path,
    *,
    jobs: int = 1,
    describe: Callable[[Any], str] = lambda result: "",
) -> dict[str, Any]:
    """Call ``function`` with the arguments of every cell.

    A finished cell's result lies in ``folder``; a sweep that was interrupted goes on with the cells that are missing.

    Args:
        function: defined at the top of a module (other processes import it); returns JSON values.
        cells: name of a cell, usable as a file name -> the arguments of ``function``.
        jobs: how many cells run side by side, each in a process with one BLAS thread; 1: in turn, in this process.
        describe: a few words about a result for the log.

    Returns:
        Name of a cell -> its result, in the order of ``cells``.
    """
    results: dict[str, Any] = {}
    files = {name: folder / f"{name}.json" for name in cells}
    missing = [name for name in cells if not files[name].exists()]
    if jobs > 1 and len(missing) > 1:
        pairs = _side_by_side(function, cells, files, missing, jobs)
    else:
        pairs = _in_turn(function, cells, files)
    with tqdm(total=len(cells), unit="cell", disable=None, leave=False) as bar:
        for name, result in pairs:
            results[name] = result
            bar.update()
            if name in missing:
                tqdm.write(f"[{len(results)}/{len(cells)}] {name}: {describe(result)}", file=sys.stderr)
    return {name: results[name] for name in cells}


def _in_turn(function: Callable[..., Any], cells: Mapping[str, tuple], files: Mapping[str, Path]) -> Pairs:
    for name, arguments in cells.items():
        yield name, kept(files[name], lambda arguments=arguments: function(*arguments))


def _side_by_side(
    function: Callable[..., Any], cells: Mapping[str, tuple], files: Mapping[str, Path], missing: list[str], jobs: int
) -> Pairs:
    yield from _in_turn(function, {name: arguments for name, arguments in cells.items() if name not in missing}, files)
    device = paddle.get_device()  # a fresh process would take a GPU wherever there is one
    calls = (joblib.delayed(_named)(name, function, cells[name], device) for name in missing)
    # One thread each: that many processes keep the cores busy, and threads of several would fight over them.
    with joblib.parallel_config("loky", inner_max_num_threads=1):
        for name, result in joblib.Parallel(jobs, return_as="generator_unordered")(calls):
            yield name, kept(files[name], lambda result=result: result)


def _named(name: str, function: Callable[..., Any], arguments: tuple, device: str) -> tuple[str, Any]:
    paddle.set_device(device)
    return name, function(*arguments)
