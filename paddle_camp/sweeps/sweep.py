"""Sweeps: many independent trainings ("cells"), run one after the other or in parallel; each result is written at once.

In parallel means in local processes (joblib) or on the nodes of a Ray cluster (:mod:`paddle_camp.sweeps.cluster`).
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import joblib
import paddle
from tqdm import tqdm

from paddle_camp import first_batch, live
from paddle_camp.sweeps import cluster as ray_cluster
from paddle_camp.sweeps.kept import is_kept, kept

Pairs = Iterator[tuple[str, Any]]  # name of a cell, its result
LOOK = 0.2  # seconds between a worker's looks whether the sweep still lives
Executor = Callable[[Callable[..., Any], Mapping[str, tuple]], Pairs]  # (function, cells) to results as they finish


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

    A finished cell's result is a file in ``folder``; an interrupted sweep computes only the missing ones.

    Args:
        function: defined at the top of a module (other processes import it); returns JSON values.
        cells: name of a cell, usable as a file name -> the arguments of ``function``.
        jobs: how many cells run in parallel, each in a process with one BLAS thread; None: one, or on a cluster as
            many as it has room for. One without a cluster: sequentially, in this process.
        cluster: address of a Ray cluster to run them on, as for :func:`paddle_camp.sweeps.cluster.connected`.
        here: names of the cells that write files besides their result; they run on this machine also with a cluster.
        describe: a result in a few words, for the log.

    Returns:
        Name of a cell -> its result, in the order of ``cells``.

    Raises:
        CampError: there is no such cluster.
        ClusterError: the cluster failed; finished cells are kept.
    """
    results: dict[str, Any] = {}
    files = {name: folder / f"{name}.json" for name in cells}
    missing = [name for name in cells if not is_kept(files[name])]
    remote = [name for name in missing if name not in here]
    if cluster and remote:
        pairs = _in_parallel(function, cells, files, remote, _on_cluster(cluster, jobs))
    elif (jobs or 1) > 1 and missing:  # also a single one: another number of threads would change its bits
        pairs = _in_parallel(function, cells, files, missing, _in_processes(jobs))
    else:
        pairs = _sequentially(function, cells, files)
    bar = tqdm(total=len(cells), unit="cell", disable=None, leave=False)
    with contextlib.closing(pairs), bar, live.sweeping(len(cells), len(cells) - len(missing)) as sweep:
        for name, result in pairs:
            results[name] = result
            bar.update()
            if name in missing:
                sweep.done += 1
                tqdm.write(f"[{len(results)}/{len(cells)}] {name}: {describe(result)}", file=sys.stderr)
    return {name: results[name] for name in cells}


def _sequentially(function: Callable[..., Any], cells: Mapping[str, tuple], files: Mapping[str, Path]) -> Pairs:
    """Compute the cells one after the other in this process; results that are kept are read."""
    for name, arguments in cells.items():
        with live.in_cell(name):
            result = kept(files[name], lambda arguments=arguments: function(*arguments))
        yield name, result


def _in_parallel(
    function: Callable[..., Any],
    cells: Mapping[str, tuple],
    files: Mapping[str, Path],
    parallel: list[str],
    executor: Executor,
) -> Pairs:
    """Compute the cells named in ``parallel`` with ``executor``, after all others, which are kept or run here."""
    rest = {name: arguments for name, arguments in cells.items() if name not in parallel}
    yield from _sequentially(function, rest, files)
    with contextlib.closing(executor(function, {name: cells[name] for name in parallel})) as pairs:
        for name, result in pairs:
            yield name, kept(files[name], lambda result=result: result)


def _in_processes(jobs: int) -> Executor:
    """An executor of ``jobs`` local processes (joblib's loky), each with one BLAS thread."""

    def compute(function: Callable[..., Any], cells: Mapping[str, tuple]) -> Pairs:
        device = paddle.get_device()  # a new process would default to a GPU wherever there is one
        fixed = function, device, os.getpid(), first_batch.current_place(), live.current_place()
        calls = (joblib.delayed(_named)(name, arguments, *fixed) for name, arguments in cells.items())
        # One thread each: the processes keep the cores busy, and more threads would compete for them.
        with joblib.parallel_config("loky", inner_max_num_threads=1):
            yield from joblib.Parallel(jobs, return_as="generator_unordered")(calls)

    return compute


def _named(
    name: str,
    arguments: tuple,
    function: Callable[..., Any],
    device: str,
    sweep: int,
    place: Path | None,
    records: Path | None,
) -> tuple[str, Any]:
    """Runs in a worker process: a cell's name and its result, computed on ``device``.

    ``place`` is that of the first batch, ``records`` that of what the trainings say of themselves; None: nobody asks.
    """
    _end_with(sweep)
    paddle.set_device(device)
    recording = live.Recording(lambda: records, name) if records is not None else None
    with first_batch.kept_at(place and (lambda: place)), live.recorded(recording):
        return name, function(*arguments)


@functools.cache
def _end_with(parent: int) -> None:
    """End this process soon after its parent has gone, however that ended.

    A sweep that was killed has given the lock of its run free: nobody else may go on writing there. Windows has no
    such parents; there a worker finishes its cell.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK)
        os._exit(1)

    if os.name == "posix":
        threading.Thread(target=watch, name="end with the sweep", daemon=True).start()


def _on_cluster(address: str, jobs: int | None) -> Executor:
    """An executor of Ray tasks on the cluster at ``address``, at most ``jobs`` at once (None: as many as fit)."""

    def compute(function: Callable[..., Any], cells: Mapping[str, tuple]) -> Pairs:
        inner = function
        while hasattr(inner, "func"):  # a functools.partial, a grid's cell
            inner = inner.func
        with ray_cluster.connected(address, inner.__module__) as ray:
            yield from ray_cluster.run_tasks(ray, function, cells, jobs)

    return compute
