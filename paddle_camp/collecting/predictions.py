"""``predictions.csv`` of a run: read strictly, and what can be computed from it again."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from paddle_camp import metrics
from paddle_camp.answers.answer import Predictions
from paddle_camp.collecting.foreign import read_text
from paddle_camp.errors import DataError

FILE = "predictions.csv"
MOST_BYTES, MOST_CLASSES = 64 << 20, 10_000
SUM_ERROR = 1e-4  # of a row's probabilities: a float32's rounding
SMALLEST = 1e-300  # a probability of 0 has no logarithm


@dataclass(frozen=True)
class Table:
    """The predictions for N samples.

    Attributes:
        names: N.
        labels: int64 ``[N]``.
        shares: class probabilities, float64 ``[N, K]``.
    """

    names: tuple[str, ...]
    labels: np.ndarray
    shares: np.ndarray

    @property
    def right(self) -> np.ndarray:
        """Whether each sample's most probable class is its label, bool ``[N]``."""
        return self.shares.argmax(axis=1) == self.labels

    @property
    def samples(self) -> frozenset[tuple[str, int]]:
        """Which samples they are: names with labels."""
        return frozenset(zip(self.names, self.labels.tolist(), strict=True))


def read_predictions(folder: Path) -> Table:
    """The table of the run in ``folder``.

    Raises:
        DataError: it is missing, too large, or a row is not one; the message names the row.
    """
    return parse_predictions(read_text(folder, FILE, MOST_BYTES))


def parse_predictions(text: str) -> Table:
    """The table in the text of a CSV file.

    Raises:
        DataError: as for :func:`read_predictions`.
    """
    names, labels, shares = [], [], []
    try:
        rows = csv.reader(io.StringIO(text, newline=""), strict=True)
        head = next(rows, [])
        classes = len(head) - 2
        columns = ["sample", "label", *(f"probability_{k}" for k in range(classes))]
        if not 2 <= classes <= MOST_CLASSES or head != columns:
            raise DataError(f"{FILE}: its columns are not sample, label, probability_0, probability_1, …")
        for number, row in enumerate(rows, start=2):
            labels.append(_label(row, classes, number))
            shares.append(np.array(row[2:], np.float64))
            names.append(row[0])
    except (csv.Error, ValueError) as error:
        raise DataError(f"{FILE}: row {len(names) + 2}: {error}") from None
    if not names:
        raise DataError(f"{FILE}: no row in it")
    table = Table(tuple(names), np.array(labels, np.int64), np.stack(shares))
    odd = ~((table.shares >= 0) & (table.shares <= 1)).all(axis=1) | (abs(table.shares.sum(axis=1) - 1) > SUM_ERROR)
    if odd.any():  # a NaN is neither
        raise DataError(f"{FILE}: row {int(odd.argmax()) + 2}: its probabilities are not from 0 to 1 with the sum 1")
    return table


def _label(row: list[str], classes: int, number: int) -> int:
    if len(row) != classes + 2:
        raise DataError(f"{FILE}: row {number}: {len(row)} cells, not {classes + 2}")
    if not re.fullmatch(r"[0-9]{1,6}", row[1]) or int(row[1]) >= classes:
        raise DataError(f"{FILE}: row {number}: its label is no class from 0 to {classes - 1}")
    return int(row[1])


def compute(table: Table, split: str = "test") -> dict[str, Any]:
    """What the table says by itself.

    Returns:
        ``headline``: the accuracy as a run writes it; ``accuracy``, ``loss`` (cross-entropy), ``confusion`` (row =
        true class), and of two classes ``auc`` and ``auc_interval`` (None where one class is missing).
    """
    headline = Predictions(table.names, table.labels, table.shares, split).headline()
    logits = np.log(np.clip(table.shares, SMALLEST, 1))
    found = {"headline": headline, "accuracy": headline["value"]}
    found["loss"] = float(-logits[np.arange(len(table.labels)), table.labels].mean())
    found["confusion"] = metrics.confusion(table.shares, table.labels).tolist()
    if table.shares.shape[1] == 2:
        found["auc"] = metrics.auc(logits, table.labels)
        found["auc_interval"] = metrics.auc_interval(logits, table.labels)
    return found
