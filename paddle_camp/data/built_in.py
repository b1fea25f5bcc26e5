"""Data that come with the program or with scikit-learn: always at hand and real, so they have no stand-in."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass

import numpy as np

from paddle_camp.data.info import DataInfo
from paddle_camp.data.showing import counts_of_labels
from paddle_camp.errors import DataError

HOW = "what is installed"


def describe_built_in(name: str, data: str, path: str, counts: dict[str, int], *arrays: np.ndarray) -> DataInfo:
    """What a run notes of built-in data; says on stderr that ``--data synthetic`` changes nothing.

    Args:
        data: "auto", "real" or "synthetic", as the command line asks.
        path: where the data come from, such as a module's file.
        arrays: what the fingerprint is made of.
    """
    if data == "synthetic":
        print(
            f"--data synthetic: {name} has no stand-in, since the data are always there; they are used", file=sys.stderr
        )
    digest = hashlib.sha256(b"".join(np.ascontiguousarray(array).tobytes() for array in arrays))
    return DataInfo(name, "real", path, counts, digest.hexdigest()[:16])


@dataclass(frozen=True, repr=False)
class LabelledTable:
    """Rows of numbers, each of a class.

    Attributes:
        inputs: float64 ``[N, F]``.
        labels: classes, int64 ``[N]``.
        columns: F names.
        classes: K names, in the order of the labels.
        info: what a run notes of its data.
        how: where they were found.

    Raises:
        DataError: a number is missing, or all rows are of one class.
    """

    inputs: np.ndarray
    labels: np.ndarray
    columns: tuple[str, ...]
    classes: tuple[str, ...]
    info: DataInfo
    how: str = HOW

    def __post_init__(self) -> None:
        if not np.isfinite(self.inputs).all():
            row, column = np.argwhere(~np.isfinite(self.inputs))[0]
            raise DataError(f"{self.info.name}, row {row + 1}: {self.columns[column]} is not a number; mend that row")
        if len(np.unique(self.labels)) < 2:
            raise DataError(f"{self.info.name}: all {len(self)} rows are of one class; a classifier needs two")

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        counts = counts_of_labels(self.labels, self.classes) or {}
        listed = ", ".join(f"{name}: {count}" for name, count in counts.items())
        return f"LabelledTable({self.info.name}, float64 {list(self.inputs.shape)}; {listed})"
