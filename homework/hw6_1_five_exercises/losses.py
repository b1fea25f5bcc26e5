"""The losses that homework 6-1 compares, means over a batch of float logits ``[N, K]`` and int64 labels ``[N]``.

And how they differ: by their gradients at the same logits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import paddle
import paddle.nn.functional as F

import paddle_camp as camp
from paddle_camp.metrics import correct


def squared_loss(logits: paddle.Tensor, labels: paddle.Tensor, settings: Any) -> paddle.Tensor:
    """Squared error between the softmax and the one-hot label, summed over the classes, mean over the batch."""
    return ((F.softmax(logits) - F.one_hot(labels, logits.shape[1])) ** 2).sum(axis=1).mean()


def hinge_loss(logits: paddle.Tensor, labels: paddle.Tensor, settings: Any) -> paddle.Tensor:
    """By how much each wrong class comes closer than 1 to the right one, summed (Weston and Watkins, 1999)."""
    one_hot = F.one_hot(labels, logits.shape[1])
    right = (logits * one_hot).sum(axis=1, keepdim=True)
    return (F.relu(1 + logits - right) * (1 - one_hot)).sum(axis=1).mean()


# Name -> (logits, labels, the homework's settings) to the loss.
LOSSES = {
    "cross_entropy": lambda logits, labels, settings: camp.classification_loss(logits, labels),
    "squared": squared_loss,
    "smoothed": lambda logits, labels, settings: camp.classification_loss(
        logits, labels, label_smoothing=settings.smoothing
    ),
    "hinge": hinge_loss,
}


def gradients_at(loss: str, logits: np.ndarray, labels: np.ndarray, settings: Any) -> np.ndarray:
    """The norm of a loss's gradient by each digit's logits, float ``[N]``: what it sends back into the network."""
    outputs = paddle.to_tensor(logits, stop_gradient=False)
    mean = LOSSES[loss](outputs, paddle.to_tensor(labels), settings)
    return len(labels) * np.linalg.norm(paddle.grad(mean, outputs)[0].numpy(), axis=1)


def pull_of(loss: str, start: np.ndarray, end: np.ndarray, labels: np.ndarray, settings: Any) -> dict:
    """How hard a loss pulls at the logits ``[N, K]`` of a network before its training, and of the same one behind it.

    Returns:
        ``start``: the mean of :func:`gradients_at`; ``right`` and ``wrong``: behind the training, of the digits
        classified so (None: there are none); ``share``: of the wrong ones in the sum over all; ``silent``: the share
        of digits without any gradient.
    """
    norms, right = gradients_at(loss, end, labels, settings), correct(end, labels)
    return {
        "start": float(gradients_at(loss, start, labels, settings).mean()),
        "right": float(norms[right].mean()) if right.any() else None,
        "wrong": float(norms[~right].mean()) if not right.all() else None,
        "share": float(norms[~right].sum() / norms.sum()) if norms.any() else None,
        "silent": float((norms == 0).mean()),
    }
