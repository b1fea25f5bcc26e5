"""What a run's folder holds: that all of it can be read after a kill, and what two finished runs differ in."""

from __future__ import annotations

import csv
import json
import os
import shutil
from pathlib import Path
from typing import Any

from PIL import Image

from paddle_camp.files import read_sealed
from paddle_camp.training import checkpoint

SEALED = ("config.json", "answer.json", "manifest.json")


def look_at(run: Path, place: Path) -> None:
    """Everything in the folder of a killed run can be read: in a copy of it, since recovering renames."""
    copy = place / "copy"
    shutil.copytree(run, copy, copy_function=os.link)
    for path in sorted(copy.rglob("*")):
        if path.is_file() and not path.name.startswith(".") and path.suffix != ".new":
            read(path)
    for folder in {path.parent for path in copy.rglob("*.state.json*")}:
        for name in {path.name.split(".")[0] for path in folder.glob("[!.]*.state.json*")}:
            checkpoint_of(folder, name)
    shutil.rmtree(copy)


def read(path: Path) -> None:
    """Read a file as those do who use it; raises where it is no whole one."""
    if path.name in SEALED or path.parent.name == "cells":
        read_sealed(path)
    elif path.suffix == ".json":
        json.loads(path.read_text(encoding="utf-8"))
    elif path.suffix == ".csv":
        rows_of(path)
    elif path.suffix == ".png":
        Image.open(path).load()
    elif path.suffix in (".md", ".html"):
        assert path.read_text(encoding="utf-8").strip(), path
    elif path.suffix == ".pdparams":
        checkpoint.verify_weights(path)  # as predict does, which renames nothing
        checkpoint.read_arrays(path)


def rows_of(path: Path) -> list[dict[str, str]]:
    """The rows of a table, each as long as its head, without their times."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream, strict=True))
    assert rows and all(None not in row and None not in row.values() for row in rows), path
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


def checkpoint_of(folder: Path, name: str) -> dict[str, Any]:
    """Weights, optimizer and place of a checkpoint, which are those that its manifest names."""
    state = without_times(checkpoint.read_state(folder, name))
    hashes = read_sealed(folder / f"{name}.state.json")["sha256"]
    arrays = {}
    for part in hashes:
        assert checkpoint.sha256_of(folder / f"{name}{part}") == hashes[part], (folder, name, part)
        for key, array in checkpoint.read_arrays(folder / f"{name}{part}").items():
            arrays[part, key] = (array.dtype.str, array.shape, array.tobytes())
    return {"state": state, "arrays": arrays}


def without_times(value: Any) -> Any:
    """JSON values without what is a time."""
    if isinstance(value, dict):
        return {key: without_times(each) for key, each in value.items() if key != "seconds"}
    return [without_times(each) for each in value] if isinstance(value, list) else value


def outcome(run: Path) -> dict[str, Any]:
    """What a finished run has to say, without its times: files, weights bit for bit, histories, results."""
    found: dict[str, Any] = {"files": sorted(str(path.relative_to(run)) for path in run.rglob("*") if path.is_file())}
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["status"] == "done"
    found["metrics"] = without_times({key: metrics[key] for key in ("headline", "results")})
    for path in run.glob("*.csv"):
        found[path.name] = rows_of(path)
    for path in (run / "checkpoints").glob("*.pdparams"):
        found[path.stem] = checkpoint_of(run / "checkpoints", path.stem)
    return found


def compare(whole: dict[str, Any], cut: dict[str, Any]) -> None:
    """Name what differs between two outcomes."""
    for key, value in whole.items():
        assert cut.get(key) == value, f"{key} differs: " + difference(value, cut.get(key))
    assert whole.keys() == cut.keys()


def difference(one: Any, other: Any) -> str:
    """The first place in which two values differ, in words."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in [*one, *other]:
            if one.get(key) != other.get(key):
                return f"{key}: " + difference(one.get(key), other.get(key))
    if isinstance(one, list) and isinstance(other, list):
        for number, pair in enumerate(zip(one, other, strict=False)):
            if pair[0] != pair[1]:
                return f"[{number}] " + difference(*pair)
        return f"{len(one)} and {len(other)}: {one[len(other) :]}{other[len(one) :]}"[:300]
    return f"{one!s:.150} and {other!s:.150}"
