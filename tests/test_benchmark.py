"""The benchmark: turns and arithmetic with faked measurements, the workers on tiny data, the files it leaves."""

from __future__ import annotations

import gzip
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from paddle_camp import list_models, runtime
from paddle_camp.readers.mnist import load_mnist
from paddle_camp.readers.pictures import read_pictures
from tests.test_models import DIGITS
from tools import benchmark
from tools.benchmarks import contest, course, groups_speed, growth, lenet_epoch, op_times, reading, stage
from tools.benchmarks.bench import Bench
from tools.benchmarks.contest import Contender, spread, values_of
from tools.benchmarks.groups import GPU_GROUPS, GROUPS
from tools.benchmarks.tables import Column, Report, Table, against, show_number

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = str(ROOT / "tools" / "benchmark.py")
PYTHON = sys.executable
STEP = {"seconds", "each", "images_per_second", "parameters", "peak_memory"}
# Worker -> what it finds out; the workers' own tests hold them to it.
KEYS = dict.fromkeys(("paddle_steps", "torch_steps"), STEP | op_times.ALL)
KEYS |= {"reading": {"opening", "first", "again", "peak_memory"}}
KEYS |= {"lenet_epoch": {"seconds", "training", "accuracy", "peak_memory"}}


def contenders(*names: str) -> list[Contender]:
    return [Contender(name, ("measured by a fake",)) for name in names]


def fake_bench(tmp_path: Path, measure, group: str = "train", **changes) -> Bench:
    values = {"rounds": 2, "quick": True, "device": "cpu", "torch_python": PYTHON, "cores": 4}
    values |= {"models": list_models(), "levers": runtime.LEVERS, "out": tmp_path, "scratch": tmp_path / "scratch"}
    return Bench(group=group, measure=measure, log=[], **values | changes)


# --- turns and arithmetic -------------------------------------------------------------------------------------------


def test_contenders_take_turns_in_the_same_order_every_round():
    seen = []
    contest.contest(contenders("A", "B", "C"), 3, lambda contender: seen.append(contender.name) or {})
    assert "".join(seen) == "ABCABCABC"


def test_a_contender_that_fails_is_not_tried_again_and_the_others_go_on():
    seen = []

    def measure(contender):
        seen.append(contender.name)
        return {"error": "out of memory"} if contender.name == "B" else {"seconds": 1.0}

    results = contest.contest(contenders("A", "B"), 3, measure)
    assert "".join(seen) == "ABAA"
    assert results == {"A": [{"seconds": 1.0}] * 3, "B": [{"error": "out of memory"}]}


def test_a_ratio_is_taken_within_each_round():
    times = {"A": iter([10.0, 40.0, 30.0]), "B": iter([5.0, 10.0, 60.0])}
    results = contest.contest(contenders("A", "B"), 3, lambda one: {"seconds": next(times[one.name])})
    ratios = values_of(results, "A", "seconds", over="B")
    assert ratios == [2.0, 4.0, 0.5]
    found = spread(ratios)
    assert (found.median, found.low, found.high) == (2.0, 0.5, 4.0)  # the ratio of the medians would be 3
    assert Column("", "A", "seconds", over="B").show(results) == "2.00 (0.500 to 4.00)"
    assert Column("", "A", "seconds", scale=0.1).show(results) == "3.00 (1.00 to 4.00)"


@pytest.mark.parametrize(
    ("number", "shown"),
    [(0.0, "0"), (0.00001234, "1.2e-05"), (0.012345, "0.0123"), (1.5, "1.50"), (99.94, "99.9"), (12345.6, "12,346")],
)
def test_numbers_have_three_figures_and_no_exponent(number, shown):
    assert show_number(number) == shown


def test_a_missing_result_is_a_dash_and_a_line_that_says_why_and_where():
    failed = [{"error": "No module named 'torch'"}]
    columns = [Column("ours", "ours", "seconds"), Column("PyTorch", "PyTorch", "seconds")]
    columns.append(Column("ratio", "ours", "seconds", over="PyTorch"))
    table = Table("Steps", "", "network", columns)
    table.rows = [(name, {"ours": [{"seconds": 2.0}], "PyTorch": failed}) for name in ("lenet", "vgg16")]
    table.rows.append(("mlp", {"ours": [{"seconds": 2.0}]}))
    text = table.markdown()
    assert "| lenet | 2.00 | - | - |" in text
    assert "| mlp | 2.00 | - | - |" in text
    assert text.endswith("- PyTorch (lenet, vgg16): No module named 'torch'")


