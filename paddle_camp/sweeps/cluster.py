"""The cells of a sweep as tasks on an existing Ray cluster (``--cluster``); needs ``pip install -e .[cluster]``.

Each cell is a Ray task; lost tasks are submitted again from here. joblib's Ray backend would be shorter but does not
fit (Ray 2.60, joblib 1.6): it returns results only after the last cell, so an interrupted sweep would keep none, and it
assigns the cells to actors that hold their CPUs until the end, so an actor whose node is gone waits for a CPU that is
never released, and the sweep hangs.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import paddle

from paddle_camp import runtime
from paddle_camp.errors import CampError, ClusterError, one_line

PATIENCE = 5  # seconds to open a connection, and between two checks of the cluster's resources
MAX_LOSSES = 3  # of one cell: by then the cell itself kills its process, by its use of memory for example
# Many processes keep a node's cores busy, and more threads would compete for them.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@contextlib.contextmanager
def connected(address: str, function: str) -> Iterator[ModuleType]:
    """Connect to a cluster; inside another ``connected`` of this process, that connection is used.

    Args:
        address: "auto" on a machine of the cluster, its HOST:PORT, or ray://HOST:PORT from elsewhere.
        function: dotted name of the module whose functions run there. Its top-level package and paddle_camp are sent
            to the nodes; everything else must be installed there.

    Yields:
        The module ray.

    Raises:
        CampError: Ray is not installed, there is no such cluster, or it lacks a resource that a cell needs.
    """
    try:
        import ray
    except ImportError as error:
        raise CampError(f"--cluster: {error}; type: pip install -e .[cluster]") from None
    if ray.is_initialized():
        yield ray
        return
    packages = [sys.modules[name] for name in sorted({"paddle_camp", function.partition(".")[0]})]
    shipped = [module.__path__[0] for module in packages if hasattr(module, "__path__")]  # a notebook has none
    environment = {"py_modules": shipped, "excludes": ["__pycache__"], "env_vars": ONE_THREAD}
    _must_listen(address)
    try:
        # Without a working_dir, a checkout at the same path on a node would take precedence over what is sent.
        with tempfile.TemporaryDirectory() as empty:
            environment["working_dir"] = empty
            ray.init(address, runtime_env=environment, log_to_driver=False, logging_level="ERROR")
    # SystemExit: what Ray raises for a port where something else listens.
    except (Exception, SystemExit) as error:
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise CampError(f"--cluster {address}: no Ray cluster can be used there: {said}") from None
    try:
        _must_have(ray, address)
        yield ray
    finally:
        ray.shutdown()


def _must_listen(address: str) -> None:
    """Fail within seconds if nothing listens at the address; Ray itself would retry for more than a minute."""
    place = address
    if address == "auto":  # the places where Ray looks, in its order, before it searches this machine
        note = Path(os.environ.get("RAY_TMPDIR", "/tmp"), "ray", "ray_current_cluster")
        place = os.environ.get("RAY_ADDRESS") or (note.read_text().strip() if note.exists() else "")
        if not place:
            return
    parts = re.fullmatch(r"(?:ray://)?([^/]+):(\d+)", place)
    if not parts:
        raise CampError(f"--cluster {address}: write auto, HOST:PORT or ray://HOST:PORT")
    host, port = parts[1].strip("[]"), int(parts[2])
    try:
        socket.create_connection((host, port), PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise CampError(
            f"--cluster {address}: no Ray cluster answers at {host}, port {port} ({one_line(error)})"
        ) from None


def _must_have(ray: ModuleType, address: str) -> None:
    """Print the cluster's resources, and refuse one on which no cell could run."""
    here, free = ray.cluster_resources(), ray.available_resources()
    counts = ", ".join(f"{here.get(kind, 0):g} {kind}s ({free.get(kind, 0):g} free)" for kind in ("CPU", "GPU"))
    print(f"cluster {address}: {counts}", file=sys.stderr)
    for kind, number in _needs().items():
        if here.get(kind, 0) < number:
            hint = "" if kind == "CPU" else "; give --device cpu"
            raise CampError(f"--cluster {address}: no node of it has a {kind}{hint}")


