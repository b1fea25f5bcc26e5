#!/usr/bin/env python
"""Record finished runs in docs/results.json and draw the table docs/results.md from it.

``python tools/results.py runs/9-1/latest runs/8/latest`` records these runs first. The sentences are in
:mod:`tools.results_in_words` and, of the other courses, in :mod:`tools.results_of_other_courses` and
:mod:`tools.results_of_signs_and_roads`.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # works in a clone that was never installed

import homework
import paddle_camp
from paddle_camp.commands.reporting import escape_what_cannot_be_shown, guarded
from paddle_camp.errors import CampError
from paddle_camp.files import read_json, write_json, write_text
from paddle_camp.running.folder import follow_latest
from paddle_camp.running.printing import duration
from tools import results_in_words, results_of_other_courses, results_of_signs_and_roads
from tools.results_in_words import span

DOCS = Path(__file__).resolve().parent.parent / "docs"
NONE = "–"
SENTENCES = results_in_words.SENTENCES | results_of_other_courses.SENTENCES | results_of_signs_and_roads.SENTENCES
HEAD = """# Results

Made by `python tools/results.py` from [results.json](results.json). To record runs of your own, name their folders:
`python tools/results.py runs/9-1/latest`. A record holds what the run's `metrics.json`, `config.json` and `env.json`
say; a run that is not done, has other settings or stand-in data is refused.

