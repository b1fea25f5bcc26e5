"""What the cells of :mod:`tests.sweeps.test_cluster` do; a node gets the folder ``tests``, but no ``tools``."""

from __future__ import annotations

import os
import signal
import time

import paddle

import paddle_camp


def note(log: str, number: int) -> int:
    """Write down that a cell begins; how often it has begun by now."""
    with open(f"{log}/{number}", "a") as stream:
        stream.write("x")
    return os.path.getsize(f"{log}/{number}")


def fail(number, log, error):
    note(log, number)
    if number == 3:
        raise error


def meet(number, log):
    """Wait for the other cell; the place and the environment of this one."""
    note(log, number)
    until = time.monotonic() + 60
    while len(os.listdir(log)) < 2:
        assert time.monotonic() < until, "the other cell has not begun"
        time.sleep(0.05)
    return [os.environ["OMP_NUM_THREADS"], paddle.get_device(), paddle_camp.__file__]


def span(number):
    begin = time.time()
    time.sleep(0.3)
    return [begin, time.time()]


def process(number):
    return os.getpid()


def die(whom):
    """End this process at once, and before it the one that makes this machine a node of the cluster."""
    if whom == "node":
        os.kill(os.getppid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def square(number, log):
    """Cell 0 kills its process at first, cell 1 the node it is on."""
    if note(log, number) == 1 and number < 2:
        die("process" if number == 0 else "node")
    time.sleep(0.2)
    return {"square": number**2, "long": ["whole"] * 50_000}  # too long to travel inside of Ray's messages


def kill(number, log, whom):
    note(log, number)
    die(whom)
