"""Whether the files of a run belong together: its manifest, its records, and its numbers computed again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from paddle_camp.collecting.foreign import (
    MOST_JSON,
    describe,
    opened,
    read_object,
    read_text,
    require_shallow,
    shortened,
)
from paddle_camp.collecting.predictions import FILE as PREDICTIONS
from paddle_camp.collecting.predictions import Table, compute, read_predictions
from paddle_camp.collecting.record import RunRecord, number
from paddle_camp.errors import DataError
from paddle_camp.files import unseal
from paddle_camp.running.manifest import FILE as MANIFEST
from paddle_camp.running.manifest import files_below

LIMITS = (
    "This finds what was damaged, lost or edited; it does not protect against one who writes the manifest and the "
    "checksums anew as well, or who hands in somebody else's run."
)
ALWAYS = ("answer.json", "config.json", "env.json", "metrics.json")  # what every finished run writes
SAME = 1e-6  # relative; a mean in another order of summation
SAME_LOSS = 1e-3  # relative; a run has it of float32 logits, the table of probabilities
NAMED = 5  # files or numbers that a line names
PARTS = {"validation": "valid", "test": "test"}  # a headline's split -> the part of the data


@dataclass(frozen=True)
class Check:
    """One thing that was looked at; ``holds`` is None where it could not be checked."""

    name: str
    holds: bool | None
    said: str


def verify(record: RunRecord) -> list[Check]:
    """Everything that can be checked of a run without its data and without training."""
    folder = record.folder
    checks = [_finished(record)]
    manifest = _unsealed(folder, MANIFEST, checks)
    checks += _manifest(folder, manifest) if manifest is not None else []
    config, answer = (_unsealed(folder, name, checks) for name in ("config.json", "answer.json"))
    if record.status != "done":
        return checks
    try:
        metrics = read_object(folder, "metrics.json")
    except DataError as error:
        return [*checks, Check("records", False, str(error))]
    if config is not None and answer is not None:
        checks.append(_records(metrics, config, answer))
    return [*checks, *_numbers(folder, metrics, bool(manifest and manifest.get("headline_from_predictions")))]


def _finished(record: RunRecord) -> Check:
    return Check("finished", record.status == "done", "; ".join(record.faults) or "the run is done")


def _unsealed(folder: Path, name: str, checks: list[Check]) -> dict[str, Any] | None:
    """The object in a file with a checksum; None, and a check that does not hold, where there is none."""
    try:
        value = unseal(read_text(folder, name, MOST_JSON))
        require_shallow(value, name)
        return value
    except (DataError, ValueError) as error:
        older = ": the run is not done, or is of a version before 0.2" if name == MANIFEST else ""
        said = str(error) if str(error).startswith(name) else f"{name}: {error}"
        checks.append(Check("manifest" if name == MANIFEST else "records", False, f"{said}{older}"))
        return None


def _manifest(folder: Path, manifest: dict[str, Any]) -> Iterator[Check]:
    """Every file that it lists is there as it was written; files that are none of the run's are named."""
    listed = manifest.get("files")
    if not isinstance(listed, dict):
        yield Check("manifest", False, f"{MANIFEST}: lists no files")
        return
    faults = []
    for name, expected in listed.items():
        try:
            with opened(folder, name) as stream:
                size = stream.seek(0, 2)
            if not isinstance(expected, dict) or size != expected.get("bytes") or describe(folder, name) != expected:
                faults.append(f"{shortened(name)} is not as it was written")
        except DataError as error:
            faults.append(str(error))
    there = set(files_below(folder))
    read = {*ALWAYS, PREDICTIONS} & there
    faults += [f"{name} is not in it" for name in sorted((read | set(ALWAYS)) - set(listed))]
    yield Check(
        "manifest", not faults, _some(faults) if faults else f"all {len(listed)} files are as they were written"
    )
    if added := sorted(there - set(listed) - read):
        yield Check("other files", None, f"not written by the run: {_some(added)}")


