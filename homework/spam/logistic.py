"""Logistic regression in Paddle, on sparse rows."""

from __future__ import annotations

import numpy as np
import paddle
import paddle.nn.functional as F
from scipy import sparse
from scipy.sparse.linalg import svds


def fit_logistic(
    rows: sparse.csr_matrix, labels: np.ndarray, c: float, tolerance: float, max_steps: int
) -> tuple[np.ndarray, list[float]]:
    """Minimise C * (sum of the cross-entropies) + |weights|^2 / 2; the intercept is not penalised.

    ``rows`` ``[N, T]`` are N messages of T weighted terms, ``labels`` int ``[N]`` are 1 for spam; it ends where no part
    of the gradient reaches ``tolerance``. Returns (the weights and, last, the intercept ``[T + 1]``; every loss).
    """
    owner = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))  # the message that each entry belongs to
    owner, spam = paddle.to_tensor(owner.reshape(-1, 1)), paddle.to_tensor(labels.astype("float64"))
    entries, terms = paddle.to_tensor(rows.data), paddle.to_tensor(rows.indices.astype("int64"))
    zeros = paddle.nn.initializer.Constant(0.0)
    weights = paddle.create_parameter([rows.shape[1]], "float64", default_initializer=zeros)
    intercept = paddle.create_parameter([1], "float64", default_initializer=zeros)
    curvature = 1 + c * largest_eigenvalue(rows) / 4  # the loss bends at most so much, and at least by 1 in the weights
    momentum = (curvature**0.5 - 1) / (curvature**0.5 + 1)
    parameters, losses = [weights, intercept], []
    optimizer = paddle.optimizer.Momentum(1 / curvature, momentum, parameters=parameters, use_nesterov=True)
    for _ in range(max_steps):
        # Only the entries that are not 0 are multiplied; each product is added to the sum of its message.
        products = entries * paddle.gather(weights, terms)
        margins = paddle.scatter_nd_add(paddle.zeros_like(spam), owner, products) + intercept
        loss = c * F.binary_cross_entropy_with_logits(margins, spam, reduction="sum") + (weights**2).sum() / 2
        loss.backward()
        losses.append(float(loss))
        if max(float(each.grad.abs().max()) for each in parameters) < tolerance:
            break
        optimizer.step()
        optimizer.clear_grad()
    return np.append(weights.numpy(), intercept.numpy()), losses


def largest_eigenvalue(rows: sparse.csr_matrix) -> float:
    """Of the matrix of the inner products of the rows, each with a 1 at its end for the intercept."""
    design = sparse.hstack([rows, np.ones((rows.shape[0], 1))]).tocsr()
    return float(svds(design, k=1, v0=np.ones(min(design.shape)), return_singular_vectors=False)[0] ** 2)
