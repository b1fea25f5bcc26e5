"""The losses that homework 6-1 compares: means over a batch of float logits ``[N, K]`` and int64 labels ``[N]``."""

from __future__ import annotations

from typing import Any

import paddle
import paddle.nn.functional as F

import paddle_camp as camp


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
