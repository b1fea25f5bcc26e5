"""What is measured of autoencoders and of PCA: errors, what a code says of its digit, what lies between two digits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.linalg import subspace_angles
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

import paddle_camp as camp
from homework.autoencoder.networks import Autoencoder
from paddle_camp.networks.calling import outputs_of

NEIGHBOURS = 10  # that vote on the digit of a code
COMPONENTS = (4, 8, 16, 24, 32, 48, 64)  # of PCA, candidates for removing noise


def arrays(batches: Any, count: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The scaled pictures and the labels of a part, the first ``count`` of them."""
    return batches.data.kind.scale(batches.data.images[:count]), batches.data.labels[:count]


def restore(model: Autoencoder, images: np.ndarray) -> np.ndarray:
    """What the network makes of pictures, float32 ``[N, 1, 28, 28]``."""
    return outputs_of(model, images)


def principal(pca: PCA, images: np.ndarray, code: int) -> np.ndarray:
    """The first ``code`` principal components of pictures: PCA's codes, ``[N, code]``."""
    return (images.reshape(len(images), -1) - pca.mean_) @ pca.components_[:code].T


def project(pca: PCA, images: np.ndarray, code: int) -> np.ndarray:
    """Pictures restored from their first ``code`` principal components."""
    return (principal(pca, images, code) @ pca.components_[:code] + pca.mean_).reshape(images.shape)


def with_noise(images: np.ndarray, deviation: float) -> np.ndarray:
    """Pictures with normal noise, always the same, within 0 and 1."""
    drawn = np.random.default_rng(7).standard_normal(images.shape, np.float32)
    return np.clip(images + np.float32(deviation) * drawn, 0, 1)


def errors(restored: np.ndarray, images: np.ndarray) -> np.ndarray:
    """The mean squared error of each picture, ``[N]``."""
    return ((restored - images) ** 2).reshape(len(images), -1).mean(axis=1, dtype=np.float64)


def error(restored: np.ndarray, images: np.ndarray) -> float:
    """The mean squared error of all pictures."""
    return float(errors(restored, images).mean())


def read_off(encode: Callable[[np.ndarray], np.ndarray], sets: dict, known: int) -> np.ndarray:
    """Of which test digits the class can be read off their codes, bool ``[N]``: by a vote of the nearest codes.

    Args:
        encode: pictures to codes ``[N, K]``.
        known: how many training digits vote at most.
    """
    (images, labels), (others, digits) = arrays(sets["test"]), arrays(sets["train"], known)
    nearest = KNeighborsClassifier(min(NEIGHBOURS, len(others))).fit(encode(others), digits)
    return nearest.predict(encode(images)) == labels


def read_off_beside_pca(model: Autoencoder, pca: PCA, sets: dict, code: int, known: int) -> dict:
    """The share that PCA's codes give away, and the verdict on the network's beside them, digit by digit (McNemar)."""
    own = read_off(lambda images: outputs_of(model, images, model.encoder), sets, known)
    of_pca = read_off(lambda images: principal(pca, images, code), sets, known)
    tested = camp.comparisons.mcnemar(int((own & ~of_pca).sum()), int((of_pca & ~own).sum()))
    return {"read_off_pca": float(of_pca.mean()), "read_off_verdict": tested["verdict"]}


def largest_angle(up: np.ndarray, components: np.ndarray) -> float:
    """The largest angle, degrees, between the space that a linear decoder spans and that of principal components.

    Both are ``[K, 784]``, rows spanning the space.
    """
    return float(np.degrees(subspace_angles(up.T.astype(np.float64), components.T.astype(np.float64)).max()))


def remove_noise(pca: PCA, sets: dict, deviation: float) -> dict:
    """PCA against noise: the number of components is the best on held-out digits."""
    held, images = arrays(sets["holdout"])[0], arrays(sets["test"])[0]
    noisy = with_noise(held, deviation)
    found = {count: error(project(pca, noisy, count), held) for count in COMPONENTS if count <= pca.n_components_}
    best = min(found, key=found.__getitem__)
    noisy = with_noise(images, deviation)
    return {"components": best, "pca": error(project(pca, noisy, best), images), "noisy": error(noisy, images)}


def halfway(model: Autoencoder, sets: dict, pairs: int, known: int, seed: int) -> dict:
    """The middle of two test digits of different classes, mixed as pixels and as codes: how like a digit is it?

    Measured is the distance to the nearest of ``known`` training digits, beside that of the test digits themselves.
    """
    images, labels = arrays(sets["test"])
    order = np.random.default_rng(seed).permutation(len(images) // 2 * 2).reshape(-1, 2)
    one, other = order[labels[order[:, 0]] != labels[order[:, 1]]][:pairs].T
    codes = [outputs_of(model, images[index], model.encoder) for index in (one, other)]
    mixed = {"pixels": (images[one] + images[other]) / 2, "digits": images[one]}
    mixed["codes"] = outputs_of(model, (codes[0] + codes[1]) / 2, model.restore)
    rows = arrays(sets["train"], known)[0]
    nearest = NearestNeighbors(n_neighbors=1).fit(rows.reshape(len(rows), -1))
    far = {name: nearest.kneighbors(each.reshape(len(each), -1))[0][:, 0] for name, each in mixed.items()}
    grey = {name: float(((each > 0.2) & (each < 0.8)).sum() / (each > 0.2).sum()) for name, each in mixed.items()}
    verdict = camp.comparisons.compare_paired(far["codes"], far["pixels"], lower_is_better=True)["verdict"]
    return {"pairs": len(one), "far": {name: float(each.mean()) for name, each in far.items()}, "grey": grey} | {
        "verdict": verdict
    }
