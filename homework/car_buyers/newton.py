"""The logistic loss's slope and curvature worked out by hand, and the steps of Newton that they give, in Paddle."""

from __future__ import annotations

import numpy as np
import paddle
import paddle.nn.functional as F


def slope_and_curvature(theta: paddle.Tensor, rows: paddle.Tensor, bought: paddle.Tensor, penalty: paddle.Tensor):
    """Gradient ``[K]`` and Hessian ``[K, K]`` of the penalised loss.

    With p = sigmoid(X theta): gradient X^T (p - y) + penalty theta, Hessian X^T diag(p (1 - p)) X + diag(penalty).
    """
    shares = F.sigmoid(rows @ theta)
    slope = rows.T @ (shares - bought) + penalty * theta
    return slope, (rows.T * (shares * (1 - shares))) @ rows + paddle.diag(penalty)


def newton_steps(rows: np.ndarray, bought: np.ndarray, penalty: np.ndarray, num_steps: int) -> np.ndarray:
    """theta before the first step and after each one, float64 ``[num_steps + 1, K]``: theta - H^-1 g, from 0.

    A step that would not lower the loss is halved until it does: far from the optimum the parabola may lie.
    """
    loss = lambda theta: float(np.logaddexp(0, rows @ theta).sum() - bought @ rows @ theta + penalty @ theta**2 / 2)  # noqa: E731
    tensors = [paddle.to_tensor(array, dtype="float64") for array in (rows, bought, penalty)]
    path = [np.zeros(rows.shape[1])]
    for _ in range(num_steps):
        slope, curvature = slope_and_curvature(paddle.to_tensor(path[-1]), *tensors)
        step = paddle.linalg.solve(curvature, slope.unsqueeze(1)).squeeze(1).numpy()
        for _ in range(60):
            if loss(path[-1] - step) <= loss(path[-1]):
                break
            step = step / 2
        path.append(path[-1] - step)
    return np.array(path)


def largest_curvature(rows: np.ndarray, penalty: np.ndarray) -> float:
    """A bound on the Hessian anywhere, since p (1 - p) <= 1/4: gradient descent surely descends below 2 over it."""
    return float(np.linalg.eigvalsh(rows.T @ rows / 4 + np.diag(penalty))[-1])


def hessian(theta: np.ndarray, rows: np.ndarray, penalty: np.ndarray) -> np.ndarray:
    """The Hessian of the penalised loss as an array."""
    return slope_and_curvature(*(paddle.to_tensor(a) for a in (theta, rows, np.zeros(len(rows)), penalty)))[1].numpy()


def gradient(theta: np.ndarray, rows: np.ndarray, bought: np.ndarray, penalty: np.ndarray) -> np.ndarray:
    """The gradient of the penalised loss as an array."""
    return slope_and_curvature(*(paddle.to_tensor(array) for array in (theta, rows, bought, penalty)))[0].numpy()
