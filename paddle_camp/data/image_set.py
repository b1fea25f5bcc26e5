"""Pictures with labels in memory as uint8, and stratified splits of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from paddle_camp.data.showing import counts_of_labels, picture_strip, short
from paddle_camp.errors import require
from paddle_camp.notebook import table_html
from paddle_camp.preprocessing import PICTURES, PictureKind


@dataclass(frozen=True, repr=False)
class ImageSet:
    """Pictures with labels.

    Attributes:
        images: uint8 ``[N, C, H, W]``; colour pictures are BGR, as OpenCV and the course read them.
        labels: classes, int64 ``[N]`` (other integers and ``[N, 1]`` are converted), or targets such as steering
            angles, float32 ``[N]`` or ``[N, K]``.
        names: N file names (or other stable identifiers) for reports and ``predictions.csv``.
        groups: N short strings that name what a picture is, finer than the label (fundus: "P", "H", "N"; signs: the
            track, whose pictures show one and the same sign); or none.
        kind: what is pictured: the names of the classes and how the bytes become a network's inputs.

    Raises:
        SettingError: an array of another shape or type, or numbers of pictures, labels and names that differ.
    """

    images: np.ndarray
    labels: np.ndarray
    names: tuple[str, ...]
    groups: tuple[str, ...] = ()
    kind: PictureKind = PICTURES

    def __post_init__(self) -> None:
        images = self.images
        fits = isinstance(images, np.ndarray) and images.ndim == 4 and images.dtype == np.uint8
        require(
            fits,
            f"images: give uint8 [N, C, H, W], not {short(images)}; scaled pictures go into ArrayBatches",
        )
        last = images.shape[1] not in (1, 3, 4) and images.shape[3] in (1, 3, 4)
        require(not last, f"images: {list(images.shape)} has its channels last: give images.transpose(0, 3, 1, 2)")
        object.__setattr__(self, "labels", _checked_labels(self.labels))
        for name in ("names", "groups"):
            values = getattr(self, name)
            require(not isinstance(values, str), f"{name}={values!r}: give a tuple of strings, one a picture")
            object.__setattr__(self, name, tuple(values))
        for name in ("labels", "names", "groups"):
            count = len(getattr(self, name))
            fits = count == len(images) or (name == "groups" and count == 0)
            require(fits, f"{name}: there are {count} for {len(images)} pictures; one for each is needed")

    def __len__(self) -> int:
        return len(self.labels)

    def fingerprint(self) -> str:
        """A hash of pictures, labels and names: the same data, the same 16 hex digits."""
        digest = hashlib.sha256(np.ascontiguousarray(self.images).data)
        digest.update(np.ascontiguousarray(self.labels).data)
        digest.update("\n".join(self.names).encode("utf-8", "surrogateescape"))
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

    def counts(self) -> dict[str, int] | None:
        """Pictures of each class, by its name if it has one; None for targets that are no classes."""
        return counts_of_labels(self.labels, self.kind.classes)

    def __repr__(self) -> str:
        counts = self.counts()
        what = f"targets float32 {list(self.labels.shape)}" if counts is None else _listed(counts)
        return f"ImageSet({self.kind.name}, uint8 {list(self.images.shape)}; {what})"

    def _repr_html_(self) -> str:
        """In a notebook: pictures a class, and some of them."""
        counts = self.counts()
        if counts is None:
            columns = np.atleast_2d(self.labels.T)
            rows = [(i, f"{t.min():.4g}", f"{t.max():.4g}") for i, t in enumerate(columns) if t.size]
            table = table_html(("target", "from", "to"), rows)
        else:
            table = table_html(("class", "pictures"), [(name, f"{count:,}") for name, count in counts.items()])
        return (
            f"<p>{self.kind.name}, uint8 {list(self.images.shape)}</p>{table}{picture_strip(self.images, self.labels)}"
        )


def _listed(counts: dict[str, int], most: int = 10) -> str:
    shown = [f"{name}: {count}" for name, count in list(counts.items())[:most]]
    return ", ".join(shown + ["..."] * (len(counts) > most)) or "none"


def _checked_labels(labels: np.ndarray) -> np.ndarray:
    """Classes as int64 ``[N]``, targets as float32 ``[N]`` or ``[N, K]``."""
    labels = np.asarray(labels)
    if labels.dtype.kind in "iub" and (labels.ndim == 1 or (labels.ndim == 2 and labels.shape[1] == 1)):
        return labels.reshape(-1).astype(np.int64, copy=False)
    floats = labels.dtype.kind == "f" and labels.ndim in (1, 2)
    require(floats, f"labels: give integers [N], or float targets [N] or [N, K], not {short(labels)}")
    require(bool(np.isfinite(labels).all()), "labels: some float targets are NaN or infinite; leave those pictures out")
    return labels.astype(np.float32, copy=False)


def split_off(data: ImageSet, fraction: float, seed: int) -> tuple[ImageSet, ImageSet]:
    """Split ``data`` into (rest, held out), drawn by ``seed``: each class in the same proportion.

    Both halves keep the order of ``data``; float targets have no classes and are drawn from all. This is how
    hyper-parameters are chosen without looking at the validation set: on pictures held out of the training folder.

    Raises:
        SettingError: one of the two would be empty.
    """
    held = drawn_rows(data.labels, fraction, seed)
    message = f"{fraction:.3g} of {len(data)} samples leaves one part empty: take more samples, or another share"
    require(0 < held.sum() < len(data), message)
    return data.take(np.flatnonzero(~held)), data.take(np.flatnonzero(held))


def split_off_groups(data: ImageSet, fraction: float, seed: int) -> tuple[ImageSet, ImageSet]:
    """Split ``data`` into (rest, held out) as :func:`split_off` does, but whole ``groups`` of each class.

    The pictures of a group are too much alike to stand on both sides. A class with several groups has one at least on
    either side; a class with a single one keeps it in the rest. Both halves keep the order of ``data``.

    Raises:
        SettingError: ``data`` has no groups, or every class has only one.
    """
    require(len(data.groups) > 0, "the pictures are not in groups that could be held out")
    groups, held = np.array(data.groups), np.zeros(len(data), bool)
    rng = np.random.default_rng(seed)
    for label in np.unique(data.labels):
        names = rng.permutation(np.unique(groups[data.labels == label]))
        count = min(max(1, round(len(names) * fraction)), len(names) - 1)
        held |= (data.labels == label) & np.isin(groups, names[:count])
    require(
        bool(held.any()), "every class has a single group of pictures: take more of them, so that some can be held out"
    )
    return data.take(np.flatnonzero(~held)), data.take(np.flatnonzero(held))


def check_counts(counts: Iterable[int | None]) -> None:
    """Refuse numbers of pictures to :func:`draw` that are not positive, before anything is read."""
    for count in counts:
        require(count is None or count > 0, f"{count} pictures are asked for: give a positive number, or none for all")


def draw(data: ImageSet, count: int | None, seed: int = 0) -> ImageSet:
    """About ``count`` samples of ``data``, each class in proportion; all of them for None or too large a count.

    Raises:
        SettingError: so few that no class would have one.
    """
    if count is None or count >= len(data):
        return data
    return data.take(np.flatnonzero(rows_of_draw(data.labels, count, seed)))


def rows_of_draw(labels: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    """Which samples :func:`draw` takes, bool ``[N]``, by their labels ``[N]``: before they are decoded, for example.

    Raises:
        SettingError: as for :func:`draw`.
    """
    drawn = drawn_rows(labels, min(1.0, count / len(labels)), seed)
    require(bool(drawn.any()), f"{count} of {len(labels)} samples, each class in proportion, are none: take more")
    return drawn


def drawn_rows(labels: np.ndarray, fraction: float, seed: int) -> np.ndarray:
    """Which of N samples are drawn by ``seed``, bool ``[N]``: the nearest number to this fraction of each class.

    Args:
        labels: of the samples, ``[N]``; what is no integer is one class.
    """
    rng = np.random.default_rng(seed)
    strata = labels if np.issubdtype(labels.dtype, np.integer) else np.zeros(len(labels), np.int64)
    mask = np.zeros(len(labels), bool)
    for label in np.unique(strata):
        members = rng.permutation(np.flatnonzero(strata == label))
        mask[members[: round(len(members) * fraction)]] = True
    return mask
