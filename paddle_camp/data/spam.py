"""The SMS Spam Collection: 5,572 short messages, each labelled ham or spam, in any of the forms that it is found in.

Almeida, Hidalgo and Yamakami, "Contributions to the study of SMS spam filtering", 2011. UCI's ``SMSSpamCollection`` has
a label, a tab and a message on each line. ``spam.csv`` has them in its first two columns: Kaggle's (in latin-1, header
``v1,v2,,,``), copies of it in UTF-8 (header ``label,masseges,,,``), and tables without a header.
"""

from __future__ import annotations

import codecs
import csv
import functools
import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from paddle_camp.data.finding.contents import read_bytes
from paddle_camp.data.finding.downloads import real_or_none
from paddle_camp.data.finding.sources import DATASETS
from paddle_camp.data.finding.tables import is_rather_gb18030, read_text
from paddle_camp.data.showing import ShownData, short
from paddle_camp.data.spam_standin import standin_messages
from paddle_camp.errors import DataError, one_line
from paddle_camp.notebook import table_html

CLASSES = ("ham", "spam")  # label 0 and 1
HEADERS = ("label", "v1", "category", "class", "type")  # what the first column of a header row is called
AGAIN = "correct the line, or get the file again"
CHINESE = 0.1  # share of bytes beyond ASCII in a collection of Chinese messages, at least
# Windows' characters at the places 0x80 to 0x9f, where latin-1 has control characters.
_WINDOWS = {0x80 + i: each for i, each in enumerate(bytes(range(0x80, 0xA0)).decode("cp1252", "replace"))}
_WINDOWS = {code: each for code, each in _WINDOWS.items() if each != "\ufffd"}


@dataclass(frozen=True, repr=False)
class Messages:
    """Messages and their labels: ``texts``, N of them, and ``labels`` int64 ``[N]``, 1 for spam."""

    texts: tuple[str, ...]
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.texts)

    def __repr__(self) -> str:
        return f"Messages({len(self):,}, {int(self.labels.sum()):,} of them spam)"

    def _repr_html_(self) -> str:
        """In a notebook: the first messages."""
        rows = [(CLASSES[label], text) for label, text in zip(self.labels[:8], self.texts, strict=False)]
        return table_html(("label", "message"), rows)

    def take(self, rows: np.ndarray) -> Messages:
        """The messages with these numbers, int ``[M]``, in this order."""
        return Messages(tuple(self.texts[row] for row in rows), self.labels[rows])

    @functools.cached_property
    def groups(self) -> np.ndarray:
        """The number of each message's group, int64 ``[N]``: copies, apart from case and white space, share one."""
        numbers: dict[str, int] = {}
        keys = (" ".join(text.casefold().split()) for text in self.texts)
        return np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)

    def fingerprint(self) -> str:
        """A hash of texts and labels: the same messages, the same 16 hex digits."""
        content = "\0".join(self.texts).encode("utf-8", "surrogatepass") + self.labels.tobytes()
        return hashlib.sha256(content).hexdigest()[:16]

    @property
    def num_copies(self) -> int:
        """How many messages repeat an earlier one, letter by letter."""
        return len(self) - len(set(self.texts))


@dataclass(frozen=True, repr=False)
class SpamData(ShownData):
    """The collection or its stand-in. It is not split: ``train`` has all messages."""

    name: ClassVar[str] = "SMS Spam Collection"
    train: Messages


def load_spam(data: str = "auto", data_dir: str | None = None) -> SpamData:
    """Find and read the messages.

    Args:
        data: "real", "synthetic", or "auto": real if they can be had, else the stand-in.
        data_dir: the first place to look; naming one rules the stand-in out.

    Raises:
        DataError: a damaged file, or data="real" and none can be had.
    """
    found = real_or_none("spam", data, data_dir)
    if found is None:
        stand_in = Messages(*standin_messages())
        return SpamData(stand_in, origin="synthetic", path=Path("generated"), how="the program")
    names = (name for name in DATASETS["spam"].markers if (found.path / name).exists())
    return SpamData(read_spam(found.path / next(names)), origin="real", path=found.path, how=found.how)


