"""How drawn digits are judged by numbers: in the eyes of a digit network that is trained on the real ones.

The Fréchet distance is that of Heusel et al. (arXiv:1706.08500), between normal distributions fitted to features.
Theirs are Inception's, ours those of a small network that knows digits, so these numbers compare with no others.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

import numpy as np
import paddle
from paddle import nn

import paddle_camp as camp
from paddle_camp.data.finding.cache import cached_array, default_cache_dir
from paddle_camp.metrics import probabilities
from paddle_camp.networks.calling import outputs_of

SURE = 0.9  # the probability from which on the judge is sure of a digit
RARE = 0.01  # a share of the samples below which a digit is missing; a tenth of its even share


@dataclass(frozen=True)
class Judge:
    """A digit network; its features are the outputs of ``fc1``, 64 numbers."""

    model: nn.Layer

    def look(self, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Features ``[N, 64]`` and logits ``[N, 10]`` of pictures from 0 to 1."""
        features: list[np.ndarray] = []
        hook = self.model.fc1.register_forward_post_hook(lambda layer, inputs, output: features.append(output.numpy()))
        logits = outputs_of(self.model, pictures)
        hook.remove()
        return np.concatenate(features).astype(np.float64), logits

    def score(self, pictures: np.ndarray, reference: tuple[np.ndarray, np.ndarray]) -> dict:
        """What is measured of pictures.

        Args:
            reference: mean and covariance of the features of real digits.

        Returns:
            ``frechet``: the distance; ``sure``: the share of which the judge is; ``entropy``: of the ten digits'
            shares, nats (log 10 where they are even); ``shares``.
        """
        features, logits = self.look(pictures)
        chances = probabilities(logits)
        shares = np.bincount(chances.argmax(axis=1), minlength=10) / len(pictures)
        sure = float((chances.max(axis=1) >= SURE).mean())
        found = {"frechet": frechet_distance(moments(features), reference), "sure": sure, "entropy": entropy(shares)}
        return found | {"shares": shares.tolist()}


def train_judge(sets: dict, epochs: int, seed: int, fingerprint: str, say=print) -> tuple[Judge, dict]:
    """The judge and what it is worth; its weights are kept in the cache, under all that they depend on."""
    paddle.seed(seed)
    model = camp.create_model("lenet", activation="relu")
    settings = {"epochs": epochs, "seed": seed, "data": fingerprint, "paddle": paddle.__version__}
    settings |= {"digits": sets["train"].num_samples, "model": "lenet relu, Adam 0.002, batch 64"}
    name = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]
    state = model.state_dict()
    size = sum(int(np.prod(value.shape)) for value in state.values())

    def train() -> np.ndarray:
        batches = camp.Batches(sets["train"].data, 64, shuffle_seed=seed)
        falling = camp.schedules.warmup_cosine(0.002, max(2, epochs * len(batches)))
        optimizer = paddle.optimizer.Adam(falling, parameters=model.parameters())
        camp.fit(model, optimizer, batches, num_epochs=epochs, seed=seed, name="judge")
        return np.concatenate([value.numpy().reshape(-1) for value in model.state_dict().values()])

    weights = cached_array(default_cache_dir() / f"judge-{name}.npz", (size,), train, np.float32)
    ends = np.cumsum([int(np.prod(value.shape)) for value in state.values()])[:-1]
    parts = zip(state.items(), np.split(weights, ends), strict=True)
    model.set_state_dict({key: part.reshape(value.shape) for (key, value), part in parts})
    found = camp.evaluate(model, sets["test"])
    right = int(camp.metrics.correct(found.outputs, found.labels).sum())
    interval = camp.comparisons.share_interval(right, len(found.labels))
    say(f"the judge gets {found.accuracy:.4f} of the test digits right")
    return Judge(model), {"accuracy": found.accuracy, "interval": interval}


def moments(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean ``[F]`` and covariance ``[F, F]``."""
    return features.mean(axis=0), np.atleast_2d(np.cov(features, rowvar=False))


def frechet_distance(one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray]) -> float:
    """Between two normal distributions, each (mean, covariance): |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)).

    (C1 C2)^(1/2) has the trace of (R C2 R)^(1/2), where R R = C1: a symmetric matrix, whose eigenvalues are real.
    """
    (mean, covariance), (other_mean, other_covariance) = one, other
    values, vectors = np.linalg.eigh(covariance)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    inner = np.maximum(np.linalg.eigvalsh(root @ other_covariance @ root), 0)
    apart = float(((mean - other_mean) ** 2).sum())
    return apart + float(np.trace(covariance) + np.trace(other_covariance) - 2 * np.sqrt(inner).sum())


def entropy(shares: np.ndarray) -> float:
    """Of a distribution, nats."""
    some = shares[shares > 0]
    return float(-(some * np.log(some)).sum()) + 0.0


def missing(shares: list[float]) -> list[int]:
    """The digits that are hardly drawn."""
    return [digit for digit, share in enumerate(shares) if share < RARE]
