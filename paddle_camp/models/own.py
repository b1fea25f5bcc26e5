"""Networks of one's own: Python files that the user names, whose ``@register_model`` puts them beside the zoo's.

The files are named on the command line (``--import my_net.py``) and in the environment variable
:data:`VARIABLE`, which is how the worker processes of ``--jobs`` learn of them. Nothing that a run's folder says
imports anything.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import traceback
import zlib
from collections.abc import Iterable
from pathlib import Path

from paddle_camp.errors import SettingError, require
from paddle_camp.models import registry

VARIABLE = "PADDLE_CAMP_IMPORT"  # paths, separated as in PATH


def import_networks(paths: Iterable[str | os.PathLike]) -> list[str]:
    """Import Python files, so that the networks they register can be named like those of the zoo.

    The folder of each is put at the end of ``sys.path``: a file may import what lies beside it. A file that was
    imported before is run again. Processes that are started later import the files as well.

    Returns:
        The names of the networks that the files have registered.

    Raises:
        SettingError: no such file, it is not Python, an error in it, or it registers no network.
    """
    files = [_checked(path) for path in paths]
    names = [name for file in files for name in _import(file)]
    known = [path for path in os.environ.get(VARIABLE, "").split(os.pathsep) if path]
    os.environ[VARIABLE] = os.pathsep.join(dict.fromkeys([*known, *map(str, files)]))
    return names


def import_named_in_environment() -> None:
    """Import the files that :data:`VARIABLE` names; called once, when the zoo is imported."""
    if paths := os.environ.get(VARIABLE, ""):
        import_networks(filter(None, paths.split(os.pathsep)))


def module_name(file: Path) -> str:
    """The name of a file's module: the same in every process, and another one for another file."""
    return f"own_{file.stem}_{zlib.crc32(os.fsencode(file)):08x}"


def _checked(path: str | os.PathLike) -> Path:
    file = Path(path).expanduser().absolute()
    require(file.exists(), f"--import {path}: no such file")
    require(
        file.suffix == ".py" and file.is_file(), f"--import {path}: give a Python file (.py) that defines a network"
    )
    require(os.pathsep not in str(file), f"--import {path}: move it to a path without {os.pathsep!r}")
    return file.resolve()


def _import(file: Path) -> list[str]:
    """Run a file as a module; the names of its networks."""
    if str(file.parent) not in sys.path:
        sys.path.append(str(file.parent))
    name = module_name(file)
    spec = importlib.util.spec_from_file_location(name, file)
    module = importlib.util.module_from_spec(spec)
    before = registry.entries()
    again = sys.modules.get(name)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        sys.modules.pop(name)
        raise SettingError(f"--import {file}{_line_of(error, file)}: {_in_words(error)}") from error
    names = [name for name, entry in registry.entries().items() if entry is not before.get(name)]
    # What it imports from beside it is not run again.
    require(bool(names or again), f"--import {file}: registers no network: write @register_model above its builder")
    return names


def _line_of(error: BaseException, file: Path) -> str:
    """``, line 3``: where in ``file`` the error arose; nothing if that is not known."""
    if isinstance(error, SyntaxError) and error.filename == str(file):
        return f", line {error.lineno}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    return f", line {lines[-1]}" if lines else ""


def _in_words(error: BaseException) -> str:
    said = error.msg if isinstance(error, SyntaxError) else str(error)
    first = (said or "").strip().splitlines()
    return f"{first[0]} ({type(error).__name__})" if first else type(error).__name__
