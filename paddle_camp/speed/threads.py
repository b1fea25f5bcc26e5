"""How many threads a network's steps get on a CPU: one where a picture is too little work to share.

Paddle's convolutions go through a batch picture by picture, each a small matrix product. Shared between cores, the
products of a network for digits are over before the cores have met: two threads take up to twice as long as one.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from typing import Any

import paddle
from paddle import nn
from threadpoolctl import ThreadpoolController

import paddle_camp
from paddle_camp.networks.summary import sample_multiply_adds

# Multiply-adds of one sample's forward pass. The course's net for digits has 2.4 million, LeNet on 224 x 224 pixels
# 145 million and is faster with all cores.
WORTH_SHARING = 30_000_000


@contextlib.contextmanager
def threads_for(model: nn.Layer, batches: Any) -> Iterator[None]:
    """Inside, Paddle computes with one thread if a sample of these batches is little work for the network.

    Only where :mod:`paddle_camp.runtime` set the number of threads: never on a GPU, never against what the user set.

    Args:
        batches: a :class:`~paddle_camp.data.batches.BatchSource`; its first batch is looked at.
    """
    little = False
    if "threads" in paddle_camp.TUNED and paddle.get_device() == "cpu":
        first = next(iter(batches.epoch()), None)
        little = first is not None and 0 < sample_multiply_adds(model, tuple(first[0].shape[1:])) < WORTH_SHARING
    with _controller().limit(limits=1) if little else contextlib.nullcontext():
        yield


@functools.cache
def _controller() -> ThreadpoolController:
    """Finds the libraries of this process, Paddle's OpenMP among them; a search that takes milliseconds."""
    return ThreadpoolController()
