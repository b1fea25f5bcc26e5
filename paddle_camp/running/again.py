"""``--config FILE``: run again what a ``config.json`` says.

The file may be a stranger's or edited by hand. What is taken from it are values: settings, held to the page's types and
ranges, the seed, the precision, and whether the data were real. No path in it is used.
"""

from __future__ import annotations

import sys
import typing
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from paddle_camp.errors import CampError
from paddle_camp.files import read_json
from paddle_camp.running.options import Options
from paddle_camp.running.settings import restore


def read_again(file: str) -> dict[str, Any]:
    """The object in a ``config.json``.

    Raises:
        CampError: it is missing, or names no assignment and settings.
    """
    path = Path(file)
    if path.is_dir():
        path /= "config.json"
    if not path.is_file():
        raise CampError(f"--config {file}: no such file; name a run's config.json")
    value = read_json(path)
    if not isinstance(value.get("homework"), str) or not isinstance(value.get("settings"), dict):
        raise CampError(f"--config {file}: names no homework with its settings; is it a run's config.json?")
    return value


def homework_of(file: str, names: list[str]) -> list[str]:
    """The assignment that the file is of, which ``names`` may repeat.

    Raises:
        CampError: they name another.
    """
    homework = read_again(file)["homework"]
    if names and names != [homework]:
        raise CampError(f"--config {file}: is of homework {homework}, not of {' '.join(names)}; leave the ID out")
    return [homework]


def settings_of(file: str, kind: type[Any]) -> Any:
    """Its settings, of a page's type.

    Raises:
        CampError: an unknown name, a wrong type, a value out of range.
    """
    given = dict(read_again(file)["settings"])
    own, paths = {field.name for field in fields(kind)}, files_of(kind)
    files = sorted(name for name in paths if given.pop(name, None) is not None)
    try:
        settings = restore(kind, given)
    except CampError as error:
        raise CampError(f"--config {file}: {error}") from None
    if files:
        print(f"--config: {', '.join(files)}: no path is taken from the file; name your own with -o", file=sys.stderr)
    if missing := sorted(own - set(given) - paths):
        print(f"--config: the file does not say {', '.join(missing)}: the defaults are taken", file=sys.stderr)
    return settings


def files_of(kind: type[Any]) -> set[str]:
    """The settings of a page that name files."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return {name for name, hint in hints.items() if "IsFile()" in str(hint)}


def options_of(file: str, options: Options) -> Options:
    """``options`` with the file's seed, precision and origin of the data, where they are not given otherwise."""
    value = read_again(file)
    said, data = value.get("options"), value.get("data")
    found = {key: said[key] for key in ("seed", "amp") if key in said} if isinstance(said, dict) else {}
    origin = data.get("origin") if isinstance(data, dict) else None
    found |= {"data": origin} if origin in ("real", "synthetic") else {}
    try:
        began = restore(Options, found)
    except CampError as error:
        raise CampError(f"--config {file}: {error}") from None
    given = {key for key in found if getattr(options, key) != getattr(Options, key)}
    return replace(options, **{key: getattr(began, key) for key in found if key not in given})


def fingerprint_of(file: str) -> str:
    """That of the data that its run used; empty where it is not noted."""
    data = read_again(file).get("data")
    return str(data.get("fingerprint", "")) if isinstance(data, dict) else ""
