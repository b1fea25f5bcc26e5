"""Boston house prices: 506 rows of 13 features and a price, as the course reads and normalises them.

Harrison and Rubinfeld, "Hedonic housing prices and the demand for clean air", 1978; the file is UCI's
``housing.data``, white-space separated, without a header. It is also read with commas, semicolons or tabs, with a row
of names, and as StatLib has it: a text, then each row on two lines.
"""

from __future__ import annotations

import functools
import hashlib
import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from paddle_camp.data.finding.downloads import real_or_none
from paddle_camp.data.finding.tables import is_finite, read_text
from paddle_camp.data.info import DataInfo
from paddle_camp.data.order import epoch_order
from paddle_camp.data.showing import ShownData
from paddle_camp.errors import DataError
from paddle_camp.notebook import table_html

COLUMNS = tuple(
    ["CRIM", "ZN", "INDUS", "CHAS", "NOX", "RM", "AGE", "DIS", "RAD", "TAX", "PTRATIO", "B", "LSTAT", "MEDV"]
)
ROWS = 506
# The house whose price the course predicts: the last row of the table, without its price of 11.9 thousand dollars.
EXAMPLE = (0.04741, 0, 11.93, 0, 0.573, 6.03, 80.8, 2.505, 1, 273, 21, 396.9, 7.88)
LARGEST = 10_000  # the largest number in the table is 711
SEPARATOR = r"\s*[,;]\s*|\s+"  # of the cells of a line
STATLIB, MAX_HEADING = (11, 3), 100  # cells on the two lines of a row; lines above the first row
Row = tuple[int, list[str]]  # its line, its cells
TRAIN_SHARE = 0.8  # the course's: the first 404 rows


@dataclass(frozen=True, repr=False)
class Table:
    """Normalised rows: ``inputs`` float64 ``[N, 13]``, ``prices`` float64 ``[N]``."""

    inputs: np.ndarray
    prices: np.ndarray

    def __len__(self) -> int:
        return len(self.prices)

    def as_arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """What a network trains on: float32 inputs ``[N, 13]`` and prices ``[N]``."""
        return self.inputs.astype(np.float32), self.prices.astype(np.float32)

    def __repr__(self) -> str:
        return f"Table({len(self)} rows, inputs float64 {list(self.inputs.shape)}, normalised)"


@dataclass(frozen=True, repr=False)
class HousingData(ShownData):
    """The table in two parts, normalised as in the course: (x - mean) / (max - min), by the training rows alone.

    Attributes:
        mean, span: float64 ``[14]``: of the 13 features and of the price, over the training rows.
        path: the file.
        fingerprint: of the rows in their order, before they are normalised.
    """

    name: ClassVar[str] = "Boston housing"
    train: Table
    test: Table
    mean: np.ndarray
    span: np.ndarray
    fingerprint: str

    def normalise(self, features: Sequence[float] | np.ndarray) -> np.ndarray:
        """Raw features ``[..., 13]``, as in the file, to the networks' inputs."""
        return (np.asarray(features, np.float64) - self.mean[:13]) / self.span[:13]

    def to_dollars(self, prices: np.ndarray) -> np.ndarray:
        """Normalised prices to thousands of dollars."""
        return np.asarray(prices, np.float64) * self.span[13] + self.mean[13]

    def _repr_html_(self) -> str:
        """In a notebook: the first rows of the training part, in the table's own units."""
        parts = ", ".join(f"{name} {len(part)} rows" for name, part in self.parts().items())
        scaled = np.column_stack([self.train.inputs, self.train.prices])[:5]
        rows = [[f"{value:.5g}" for value in row] for row in np.round(scaled * self.span + self.mean, 9) + 0.0]
        return f"<p><b>HousingData</b>, {html.escape(self._whence())}: {parts}</p>{table_html(COLUMNS, rows)}"

    @functools.cached_property
    def info(self) -> DataInfo:
        """What a run notes of its data."""
        counts = {"train": len(self.train), "test": len(self.test)}
        # The folder: what a resumed run looks for its data in is a data_dir.
        return DataInfo(self.name, self.origin, str(self.path.parent), counts, self.fingerprint)


