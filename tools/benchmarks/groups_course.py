"""Groups that compare whole pieces of work: readers, lenet-epoch, sweep, startup."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from tools.benchmarks.bench import Bench
from tools.benchmarks.contest import ROOT, STOCK, Contender, Measurement, Results, worker
from tools.benchmarks.tables import Column, Table, against

JSON_SECONDS, JSON_BYTES = 20, 1 << 30  # what reading the course's mnist.json.gz may take


def readers(bench: Bench) -> Iterator[list[Table]]:
    """Reading fundus pictures and digits: the course's readers and ours"""
    columns = [Column(f"{name}, s", name, "seconds") for name in ("course", "ours")]
    columns.append(Column("course / ours", "course", "seconds", over="ours"))
    text = "Seconds for all pictures in batches of 10 at 224 x 224, files in the page cache. The course decodes each "
    text += "picture again in every pass; ours decodes once, into a cache on disk, and keeps the pictures in memory."
    fundus = Table("Fundus pictures", text, "pass", columns)
    for row in _fundus_rows(bench):
        fundus.rows += row
        yield [fundus]
    from tools.benchmarks import stage

    said = stage.digits(bench.scratch / "digits", *((300, 100) if bench.quick else (None, None)))
    spec = {"folder": str(bench.scratch / "digits"), "batch_size": 100}
    contenders = [
        worker("course", "reading", spec | {"way": "course digits"}, STOCK),
        worker("ours", "reading", spec | {"way": "our digits"}),
        worker("ours, JSON", "reading", spec | {"way": "our json"}),
    ]
    results = bench.contest("digits", contenders)
    steps = {"opening the file": "opening", "the same and a pass": "first", "each further pass": "again"}
    rows = [(name, as_seconds(results, {"course": key, "ours": key})) for name, key in steps.items()]
    text = f"{said}; batches of 100. The course reads `mnist.json.gz`, ours the IDX files."
    digits = Table("Digits", text, "part", columns, rows)
    json_file = {"course": "opening", "ours, JSON": "opening"}
    digits.rows.append(("opening `mnist.json.gz`", renamed(as_seconds(results, json_file), "ours, JSON", "ours")))
    digits.remarks += within(results["ours, JSON"])
    yield [fundus, digits]


def _fundus_rows(bench: Bench) -> Iterator[list[tuple[str, Results]]]:
    from paddle_camp.data.pictures.decoding import read_pictures
    from tools.benchmarks import stage

    count, folder = 4 if bench.quick else 100, bench.scratch / "found"
    sets = {folder: stage.found_pictures(folder, count)}
    large = bench.scratch / "large"
    sets[large] = stage.large_pictures(large, count, folder if sets[folder] else None)
    for folder, said in sets.items():
        if said is None:
            continue
        cache = bench.scratch / "cache"
        read_pictures(sorted(folder.iterdir()), 224, cache)
        spec = {"folder": str(folder), "batch_size": 10, "cache": None}
        contenders = [
            worker("course", "reading", spec | {"way": "course fundus"}, STOCK),
            worker("ours", "reading", spec | {"way": "our fundus"}),
            worker("ours, cached", "reading", spec | {"way": "our fundus", "cache": str(cache)}),
        ]
        found = bench.contest(said, contenders)
        cached = {"course": found["course"], "ours": found["ours, cached"]}
        yield [
            (f"{said}: first pass", as_seconds(found, {"course": "first", "ours": "first"})),
            ("the same, in a later run", as_seconds(cached, {"course": "first", "ours": "first"})),
            ("the same, each further pass", as_seconds(cached, {"course": "again", "ours": "again"})),
        ]


def within(measurements: Sequence[Measurement]) -> list[str]:
    """A remark on our reader of ``mnist.json.gz``: the worst round beside the limits; none if nothing was measured."""
    found = [each for each in measurements if "error" not in each]
    if not found:
        return []
    worst = max(found, key=lambda each: each["opening"])
    seconds = worst["opening"]
    said = f"ours reads `mnist.json.gz` in {seconds:.1f} s at most ({worst['processor']:.1f} s of processor time), "
    said += f"{'within' if seconds <= JSON_SECONDS else 'beyond'} the limit of {JSON_SECONDS} s"
    peaks = [each["peak_memory"] for each in found if each["peak_memory"] is not None]
    if peaks:
        words = "within" if max(peaks) <= JSON_BYTES else "beyond"
        said += f"; the process's peak is {max(peaks) / 2**20:.0f} MiB, {words} that of {JSON_BYTES >> 20}"
    return [said]


