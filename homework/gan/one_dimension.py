"""The mathematics of a GAN where it can be seen: numbers instead of pictures, densities instead of features.

With the discriminator at its best, D*(x) = p(x) / (p(x) + q(x)), the value of the game is 2 JS(p, q) - log 4, where
JS = (KL(p, m) + KL(q, m)) / 2 and m = (p + q) / 2 (Goodfellow et al., 2014, proposition 1 and theorem 1).
"""

from __future__ import annotations

import copy

import numpy as np
import paddle
from paddle import nn
from scipy import stats

import paddle_camp as camp
from paddle_camp.networks.modes import evaluating

CENTRE, WIDTH = 2.0, 0.5  # the real numbers are normal
EDGES = np.linspace(-6, 6, 121)  # of the histogram's cells; the outer two have all that lies beyond
SAMPLES = 200_000  # for a histogram
BATCH = 256


def real(count: int, rng: np.random.Generator) -> np.ndarray:
    """Real numbers, float32 ``[N, 1]``."""
    return rng.normal(CENTRE, WIDTH, (count, 1)).astype("float32")


def real_shares() -> np.ndarray:
    """The probability p of each cell, by the distribution function."""
    below = stats.norm(CENTRE, WIDTH).cdf(EDGES)
    below[0], below[-1] = 0, 1
    return np.diff(below)


def shares_of(numbers: np.ndarray) -> np.ndarray:
    """The share q of numbers in each cell: a histogram."""
    inside = np.clip(numbers.reshape(-1), EDGES[0] + 1e-6, EDGES[-1] - 1e-6)
    return np.histogram(inside, EDGES)[0] / numbers.size


def kl(p: np.ndarray, q: np.ndarray) -> float:
    """Kullback and Leibler's divergence of two distributions over cells, nats; infinite where q lacks what p has."""
    some = p > 0
    with np.errstate(divide="ignore"):
        return float((p[some] * np.log(p[some] / q[some])).sum())


def js(p: np.ndarray, q: np.ndarray) -> float:
    """Jensen and Shannon's divergence, nats: from 0 to log 2."""
    middle = (p + q) / 2
    return (kl(p, middle) + kl(q, middle)) / 2


def shifted_normals(shifts: tuple[float, ...]) -> list[dict]:
    """The divergences of N(0, 1) and N(shift, 1), by cells of 0.01; KL is shift^2 / 2 in closed form."""
    edges = np.arange(-12, 12 + max(shifts), 0.01)
    cells = [np.diff(stats.norm(shift).cdf(edges)) for shift in (0, *shifts)]
    return [
        {"shift": shift, "kl": shift**2 / 2, "js": js(cells[0] / cells[0].sum(), each / each.sum())}
        for shift, each in zip(shifts, cells[1:], strict=True)
    ]


def network(inputs: int) -> nn.Sequential:
    """inputs-64-64-1."""
    return nn.Sequential(nn.Linear(inputs, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1))


def applied(model: nn.Layer, inputs: np.ndarray) -> np.ndarray:
    """The outputs ``[N, 1]``, float64."""
    with evaluating(model):
        return model(paddle.to_tensor(inputs)).numpy().astype(np.float64)


def best_discriminator(drawn: np.ndarray, numbers: np.ndarray, epochs: int, seed: int) -> nn.Layer:
    """A new discriminator at its best against a generator that stands still: a classifier, 1 for real."""
    paddle.seed(seed)
    model, rows = network(1), np.concatenate([numbers, drawn]).astype("float32")
    labels = np.repeat([1, 0], [len(numbers), len(drawn)])
    falling = camp.schedules.warmup_cosine(0.01, epochs * -(-len(rows) // BATCH))
    optimizer = paddle.optimizer.Adam(falling, parameters=model.parameters())
    camp.fit(model, optimizer, (rows, labels), num_epochs=epochs, batch_size=BATCH, seed=seed, quiet=True)
    return model


def compare(generator: nn.Layer, own: nn.Layer, epochs: int, seed: int) -> dict:
    """What is measured of a generator: q, the best discriminator beside p / (p + q), and the value of the game.

    ``gap`` is the mean of |D - p / (p + q)| over real and drawn numbers, of the best discriminator, and ``own_gap``
    that of the one that the generator was trained with.
    """
    rng = np.random.default_rng([seed, 1])
    drawn = applied(generator, rng.standard_normal((SAMPLES, 1)).astype("float32"))
    numbers, count = real(SAMPLES, rng), SAMPLES // 4
    best = best_discriminator(drawn[:count], numbers[:count], epochs, seed)
    p, q, middles = real_shares(), shares_of(drawn), (EDGES[1:] + EDGES[:-1]) / 2
    some = p + q > 0
    theory = p[some] / (p + q)[some]
    judged = {
        name: sigmoid(applied(each, middles[:, None].astype("float32"))[:, 0])
        for name, each in {"best": best, "own": own}.items()
    }
    gap = {name: float(((p + q)[some] / 2 * abs(each[some] - theory)).sum()) for name, each in judged.items()}
    # log D(x) = -log(1 + exp(-x)), log(1 - D) = -log(1 + exp(x)); on numbers that it was not trained on.
    value = -np.logaddexp(0, -applied(best, numbers[count:])).mean()
    value -= np.logaddexp(0, applied(best, drawn[count:].astype("float32"))).mean()
    curves = {"x": middles, "p": p, "q": q, "theory": np.where(some, p / np.maximum(p + q, 1e-300), np.nan)}
    found = {"kl": kl(q, np.maximum(p, 1e-300)), "js": js(p, q), "value": float(value), "gap": gap["best"]}
    found |= {"js_by_value": float(value + np.log(4)) / 2, "own_gap": gap["own"]}
    seen = curves | judged
    return found | {"curves": {name: [round(float(x), 6) for x in each] for name, each in seen.items()}}


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x))."""
    return 1 / (1 + np.exp(-np.clip(x, -500, 500)))


def train_numbers(seed: int, epochs: int, moments: tuple[int, ...]) -> dict:
    """A GAN of numbers; after each of ``moments`` (epochs of 100 steps): :func:`compare`, in JSON values."""
    paddle.seed(seed)
    generator, discriminator = network(1), network(1)
    optimizers = [
        paddle.optimizer.Adam(0.001, beta1=0.5, parameters=each.parameters()) for each in (generator, discriminator)
    ]
    task = camp.Adversarial(generator, discriminator, *optimizers, noise=1)
    numbers = real(100 * BATCH, np.random.default_rng(seed))
    kept: list[nn.Layer] = []
    batches = camp.ArrayBatches(numbers, None, BATCH, seed)
    options = {"probe": lambda both: kept.append(copy.deepcopy(both)) or {}, "seed": seed, "quiet": True}
    camp.fit_task(task, batches, num_epochs=max(moments), **options)
    rows = [compare(kept[moment]["generator"], kept[moment]["discriminator"], epochs, seed) for moment in moments]
    return {"moments": [{"steps": 100 * moment} | row for moment, row in zip(moments, rows, strict=True)]}