| ID | Question | Full run on real data | An epoch; peak memory | Result | Measured with |
|---|---|---|---|---|---|
"""


def read_run(folder: Path) -> tuple[dict, dict, dict]:
    """A run's ``metrics.json``, ``config.json`` and ``env.json``.

    Raises:
        CampError: it is no run, is not done, or is not the assignment as it stands on real data.
    """
    folder = follow_latest(folder)
    metrics, config, env = (read_json(folder / f"{name}.json") for name in ("metrics", "config", "env"))
    name, options = metrics.get("homework"), config.get("options", {})
    faults = {
        "is no run folder: it has no metrics.json, config.json and env.json": not (metrics and config and env),
        f"is a run of {name!r}, which is no assignment": name not in homework.CATALOGUE.assignments,
        f"is not done: its status is {metrics.get('status')}": metrics.get("status") != "done",
        "was made with --quick: record a full run": options.get("quick"),
        "was made with -o: record a run with the settings as they stand": options.get("overrides"),
        "was made on stand-in data: record a run on the real ones": metrics.get("data", {}).get("origin", "real")
        != "real",
    }
    found = [fault for fault, there in faults.items() if there]
    if found:
        raise CampError(f"{folder} {found[0]}")
    return metrics, config, env


def record_of(folder: Path, before: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """A run's (ID, record), measured by the version that records it; an earlier record's wording of the question stays.

    Raises:
        CampError: see :func:`read_run`.
    """
    metrics, config, env = read_run(folder)
    name = metrics["homework"]
    title = homework.CATALOGUE.assignments[name].title
    title = title.partition(" ")[2] if title.startswith("作业") else title  # the camp's begin with their number
    record = {
        "question": before.get(name, {}).get("question", title),
        "measured_by": paddle_camp.__version__,
        "seconds": metrics["seconds"],
        "jobs": config["options"].get("jobs") or 1,
        "amp": bool(config["options"].get("amp")),
        "epoch_seconds": epoch_seconds(follow_latest(folder), metrics, config["settings"]),
        "peak_memory": env.get("peak_memory"),
        "cpu": env.get("gpu") or env.get("cpu"),
        "cores": env.get("physical_cores"),
        "versions": env.get("versions", {}),
        "seed": metrics["seed"],
        "origin": metrics["data"].get("origin"),
        "result": in_one_line(name, metrics),
    }
    return name, record


def in_one_line(name: str, metrics: dict[str, Any]) -> str:
    """What the run found, in one sentence; a dash where there is none for this assignment, or its record is older."""
    try:
        return SENTENCES[name](metrics["results"] | {"data": metrics["data"]})
    except (KeyError, IndexError, TypeError):
        return NONE


def epoch_seconds(folder: Path, metrics: dict, settings: dict) -> list[float]:
    """Seconds of an epoch of training, from the fastest training to the slowest; empty where nobody measured them."""
    name, results = metrics["homework"], metrics["results"]
    if name == "1-1":  # at most, as in 2-1: the whole run
        return [metrics["seconds"] / (settings["num_epochs"] + settings["full_epochs"])]
    if name == "2-1":
        return [metrics["seconds"] / (settings["num_epochs"] * settings["num_seeds"] * len(results["networks"]))]
    if name == "2-2":
        return [results["cost"][0]["per_step"] * results["trainings"][0]["steps_per_epoch"]]
    epochs: dict[str, dict[str, float]] = {}  # training -> epoch -> seconds
    path = folder / "steps.csv"
    for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines()) if path.exists() else ():
        if row.get("seconds") and row.get("epoch"):  # 4-2 compares steps, and counts no epochs
            of_run = epochs.setdefault(row["run"], {})
            of_run[row["epoch"]] = of_run.get(row["epoch"], 0.0) + float(row["seconds"])
    medians = sorted(statistics.median(of_run.values()) for of_run in epochs.values())
    return [medians[0], medians[-1]] if medians else []


def row_of(name: str, record: dict[str, Any]) -> str:
    """A line of the table; a record that was carried over has texts instead of numbers."""
    asked = [f"--jobs {record['jobs']}"] if record.get("jobs", 1) > 1 else []
    asked += ["--amp"] if record.get("amp") else []
    how = f" with `{' '.join(asked)}`" if asked else ""
    time = record.get("time") or duration(record["seconds"]) + how
    epoch = record.get("epoch") or span(map(duration, record["epoch_seconds"])) or NONE
    peak = record.get("peak_memory")
    memory = record.get("memory") or (f"{peak / 2**30:.1f} GiB" if peak else NONE)
    cells = [name, record["question"], time, f"{epoch}; {memory}", record["result"], record["measured_by"]]
    return f"| {' | '.join(cells)} |\n"


def machines(records: dict[str, dict]) -> str:
    """A line for each version and machine, with the assignments that it measured."""
    groups: dict[str, list[str]] = {}
    for name, record in records.items():
        paddle = next(
            (f"{key} {value}" for key, value in record["versions"].items() if key.startswith("paddlepaddle")), NONE
        )
        machine = f"{record['cores']} cores, {record['cpu']}"
        text = f"{record['measured_by']}, {paddle}, seed {record['seed']}, {machine}"
        groups.setdefault(text, []).append(name)
    return "".join(f"- {text}: {', '.join(names)}\n" for text, names in groups.items())


def render(content: dict[str, Any]) -> str:
    """The page ``docs/results.md``: the table, what measured its rows, the notes on single records and on all."""
    known = content["records"]
    records = {name: known[name] for name in homework.CATALOGUE.assignments if name in known}
    rows = "".join(row_of(name, record) for name, record in records.items())
    own = [f"{name}: {record['note']}\n" for name, record in records.items() if "note" in record]
    notes = "\n".join([*own, *(f"{note}\n" for note in content["notes"])])
    return f"{HEAD}{rows}\nMeasured with:\n\n{machines(records)}\n{notes}"


def update(folders: list[Path], docs: Path) -> int:
    """Record the runs, all or none of them, and draw the page."""
    content = {"records": {}, "notes": []} | read_json(docs / "results.json")
    found = dict(record_of(folder, content["records"]) for folder in folders)
    if found:
        records = content["records"] | found
        order = [name for name in homework.CATALOGUE.assignments if name in records]
        write_json(docs / "results.json", content | {"records": {name: records[name] for name in order}})
    write_text(docs / "results.md", render(content | {"records": content["records"] | found}))
    return 0


def main(arguments: list[str] | None = None, docs: Path = DOCS) -> int:
    """Run the command line and return its exit status."""
    return with_folders("Record finished runs and draw docs/results.md.", arguments, lambda runs: update(runs, docs))


def with_folders(description: str, arguments: list[str] | None, work: Callable[[list[Path]], int]) -> int:
    """Run a command line that names the folders of runs, and return the exit status of ``work`` on them."""
    escape_what_cannot_be_shown()
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("folders", nargs="*", type=Path, metavar="RUN_FOLDER", help="such as runs/9-1/latest")
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    parsed = parser.parse_args(arguments)
    return guarded(lambda: work(parsed.folders), debug=parsed.debug)


if __name__ == "__main__":
    sys.exit(main())
