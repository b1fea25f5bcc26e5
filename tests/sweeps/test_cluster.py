"""``--cluster``: a real Ray of a head and two nodes on this machine, of which processes and nodes are killed."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import paddle_camp
from paddle_camp.errors import ClusterError, DivergedError
from paddle_camp.sweeps.cluster import MAX_LOSSES
from paddle_camp.sweeps.grid import run_grid
from paddle_camp.sweeps.sweep import run_cells
from tests.helpers import contract
from tests.helpers.cluster_cells import fail, kill, meet, process, span, square
from tools import run_homework

CELLS = {f"cell-{n}": (n,) for n in range(6)}
SMALL = ("-o", "train_pictures=200", "-o", "test_pictures=100", "-o", "batch_size=20", "-o", "num_seeds=2")


@pytest.fixture(scope="module")
def head():
    """The head of a cluster; cells run on its nodes, which a test may kill."""
    pytest.importorskip("ray", reason="ray is not installed: pip install -e .[cluster]")
    from ray.cluster_utils import Cluster

    folder = tempfile.mkdtemp(prefix="ray")  # not pytest's: the path of a socket has at most 107 characters
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_TMPDIR", folder)  # also for Ray's note on which cluster is the current one: leave the user's
        size = {"num_cpus": 0, "object_store_memory": 100 * 2**20, "include_dashboard": False}
        # A dead node is noticed after seconds, not half a minute; a slow one still has Ray's 10 s for each answer.
        watch = {"health_check_initial_delay_ms": 0, "health_check_period_ms": 500, "health_check_failure_threshold": 4}
        cluster = Cluster(initialize_head=True, head_node_args=size | {"_system_config": watch})
        yield cluster
        cluster.shutdown()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def cluster(head):
    """The address of a cluster of two nodes, with one CPU each; those that the last test killed are replaced."""
    for node in [node for node in head.worker_nodes if node.dead_processes()]:
        head.remove_node(node, allow_graceful=False)
    while len(head.worker_nodes) < 2:
        head.add_node(num_cpus=1, object_store_memory=100 * 2**20)
    return head.address


def begun(log: Path) -> dict[int, int]:
    return {int(path.name): path.stat().st_size for path in log.iterdir()}


@pytest.mark.parametrize("error", [ValueError("cell 3 fails"), DivergedError(3, float("nan"), "holdout")])
def test_an_error_of_a_cell_is_the_callers_and_nobody_tries_again(tmp_path, cluster, error):
    log = tmp_path / "log"
    log.mkdir()
    with pytest.raises(type(error)) as caught:
        run_cells(partial(fail, log=str(log), error=error), CELLS, tmp_path / "cells", cluster=cluster)
    assert type(caught.value) is type(error) and str(caught.value) == str(error)
    assert begun(log)[3] == 1 and not (tmp_path / "cells" / "cell-3.json").exists()


def test_a_grid_with_a_divergence_finds_on_the_cluster_what_it_finds_here(tmp_path, cluster):
    log = tmp_path / "log"
    log.mkdir()
    common = {"log": str(log), "error": DivergedError(12, float("nan"))}
    options = {"common": common, "here": lambda number: number == 0, "cluster": cluster}
    grid = run_grid(fail, {"number": range(5)}, tmp_path / "cells", **options)
    assert grid.named() == {"0": None, "1": None, "2": None, "3": {"diverged": 12}, "4": None}
    assert begun(log) == dict.fromkeys(range(5), 1)


def test_cells_run_side_by_side_with_one_thread_and_the_code_from_here(tmp_path, cluster):
    log = tmp_path / "log"
    log.mkdir()
    found = run_cells(partial(meet, log=str(log)), {"a": (0,), "b": (1,)}, tmp_path / "cells", cluster=cluster)
    for threads, device, code in found.values():
        assert (threads, device) == ("1", "cpu")
        assert "py_modules_files" in code and not code.startswith(str(Path(paddle_camp.__file__).parent))


def test_jobs_limits_how_many_run_at_once(tmp_path, cluster):
    cells = {f"cell-{n}": (n,) for n in range(3)}
    spans = sorted(run_cells(span, cells, tmp_path, jobs=1, cluster=cluster).values())
    assert all(before[1] <= after[0] for before, after in zip(spans, spans[1:], strict=False))


def test_a_cell_that_leaves_files_runs_here(tmp_path, cluster):
    found = run_cells(process, {"away": (0,), "here": (1,)}, tmp_path, cluster=cluster, here=("here",))
    assert list(found) == ["away", "here"]
    assert found["here"] == os.getpid() != found["away"]


def needs_tools(number):
    """A function of this module, which imports ``tools``: a node has none."""


def test_a_node_that_lacks_a_module_is_one_line(tmp_path, cluster):
    with pytest.raises(ClusterError, match="cell: a node of the cluster cannot run it: .*No module named 'tools'$"):
        run_cells(needs_tools, {"cell": (0,)}, tmp_path, cluster=cluster)


def test_an_interrupted_sweep_goes_on_with_the_missing_cells(tmp_path, cluster):
    log, folder, told = tmp_path / "log", tmp_path / "cells", []
    log.mkdir()

    def interrupt(result):
        told.append(result)
        if len(told) == 2:
            raise KeyboardInterrupt

    function = partial(fail, log=str(log), error=None)
    cells = {f"cell-{n}": (n,) for n in (0, 1, 2, 4, 5)}
    with pytest.raises(KeyboardInterrupt):
        run_cells(function, cells, folder, jobs=1, cluster=cluster, describe=interrupt)
    done = {int(re.findall(r"\d", path.name)[0]) for path in folder.iterdir()}
    assert len(done) == 2
    run_cells(function, cells, folder, cluster=cluster)
    assert {number: begun(log)[number] for number in done} == dict.fromkeys(done, 1)
    assert len(list(folder.iterdir())) == 5


def test_a_homework_finds_on_the_cluster_what_it_finds_here(tmp_path, tmp_path_factory, cluster):
    asked = ("-o", "optimizers=SGD,Adam", "-o", "learning_rates=0.01", "--data", "synthetic", *SMALL)
    here = contract.check(contract.shared(tmp_path_factory, "5-3", *asked), "5-3", data=True, classifier=True)
    folder, said = contract.run("5-3", tmp_path / "there", *asked, "--cluster", cluster)
    there = contract.check(folder, "5-3", data=True, classifier=True)
    assert f"cluster {cluster}: 2 CPUs (2 free), 0 GPUs" in said and "[4/4]" in said
    assert len(list((folder / "cells").iterdir())) == 4
    for key, cell in here["grid"].items():
        np.testing.assert_allclose(there["grid"][key]["test_accuracies"], cell["test_accuracies"], atol=0.021)


def test_a_killed_process_and_a_lost_node_lose_no_cell(tmp_path, cluster, capfd):
    log, folder = tmp_path / "log", tmp_path / "cells"
    log.mkdir()
    told = []
    function = partial(square, log=str(log))
    results = run_cells(function, CELLS, folder, cluster=cluster, describe=lambda r: told.append(r["square"]) or "")
    assert list(results) == list(CELLS)
    assert [result["square"] for result in results.values()] == [0, 1, 4, 9, 16, 25]
    assert sorted(told) == [0, 1, 4, 9, 16, 25]  # each one counted once ...
    assert begun(log)[0] == 2 and begun(log)[1] >= 2  # ... also those that were run twice
    kept = {path.name: json.loads(path.read_text(encoding="utf-8"))["result"] for path in folder.iterdir()}
    assert kept == {f"{name}.json": result for name, result in results.items()}
    said = capfd.readouterr().err
    assert "cell-0: its process on the cluster was lost" in said and "[6/6] cell-" in said


@pytest.mark.parametrize(
    ("whom", "times", "says"),
    [
        ("process", MAX_LOSSES, f"cell-0: its process on the cluster was lost {MAX_LOSSES} times"),
        ("node", 2, "no node left that could run a cell"),
    ],
)
def test_a_cell_that_kills_everything_ends_the_sweep(tmp_path, cluster, whom, times, says):
    with pytest.raises(ClusterError, match=says):
        run_cells(partial(kill, log=str(tmp_path), whom=whom), {"cell-0": (0,)}, tmp_path / "cells", cluster=cluster)
    assert begun(tmp_path)[0] == times


def refused(out: Path, address: str, capsys) -> str:
    """What is said on stderr by a homework for which there is no such cluster."""
    assert run_homework.main(["5-3", "--quick", "--device", "cpu", "--out", str(out), "--cluster", address]) == 2
    assert not out.exists()  # before the run, and so before any training
    (line,) = capsys.readouterr().err.strip().splitlines()
    return line


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("127.0.0.1:1", "no Ray cluster answers at 127.0.0.1, port 1"),
        ("ray://127.0.0.1:1", "no Ray cluster answers at 127.0.0.1, port 1"),
        ("auto", "no Ray cluster answers at 127.0.0.1, port 2"),
        ("nowhere", "write auto, HOST:PORT or ray://HOST:PORT"),
    ],
)
def test_no_cluster_there_is_one_line(address, says, tmp_path, capsys, monkeypatch):
    pytest.importorskip("ray", reason="ray is not installed: pip install -e .[cluster]")
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:2")  # what auto means
    assert refused(tmp_path / "runs", address, capsys).startswith(f"error: --cluster {address}: {says}")


def test_without_ray_the_line_to_type_is_said(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    assert refused(tmp_path / "runs", "auto", capsys).endswith("type: pip install -e .[cluster]")
