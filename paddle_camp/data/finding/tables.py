"""Text files of any usual encoding, and small tables with a header row from .csv or .xlsx, as text."""

from __future__ import annotations

import codecs
import csv
import io
import math
import re
import zipfile
from collections.abc import Collection
from pathlib import Path
from xml.etree.ElementTree import ParseError

from paddle_camp.data.finding.contents import read_bytes
from paddle_camp.errors import DataError, one_line

_MARKED = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
MAX_XLSX = 64_000_000  # bytes of what is zipped in it
MAX_CELLS = 2_000_000  # of its sheet, empty ones too
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas"}


def read_text(path: Path) -> str:
    """A text file in UTF-8 (with or without a byte-order mark), UTF-16 with one, or GB18030 (and so GBK, GB2312).

    Raises:
        DataError: the file cannot be read, or is none of these; the first line that does not fit is named.
    """
    content = read_bytes(path)
    for mark, encoding in _MARKED:
        if content.startswith(mark):
            return _decoded(path, content.removeprefix(mark), encoding)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = _decoded(path, content, "gb18030" if is_rather_gb18030(content) else "utf-8")
    if "\0" in text:
        raise _no_text(path, text[: text.index("\0")].count("\n") + 1, "has zero bytes: it is no text, or UTF-16")
    return text


def is_rather_gb18030(content: bytes) -> bool:
    """Whether bytes that are not UTF-8 look Chinese; GB18030 gives other words to nearly any bytes, without an error.

    In a damaged UTF-8 file most characters beyond ASCII are still UTF-8, and in a Western encoding most stand alone
    between letters, while a Chinese character has two bytes, rarely with an ASCII letter as the second.
    """
    text = content.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = sum(character > "\x7f" for character in text) - bad
    runs = re.findall(rb"[\x80-\xff]+", content)
    return bad > good and 2 * sum(len(run) == 1 for run in runs) <= len(runs)


def _decoded(path: Path, content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].decode(encoding, "replace").count("\n") + 1
        raise _no_text(path, line, f"is not {encoding.upper()} text ({error.reason})") from None


def _no_text(path: Path, line: int, fault: str) -> DataError:
    return DataError(f"{path}, line {line}: {fault}; save the file as UTF-8 text, or get it again")


def read_table(
    path: Path,
    columns: tuple[str, ...],
    others: Collection[str] | None = None,
    separator: str = ",",
    *,
    optional: tuple[str, ...] = (),
    header: tuple[str, ...] = (),
) -> list[tuple[int, tuple[str, ...]]]:
    """Read some columns of a table; other columns and empty rows are left out.

    Args:
        path: a ``.csv`` (in any encoding of :func:`read_text`) or an ``.xlsx`` (its first sheet).
        columns: the names of the columns, as in the header row; case does not matter.
        others: the only other columns that may stand beside them; None: any may.
        separator: of a ``.csv``'s cells: a key of :data:`SEPARATORS`. Tabs are taken for it where it does not stand in
            the header row: Excel's "Unicode text" has them.
        optional: further columns, whose values are empty where the table does not have them.
        header: the names of the columns of a table that has no header row.

    Returns:
        (row number as an editor shows it, the values as text) for each row.

    Raises:
        DataError: the file cannot be read, has not these columns, or others, is separated by something else, or
            a row has more or fewer cells than the header.
    """
    try:
        rows = _rows_of_xlsx(path) if path.suffix.lower() == ".xlsx" else _rows_of_csv(path, separator)
    except (OSError, ValueError, KeyError, csv.Error, zipfile.BadZipFile, ParseError) as error:
        said = " ".join(str(error).split())[:120]
        raise DataError(f"{path}: the table cannot be read ({said}); copy or download it again") from error
    rows = [list(header), *rows] if header else rows
    names = rows[0] if rows else []
    if other := other_separator(names[0] if len(names) == 1 else "", separator):
        usual = SEPARATORS[separator]
        raise DataError(f"{path}: its cells are separated by {other}, not by {usual}; save it as CSV with {usual}")
    named = [cell.lower() for cell in names]
    missing = [name for name in columns if name.lower() not in named]
    if missing:
        has = one_line(", ".join(names)) if names else "nothing"
        raise DataError(f"{path}: no column {' and '.join(missing)} in the header row, which has {has}")
    if others is not None:
        _refuse_others(path, names, {name.lower() for name in (*columns, *optional, *others)})
    at = [named.index(name.lower()) if name.lower() in named else -1 for name in (*columns, *optional)]
    found = [(number, row) for number, row in enumerate(rows[1:], start=1 if header else 2) if any(row)]
    for number, row in found:
        if len(row) != len(named):
            has = f"{len(named)} are usual" if header else f"the header row has {len(named)}"
            raise DataError(f"{path}: row {number} has {len(row)} cells where {has}; correct the table")
    return [(number, tuple(row[i] if i >= 0 else "" for i in at)) for number, row in found]


def _refuse_others(path: Path, names: list[str], known: Collection[str]) -> None:
    if unknown := [name for name in names if name.lower() not in known]:
        raise DataError(
            f"{path}: the column {one_line(unknown[0]) or 'without a name'} is unknown here; take it out of the table"
        )
    lower = [name.lower() for name in names]
    if twice := [name for name in names if lower.count(name.lower()) > 1]:
        raise DataError(f"{path}: the column {one_line(twice[0])} stands twice in the header row; take one out")


def is_finite(cell: str) -> bool:
    """Whether a cell is a number as tables have them, and neither NaN nor infinite.

    Python's ``float`` takes more: ``3_6.20``, and digits of other scripts.
    """
    return bool(NUMBER.fullmatch(cell.strip())) and math.isfinite(float(cell))


def other_separator(line: str, expected: str) -> str | None:
    """What a line is separated by, in words, if it is not what is ``expected``; None if that cannot be told."""
    return next((name for mark, name in SEPARATORS.items() if mark in line and mark != expected), None)


def _rows_of_csv(path: Path, separator: str) -> list[list[str]]:
    text = read_text(path)
    header = text.lstrip().partition("\n")[0]
    if separator not in header and "\t" in header:
        separator = "\t"
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    return [[cell.strip() for cell in row] for row in rows]


def _rows_of_xlsx(path: Path) -> list[list[str]]:
    try:
        import openpyxl
    except ImportError as error:
        raise DataError(f"{path}: reading it needs openpyxl: pip install openpyxl; or save it as .csv") from error
    with zipfile.ZipFile(path) as archive:
        if (size := sum(member.file_size for member in archive.infolist())) > MAX_XLSX:
            raise ValueError(f"it would become {size:,} bytes, {MAX_XLSX:,} at most")
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what the file says of them may be wrong: all of its rows are read
        rows, cells = [], 0
        for row in sheet.iter_rows(values_only=True):  # those between two numbers of rows or columns come empty
            cells += 1 + len(row)
            if cells > MAX_CELLS:
                raise ValueError(f"more than {MAX_CELLS:,} cells")
            rows.append(["" if cell is None else str(cell).strip() for cell in row])
    finally:
        book.close()
    width = max(map(len, rows), default=0)  # openpyxl leaves out empty cells at the end of some sheets' rows
    return [row + [""] * (width - len(row)) for row in rows]
