"""The benchmark's groups with faked measurements: their tables, the peers that are missing or unlike, growth."""

from __future__ import annotations

import importlib.util
import json

import cv2
import numpy as np
import pytest

from paddle_camp import list_models
from tests.helpers.fake_bench import KEYS, fake_bench
from tests.helpers.zoo import DIGITS
from tools.benchmarks import contest, groups_speed, growth
from tools.benchmarks.contest import Contender
from tools.benchmarks.groups import GROUPS


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


def test_on_a_gpu_nothing_is_exported(tmp_path):
    """An export is run by oneDNN on the CPU: its row in a table of a GPU would be another machine's."""
    bench = fake_bench(tmp_path, measure_by_keys, "evaluate", device="gpu:0")
    *_, (table,) = GROUPS["evaluate"](bench)
    assert table.rows and "xported" not in table.markdown()
    assert {one["contender"] for one in bench.log} == {"stock", "ours"}


@pytest.fixture
def without_bfloat16(monkeypatch):
    monkeypatch.setattr(groups_speed, "why_no_bfloat16", lambda: "none")


def test_where_the_processor_is_made_for_bfloat16_the_peers_too_compute_in_it(tmp_path, monkeypatch):
    monkeypatch.setattr(groups_speed, "why_no_bfloat16", lambda: "")
    bench = fake_bench(tmp_path, measure_by_keys, "train")
    *_, (table,) = GROUPS["train"](bench)
    assert {"ours bfloat16", "PyTorch bfloat16"} <= {one["contender"] for one in bench.log}
    assert "bfloat16: ours / PyTorch" in table.markdown()


def test_a_missing_peer_costs_its_cell_only(tmp_path, without_bfloat16):
    def measure(contender):
        if contender.name.startswith("PyTorch"):
            return contest.measure(contender)
        return {"wall_seconds": 1.0, "images_per_second": 2.0, "parameters": 3, "peak_memory": 2**20}

    bench = fake_bench(tmp_path, measure, torch_python="/no/such/python")
    *_, (table,) = GROUPS["train"](bench)
    assert [name for name, _ in table.rows] == ["lenet", "mlp_relu"]
    assert "| lenet | 2.00 | 2.00 | - | - | 1.00 | - | 1.00 | 1.00 | - |" in table.markdown()
    assert "- PyTorch (lenet): /no/such/python cannot be run: No such file or directory" in table.markdown()
    assert len(bench.log) == 2 * 2 + 2 + 2 * 2  # either layout of the peer is tried once


def test_the_peer_is_the_faster_of_its_two_layouts_in_each_round():
    speeds = {"PyTorch": (3.0, 5.0), "PyTorch channels_last": (4.0, 2.0)}
    results = {name: [{"images_per_second": speed} for speed in row] for name, row in speeds.items()}
    found = groups_speed.with_the_faster(results | {"ours": [{"images_per_second": 1.0}] * 2})
    assert [one["images_per_second"] for one in found["PyTorch's best"]] == [4.0, 5.0]
    assert "PyTorch's best" not in groups_speed.with_the_faster({"ours": []})
    failed = results | {"PyTorch": [{"error": "no torch"}]}
    assert groups_speed.with_the_faster(failed) == failed


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
