"""The number of threads of a network's steps on a CPU: one for small networks.

Paddle's convolutions compute one small matrix product per picture. For a network for digits, synchronising the threads
costs more than they save: two threads take up to twice as long as one.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator

import paddle
from paddle import nn
from threadpoolctl import ThreadpoolController

import paddle_camp
from paddle_camp.data.batches import BatchSource
from paddle_camp.networks.summary import sample_multiply_adds

# Multiply-adds of one sample's forward pass. The course's net for digits has 2.4 million, LeNet on 224 x 224 pixels
# 145 million and is faster with all cores.
WORTH_SHARING = 30_000_000


@contextlib.contextmanager
def threads_for(model: nn.Layer, batches: BatchSource) -> Iterator[None]:
    """Limit Paddle to one thread if a sample takes the network fewer than :data:`WORTH_SHARING` multiply-adds.

    Only where :func:`paddle_camp.machine.tune_cpu` set the number of threads: never on a GPU, and never against the
    user's setting.

    Args:
        batches: the shape of a sample is that of its first batch.
    """
    little = False
    if "threads" in paddle_camp.TUNED and paddle.get_device() == "cpu":
        first = next(iter(batches.epoch()), None)
        shape = getattr(first[0], "shape", None) if first else None  # several inputs: as many threads as there are
        little = shape is not None and 0 < sample_multiply_adds(model, tuple(shape[1:])) < WORTH_SHARING
    with _controller().limit(limits=1) if little else contextlib.nullcontext():
        yield


@functools.cache
def _controller() -> ThreadpoolController:
    """The thread pools of this process's libraries, Paddle's OpenMP among them; finding them takes milliseconds."""
    return ThreadpoolController()