def test_a_table_against_one_contender():
    rows = against({"A": [{"s": 6.0}], "B": [{"s": 3.0}]}, "A")
    ratio = Column("", "base", "s", over="it")
    assert [(name, ratio.show(results)) for name, results in rows] == [("A", "1.00"), ("B", "2.00")]


def measure_by_keys(contender: Contender) -> dict:
    """Ones, under the names that the contender's worker uses."""
    module = contender.command[2].rpartition(".")[2] if contender.command[1] == "-m" else ""
    return dict.fromkeys(KEYS.get(module, ()), 1.0) | {"wall_seconds": 1.0}


@pytest.mark.parametrize("group", GROUPS)
def test_every_group_fills_its_tables(tmp_path, group):
    bench = fake_bench(tmp_path, measure_by_keys, group)
    *_, tables = GROUPS[group](bench)
    for table in tables:
        assert table.rows
        for column in table.columns:
            assert any(column.show(results) != "-" for _, results in table.rows), (table.title, column.title)
    assert {one["round"] for one in bench.log} == {1, 2}
    assert {one["group"] for one in bench.log} == {group}


# --- one measurement ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ((PYTHON, "-c", "import no_such_peer"), "ModuleNotFoundError: No module named 'no_such_peer'"),
        (("/no/such/python", "-c", ""), "/no/such/python cannot be run: No such file or directory"),
        ((PYTHON, "-c", "import os; os.kill(os.getpid(), 9)"), "killed by SIGKILL (out of memory?)"),
        ((PYTHON, "-c", "import sys; sys.exit('error: no data')"), "error: no data"),
        ((PYTHON, "-c", "import sys; sys.exit(3)"), "exit status 3"),
    ],
)
def test_what_cannot_run_says_why(command, why):
    assert contest.measure(Contender("it", command)) == {"error": why}


def test_the_last_line_is_the_result():
    found = contest.measure(Contender("it", (PYTHON, "-c", "print('noise'); print('{\"seconds\": 0.5}')")))
    assert found["seconds"] == 0.5
    assert found["wall_seconds"] > 0


def test_a_contender_inherits_no_tuning(monkeypatch):
    monkeypatch.setattr(contest, "AS_GIVEN", {"OMP_NUM_THREADS": "7", "MKL_DEBUG_CPU_TYPE": "5", "HOME": "/home/me"})
    assert contest.surroundings(contest.STOCK) == {"HOME": "/home/me", "PYTHONPATH": str(ROOT), "PADDLE_CAMP_TUNE": "0"}


def test_a_missing_peer_costs_its_cell_only(tmp_path):
    def measure(contender):
        if contender.name == "PyTorch":
            return contest.measure(contender)
        return {"wall_seconds": 1.0, "images_per_second": 2.0, "parameters": 3, "peak_memory": 2**20}

    bench = fake_bench(tmp_path, measure, torch_python="/no/such/python")
    *_, (table,) = GROUPS["train"](bench)
    assert [name for name, _ in table.rows] == ["lenet", "mlp_relu"]
    assert "| lenet | 2.00 | 2.00 | - | 1.00 | - | 1.00 | 1.00 | - |" in table.markdown()
    assert table.markdown().endswith("PyTorch (lenet): /no/such/python cannot be run: No such file or directory")
    assert len(bench.log) == 2 * 2 + 1 + 2 * 2  # the peer is tried once


def test_the_networks_for_digits_are_fed_digits(tmp_path):
    bench = fake_bench(tmp_path, measure_by_keys)
    fed = {name for name in list_models() if groups_speed.spec_of(name, bench, "train")["shape"] == [1, 28, 28]}
    assert fed == DIGITS


def test_another_network_is_no_peer():
    ours, theirs = [{"parameters": 41_806}], [{"parameters": 41_807}]
    assert groups_speed.same_network({"ours": ours, "PyTorch": ours})["PyTorch"] == ours
    found = groups_speed.same_network({"ours": ours, "PyTorch": theirs})
    assert found == {"ours": ours, "PyTorch": [{"error": "41,807 parameters where ours has 41,806"}]}