def load_housing(data: str = "auto", data_dir: str | None = None, shuffle_seed: int | None = None) -> HousingData:
    """Find (or download), read, split and normalise the table.

    Args:
        data: "real", "synthetic", or "auto": real if it can be had, else the stand-in.
        data_dir: the first place to look; naming one rules the stand-in out.
        shuffle_seed: None splits by position, as the course does; a number shuffles the rows first.

    Raises:
        DataError: a damaged file, or data="real" and none can be had.
    """
    found = real_or_none("housing", data, data_dir)
    if found is not None:
        path, origin, how = found.path.absolute() / "housing.data", "real", found.how
        text = read_text(path)
    else:
        path, origin, how = Path("generated") / "housing.data", "synthetic", "the program"
        text = housing_standin()
    table = parse_housing(text, path)
    table = table[epoch_order(len(table), shuffle_seed, 0)]
    count = int(TRAIN_SHARE * len(table))
    mean = table[:count].mean(axis=0)
    span = table[:count].max(axis=0) - table[:count].min(axis=0)
    if not span.all():
        column = COLUMNS[int(np.argmin(span != 0))]
        raise DataError(f"{path}: column {column} is the same in all training rows; this is not the housing table")
    scaled = (table - mean) / span
    train, test = (Table(np.ascontiguousarray(part[:, :13]), part[:, 13].copy()) for part in np.split(scaled, [count]))
    fingerprint = hashlib.sha256(table.tobytes()).hexdigest()[:16]
    return HousingData(train, test, mean, span, fingerprint, origin=origin, path=path, how=how)


def parse_housing(text: str, path: Path) -> np.ndarray:
    """The table of ``housing.data``, float64 ``[506, 14]``; ``path`` is named in errors.

    Raises:
        DataError: a row is not 14 finite numbers, or rows are missing.
    """
    rows = []
    for number, cells in _rows_of(text):
        if len(cells) != len(COLUMNS):
            raise DataError(
                f"{path}, row {number}: {len(cells)} columns where {len(COLUMNS)} belong; get the file again"
            )
        for name, cell in zip(COLUMNS, cells, strict=True):
            if not is_finite(cell):
                raise DataError(f"{path}, row {number}: {name} is {cell!r}, not a number; get the file again")
            if abs(float(cell)) > LARGEST:
                raise DataError(
                    f"{path}, row {number}: {name} is {cell}, and no number of this table is larger than {LARGEST:,}; "
                    "get the file again"
                )
        rows.append([float(cell) for cell in cells])
    if len(rows) != ROWS:
        raise DataError(f"{path}: ends after row {len(rows)} where {ROWS} rows belong; get the file again")
    return np.array(rows)


def _rows_of(text: str) -> list[Row]:
    """(Line, cells) of each row: names above the rows are left out, rows on two lines are put together."""
    lines = [(n, re.split(SEPARATOR, line.strip())) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
    if lines and [cell.strip('"').upper() for cell in lines[0][1]] == list(COLUMNS):
        return lines[1:]
    shapes = [len(cells) if all(map(is_finite, cells)) else 0 for _, cells in lines]
    for start in range(min(len(lines), MAX_HEADING)):
        if shapes[start : start + 4] == [*STATLIB, *STATLIB]:
            return list(_joined(lines[start:]))
    return lines


def _joined(lines: list[Row]) -> Iterator[Row]:
    """StatLib's rows in one piece; a line that does not fit to the one below it stays alone."""
    rest = iter(lines)
    for number, cells in rest:
        if len(cells) == STATLIB[0] and len(below := next(rest, (0, []))[1]) == STATLIB[1]:
            cells = cells + below
        yield number, cells


def housing_standin() -> str:
    """The text of a stand-in for ``housing.data``: 506 rows drawn from a formula.

    Each feature is drawn evenly between 0 and 100, CHAS is 0 or 1, and the price in thousands of dollars is
    10 + 0.05 RM + 20 / (1 + exp((LSTAT - 50) / 10)) - 0.04 CRIM + 3 CHAS, with normal noise of deviation 1: mostly
    linear, so that a linear model learns it, and bent in LSTAT, so that a network can do better.
    """
    rng = np.random.default_rng(0)
    table = rng.uniform(0, 100, (ROWS, len(COLUMNS)))
    column = {name: table[:, i] for i, name in enumerate(COLUMNS)}
    column["CHAS"][:] = rng.random(ROWS) < 0.3
    bent = 20 / (1 + np.exp((column["LSTAT"] - 50) / 10))
    noise = rng.normal(0, 1, ROWS)
    column["MEDV"][:] = 10 + 0.05 * column["RM"] + bent - 0.04 * column["CRIM"] + 3 * column["CHAS"] + noise
    return "".join(" ".join(f"{value:.4f}" for value in row) + "\n" for row in table)
