"""Homework 5-3: the same start in every cell, diverged cells, the best rate for each, and interruptions."""

from __future__ import annotations

import numpy as np
import pytest

from homework.hw5_3_optimizers import experiment as hw
from tests.helpers import contract

SMALL = ("-o", "train_pictures=200", "-o", "test_pictures=100", "-o", "batch_size=20", "-o", "num_seeds=2")


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    return contract.run("5-3", tmp_path_factory.mktemp("quick"), "--quick", "--data", "synthetic")[0]


def test_quick(quick):
    results = contract.check(quick, "5-3", data=True, classifier=True)
    assert len(results["grid"]) == 20 and set(results["best"]) == set(hw.OPTIMIZERS)
    best = results["best"]
    assert best["SGD"]["rate"] > best["Adam"]["rate"]  # plain gradient descent wants larger steps than Adam
    assert results["grid"]["SGD 0.0001"]["test_accuracy"] < 0.6 < 0.8 < best["Adam"]["test_accuracy"]
    for name in hw.OPTIMIZERS:
        of_name = {key: cell for key, cell in results["grid"].items() if key.startswith(name + " ")}
        chosen = max(of_name, key=lambda key: of_name[key]["holdout_accuracy"])
        assert chosen == f"{name} {best[name]['rate']:g}"  # by held-out digits, not by the test digits
    assert {path.name for path in (quick / "figures").iterdir()} == {"heat_map.png", "by_optimizer.png", "by_rate.png"}


def test_every_cell_begins_with_the_same_loss(quick):
    """The same weights and the same first batch: the loss before the first update is the same, whoever updates."""
    rows = contract.rows_of(quick / "steps.csv")
    first = {row["run"]: float(row["loss"]) for row in rows if row["step"] == "1"}
    assert len(first) >= 15 and len(set(first.values())) == 1


def test_a_diverged_cell_is_marked_and_stops_nothing(tmp_path):
    asked = ("-o", "optimizers=SGD,Adam", "-o", "learning_rates=0.01,1e20", "--data", "synthetic", *SMALL)
    folder, said = contract.run("5-3", tmp_path, *asked)
    results = contract.check(folder, "5-3", data=True, classifier=True)
    assert results["grid"]["SGD 1e+20"]["diverged"] == 2 and results["best"]["SGD"]["rate"] == 0.01
    assert "diverged at step" in said and "[8/8]" in said
    assert "发散" in (folder / "answer.md").read_text(encoding="utf-8")


def test_an_interrupted_sweep_goes_on_and_two_jobs_find_the_same(tmp_path, tmp_path_factory, monkeypatch):
    asked = ("-o", "optimizers=SGD,Adam", "-o", "learning_rates=0.01", "--data", "synthetic", *SMALL)
    whole = contract.metrics_of(contract.shared(tmp_path_factory, "5-3", *asked))["results"]
    done, train = [], hw.train_cell

    def stop_at_the_third(optimizer, rate, seed, **common):
        done.append((optimizer, rate, seed))
        if len(done) == 3:
            raise KeyboardInterrupt
        return train(optimizer, rate, seed, **common)

    monkeypatch.setattr(hw, "train_cell", stop_at_the_third)
    with pytest.raises(AssertionError):  # status 130
        contract.run("5-3", tmp_path / "cut", *asked)
    folder, _ = contract.run("5-3", tmp_path / "cut", "--resume")
    assert done.count(("Adam", 0.01, 0)) == 3  # cut, made up for, and once more to keep the winner's weights
    assert contract.metrics_of(folder)["results"] == whole
    monkeypatch.setattr(hw, "train_cell", train)
    two = contract.metrics_of(contract.run("5-3", tmp_path / "two", *asked, "--jobs", "2")[0])["results"]
    for key, cell in whole["grid"].items():
        np.testing.assert_allclose(two["grid"][key]["test_accuracies"], cell["test_accuracies"], atol=0.021)


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("optimizers=SGD,Lion", "optimizers=Lion: there are SGD, Momentum"),
        ("learning_rates=0.1,0.1", "each one once"),
        ("learning_rates=0", "must be positive"),
        ("optimizers=", "name at least one"),
        ("model=alexnet", "does not take pictures of 1 x 28 x 28"),
    ],
)
def test_a_wrong_setting_is_one_line_before_any_training(override, says, tmp_path):
    contract.refused("5-3", tmp_path, says, "train_pictures=100", override)