@pytest.mark.skipif(not importlib.util.find_spec("torch"), reason="PyTorch is not installed")
@pytest.mark.parametrize("name", groups_speed.IN_TORCH)
def test_the_pytorch_networks_have_as_many_parameters_as_ours(name):
    from paddle_camp import create_model
    from tools.benchmarks.torch_nets import NETS

    theirs = sum(p.numel() for p in NETS[name](10).parameters())
    assert theirs == sum(p.size for p in create_model(name, num_classes=10).parameters() if not p.stop_gradient)


# --- the course's readers -------------------------------------------------------------------------------------------


def test_the_course_reads_the_same_pictures_as_we_do(tmp_path):
    """At 224 x 224 nothing is resized, so the two readers must agree."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name in ("H0001.jpg", "N0001.jpg", "P0001.jpg"):
        smooth = cv2.resize(rng.integers(0, 256, (7, 7, 3), np.uint8), (224, 224), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / name), smooth)
    ours = read_pictures(sorted(folder.iterdir()), 224, tmp_path / "cache")
    batches = list(course.data_loader(folder, batch_size=2, mode="valid")())
    images, labels = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    assert [len(part) for part, _ in batches] == [2, 1]
    order = [sorted(os.listdir(folder)).index(name) for name in os.listdir(folder)]
    assert np.abs(images - (ours[order].astype(np.float32) / 127.5 - 1)).max() < 1e-6
    assert labels[:, 0].tolist() == [float(i == 2) for i in order]


def test_the_stage_holds_the_same_digits_in_both_formats(tmp_path):
    said = stage.digits(tmp_path / "digits", 60, 20)
    ours = load_mnist("real", str(tmp_path / "digits"))
    assert f"{len(ours.train)} training and {len(ours.test)} test digits" in said
    for mode, part in (("train", ours.train), ("eval", ours.test)):
        batches = list(course.load_data(tmp_path / "digits" / "mnist.json.gz", mode, 7)())
        images, labels = (np.concatenate(parts) for parts in zip(*batches, strict=True))
        assert images.dtype == np.float32 and labels.dtype == np.int64
        assert images.max() == 1
        levels = np.rint(255 * images).astype(np.uint8)  # training digits come in another order each time
        read = sorted((label, image.tobytes()) for label, image in zip(labels[:, 0], levels, strict=True))
        assert read == sorted((label, image.tobytes()) for label, image in zip(part.labels, part.images, strict=True))
    with gzip.open(tmp_path / "digits" / "mnist.json.gz") as stream:
        assert [len(labels) for _, labels in json.load(stream)] == [len(ours.train), 0, len(ours.test)]


def test_drawn_pictures_have_the_original_size_and_their_class_in_the_name(tmp_path):
    said = stage.large_pictures(tmp_path / "large", 2, None)
    assert said.startswith("2 drawn pictures enlarged to 2124 x 2056")
    assert cv2.imread(str(tmp_path / "large" / "P0000.jpg")).shape == (2056, 2124, 3)
    found = reading.measure({"way": "our fundus", "folder": str(tmp_path / "large"), "batch_size": 10, "cache": None})
    assert found.keys() == KEYS["reading"]
    assert 0 < found["opening"] < found["first"] and found["again"] > 0


@pytest.mark.parametrize("way", ["course", "ours"])
def test_an_epoch_of_lenet(tmp_path, way):
    stage.digits(tmp_path / "digits", 60, 20)
    found = lenet_epoch.measure({"way": way, "folder": str(tmp_path / "digits"), "batch_size": 10})
    assert found.keys() == KEYS["lenet_epoch"]
    assert 0 < found["training"] < found["seconds"]
    assert 0 <= found["accuracy"] <= 1


# --- growth ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [-0.5, 0.0, 1.0, 2.3])
def test_the_exponent_of_a_law_is_found(k):
    x = np.array([1, 2, 4, 8, 32])
    assert growth.exponent(x, 0.02 * x**k) == pytest.approx(k, abs=1e-9)
    noisy = 0.02 * x**k * np.exp(np.random.default_rng(0).normal(0, 0.01, len(x)))
    assert growth.exponent(x, noisy) == pytest.approx(k, abs=0.02)


def test_growth_fits_what_is_measured_and_draws_it(tmp_path):
    """Measured by a law: epochs linear in the pictures, steps quadratic in the side, none beyond a side of 32."""

    def measure(contender):
        spec = json.loads(contender.command[-1])
        if spec["kind"] == "epoch":
            seconds = 0.01 * spec["pictures"]
        elif spec["shape"][-1] > 32:
            return {"error": "out of memory"}
        else:
            seconds = spec["batch_size"] ** 0.8 / float(contender.environment.get("OMP_NUM_THREADS", 1)) ** 0.5
        return {"seconds": seconds, "images_per_second": 1 / seconds, "wall_seconds": seconds}

    *_, tables = GROUPS["growth"](fake_bench(tmp_path, measure, "growth"))
    assert [table.remarks for table in tables] == [
        ["seconds grow as number of pictures ^ 1.00"],
        [],  # one point is no law
        ["seconds grow as batch size ^ 0.800"],
        ["seconds grow as cores ^ -0.500"],
    ]
    assert "it (64): out of memory" in tables[1].markdown()
    assert cv2.imread(str(tmp_path / "growth.png")).shape[1] == 1200


# --- the command ----------------------------------------------------------------------------------------------------


def test_the_files_are_whole_after_every_part(tmp_path):
    facts = {"command": "tools/benchmark.py", "environment": runtime.environment()}
    report = Report(tmp_path, facts)
    table = Table("Steps", "", "network", [Column("s", "A", "seconds")], [("lenet", {"A": [{"seconds": 1.5}]})])
    report.measurements.append({"group": "train", "seconds": 1.5})
    report.put("train", [table])
    table.rows.append(("vgg16", {"A": [{"seconds": 99.0}]}))
    report.put("train", [table])
    text = (tmp_path / "benchmark.md").read_text(encoding="utf-8")
    assert text.count("## train") == 1 and "| vgg16 | 99.0 |" in text
    assert json.loads((tmp_path / "benchmark.json").read_text())["measurements"] == report.measurements


def test_one_group_from_end_to_end(tmp_path, capsys):
    out = tmp_path / "out"
    assert benchmark.main(["startup", "--quick", "--rounds", "1", "--out", str(out)]) == 0
    written = json.loads((out / "benchmark.json").read_text())
    assert [one["contender"] for one in written["measurements"]] == [
        "python -c pass",
        "import paddle",
        "import paddle_camp",
        "run_homework.py --help",
    ]
    assert written["command"] == f"tools/benchmark.py startup --quick --rounds 1 --out {out}"
    assert written["environment"]["cpu"]
    printed = capsys.readouterr().out
    assert "| import paddle | " in printed and "not measured" not in printed
    assert printed.split("tables:")[0].strip() in (out / "benchmark.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("argument", ["--help", "--list"])
def test_help_and_list_load_no_paddle(argument, tmp_path):
    (tmp_path / "paddle.py").write_text("raise SystemExit('paddle was imported')")
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run([PYTHON, SCRIPT, argument], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    if argument == "--list":
        assert [line.split()[0] for line in done.stdout.splitlines()] == list(GROUPS)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["speed"], "no group 'speed' with --device cpu; there are: train, levers, "),
        (["growth", "--device", "gpu"], f"no group 'growth' with --device gpu; there are: {', '.join(GPU_GROUPS)}"),
        (["--rounds", "0"], "--rounds 0: give 1 or more"),
        (["--models", "lenet,resnet51"], "there is no model 'resnet51'"),
        (["--models", "lenet,"], "--models lenet,: names with commas"),
        (["startup", "--out", "{a file}"], "File exists"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(arguments, says, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    arguments = [str(tmp_path / "file") if argument == "{a file}" else argument for argument in arguments]
    assert benchmark.main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1 and says in error


def test_a_gpu_that_is_not_there_is_one_line_and_status_2(capsys, monkeypatch):
    def refuse(name):
        raise runtime.CampError(f"--device {name}: this machine shows 0 GPU(s)")

    monkeypatch.setattr(runtime, "choose_device", refuse)
    assert benchmark.main(["train", "--device", "gpu"]) == 2
    assert capsys.readouterr().err == "error: --device gpu: this machine shows 0 GPU(s)\n"
