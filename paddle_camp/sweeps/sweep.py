"""A sweep: many independent trainings ("cells"), in turn or side by side, each result kept as soon as it is there.

Side by side means local processes (joblib) or the nodes of a Ray cluster (:mod:`paddle_camp.sweeps.cluster`).
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import joblib
import paddle
from tqdm import tqdm

from paddle_camp.sweeps import cluster as ray_cluster
from paddle_camp.sweeps.kept import is_kept, kept

Pairs = Iterator[tuple[str, Any]]  # name of a cell, its result
Way = Callable[[Callable[..., Any], Mapping[str, tuple]], Pairs]  # to compute cells: function, cells -> results


def run_cells(
    function: Callable[..., Any],
    cells: Mapping[str, tuple],
    folder: Path,
    *,
    jobs: int | None = None,
    cluster: str | None = None,
    here: Collection[str] = (),
    describe: Callable[[Any], str] = lambda result: "",
) -> dict[str, Any]:
    """Call ``function`` with the arguments of every cell.

    A finished cell's result lies in ``folder``; a sweep that was interrupted goes on with the cells that are missing.

    Args:
        function: defined at the top of a module (other processes import it); returns JSON values.
        cells: name of a cell, usable as a file name -> the arguments of ``function``.
        jobs: how many cells run side by side, each in a process with one BLAS thread; None: one, or on a cluster all
            it has room for. One without a cluster: in turn, in this process.
        cluster: address of a Ray cluster to run them on, as for :func:`paddle_camp.sweeps.cluster.connected`.
        here: names of the cells that leave files beside their result; they run on this machine also with a cluster.
        describe: a few words about a result for the log.

    Returns:
        Name of a cell -> its result, in the order of ``cells``.

    Raises:
        CampError: there is no such cluster.
        ClusterError: the cluster failed; finished cells are kept.
    """
    results: dict[str, Any] = {}
    files = {name: folder / f"{name}.json" for name in cells}
    missing = [name for name in cells if not is_kept(files[name])]
    away = [name for name in missing if name not in here]
    if cluster and away:
        pairs = _side_by_side(function, cells, files, away, _on_cluster(cluster, jobs))
    elif (jobs or 1) > 1 and missing:  # also a last one: with another number of threads it would have other bits
        pairs = _side_by_side(function, cells, files, missing, _in_processes(jobs))
    else:
        pairs = _in_turn(function, cells, files)
    with contextlib.closing(pairs), tqdm(total=len(cells), unit="cell", disable=None, leave=False) as bar:
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
    function: Callable[..., Any], cells: Mapping[str, tuple], files: Mapping[str, Path], away: list[str], way: Way
) -> Pairs:
    yield from _in_turn(function, {name: arguments for name, arguments in cells.items() if name not in away}, files)
    with contextlib.closing(way(function, {name: cells[name] for name in away})) as pairs:
        for name, result in pairs:
            yield name, kept(files[name], lambda result=result: result)


def _in_processes(jobs: int) -> Way:
    def compute(function: Callable[..., Any], cells: Mapping[str, tuple]) -> Pairs:
        device = paddle.get_device()  # a fresh process would take a GPU wherever there is one
        calls = (joblib.delayed(_named)(name, function, arguments, device) for name, arguments in cells.items())
        # One thread each: that many processes keep the cores busy, and threads of several would fight over them.
        with joblib.parallel_config("loky", inner_max_num_threads=1):
            yield from joblib.Parallel(jobs, return_as="generator_unordered")(calls)

    return compute


def _named(name: str, function: Callable[..., Any], arguments: tuple, device: str) -> tuple[str, Any]:
    paddle.set_device(device)
    return name, function(*arguments)


def _on_cluster(address: str, jobs: int | None) -> Way:
    def compute(function: Callable[..., Any], cells: Mapping[str, tuple]) -> Pairs:
        module = getattr(function, "func", function).__module__  # .func: of a functools.partial
        with ray_cluster.connected(address, module) as ray:
            yield from ray_cluster.run_tasks(ray, function, cells, jobs)

    return compute
