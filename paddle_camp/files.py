"""Files that are either the old version or the new one, never half of one."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from paddle_camp.errors import CampError


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
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write(temporary)
        with temporary.open("rb+") as stream:  # on the disk before it takes the name: a power cut leaves no empty file
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write ``text`` as UTF-8, atomically."""
    replace_file(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as indented JSON, atomically; NaN and infinity are refused, they are not JSON."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def write_csv(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write ``rows`` as CSV, atomically; the columns are all keys in the order in which they first appear."""
    rows = list(rows)
    columns = list(dict.fromkeys(key for row in rows for key in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, as 64 hex digits."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def is_kept(path: Path) -> bool:
    """Whether there is a whole JSON value in ``path``."""
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return True


def kept(path: Path, compute: Callable[[], Any]) -> Any:
    """The JSON value in ``path``; where there is none yet (or a damaged one) it is computed and written.

    A long computation made of such pieces goes on after an interruption with the first one that is missing.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        write_json(path, compute())
    return json.loads(path.read_text(encoding="utf-8"))  # as a resumed run will read it: tuples are lists by now


@contextlib.contextmanager
def alone_in(path: Path) -> Iterator[None]:
    """Hold the run's folder for this process; a process that ends, however it ends, lets go of it.

    Raises:
        CampError: another process runs in it.
    """
    try:
        import fcntl
    except ModuleNotFoundError:  # Windows
        yield
        return
    with (path / ".lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CampError(f"{path}: this run is still going in another process; wait for it, or stop it") from None
        except OSError:  # a network disk without locks
            pass
        yield
