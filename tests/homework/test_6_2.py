"""Homework 6-2: the counts of the ablation, and what the quick run must leave and find."""

from __future__ import annotations

import numpy as np
import pytest

import paddle_camp as camp
from homework.hw6_2_best_accuracy import experiment as hw
from paddle_camp import create_model
from paddle_camp.answers.template import render
from paddle_camp.data.mnist import load_mnist
from paddle_camp.networks.weights import read_arrays
from tests.helpers import contract


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    return contract.run("6-2", tmp_path_factory.mktemp("quick"), "--quick", "--data", "synthetic")[0]


def test_quick(quick):
    results = contract.check(quick, "6-2", data=True, classifier=True)
    assert list(results["ablation"]) == list(hw.ABLATION)
    recipe = results["ablation"]["recipe"]
    assert (recipe["only_here"], recipe["only_recipe"]) == (0, 0)
    for row in filter(None, results["ablation"].values()):
        assert row["mistakes"] - recipe["mistakes"] == row["only_here"] - row["only_recipe"]
    assert recipe["mistakes"] < 0.2 * 100  # of 100 held-out digits; guessing makes 90
    wrong = results["single"]["averaged"]
    assert len(wrong) == 2 and max(wrong) < 0.15 * 299
    # What both networks get right, their mean gets right; of what one gets wrong it may get any part wrong.
    assert results["ensemble"]["averaged"] <= min(sum(wrong), 0.15 * 299)
    rows = contract.rows_of(quick / "predictions.csv")
    shares = np.array([[float(row[f"probability_{k}"]) for k in range(10)] for row in rows])
    labels = np.array([int(row["label"]) for row in rows])
    assert hw.mistakes(shares, labels) == results["ensemble"]["averaged"]


def test_the_kept_weights_give_the_predictions(quick):
    """What `tools/predict.py` will load is what was measured."""
    test = load_mnist("synthetic", counts=(600, 300)).test
    shares = []
    for seed in (0, 1):
        model = create_model("digit_net", pretrained=quick / "checkpoints" / f"seed-{seed}.pdparams")
        shares.append(hw.outputs_of(model, test)["averaged"])
    rows = contract.rows_of(quick / "predictions.csv")
    written = [[float(row[f"probability_{k}"]) for k in range(10)] for row in rows]
    np.testing.assert_allclose(np.mean(shares, axis=0), written, atol=1e-6)
    assert [row["sample"] for row in rows] == list(test.names)


def test_the_first_network_is_the_runs_last_and_best(quick):
    folder = quick / "checkpoints"
    first = (folder / "seed-0.pdparams").read_bytes()
    assert first == (folder / "last.pdparams").read_bytes() == (folder / "best.pdparams").read_bytes()
    assert first != (folder / "seed-1.pdparams").read_bytes()


def test_the_test_digits_decide_nothing(quick, tmp_path, monkeypatch):
    """With other test labels, the ablation is the same and only the report on the test digits is another."""
    real = camp.load_mnist

    def mislabelled(*arguments, **more):
        data = real(*arguments, **more)
        return hw.replace(data, test=hw.replace(data.test, labels=(data.test.labels + 1) % 10))

    monkeypatch.setattr("paddle_camp.data.mnist.load_mnist", mislabelled)
    few = ("-o", "train_pictures=200", "-o", "test_pictures=50", "-o", "num_epochs=1", "-o", "ablation_epochs=1")
    wrong = contract.run("6-2", tmp_path / "wrong", "--quick", "--data", "synthetic", *few)[0]
    monkeypatch.undo()
    right = contract.run("6-2", tmp_path / "right", "--quick", "--data", "synthetic", *few)[0]
    ablations = [contract.metrics_of(folder)["results"]["ablation"] for folder in (wrong, right)]
    assert ablations[0] == ablations[1]
    for name in ("seed-0", "seed-1"):
        paths = [folder / "checkpoints" / f"{name}.pdparams" for folder in (wrong, right)]
        arrays = [read_arrays(path).values() for path in paths]
        assert all(np.array_equal(one, other) for one, other in zip(*arrays, strict=True))
    rows = [contract.rows_of(folder / "predictions.csv") for folder in (wrong, right)]
    assert all((int(one["label"]) - int(other["label"])) % 10 == 1 for one, other in zip(*rows, strict=True))


@pytest.mark.parametrize(
    ("warp", "says"), [("none", "不做变形"), ("shift", "随机平移"), ("affine", "伸缩"), ("elastic", "弹性变形")]
)
def test_the_answer_names_the_warps_of_the_run(warp, says):
    settings = hw.replace(hw.Settings(), warp=warp)
    row = {"mistakes": 3, "averaged": 2, "only_here": 0, "only_recipe": 0, "verdict": "better"}
    values = {"settings": settings, "seeds": [0], "few": 10, "held": 10, "test": 100, "train": 50, "parameters": 5}
    values |= {"ablation": dict.fromkeys(hw.ABLATION, row), "single": {"plain": [3], "averaged": [2]}}
    values |= {"ensemble": {"plain": 3, "averaged": 2}, "cost": {"minutes": [1.0], "cores": 2, "side_by_side": 1}}
    line = next(line for line in render(hw.__file__, values).splitlines() if line.startswith("- 数据增强"))
    assert says in line and ("旋转" in line) == (warp in ("affine", "elastic"))


def test_a_diverged_row_is_marked():
    labels = np.array([0, 1, 2])
    right = np.eye(10)[labels].tolist()
    wrong = np.eye(10)[[0, 1, 3]].tolist()
    found = {"recipe": {"plain": wrong, "averaged": right}, "no warps": {"diverged": 7}}
    found["only shifts"] = {"plain": right, "averaged": right}
    table = hw.summarise_ablation(found, labels)
    assert table["no warps"] is None
    same = {"p_value": 1.0, "verdict": "cannot be told apart"}  # one digit tells nothing
    assert table["recipe"] == {"mistakes": 1, "averaged": 0, "only_here": 0, "only_recipe": 0} | same
    assert table["only shifts"] == {"mistakes": 0, "averaged": 0, "only_here": 0, "only_recipe": 1} | same


def test_the_row_with_fewer_mistakes_is_better():
    labels = np.zeros(20, int)
    right, wrong = (np.eye(10)[[digit] * 20].tolist() for digit in (0, 1))
    found = {name: {"plain": wrong, "averaged": wrong} for name in ("recipe", "no warps")}
    table = hw.summarise_ablation(found | {"only shifts": {"plain": right, "averaged": right}}, labels)
    assert table["only shifts"]["verdict"] == "better" and table["only shifts"]["p_value"] == 2 / 2**20
    found = {name: {"plain": right, "averaged": right} for name in ("recipe", "no warps")}
    table = hw.summarise_ablation(found | {"only shifts": {"plain": wrong, "averaged": wrong}}, labels)
    assert table["only shifts"]["verdict"] == "worse" and table["no warps"]["verdict"] == "cannot be told apart"


@pytest.mark.parametrize(
    ("override", "says"),
    [
        (("warp=bent",), "none, shift, affine, elastic"),
        (("optimizer=lion",), "adamw"),
        (("schedule=up",), "warmup_cosine"),
        (("batch_size=5000", "ablation_epochs=1"), "batch_size=5000: leaves 1 step in all"),
    ],
)
def test_refused_settings(tmp_path, override, says):
    contract.refused("6-2", tmp_path, says, *override)
