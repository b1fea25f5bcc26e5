"""Files that are either the old version or the new one, never half of one."""

from __future__ import annotations

import contextlib
import csv
import functools
import hashlib
import io
import json
import os
import re
import shutil
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

CHECKSUM = "checksum"
MAX_JSON = 200_000_000  # bytes; the history of a long training has some million
_LEFT = re.compile(r"\..+\.(?:(?P<host>[\w-]+)-)?(?P<process>\d+)\.(?:tmp|partial|old)")  # names of temporary_name
_OLD = 24 * 3600  # seconds after which nobody can still be writing
# Seconds between tries to rename: Windows refuses while a reader or a virus scanner has the old file open.
WAITS = (0.05, 0.1, 0.2, 0.5, 1.0) if os.name == "nt" else ()
_LONGEST = 120  # characters of a name that go into a temporary one; file systems take 255 bytes


def replace_file(path: Path, write: Callable[[Path], object]) -> None:
    """Call ``write`` with a temporary name beside ``path``, then rename it over ``path``.

    A crash, a kill or a full disk leaves the old file as it was; the temporary file is removed where possible. A link
    stays one and its target is replaced; a device or a pipe, such as /dev/stdout, is written to.
    """
    if path.exists() and not path.is_file():
        write(path)
        return
    path = Path(os.path.realpath(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_name(path, "tmp")
    try:
        write(temporary)
        with temporary.open("rb+") as stream:  # on the disk before it takes the name: a power cut leaves no empty file
            os.fsync(stream.fileno())
        rename(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def rename(source: Path, target: Path) -> None:
    """Rename over a file that may exist; on Windows also over one that somebody has open for a moment.

    Raises:
        OSError: the system refuses.
    """
    for pause in WAITS:
        try:
            os.replace(source, target)
            return
        except PermissionError:
            time.sleep(pause)
    os.replace(source, target)


def temporary_name(path: Path, suffix: str) -> Path:
    """A hidden name beside ``path`` for what shall become it; what processes that were killed left there is removed.

    Args:
        suffix: "tmp" for a file or a link, "partial" for a folder, "old" for one that is being replaced.
    """
    host = re.sub(r"[^\w-]", "-", socket.gethostname())
    _remove_leftovers(path.parent, host)
    return path.with_name(f".{path.name[:_LONGEST]}.{host}-{os.getpid()}.{suffix}")


@contextlib.contextmanager
def temporary_folder(path: Path) -> Iterator[Path]:
    """An empty hidden folder beside ``path``, removed at the end; after a kill, by the next that writes there."""
    folder = temporary_name(path, "partial")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@functools.lru_cache(maxsize=256)  # once a process and folder
def _remove_leftovers(folder: Path, host: str) -> None:
    """Remove temporary files and folders of processes of this machine that are gone, and of anybody after a day."""
    try:
        found = [entry for entry in os.scandir(folder) if _LEFT.fullmatch(entry.name)]
    except OSError:
        return
    for entry in found:
        try:
            name = _LEFT.fullmatch(entry.name)
            ours = name is not None and name["host"] == host
            if (ours and _is_gone(int(name["process"]))) or entry.stat().st_mtime < time.time() - _OLD:
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path, ignore_errors=True)
                else:
                    os.unlink(entry.path)
        except OSError:  # another process was faster, or it is not ours to remove
            continue


def _is_gone(process: int) -> bool:
    if os.name != "posix":  # os.kill would end it
        return False
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        pass
    return False


def write_text(path: Path, text: str) -> None:
    """Write ``text`` as UTF-8, atomically; a byte of a file's name that is no UTF-8 is written as its escape."""
    content = text.encode("utf-8", "backslashreplace")
    replace_file(path, lambda temporary: temporary.write_bytes(content))


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as indented JSON, atomically; NaN and infinity are refused, they are not JSON.

    A file's name that is no UTF-8 comes back as it was: JSON has escapes for what Python makes of such bytes.
    """
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    if any("\ud800" <= each <= "\udfff" for each in text):
        text = json.dumps(value, indent=2, allow_nan=False)
    write_text(path, text + "\n")


def write_sealed(path: Path, value: Mapping[str, Any]) -> None:
    """Write a JSON object that a resumption will trust, atomically, with a checksum over all of it."""
    write_json(path, {**value, CHECKSUM: _checksum(value)})


def read_sealed(path: Path) -> dict[str, Any]:
    """The JSON object that :func:`write_sealed` wrote, without its checksum.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no such object, or not as it was written.
    """
    return _without_seal(load_json(path))


def unseal(text: str) -> dict[str, Any]:
    """:func:`read_sealed` of a file's text; raises its :class:`ValueError`."""
    return _without_seal(parse_json(text))


def _without_seal(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or CHECKSUM not in value:
        raise ValueError(f"it has no {CHECKSUM}: damaged, or written by a version before 0.2")
    if value.pop(CHECKSUM) != _checksum(value):
        raise ValueError(f"its {CHECKSUM} does not fit: it is not as it was written")
    return value


def _checksum(value: Mapping[str, Any]) -> str:
    """Over the values, however they are laid out in the file."""
    text = json.dumps(value, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def write_csv(path: Path, rows: Iterable[Mapping[str, Any]], excel: bool = False) -> None:
    """Write ``rows`` as CSV, atomically; the columns are all keys in the order in which they first appear.

    A text that a spreadsheet would take for a formula (a file called ``=cmd|...``) gets an apostrophe before it.

    Args:
        excel: begin a regular file with a byte-order mark, without which Excel does not show Chinese.
    """
    rows = [{key: _no_formula(value) for key, value in row.items()} for row in rows]
    columns = list(dict.fromkeys(key for row in rows for key in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    mark = "\ufeff" if excel and (path.is_file() or not path.exists()) else ""
    write_text(path, mark + text.getvalue())


def _no_formula(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    value = value.replace("\r", "\\r")  # the csv module does not quote it, and a reader takes it for a row's end
    return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t")) else value


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, as 64 hex digits."""
    return hash_of(path, "sha256")


def hash_of(path: Path, kind: str) -> str:
    """The hash of a file's bytes, in hex digits; ``kind`` is a name that :mod:`hashlib` knows, such as "md5"."""
    digest = hashlib.new(kind)
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object; an empty one where the file is missing or is none."""
    try:
        value = load_json(path)
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def load_json(path: Path) -> Any:
    """The value in a JSON file that a stranger may have made.

    Raises:
        OSError: it cannot be read.
        ValueError: no JSON, no regular file (a pipe would be waited for), too large, or nested too deeply.
    """
    if path.exists() and not path.is_file():
        raise ValueError("it is no regular file")
    if path.stat().st_size > MAX_JSON:
        raise ValueError(f"it has more than {MAX_JSON:,} bytes")
    return parse_json(path.read_text(encoding="utf-8"))


def parse_json(text: str) -> Any:
    """The value of a JSON text; ValueError also where it is nested too deeply."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
