"""Run folders: creation, ``latest``, lock."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from paddle_camp.errors import CampError
from paddle_camp.files import read_json, rename, temporary_name
from paddle_camp.notebook import in_notebook
from paddle_camp.running.options import Options


def default_out() -> Path:
    """``runs/``, or ``work/runs/`` on AI Studio, where only ``work/`` persists between sessions."""
    return Path("/home/aistudio/work/runs") if Path("/home/aistudio/work").is_dir() else Path("runs")


def new_folder(homework: str, options: Options) -> Path:
    """Create ``OUT/<ID>/<YYYYmmdd-HHMMSS>/`` and point ``OUT/<ID>/latest`` at it.

    Raises:
        CampError: the folder cannot be created.
    """
    parent = (Path(options.out) if options.out else default_out()) / homework
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for number in range(100):  # two runs in one second get different names
        path = parent / (stamp if number == 0 else f"{stamp}-{number}")
        try:
            path.mkdir(parents=True)
        except OSError as error:
            if path.is_dir():
                continue
            raise CampError(f"--out: {path} cannot be made ({error.strerror}); choose another place") from None
        _point_latest(path)
        return path
    raise CampError(f"--out: {parent}: too many runs in one second")


def _point_latest(path: Path) -> None:
    link = path.parent / "latest"
    temporary = temporary_name(link, "tmp")
    temporary.unlink(missing_ok=True)
    try:
        temporary.symlink_to(path.name, target_is_directory=True)
    except OSError:  # a file system without symbolic links: a file that names the folder
        temporary.write_text(path.name + "\n", encoding="utf-8")
    if not link.is_symlink() and link.is_dir():  # a folder of that name is not replaced
        temporary.unlink()
        return
    try:
        rename(temporary, link)
    except OSError:  # Windows renames over no link to a folder
        with contextlib.suppress(OSError):
            link.unlink(missing_ok=True)
            rename(temporary, link)
        temporary.unlink(missing_ok=True)


def follow_latest(path: Path) -> Path:
    """The run folder for ``path``; on a file system without symbolic links, ``latest`` is a file with its name."""
    is_name = path.name == "latest" and path.is_file()
    if not is_name:
        return path
    with path.open("rb") as file:  # 255 bytes at most: a file system takes no longer name
        return path.parent / file.read(255).replace(b"\0", b"").decode("utf-8", "replace").strip()


def read_metrics(path: Path) -> dict[str, Any]:
    """The ``metrics.json`` of a run folder; empty if there is none."""
    return read_json(path / "metrics.json")


@contextlib.contextmanager
def alone_in(path: Path) -> Iterator[None]:
    """Lock the run's folder for this process; the system releases the lock when the process ends.

    Raises:
        CampError: another process holds the lock.
    """
    with (path / ".lock").open("ab") as file:
        try:
            _lock(file.fileno())
        except BlockingIOError:
            raise CampError(f"{path}: this run is still going in another process; wait for it, or stop it") from None
        except OSError:  # a network disk without locks
            pass
        yield


def _lock(descriptor: int) -> None:
    """Lock an open file; BlockingIOError at once where another process has."""
    try:
        import fcntl
    except ModuleNotFoundError:  # Windows
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]  # its first byte
        except PermissionError as error:
            raise BlockingIOError(*error.args) from None
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def resume_command(homework: str, path: Path) -> str:
    """What resumes a run, in the form in which this program was started: clone, installed tool, or a notebook."""
    if in_notebook():
        return f'homework.run("{homework}", resume="{path}")'
    program = "paddle-camp run" if Path(sys.argv[0]).stem == "paddle-camp" else "python tools/run_homework.py"
    return f"{program} {homework} --resume {path}"
