"""Batch norm over the whole batch where each rank holds a shard of it.

Statistics of each shard alone would make another training: two ranks with 5 pictures each are not one with 10. So the
batch norms of a model get a forward pass that combines the statistics of all ranks. Paddle's ``SyncBatchNorm`` has no
CPU kernel, and on GPUs it assumes even shards, in its backward pass at least (3.3.1); here they may be uneven.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator

import paddle
import paddle.distributed as dist
import paddle.nn.functional as F
from paddle import nn
from paddle.autograd import PyLayer

from paddle_camp.distributed import collectives
from paddle_camp.errors import PeerError


def convert_sync_batch_norm(model: nn.Layer) -> None:
    """Make the batch norms of ``model`` use the statistics of all ranks in training; a single process changes nothing.

    Parameters, buffers and their names stay, so an optimizer that was made before keeps working.
    """
    if collectives.world().size == 1:
        return
    for layer in model.sublayers(include_self=True):
        if isinstance(layer, nn.BatchNorm1D | nn.BatchNorm2D | nn.BatchNorm3D):
            layer.forward = functools.partial(_forward, layer)


class _Gather(PyLayer):
    """All-gather ``[M]`` to ``[ranks, M]``. Every rank uses every row, so the backward pass sums a row's gradients."""

    lost: PeerError | None = None  # raised in a backward pass; see peer_errors_in_backward

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
    """Around a backward pass: restore the :class:`PeerError` that Paddle reports as an OSError."""
    try:
        yield
    except OSError as error:
        if _Gather.lost is None:
            raise
        raise _Gather.lost from error


def _forward(layer: nn.Layer, x: paddle.Tensor) -> paddle.Tensor:
    """The output of ``layer`` for ``x`` ``[N, C, ...]``, this rank's shard of the batch."""
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
    y = y if layer.bias is None else y + layer.bias.reshape(shape)
    return F.relu(y) if getattr(layer, "relu", False) else y  # that of the zoo's BatchNorm2D
