"""Small batches of small networks run with one thread, others with all, and nothing against what the user set."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys

import numpy as np
import paddle
import pytest

import paddle_camp
from paddle_camp import create_model, machine
from paddle_camp.data.batches import ArrayBatches
from paddle_camp.speed import threads


def batches(*shape, size=2):
    return ArrayBatches(np.zeros((2 * size, *shape), np.float32), np.zeros(2 * size, np.int64), size)


@pytest.fixture
def limits(monkeypatch):
    """The limits that were set, and when they ended."""
    seen = []

    class Spy:
        @contextlib.contextmanager
        def limit(self, limits):
            seen.append(limits)
            yield
            seen.append("end")

    monkeypatch.setattr(threads, "_controller", Spy)
    monkeypatch.setattr(paddle_camp, "TUNED", ["threads"])
    return seen


@pytest.mark.parametrize(
    ("name", "shape", "size", "expected"),
    [
        ("lenet", (1, 28, 28), 10, [1, "end"]),
        ("lenet", (1, 28, 28), 32, []),
        ("two_conv_net", (1, 28, 28), 2, [1, "end"]),
        ("digit_net", (1, 28, 28), 100, []),
        ("mlp_relu", (1, 28, 28), 20, [1, "end"]),
        ("lenet_fundus", (3, 224, 224), 1, []),
        ("resnet18", (3, 64, 64), 2, []),
    ],
)
def test_the_work_in_a_batch_decides(limits, name, shape, size, expected):
    model = create_model(name, in_channels=shape[0])
    with threads.threads_for(model, batches(*shape, size=size)):
        assert limits == expected[:1]
    assert limits == expected


def test_the_users_own_number_of_threads_stays(limits, monkeypatch):
    monkeypatch.setattr(paddle_camp, "TUNED", ["blas", "allocator"])
    with threads.threads_for(create_model("lenet"), batches(1, 28, 28)):
        pass
    assert limits == []


def test_a_network_that_takes_other_inputs_is_left_alone(limits):
    class Words(paddle.nn.Layer):
        def forward(self, x):
            raise TypeError("words, please")

    with threads.threads_for(Words(), batches(3)):
        pass
    assert limits == []


def test_training_and_evaluation_ask(limits):
    model = create_model("mlp_linear")
    paddle_camp.evaluate(model, batches(1, 28, 28))
    assert limits == [1, "end"]
    optimizer = paddle.optimizer.SGD(0.1, model.parameters())
    paddle_camp.fit(model, optimizer, batches(1, 28, 28), num_epochs=1, quiet=True)
    assert limits == [1, "end", 1, "end"]


CODE = """
import paddle_camp
from threadpoolctl import threadpool_info
from paddle_camp import create_model
from paddle_camp.speed.threads import threads_for
from tests.speed.test_threads import batches

def openmp():
    return max(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "openmp")

for name, shape in (("lenet", (1, 28, 28)), ("resnet18", (3, 64, 64))):
    with threads_for(create_model(name, in_channels=shape[0]), batches(*shape)):
        print(openmp(), end=" ")
print(openmp())
"""


@pytest.mark.skipif(machine.physical_cores() < 2, reason="one core: one thread in any case")
def test_paddles_own_threads_are_counted():
    environment = {k: v for k, v in os.environ.items() if k not in ("OMP_NUM_THREADS", "PADDLE_CAMP_TUNE")}
    done = subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=True)
    small, large, after = map(int, done.stdout.split())
    assert (small, large, after) == (1, machine.physical_cores(), machine.physical_cores())
