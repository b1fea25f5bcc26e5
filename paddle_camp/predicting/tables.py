"""Rows of a table of one's own, scaled as the training rows were."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from paddle_camp.data.finding.tables import is_finite, read_table
from paddle_camp.errors import DataError, require
from paddle_camp.predicting.inputs import Fail

MAX_COLUMNS = 4096
FARTHEST = 1e6  # of a scaled value from 0: training rows lie within some tens


@dataclass(frozen=True)
class TableInputs:
    """Columns of numbers, by name; the network is given (value - shift) / scale.

    Attributes:
        shift, scale: a number for each column.
        label: the column that the network predicts: it may stand in the table, and is not read.
    """

    name: ClassVar[str] = "rows"
    columns: tuple[str, ...]
    shift: tuple[float, ...]
    scale: tuple[float, ...]
    label: str | None = None

    def __post_init__(self) -> None:
        several = isinstance(self.columns, tuple) and 0 < len(self.columns) <= MAX_COLUMNS
        named = several and all(isinstance(name, str) for name in self.columns)
        names = [name.lower() for name in (*self.columns, self.label or "")] if named else []
        require(named and len(set(names)) == len(names), f"columns={_short(self.columns)}: names, each one once")
        require(isinstance(self.label, str | None), f"label={_short(self.label)}: the name of a column")
        for key, values in (("shift", self.shift), ("scale", self.scale)):
            right = len(values) == len(self.columns) and all(map(is_number, values))
            require(right, f"{key}={_short(values)}: a finite number for each of {len(self.columns)} columns")
        require(all(self.scale), f"scale={_short(self.scale)}: a column cannot be divided by 0")

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one row."""
        return (len(self.columns),)

    def samples(
        self, places: Iterable[str], texts: Iterable[str], fail: Fail
    ) -> Iterator[tuple[str, tuple[float, ...]]]:
        """Each row of the tables (``.csv`` or ``.xlsx``), called by its file and its number, as an editor counts it."""
        require(not list(texts), "--text: this network takes tables; name a .csv file")
        for place in places:
            try:
                rows = read_table(Path(place), self.columns, [self.label] if self.label else [])
                if not rows:
                    raise DataError(f"{place}: no rows below the header row")
            except DataError as error:
                fail(error)
                continue
            for number, cells in rows:
                try:
                    yield f"{place}:{number}", self.row(f"{place}, row {number}", cells)
                except DataError as error:
                    fail(error)

    def arrays(self, samples: Sequence[tuple[float, ...]], variations: bool = False) -> list[np.ndarray]:
        """Scaled rows, float32 ``[N, columns]``."""
        require(not variations, "--tta: rows of a table have no variations; it is for pictures")
        return [((np.asarray(samples, np.float64) - self.shift) / self.scale).astype(np.float32)]

    def row(self, place: str, cells: Sequence[str]) -> tuple[float, ...]:
        """The numbers of a row, in the order of the columns.

        Raises:
            DataError: a cell is none, or far from all training rows; ``place`` says where it stands.
        """
        for name, cell in zip(self.columns, cells, strict=True):
            if not is_finite(cell):
                raise DataError(f"{place}: {name} is {cell!r}, not a number; correct the table")
        for name, cell, shift, scale in zip(self.columns, cells, self.shift, self.scale, strict=True):
            if abs((float(cell) - shift) / scale) > FARTHEST:
                raise DataError(f"{place}: {name} is {cell}, far from all training rows; correct the table")
        return tuple(map(float, cells))


def is_number(value: Any) -> bool:
    """Whether a value of a JSON file is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _short(value: Any) -> str:
    return ascii(value)[:80]