def _needs() -> dict[str, int]:
    """The resources of a cell: one CPU, and one GPU if this process computes on one."""
    return {"CPU": 1, "GPU": int(paddle.get_device().startswith("gpu"))}


def run_tasks(
    ray: ModuleType, function: Callable[..., Any], cells: Mapping[str, tuple], jobs: int | None = None
) -> Iterator[tuple[str, Any]]:
    """Call ``function`` with the arguments of every cell, on the nodes of the cluster.

    A cell whose process or node is lost is submitted again. An exception of the cell itself ends the sweep.

    Args:
        ray: from :func:`connected`.
        function: as in :func:`paddle_camp.sweeps.sweep.run_cells`.
        cells: name of a cell -> the arguments of ``function``.
        jobs: how many cells run at once; None: as many as the cluster has CPUs (GPUs) for.

    Yields:
        (name of a cell, its result), in the order in which they finish, each cell once.

    Raises:
        ClusterError: a cell was lost :data:`MAX_LOSSES` times, a node lacks a package, or no node is left for a cell.
    """
    needs, lost = _needs(), Counter()
    # Retries are counted and reported here; Ray would do them silently.
    task = ray.remote(num_cpus=needs["CPU"], num_gpus=needs["GPU"], max_retries=0)(_compute)
    sent: dict[int, Any] = {}  # an argument that many cells have in common, such as the data, is sent once
    for argument in (argument for arguments in cells.values() for argument in arguments):
        if id(argument) not in sent:
            sent[id(argument)] = ray.put(argument)
    waiting, running = list(cells), {}
    try:
        while waiting or running:
            while waiting and len(running) < (jobs or len(cells)):
                name = waiting.pop(0)
                running[task.remote(function, needs["GPU"], *(sent[id(value)] for value in cells[name]))] = name
            for reference in _finished(ray, list(running), needs):
                name = running.pop(reference)
                try:
                    yield name, ray.get(reference)
                except ray.exceptions.RayTaskError as error:
                    if not isinstance(error.cause, ray.exceptions.RayError):  # the cell's own
                        raise error.cause from error
                    reason = str(error.cause).strip().splitlines()[-1]
                    raise ClusterError(f"{name}: a node of the cluster cannot run it: {reason}") from error
                except ray.exceptions.RayError as error:
                    lost[name] += 1
                    _report_loss(name, lost[name], error)
                    waiting.append(name)
    finally:
        with contextlib.suppress(Exception):  # the connection itself may be what failed
            for reference in running:
                ray.cancel(reference, force=True)


def _finished(ray: ModuleType, running: list, needs: Mapping[str, int]) -> list:
    """The tasks that end within :data:`PATIENCE` seconds; :class:`ClusterError` if no node is left to run one."""
    try:
        ready, _ = ray.wait(running, timeout=PATIENCE)
        left = {} if ready else ray.cluster_resources()
    except ConnectionError as error:  # through ray://; on a machine of the cluster Ray ends the process after a minute
        raise ClusterError("the connection to the cluster is lost; finished cells are kept") from error
    if not ready and any(left.get(kind, 0) < number for kind, number in needs.items()):
        raise ClusterError("the cluster has no node left that could run a cell; finished cells are kept")
    return ready


def _report_loss(name: str, times: int, error: Exception) -> None:
    """Report a lost cell; :class:`ClusterError` once it was lost :data:`MAX_LOSSES` times."""
    what = type(error).__name__
    if times >= MAX_LOSSES:
        raise ClusterError(f"{name}: its process on the cluster was lost {times} times ({what}); the others are kept")
    print(f"{name}: its process on the cluster was lost ({what}): it is run again", file=sys.stderr)


def _compute(function: Callable[..., Any], gpu: int, *arguments: Any) -> Any:
    """Runs on a node, where Ray makes one GPU visible to the process, as number 0, or none."""
    runtime.choose_device("gpu:0" if gpu else "cpu")
    return function(*arguments)