def _records(metrics: dict[str, Any], config: dict[str, Any], answer: dict[str, Any]) -> Check:
    """``metrics.json``, ``config.json`` and ``answer.json`` say the same where they speak of the same."""
    faults = []
    for key in ("homework", "seed", "results", "headline"):
        if key not in metrics or metrics[key] != answer.get(key):
            faults.append(f"{key} of metrics.json is not that of answer.json")
    for key in ("homework", "settings"):
        if key not in config or config[key] != answer.get(key):
            faults.append(f"{key} of config.json is not that of answer.json")
    data, described = config.get("data"), metrics.get("data")
    if isinstance(data, dict) and isinstance(data.get("counts"), dict):
        same = {"name": data.get("name"), "origin": data.get("origin"), "path": data.get("path")} | data["counts"]
        if described != same:
            faults.append("data of metrics.json are not those of config.json")
    elif described:
        faults.append("config.json does not say which data metrics.json means")
    return Check("records", not faults, _some(faults) or "metrics.json, config.json and answer.json agree")


def _numbers(folder: Path, metrics: dict[str, Any], expected: bool) -> Iterator[Check]:
    """The headline and the results, computed again from the predictions where they come from them."""
    headline, results = metrics.get("headline"), metrics.get("results")
    try:
        table = read_predictions(folder)
    except DataError as error:
        missing = not (folder / PREDICTIONS).exists() and not expected
        said = f"this assignment leaves no {PREDICTIONS}: no number can be computed again" if missing else str(error)
        yield Check("headline", None if missing else False, said)
        return
    split = headline["split"] if isinstance(headline, dict) and isinstance(headline.get("split"), str) else "test"
    found = compute(table, split)
    yield _rows(table, metrics.get("data"), split)
    yield _headline(headline, found, len(table.names), expected)
    same, count = [], 0
    for path, value in _numbers_in(results):
        count += 1
        if _is_one_of(path.rpartition(".")[2], value, found):
            same.append(path)
    agree = f"{len(same)} of the {count} numbers in results come out again ({_some(same)}); " if same else ""
    rest = f"the other {count - len(same)}" if same else f"{count} numbers in results"
    yield Check("results", None, f"{agree}{rest} cannot be computed from {PREDICTIONS} alone")


def _rows(table: Table, data: Any, split: str) -> Check:
    """As many rows as pictures, each once."""
    rows, names = len(table.names), len(set(table.names))
    if names < rows:
        return Check("rows", None, f"{rows - names} of the {rows} samples stand in {PREDICTIONS} more than once")
    count = data.get(PARTS.get(split, split)) if isinstance(data, dict) else None
    if count != rows:
        known = f"the data have {count} for {split}" if isinstance(count, int) else "metrics.json does not say how many"
        return Check("rows", None, f"{rows} samples; {known}")
    return Check("rows", True, f"{rows} samples, as many as the data have for {split}")


def _headline(headline: Any, found: dict[str, Any], rows: int, expected: bool) -> Check:
    again = found["headline"]
    said = f"accuracy {again['value']:.6g} from {rows} rows of {PREDICTIONS}"
    if isinstance(headline, dict) and headline.get("name") == "accuracy" and _close(headline, again):
        return Check("headline", True, f"{said}, as metrics.json says, and its interval")
    claimed = f"{headline.get('name')} {headline.get('value')}" if isinstance(headline, dict) else "no headline"
    if expected:
        return Check("headline", False, f"{said}, but metrics.json says {shortened(claimed)}, or another interval")
    other = "a number that is not the accuracy of these predictions alone, such as a mean over several trainings"
    return Check("headline", None, f"not computed again: {shortened(claimed)} is {other}; they have {said}")


def _close(headline: dict[str, Any], again: dict[str, Any]) -> bool:
    interval = headline.get("interval")
    if not isinstance(interval, list) or len(interval) != 2:
        return False
    claimed = [number(each) for each in (headline.get("value"), *interval)]
    if None in claimed:
        return False
    return bool(np.allclose(np.array(claimed, np.float64), [again["value"], *again["interval"]], rtol=SAME, atol=0))


def _numbers_in(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves of results that are numbers, and whole tables of confusions, by their dotted paths."""
    if path.rpartition(".")[2] == "confusion":
        yield path, value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _numbers_in(each, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _numbers_in(each, f"{path}[{index}]")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path, value


def _is_one_of(key: str, value: Any, found: dict[str, Any]) -> bool:
    """Whether a number of this name is one that the predictions have."""
    for name, error in (("accuracy", SAME), ("loss", SAME_LOSS), ("auc", SAME)):
        again = found.get(name)
        named = key in (name, f"validation_{name}", f"test_{name}", f"{name}_all")
        if named and (claimed := number(value)) is not None:
            return again is not None and bool(np.isclose(claimed, again, rtol=error, atol=0))
    return key == "confusion" and value == found["confusion"]


def _some(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return "; ".join(map(shortened, names[:NAMED])) + more
