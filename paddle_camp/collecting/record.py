"""What a run's folder says of the run, whoever wrote it: every value is checked, and what is wrong is a fault."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paddle_camp.collecting.foreign import read_object, shortened
from paddle_camp.errors import CampError, DataError
from paddle_camp.running.catalogue import Page
from paddle_camp.running.settings import as_dict

MARKS = ("metrics.json", "config.json")  # one of them makes a folder a run's
MOST_SETTINGS = 200


@dataclass(frozen=True)
class RunRecord:
    """One run.

    Attributes:
        homework: its ID; "?" where it is not known.
        status: done, running, failed, interrupted; "?".
        origin: of the data: real, synthetic, none (the assignment uses no data set), or "?".
        data: name and counts, in words.
        random_weights: networks that began with random weights where pretrained ones were meant.
        headline: "name", "value", "interval" (None or two numbers), "split"; None where there is none.
        settings: name -> JSON value.
        seconds: how long it took; None where it is not known.
        faults: one line each: what is missing or damaged.
    """

    folder: Path
    homework: str
    status: str
    origin: str
    data: str
    random_weights: tuple[str, ...]
    headline: dict[str, Any] | None
    settings: dict[str, Any]
    quick: bool
    seed: int | None
    seconds: float | None
    machine: str
    faults: tuple[str, ...] = ()


def is_run(folder: Path) -> bool:
    """Whether a folder is that of a run, finished or not."""
    paths = [folder / name for name in MARKS]  # os.path: where a folder cannot be entered, pathlib raises
    return any(os.path.isfile(path) and not os.path.islink(path) for path in paths)


def read_record(folder: Path) -> RunRecord:
    """The record of the run in ``folder``; what cannot be read is empty, and a fault says so."""
    faults: list[str] = []

    def read(name: str) -> dict[str, Any]:
        try:
            return read_object(folder, name)
        except DataError as error:
            faults.append(str(error))
            return {}

    metrics, config, environment = read("metrics.json"), read("config.json"), read("env.json")
    options, described = _object(config.get("options")), _object(metrics.get("data"))
    homework = _text(metrics.get("homework", config.get("homework")))
    if "homework" in config and config["homework"] != metrics.get("homework", config["homework"]):
        faults.append("config.json and metrics.json are of different assignments")
    headline = _headline(metrics.get("headline"))
    if headline is None and metrics.get("headline") is not None:
        faults.append("metrics.json: its headline is none")
    status = _text(metrics.get("status"))
    if status != "done":
        error = f": {shortened(metrics['error'])}" if isinstance(metrics.get("error"), str) else ""
        faults.insert(0, f"not finished ({status}){error}")
    origin, weights = described.get("origin"), list(_object(metrics.get("weights")).items())[:MOST_SETTINGS]
    return RunRecord(
        folder=folder,
        homework=homework,
        status=status,
        origin=origin if origin in ("real", "synthetic") else "?" if described or not metrics else "none",
        data=_data(described) if described else "?",
        random_weights=tuple(shortened(name, 40) for name, kind in weights if kind == "random"),
        headline=headline,
        settings=dict(list(_object(config.get("settings")).items())[:MOST_SETTINGS]),
        quick=options.get("quick") is True,
        seed=seed if isinstance(seed := metrics.get("seed"), int) else None,
        seconds=number(metrics.get("seconds")),
        machine=_machine(metrics, environment),
        faults=tuple(faults),
    )


def differing(record: RunRecord, page: Page) -> dict[str, tuple[Any, Any]]:
    """Setting -> (its value in the run, the assignment's default), where they differ or one is missing."""
    usual = as_dict(page.Settings())
    names = [*usual, *(name for name in record.settings if name not in usual)]
    both = {name: (record.settings.get(name), usual.get(name)) for name in names}
    return {name: pair for name, pair in both.items() if pair[0] != pair[1]}


def is_quick(record: RunRecord, page: Page) -> bool:
    """Whether the settings are those of ``--quick``, whatever the options say."""
    return bool(record.settings) and record.settings == as_dict(page.QUICK)


def page_of(record: RunRecord, load: Callable[[str], Page]) -> Page | None:
    """The assignment's page; None where this version has no such assignment, or Paddle is missing to load it."""
    try:
        return load(record.homework)
    except (CampError, ImportError):
        return None


def value_in_words(value: Any) -> str:
    """``0.01``, ``resnet50``, ``1,2``: a setting as ``-o`` takes it."""
    if isinstance(value, list):
        return shortened(",".join(map(value_in_words, value[:40])))
    return shortened(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def number(value: Any) -> float | None:
    """A finite number; None of anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:  # an integer that no float can hold
        return None


def _headline(value: Any) -> dict[str, Any] | None:
    value = _object(value)
    found = number(value.get("value"))
    if found is None or not isinstance(value.get("name"), str):
        return None
    ends = value.get("interval")
    pair = [number(end) for end in ends] if isinstance(ends, list) and len(ends) == 2 else [None]
    interval = None if None in pair else pair
    return {"name": _text(value["name"]), "value": found, "interval": interval, "split": _text(value.get("split"))}


def _data(described: dict[str, Any]) -> str:
    counts = [
        f"{shortened(part, 20)} {count:,}"
        for part, count in list(described.items())[:12]
        if isinstance(count, int) and not isinstance(count, bool) and abs(count) < 1e15
    ]
    return "; ".join([_text(described.get("name")), *([", ".join(counts)] if counts else [])])


def _machine(metrics: dict[str, Any], environment: dict[str, Any]) -> str:
    on_gpu = str(metrics.get("device", "")).startswith("gpu")
    return _text(environment.get("gpu" if on_gpu else "cpu"))


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return shortened(value, 60) or "?" if isinstance(value, str) else "?"
