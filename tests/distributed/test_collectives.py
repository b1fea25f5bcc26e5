"""The rules of data parallelism that need no second process: threads, shares, the launcher's signal, refusals."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import paddle
import pytest

from paddle_camp import machine
from paddle_camp.distributed import collectives, synced_norm
from paddle_camp.errors import CampError, PeerError
from tests.helpers import contract

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("environment", "ours"),
    [
        ({}, 4),
        ({"OMP_NUM_THREADS": "1"}, 1),
        ({"PADDLE_TRAINERS_NUM": "2", "PADDLE_LOCAL_SIZE": "2", "OMP_NUM_THREADS": "1"}, 2),
        ({"PADDLE_TRAINERS_NUM": "2", "PADDLE_LOCAL_SIZE": "1", "OMP_NUM_THREADS": "1"}, 4),  # two machines
        ({"PADDLE_TRAINERS_NUM": "1", "PADDLE_LOCAL_SIZE": "1", "OMP_NUM_THREADS": "1"}, 1),  # a cell of --jobs
    ],
)
def test_the_processes_share_the_cores(monkeypatch, environment, ours):
    """The launcher hands on the one thread that paddle, which it loads itself, sets where nothing was set."""
    monkeypatch.setattr(machine, "physical_cores", lambda: 4)
    for name in ("OMP_NUM_THREADS", "PADDLE_LOCAL_SIZE", "PADDLE_TRAINERS_NUM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PADDLE_CAMP_TUNE", "threads")
    machine.tune_cpu()
    assert os.environ["OMP_NUM_THREADS"] == str(ours)


@pytest.mark.parametrize(("count", "size"), [(10, 2), (5, 2), (1, 2), (2, 3), (7, 3)])
def test_shards_partition_the_batch(monkeypatch, count, size):
    rows, weights, padded = [], [], []
    for rank in range(size):
        monkeypatch.setattr(collectives, "_world", collectives.World(rank, size))
        part, weight = collectives.shard(count)
        rows += np.arange(count)[part].tolist() if weight else []
        assert len(np.arange(count)[part]) >= 1  # also a rank of weight 0 computes
        weights.append(weight)
        padded += np.arange(count)[collectives.even_shard(count)].tolist()
    assert rows == list(range(count))
    assert sum(weights) == pytest.approx(1)
    assert padded[:count] == list(range(count))
    assert len(padded) % size == 0


def ran(script: str, *arguments: str) -> str:
    """What a script prints in a process of its own, for signals do not come back; it must end well."""
    command = [sys.executable, "-W", "ignore", "-c", script, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


TERMINATED = """
import os, signal, sys
from paddle_camp.distributed import collectives
from paddle_camp.errors import PeerError
collectives._raise_on_sigterm()
try:
    if sys.argv[1] == "first":
        with collectives.peer_errors():
            raise RuntimeError("connection reset")
    os.kill(os.getpid(), signal.SIGTERM)
except PeerError as error:
    for _ in range(3):
        os.kill(os.getpid(), signal.SIGTERM)
    print(error.reason)
"""


@pytest.mark.parametrize(("which", "reason"), [("first", "connection reset"), ("second", "the launcher ends")])
def test_the_launchers_signal_is_an_error_with_a_line_once(which, reason):
    """Whether the broken connection or the signal comes first: the signals after it do not cut the line off."""
    assert reason in ran(TERMINATED, which)


REPORTING = """
import os, signal
from paddle_camp.distributed import collectives
collectives._raise_on_sigterm()
try:
    raise KeyboardInterrupt
except KeyboardInterrupt:
    os.kill(os.getpid(), signal.SIGTERM)
    print("interrupted")
os.kill(os.getpid(), signal.SIGTERM)
print("said")
"""


def test_the_launchers_signal_does_not_cut_off_what_is_being_said():
    assert ran(REPORTING).split() == ["interrupted", "said"]


def test_a_peer_that_is_lost_in_a_backward_pass_is_a_peer_error(monkeypatch):
    def lost(tensor):
        raise RuntimeError("connection reset")

    monkeypatch.setattr(collectives, "_world", collectives.World(0, 2))
    monkeypatch.setattr(synced_norm.dist, "all_gather", lambda rows, row: rows.extend([row, row]))
    monkeypatch.setattr(synced_norm.dist, "all_reduce", lost)
    row = paddle.to_tensor([1.0, 2.0], stop_gradient=False)
    with pytest.raises(PeerError, match="connection reset"), synced_norm.peer_errors_in_backward():
        synced_norm._Gather.apply(row * 1).sum().backward()
    monkeypatch.setattr(synced_norm._Gather, "lost", None)
    with pytest.raises(OSError, match="another"), synced_norm.peer_errors_in_backward():
        raise OSError("another")


def test_a_single_process_connects_to_nothing(monkeypatch):
    monkeypatch.delenv("PADDLE_TRAINERS_NUM", raising=False)
    assert collectives.init_process_group() == collectives.World(0, 1)
    assert not paddle.distributed.is_initialized()
    assert collectives.shard(5) == (slice(0, 5), 1.0)


def test_what_cannot_run_in_parallel_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("PADDLE_TRAINERS_NUM", "2")
    contract.refused("7-1", tmp_path, "runs in one process: start it without paddle.distributed.launch", kind=CampError)
    with pytest.raises(CampError, match="each process takes a GPU of its own"):
        collectives.init_process_group("gpu:0")
