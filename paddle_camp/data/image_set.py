"""Pictures with labels in memory as uint8, and stratified splits of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np

from paddle_camp.errors import require


@dataclass(frozen=True)
class ImageSet:
    """Pictures with labels.

    Attributes:
        images: uint8 ``[N, C, H, W]``; colour pictures are BGR, as OpenCV and the course read them.
        labels: int64 ``[N]``.
        names: N file names (or other stable identifiers) for reports and ``predictions.csv``.
        groups: N short strings that name what a picture is, finer than the label (fundus: "P", "H", "N").
    """

    images: np.ndarray
    labels: np.ndarray
    names: tuple[str, ...]
    groups: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    def fingerprint(self) -> str:
        """A hash of pictures, labels and names: the same data, the same 16 hex digits."""
        digest = hashlib.sha256(np.ascontiguousarray(self.images).data)
        digest.update(np.ascontiguousarray(self.labels).data)
        digest.update("\n".join(self.names).encode())
        return digest.hexdigest()[:16]

    def take(self, index: np.ndarray) -> ImageSet:
        """The samples at ``index`` (int64 ``[M]``), in that order."""
        groups = tuple(self.groups[i] for i in index) if self.groups else ()
        return replace(
            self,
            images=self.images[index],
            labels=self.labels[index],
            names=tuple(self.names[i] for i in index),
            groups=groups,
        )


def split_off(data: ImageSet, fraction: float, seed: int) -> tuple[ImageSet, ImageSet]:
    """Split ``data`` into (rest, held out), each class in the same proportion, drawn by ``seed``.

    Both halves keep the order of ``data``. This is how hyper-parameters are chosen without looking at the
    validation set: on pictures held out of the training folder.

    Raises:
        SettingError: one of the two would be empty.
    """
    rng = np.random.default_rng(seed)
    held: list[int] = []
    for label in np.unique(data.labels):
        members = rng.permutation(np.flatnonzero(data.labels == label))
        held += members[: round(len(members) * fraction)].tolist()
    mask = np.zeros(len(data), bool)
    mask[held] = True
    message = f"{fraction:.3g} of {len(data)} samples leaves one part empty: take more samples, or another share"
    require(0 < mask.sum() < len(data), message)
    return data.take(np.flatnonzero(~mask)), data.take(np.flatnonzero(mask))


def draw(data: ImageSet, count: int | None, seed: int = 0) -> ImageSet:
    """About ``count`` samples of ``data``, each class in proportion; all of them for None or too large a count."""
    if count is None or count >= len(data):
        return data
    return split_off(data, count / len(data), seed)[1]
