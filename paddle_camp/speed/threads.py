"""The number of threads of a network's steps on a CPU: one where sharing a batch costs more than it saves."""

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

# Multiply-adds of a batch's forward pass. Measured with two cores of an AMD EPYC: LeNet's step is 1.2 times faster with
# one thread for 10 digits (3 million) and with two for 32 (9 million); mlp_relu changes sides at about 50 million.
WORTH_SHARING = 8_000_000


@contextlib.contextmanager
def threads_for(model: nn.Layer, batches: BatchSource) -> Iterator[None]:
    """Limit Paddle to one thread if a batch takes the network fewer than :data:`WORTH_SHARING` multiply-adds.

    Only where :func:`paddle_camp.machine.tune_cpu` set the number of threads: never on a GPU, and never against the
    user's setting.

    Args:
        batches: the size of a batch and the shape of a sample are those of the first.
    """
    little = False
    if "threads" in paddle_camp.TUNED and paddle.get_device() == "cpu":
        first = next(iter(batches.epoch()), None)
        shape = getattr(first[0], "shape", None) if first else None  # several inputs: as many threads as there are
        little = shape is not None and 0 < shape[0] * sample_multiply_adds(model, tuple(shape[1:])) < WORTH_SHARING
    with _controller().limit(limits=1) if little else contextlib.nullcontext():
        yield


@functools.cache
def _controller() -> ThreadpoolController:
    """The thread pools of this process's libraries, Paddle's OpenMP among them; finding them takes milliseconds."""
    return ThreadpoolController()
