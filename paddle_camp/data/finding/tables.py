"""Small tables with a header row, from .csv or .xlsx, as text."""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path
from xml.etree.ElementTree import ParseError

from paddle_camp.errors import DataError


def read_table(path: Path, columns: tuple[str, ...]) -> list[tuple[int, tuple[str, ...]]]:
    """Read some columns of a table; other columns and empty rows are left out.

    Args:
        path: a ``.csv`` (comma, UTF-8 with or without a byte-order mark) or an ``.xlsx`` (its first sheet).
        columns: the names of the columns, as in the header row; case does not matter.

    Returns:
        (row number as an editor shows it, the values as text) for each row.

    Raises:
        DataError: the file cannot be read, or has not these columns.
    """
    try:
        rows = _rows_of_xlsx(path) if path.suffix.lower() == ".xlsx" else _rows_of_csv(path)
    except (OSError, ValueError, KeyError, csv.Error, zipfile.BadZipFile, ParseError) as error:
        raise DataError(f"{path}: the table cannot be read ({error}); copy or download it again") from error
    header = [cell.lower() for cell in rows[0]] if rows else []
    missing = [name for name in columns if name.lower() not in header]
    if missing:
        has = ", ".join(rows[0]) if rows else "nothing"
        raise DataError(f"{path}: no column {' and '.join(missing)} in the header row, which has {has}")
    at = [header.index(name.lower()) for name in columns]
    width = max(at) + 1
    return [
        (number, tuple((row + [""] * width)[i] for i in at)) for number, row in enumerate(rows[1:], start=2) if any(row)
    ]


def _rows_of_csv(path: Path) -> list[list[str]]:
    with open(path, newline="", encoding="utf-8-sig") as file:
        return [[cell.strip() for cell in row] for row in csv.reader(file)]


def _rows_of_xlsx(path: Path) -> list[list[str]]:
    try:
        import openpyxl
    except ImportError as error:
        raise DataError(f"{path}: reading it needs openpyxl: pip install openpyxl; or save it as .csv") from error
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        rows = book.worksheets[0].iter_rows(values_only=True)
        return [["" if cell is None else str(cell).strip() for cell in row] for row in rows]
    finally:
        book.close()
