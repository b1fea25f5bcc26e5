"""The features of `car-buyers`: a column of ones, standardising and undoing it; which coefficients are penalised."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


def with_ones(inputs: np.ndarray) -> np.ndarray:
    """``inputs [N, 2]`` with a column of ones before them."""
    return np.c_[np.ones(len(inputs)), inputs]


def penalty_of(C: float) -> np.ndarray:
    """The weights of the squares of (intercept, age, income) in the penalty, ``[3]``: not of the intercept."""
    return np.array([0.0, 1.0, 1.0]) / C


@dataclass(frozen=True)
class Scaling:
    """Standardised features: theta for them, and theta for the features as they are."""

    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def of(cls, inputs: np.ndarray) -> Scaling:
        """By the mean and the deviation of these inputs, ``[N, 2]``."""
        return cls(inputs.mean(axis=0), inputs.std(axis=0))

    def rows(self, inputs: np.ndarray) -> np.ndarray:
        """A column of ones and the standardised features."""
        return with_ones((inputs - self.mean) / self.deviation)

    def to_plain(self, theta: np.ndarray) -> np.ndarray:
        """The theta ``[..., 3]`` that says the same of plain features: z = c + v (x - mean) / deviation."""
        weights = theta[..., 1:] / self.deviation
        return np.concatenate([theta[..., :1] - weights @ self.mean[:, None], weights], axis=-1)

    def to_standardised(self, theta: np.ndarray) -> np.ndarray:
        """The inverse of :meth:`to_plain`."""
        return np.append(theta[0] + theta[1:] @ self.mean, theta[1:] * self.deviation)