def read_spam(path: Path) -> Messages:
    """Read a file of labelled messages.

    A quotation mark or a comma that has split a message of Kaggle's table into several cells is undone. Characters that
    were encoded twice are mended, save where the second encoding has lost a byte and left ``_`` in its place.

    Raises:
        DataError: the file cannot be read, is no text, or a line is not a label and a message; both classes are needed.
    """
    text = _read(path)
    labelled = re.match(r"\s*\w+\t", text) is not None
    texts: list[str] = []
    labels: list[int] = []
    for line, label, message in _tab_rows(text) if labelled else _csv_rows(path, text):
        if label.lower() not in CLASSES:
            if not texts and label.lower() in HEADERS:
                continue
            raise DataError(f"{path}, line {line}: the label is {short(label)}, neither ham nor spam; {AGAIN}")
        if not message.strip():
            raise DataError(f"{path}, line {line}: the message is empty; {AGAIN}")
        texts.append(re.sub(r"[^\x00-\x7f]+", lambda found: _mended(found[0]), message))
        labels.append(CLASSES.index(label.lower()))
    if len(set(labels)) < 2:
        has = f"all {len(labels)} messages are {CLASSES[labels[0]]}" if labels else "there are no messages in it"
        raise DataError(f"{path}: {has}; both ham and spam are needed: get the file again")
    return Messages(tuple(texts), np.array(labels, np.int64))


def _read(path: Path) -> str:
    """The text of a file in UTF-8, UTF-16, GB18030 or, as Kaggle's, in latin-1 (with the characters of Windows)."""
    content = read_bytes(path)
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or _is_chinese(content):
        return read_text(path)
    if strange := re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]", content):
        line = content[: strange.start()].count(b"\n") + 1
        raise DataError(f"{path}, line {line}: has the byte {strange[0][0]:#04x}, so it is no text; get the file again")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1").translate(_WINDOWS)


def _is_chinese(content: bytes) -> bool:
    """In an English collection that is no UTF-8 hardly a byte in a hundred is beyond ASCII."""
    share = sum(byte > 0x7F for byte in content) / max(1, len(content))
    return share > CHINESE and is_rather_gb18030(content)


def _tab_rows(text: str) -> Iterator[tuple[int, str, str]]:
    """(line, label, message) of each line that is not empty; quotation marks are part of a message."""
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            label, _, message = line.rstrip("\r").partition("\t")
            yield number, label.strip(), message


def _csv_rows(path: Path, text: str) -> Iterator[tuple[int, str, str]]:
    """(line on which it begins, label, message) of each row that is not empty."""
    reader, start = csv.reader(io.StringIO(text, newline=""), strict=True), 1
    try:
        for cells in reader:
            if any(re.search(r"[\r\n](ham|spam),", cell) for cell in cells):
                raise csv.Error("it runs on into the next message")
            while cells and not cells[-1]:  # the empty columns of "v1,v2,,,"
                cells.pop()
            if cells:
                yield start, cells[0].strip(), ",".join(cells[1:])
            start = reader.line_num + 1
    except csv.Error as error:
        what = f"a quotation mark in the message that begins here is not closed or not doubled ({one_line(error)})"
        raise DataError(f"{path}, line {start}: {what}; {AGAIN}") from None


def _mended(run: str) -> str:
    """Some characters beyond ASCII, read as they were meant.

    A pound sign's two bytes in UTF-8 were read as two characters (A-circumflex and the sign), which were saved in the
    encoding of the Macintosh, and these bytes were read as latin-1; a plain double encoding is mended as well.
    """
    for encoding in ("mac_roman", "utf-8"):
        try:
            meant = run.encode("cp1252").decode(encoding)
            meant = meant if encoding == "utf-8" else meant.encode("cp1252").decode("utf-8")
        except UnicodeError:
            continue
        return meant
    return run
