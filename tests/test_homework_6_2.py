"""Homework 6-2: the counts of the ablation, and what the quick run must leave and find."""

from __future__ import annotations

import numpy as np
import pytest

from homework import hw6_2_best_accuracy as hw
from paddle_camp import create_model
from paddle_camp.readers.mnist import load_mnist
from tests import contract


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
    assert results["ensemble"]["averaged"] <= max(wrong)
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


def test_only_the_training_digits_decide(quick):
    """The recipe is part of the settings: no result on test digits flows back into it."""
    trained = contract.metrics_of(quick)["data"]
    answer = (quick / "answer.md").read_text(encoding="utf-8")
    assert f"用全部 {trained['train']} 张训练图片重新训练" in answer


def test_a_diverged_row_is_marked():
    labels = np.array([0, 1, 2])
    right = np.eye(10)[labels].tolist()
    wrong = np.eye(10)[[0, 1, 3]].tolist()
    found = {"recipe": {"plain": wrong, "averaged": right}, "no warps": {"diverged": 7}}
    found["only shifts"] = {"plain": right, "averaged": right}
    table = hw.summarise_ablation(found, labels)
    assert table["no warps"] is None
    assert table["recipe"] == {"mistakes": 1, "averaged": 0, "only_here": 0, "only_recipe": 0}
    assert table["only shifts"] == {"mistakes": 0, "averaged": 0, "only_here": 0, "only_recipe": 1}


@pytest.mark.parametrize(
    ("override", "says"),
    [("warp=bent", "none, shift, affine, elastic"), ("optimizer=lion", "adamw"), ("schedule=up", "warmup_cosine")],
)
def test_refused_settings(tmp_path, override, says):
    contract.refused("6-2", tmp_path, says, override)
