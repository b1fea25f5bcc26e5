"""Batch norm over the whole batch where several processes hold a part of it each.

Each process's own statistics would make another training: two processes with 5 pictures each are not one with 10. So
the layers of a model are given a forward pass that adds the sums up over the processes. Paddle's ``SyncBatchNorm`` has
no CPU kernel, and on GPUs it takes the parts for even, in its backward pass at least (3.3.1); ours need not be.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator

import paddle
import paddle.distributed as dist
from paddle import nn
from paddle.autograd import PyLayer

from paddle_camp.distributed import collectives
from paddle_camp.errors import PeerError


def convert_sync_batch_norm(model: nn.Layer) -> None:
    """Let the batch norms of ``model`` normalise over all processes, in training; nothing to do in a single one.

    Parameters, buffers and their names stay: an optimizer made before goes on.
    """
    if collectives.world().size == 1:
        return
    for layer in model.sublayers(include_self=True):
        if isinstance(layer, nn.BatchNorm1D | nn.BatchNorm2D | nn.BatchNorm3D):
            layer.forward = functools.partial(_forward, layer)


class _Gather(PyLayer):
    """``[M]`` of every process as ``[processes, M]``. All of them use all rows, so a row's gradients are added up."""

    lost: PeerError | None = None  # what a backward pass ended with; see peer_errors_in_backward

    @staticmethod
    def forward(ctx, row: paddle.Tensor) -> paddle.Tensor:
        rows: list[paddle.Tensor] = []
        with collectives.peer_errors():
            dist.all_gather(rows, row)
        return paddle.stack(rows)

    @staticmethod
    def backward(ctx, gradient: paddle.Tensor) -> paddle.Tensor:
        summed = gradient.clone()
        try:
            with collectives.peer_errors():
                dist.all_reduce(summed)
        except PeerError as error:
            _Gather.lost = error
            raise
        return summed[collectives.world().rank]


@contextlib.contextmanager
def peer_errors_in_backward() -> Iterator[None]:
    """Around a backward pass: what Paddle makes of a :class:`PeerError` in it, an OSError, is a PeerError again."""
    try:
        yield
    except OSError as error:
        if _Gather.lost is None:
            raise
        raise _Gather.lost from error


def _forward(layer: nn.Layer, x: paddle.Tensor) -> paddle.Tensor:
    """What ``layer`` makes of ``x`` ``[N, C, ...]``, N being the rows of this process."""
    if not layer.training:
        return type(layer).forward(layer, x)
    x = x.astype("float32")  # under mixed precision: a half's sums and counts overflow
    axes, shape = [0, *range(2, x.ndim)], [1, -1] + [1] * (x.ndim - 2)
    own_mean = x.mean(axes)
    own_variance = (x - own_mean.reshape(shape)).square().mean(axes)
    count = paddle.full([1], x.size / x.shape[1], x.dtype)
    counts, means, variances = _Gather.apply(paddle.concat([count, own_mean, own_variance])).split(
        [1, x.shape[1], x.shape[1]], axis=1
    )
    weights = (counts / counts.sum()).detach()
    mean = (weights * means).sum(0)
    variance = (weights * (variances + (means - mean).square())).sum(0)
    for buffer, value in ((layer._mean, mean), (layer._variance, variance)):  # their names in a state_dict
        buffer.copy_(layer._momentum * buffer + (1 - layer._momentum) * value.detach(), False)
    y = (x - mean.reshape(shape)) * paddle.rsqrt(variance + layer._epsilon).reshape(shape)
    y = y if layer.weight is None else y * layer.weight.reshape(shape)
    return y if layer.bias is None else y + layer.bias.reshape(shape)
