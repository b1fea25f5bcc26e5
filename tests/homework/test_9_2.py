"""Homework 9-2: the recipes, the quick run's contract and findings, and going on after an interruption."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import paddle
import pytest

from homework.hw9_2_compare_networks import experiment as hw
from homework.hw9_2_compare_networks.mending import choose_threshold, measure, renew_statistics, say_of, shift
from paddle_camp.metrics import probabilities
from paddle_camp.speed.memory import peak_memory
from paddle_camp.training import checkpoint
from tests.helpers import contract, toys

SMALL = (
    "-o",
    "image_size=32",
    "-o",
    "train_pictures=40",
    "-o",
    "valid_pictures=20",
    "-o",
    "num_epochs=1",
    "-o",
    "more_epochs=1",
)


def test_the_recipes_are_the_courses():
    model, optimizer = hw.build("alexnet", hw.Settings())
    assert isinstance(optimizer, paddle.optimizer.Adam) and optimizer.get_lr() == 0.001
    assert model.training
    for name in ("vgg16", "googlenet", "resnet50", "lenet"):
        assert hw.recipe_of(name).optimizer == "momentum"
    assert {name: hw.recipe_of(name).weight_decay for name in hw.RECIPES} == {
        "lenet": 0,
        "alexnet": 0,
        "vgg16": 0,
        "googlenet": 0.001,
        "googlenet_no_aux": 0.001,
        "resnet50": 0.001,
    }
    assert hw.recipe_of("densenet121").weight_decay == 0.001  # any other network: as ResNet


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("models=alexnet,resnet5", "models=resnet5: there are lenet, alexnet, vgg16"),
        ("models=lenet,lenet", "each one once"),
        ("models=", "name at least one"),
        ("models=alexnet", "model=alexnet does not take pictures of 3 x 32 x 32"),
        ("holdout=1", "between 0 and 1"),
        ("num_epochs=0", "must be positive"),
        ("more_epochs=-1", "more_epochs"),
        ("patience=2", "patience: the trainings are compared"),
    ],
)
def test_a_wrong_setting_is_one_line_before_any_training(override, says, tmp_path):
    overrides = ("image_size=32", "train_pictures=30", "valid_pictures=10", override)
    contract.refused("9-2", tmp_path, says, *overrides)


@pytest.fixture(scope="module", params=["resnet18", pytest.param("alexnet", marks=pytest.mark.slow)])
def quick(request, tmp_path_factory):
    """A ``--quick`` run of the course's LeNet and one more network: two, for the time."""
    size = 224 if request.param == "alexnet" else 64
    asked = ("--quick", "-o", f"models=lenet,{request.param}", "-o", f"image_size={size}", "--data", "synthetic")
    return contract.run("9-2", tmp_path_factory.mktemp("quick"), *asked)[0]


def test_quick_leaves_the_files_and_finds_who_learns(quick):
    results = contract.check(quick, "9-2", data=True, classifier=True)
    networks = results["networks"]
    _, second = networks
    assert list(networks) == ["lenet", second]
    assert json.loads((quick / "config.json").read_text())["settings"]["models"] == ["lenet", second]
    assert networks[second]["auc_interval"][0] > 0.5  # it has learned something ...
    assert networks["lenet"]["auc_interval"][0] <= 0.5  # ... and the course's LeNet, with its Sigmoids, has not
    for name, row in networks.items():
        assert row["auc_interval"][0] <= row["auc"] <= row["auc_interval"][1], name
        assert row["cost"]["seconds_per_epoch"] > 0
        # Weights, gradients and the optimizer's moments at least are in memory at once.
        assert row["cost"]["peak_memory"] > 4 * row["parameters"] * 3
    assert {path.name for path in (quick / "figures").iterdir()} == {
        "changes.png",
        "comparison.png",
        "accuracy.png",
        "roc.png",
        "wrong.png",
        "confusion.png",
        "mistakes.png",
        "learning-rates.png",
        "first-batch.png",
    }


def test_the_weights_that_are_kept_are_those_of_the_lowest_loss_on_held_out_pictures(quick):
    results = contract.metrics_of(quick)["results"]
    measured = {
        name: json.loads((quick / "networks" / f"{name}.json").read_text())["result"]["measured"]
        for name in results["networks"]
    }
    losses = {
        (name, kind): each[kind]["holdout"]["loss"] for name, each in measured.items() for kind in ("course", "mended")
    }
    assert (results["kept"], results["kept_recipe"]) == min(losses, key=losses.get)
    state = checkpoint.read_state(quick / "checkpoints", "last")
    last = [row for row in state["history"]["evaluations"] if row["split"] == "holdout"][-1]
    assert last["epoch"] == {"course": 2, "mended": 6}[results["kept_recipe"]]
    if results["kept_recipe"] == "course":  # the mended one also looks at the mirror image
        assert last["loss"] == pytest.approx(min(losses.values()), rel=1e-5)
    rows = contract.rows_of(quick / "predictions.csv")
    logits = np.array(measured[results["kept"]][results["kept_recipe"]]["validation"]["outputs"])
    assert [float(row["probability_1"]) > 0.5 for row in rows] == (logits[:, 1] > logits[:, 0]).tolist()