def renamed(results: Results, old: str, new: str) -> Results:
    """Results with one contender under another name, that of a column."""
    return {new if name == old else name: found for name, found in results.items()}


def as_seconds(results: Results, keys: dict[str, str]) -> Results:
    """One of the times of each contender, under the name that the columns show."""
    return {
        name: [found if "error" in found else {"seconds": found[key]} for found in results[name]]
        for name, key in keys.items()
    }


def lenet_epoch(bench: Bench) -> Iterator[list[Table]]:
    """An epoch of LeNet over the digits: the course's script and ours"""
    from tools.benchmarks import stage

    said = stage.digits(bench.scratch / "digits", *((300, 100) if bench.quick else (None, None)))
    spec = {"folder": str(bench.scratch / "digits"), "batch_size": 100, "way": "ours"}
    course = spec | {"way": "course"}
    contenders = [
        worker("course, batch 10", "lenet_epoch", course | {"batch_size": 10}, STOCK),
        worker("course, batch 100", "lenet_epoch", course, STOCK),
        worker("ours, batch 100", "lenet_epoch", spec),
    ]
    columns = [
        Column("epoch with reading, s", "it", "seconds"),
        Column("training alone, s", "it", "training"),
        Column("test accuracy", "it", "accuracy"),
        Column("course, batch 10 / this: epoch", "base", "seconds", over="it"),
        Column("training alone", "base", "training", over="it"),
    ]
    text = f"{said}. The course's script: JSON into lists, Momentum 0.001, Paddle as it comes; ours: IDX, Adam 0.001."
    rows = against(bench.contest("epoch", contenders), contenders[0].name)
    yield [Table("One epoch of LeNet", text, "script", columns, rows)]


def sweep(bench: Bench) -> Iterator[list[Table]]:
    """Twelve cells of homework 5-3: in turn and side by side"""
    # Enough of them that what is done once (start, the winner's training, figures) weighs as little as in the full run.
    sizes = {"train_pictures": 300 if bench.quick else 10_000, "test_pictures": 100 if bench.quick else 1000}
    settings = {"optimizers": "Momentum,Adam", "learning_rates": "0.01,0.001", "num_seeds": 3} | sizes
    if bench.quick:
        settings["model"] = "mlp_relu"
    command = [sys.executable, str(ROOT / "tools" / "run_homework.py"), "5-3", "--out", str(bench.scratch / "runs")]
    command += [part for key, value in settings.items() for part in ("-o", f"{key}={value}")]
    contenders = [
        Contender("--jobs 1", (*command, "--jobs", "1")),
        Contender("--jobs 2", (*command, "--jobs", "2")),
    ]
    columns = [Column("s", "it", "wall_seconds"), Column("jobs 1 / this", "base", "wall_seconds", over="it")]
    text = f"`tools/run_homework.py 5-3` with {', '.join(f'{key}={value}' for key, value in settings.items())}: "
    text += "12 cells, the winner once more, the figures and the report; the whole process."
    yield [Table("A sweep", text, "command", columns, against(bench.contest("5-3", contenders), "--jobs 1"))]


def startup(bench: Bench) -> Iterator[list[Table]]:
    """Seconds until something can be done: imports and --help"""
    python = sys.executable
    contenders = [
        Contender("python -c pass", (python, "-c", "pass")),
        Contender("import paddle", (python, "-c", "import paddle"), STOCK),
        Contender("import paddle_camp", (python, "-c", "import paddle_camp")),
        Contender("run_homework.py --help", (python, str(ROOT / "tools" / "run_homework.py"), "--help")),
    ]
    columns = [Column("s", "it", "wall_seconds"), Column("this / import paddle", "it", "wall_seconds", over="base")]
    rows = against(bench.contest("startup", contenders), "import paddle")
    yield [Table("Start-up", "The whole process, from its start to its end.", "command", columns, rows)]