def test_an_interrupted_comparison_goes_on_with_the_next_network(tmp_path, monkeypatch):
    """The first network's result is read again, not computed; the whole equals a run that was never interrupted."""
    asked = ("-o", "models=lenet,resnet18", "--data", "synthetic", *SMALL)
    monkeypatch.setattr(hw, "peak_memory", lambda *arguments, **more: 10**9)
    whole = contract.metrics_of(contract.run("9-2", tmp_path / "whole", *asked)[0])["results"]
    trained, train = [], hw.train_network

    def stop_at_the_second(name, *arguments):
        trained.append(name)
        if name == "resnet18" and len(trained) == 2:
            raise KeyboardInterrupt
        return train(name, *arguments)

    monkeypatch.setattr(hw, "train_network", stop_at_the_second)
    with pytest.raises(AssertionError):  # status 130, not 0
        contract.run("9-2", tmp_path / "cut", *asked)
    folder, _ = contract.run("9-2", tmp_path / "cut", "--resume")
    assert trained == ["lenet", "resnet18", "resnet18"]
    resumed = contract.metrics_of(folder)["results"]
    for results in (whole, resumed):
        for row in results["networks"].values():
            row.pop("cost")
    assert resumed == whole


def test_the_trainings_share_the_courses_past(quick):
    """A fork's steps are the course's up to where it differs; the averaged one's weights move, its steps do not."""
    rows = contract.rows_of(quick / "steps.csv")
    losses = {}
    for row in rows:
        losses.setdefault(row["run"], []).append(row["loss"])
    course = losses["lenet, course"]
    assert len(course) == 12 and losses["lenet, averaged"] == course
    assert losses["lenet, mended"][:12] == course and len(losses["lenet, mended"]) == 36
    assert losses["lenet, decayed"][:6] == course[:6] and losses["lenet, decayed"][7:] != course[7:]


def test_the_threshold_is_the_one_with_the_fewest_mistakes_nearest_to_one_half():
    odds = np.array([-3.0, -1.0, 1.0, 2.0, 4.0])
    outputs = np.stack([np.zeros(5), odds], axis=1).astype("float32")
    assert choose_threshold(outputs, np.array([0, 0, 1, 1, 1])) == 0.0  # one half is as good as any
    assert choose_threshold(outputs, np.array([0, 0, 0, 0, 1])) == 3.0
    assert choose_threshold(outputs, np.array([0, 1, 1, 1, 1])) == -2.0
    assert choose_threshold(outputs, np.array([0, 1, 0, 1, 1])) in (-2.0, 1.5)
    moved = shift(outputs, 1.5)
    assert moved.dtype == np.float32 and moved.argmax(axis=1).tolist() == [0, 0, 0, 1, 1]


def test_a_picture_and_its_mirror_image_are_averaged():
    """What is said of a picture is said of its mirror image; beside one that says the opposite it is undecided."""
    paddle.seed(0)
    model, batches = toys.ToyNet(), toys.toy_batches(12, shuffle=False)
    turned = replace(batches, data=replace(batches.data, images=batches.data.images[..., ::-1].copy()))
    plain, mirrored = (say_of(model, batches, False, each) for each in (False, True))
    other = say_of(model, turned, False, False)
    np.testing.assert_allclose(mirrored, say_of(model, turned, False, True), atol=1e-6)
    expected = (probabilities(plain) + probabilities(other)) / 2
    np.testing.assert_allclose(probabilities(mirrored), expected, atol=1e-6)
    assert np.abs(probabilities(plain) - expected).max() > 1e-3
    found = measure(model, {"holdout": batches, "validation": batches}, False, mirrored=True)["validation"]
    assert found["loss"] == pytest.approx(-np.log(expected[range(12), batches.data.labels]).mean(), rel=1e-5)


def test_the_statistics_become_those_of_the_last_weights():
    paddle.seed(0)
    model, batches = toys.ToyNet(), toys.toy_batches(60)
    before = toys.weights(model)
    for _ in range(4):
        assert renew_statistics(model, batches)
    assert not model.training
    (pictures, _) = batches.whole()
    with paddle.no_grad():
        outputs = model.conv(paddle.to_tensor(pictures)).numpy()
    after = toys.weights(model)
    np.testing.assert_allclose(after["norm._mean"], outputs.mean(axis=(0, 2, 3)), atol=0.05)
    np.testing.assert_allclose(after["norm._variance"], outputs.var(axis=(0, 2, 3)), rtol=0.1)
    same = {key for key, value in after.items() if np.array_equal(value, before[key])}
    assert same == before.keys() - {"norm._mean", "norm._variance"}
    assert not renew_statistics(paddle.nn.Linear(2, 2), batches)


def test_a_network_that_diverges_is_said_and_stops_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(hw, "peak_memory", lambda *arguments, **more: 10**9)
    monkeypatch.setitem(hw.RECIPES, "resnet18", hw.Recipe("resnet18", weight_decay=1e9))
    asked = ("-o", "models=lenet,resnet18", "--data", "synthetic", *SMALL)
    folder, _ = contract.run("9-2", tmp_path, *asked)
    results = contract.check(folder, "9-2", data=True, classifier=True)
    assert "diverged" in results["networks"]["resnet18"] and results["order"] == ["lenet"]
    assert "| resnet18 | 发散 |" in (folder / "answer.md").read_text(encoding="utf-8")


def test_memory_that_cannot_be_measured_loses_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(hw, "peak_memory", lambda *arguments, **more: None)
    folder, _ = contract.run("9-2", tmp_path, "-o", "models=lenet,resnet18", "--data", "synthetic", *SMALL)
    results = contract.check(folder, "9-2", data=True, classifier=True)
    assert results["networks"]["lenet"]["cost"]["peak_memory"] is None


def too_much():
    raise MemoryError


def test_a_measurement_that_fails_is_none():
    assert peak_memory(too_much) is None
    assert peak_memory(sum, [1, 2]) > 50 * 2**20  # a process with paddle in it
