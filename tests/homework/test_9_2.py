"""Homework 9-2: the recipes, the quick run's contract and findings, and going on after an interruption."""

from __future__ import annotations

import json

import numpy as np
import paddle
import pytest

import paddle_camp as camp
from homework.hw9_2_compare_networks import experiment as hw
from paddle_camp.answers.template import render
from paddle_camp.speed.memory import peak_memory
from paddle_camp.training import checkpoint
from tests.helpers import contract

SMALL = ("-o", "image_size=32", "-o", "train_pictures=40", "-o", "valid_pictures=20", "-o", "num_epochs=1")


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
        "comparison.png",
        "accuracy.png",
        "roc.png",
        "wrong.png",
    }


def test_the_weights_that_are_kept_are_those_of_the_lowest_loss_on_held_out_pictures(quick):
    results = contract.metrics_of(quick)["results"]
    losses = {name: row["holdout_loss"] for name, row in results["networks"].items()}
    assert results["kept"] == min(losses, key=losses.get)
    state = checkpoint.read_state(quick / "checkpoints", "last")
    last = [row for row in state["history"]["evaluations"] if row["split"] == "holdout"][-1]
    assert last["loss"] == losses[results["kept"]]
    kept = json.loads((quick / "networks" / f"{results['kept']}.json").read_text())["result"]
    rows = contract.rows_of(quick / "predictions.csv")
    logits = np.array(kept["outputs"])
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


def made_up_steps(place):
    """Four epochs (one fewer where patience stopped it) of three steps: a second less for each place in the list."""
    every = [(epoch, batch) for epoch in range(4 - (place == 3)) for batch in range(3)]
    return [
        {"epoch": e, "batch": b, "seconds": 10 - place + 0.01 * e * place + 5 * (b == 1) * (e == 2)} for e, b in every
    ]


def made_up(name, settings, context, sets):
    """A network's result without its training: better and better from lenet to resnet50, GoogLeNet on one side."""
    place = list(hw.RECIPES).index(name)
    labels = sets["validation"].data.labels
    rng = np.random.default_rng(place)
    score = rng.normal(size=len(labels)) + place * labels + (3 if name == "googlenet" else -place / 2)
    outputs = np.stack([np.zeros_like(score), score], axis=1)
    accuracy = camp.metrics.accuracy(outputs, labels)
    return {
        **{"parameters": 10**6, "multiply_adds": 10**9, "loss": 0.5, "train_loss": 0.4, "accuracy": accuracy},
        **{"auc": camp.metrics.auc(outputs, labels), "auc_interval": camp.metrics.auc_interval(outputs, labels)},
        **{"holdout_loss": 1.0 / (place + 1), "accuracies": [0.5, accuracy], "outputs": outputs.tolist()},
        **{"history": {"steps": made_up_steps(place), "evaluations": []}},
        **{"cost": {"seconds_per_epoch": 10.0 - place, "peak_memory": 10**9}},
    }


@pytest.fixture
def compared(tmp_path, monkeypatch):
    """The folder of a comparison of made-up networks on a hundred pictures."""
    monkeypatch.setattr(hw, "train_network", made_up)
    monkeypatch.setattr("paddle_camp.running.context.publish", lambda *folders: None)
    monkeypatch.setattr("paddle_camp.models.registry.check_input", lambda *arguments: None)
    asked = ("-o", "image_size=32", "-o", "train_pictures=40", "-o", "valid_pictures=100", "--data", "synthetic")
    return contract.run("9-2", tmp_path, *asked)[0]


def headline(folder, *, accuracies, guessing, **changed):
    """The first lines of the answer with other accuracies and AUC verdicts, network by network."""
    kept = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
    results = kept["results"]
    for name, accuracy, verdict in zip(results["order"], accuracies, guessing, strict=True):
        from_majority = "better" if accuracy > 0.6 else "cannot be told apart"
        new = {
            "accuracy": accuracy,
            "from_guessing": verdict,
            "from_majority": from_majority,
            "accuracies": [accuracy] * 2,
        }
        results["networks"][name] |= new
    best = [name for name, accuracy in zip(results["order"], accuracies, strict=True) if accuracy == max(accuracies)]
    results |= {"leaders": best, "learned": [n for n, a in zip(results["order"], accuracies, strict=True) if a > 0.6]}
    results["ordered"] = [n for n, v in zip(results["order"], guessing, strict=True) if v == "better"]
    text = render(hw.__file__, {"settings": hw.Settings(), "seed": 0} | kept["values"] | results | changed)
    return text.split("## 做法")[0], text


def test_networks_at_chance_are_not_crowned(compared):
    one_side = ["better", "better", *["cannot be told apart"] * 4]
    said, text = headline(compared, accuracies=[0.53] * 6, guessing=one_side)
    assert "没有一个网络的验证准确率能与总猜较多的一类" in said and "最高的是" not in said
    assert "的 AUC 高于 0.5，超出偶然范围" in said and "一直是 53.00%" in text
    said, _ = headline(compared, accuracies=[0.53] * 6, guessing=["cannot be told apart"] * 6)
    assert "还什么都没有学到" in said


def test_a_tie_is_a_tie(compared):
    even = {"verdict": "cannot be told apart", "only_first": 0, "only_second": 0, "p_value": 1.0, "difference": 0}
    ahead = even | {"verdict": "better", "only_first": 30}
    results = json.loads((compared / "answer.json").read_text(encoding="utf-8"))["results"]
    first, second, *others = results["order"]
    against = {second: even} | {name: ahead for name in others}
    said, text = headline(
        compared, accuracies=[0.9, 0.9, 0.7, 0.7, 0.7, 0.5], guessing=["better"] * 6, against_best=against
    )
    assert f"最高的是 {first}、{second}（并列 90.00%）；其余网络与它们的差别都超出偶然范围" in said
    assert f"{others[-1]} 的准确率与总猜较多的一类" in said
    assert f"- {first} 与 {second}：每张图片的对错都相同。" in text


def test_the_answer_compares_all_six_and_says_who_is_off_the_threshold(compared):
    folder = compared
    results = contract.check(folder, "9-2", data=True)
    assert set(results["networks"]) == set(hw.RECIPES) and results["kept"] == "resnet50"
    answer = (folder / "answer.md").read_text(encoding="utf-8")
    assert (
        "辅助分类器：googlenet（有）" in answer
        and results["auxiliary"]["only_first"] + results["auxiliary"]["only_second"] > 0
    )
    assert "googlenet 的准确率不高而 AUC 是" in answer
    kept = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
    assert results["order"][0] == kept["values"]["quickest"]["name"] == "resnet50" and "也是每轮最快的。" in answer
    first, other = results["order"][:2]
    values = {"settings": hw.Settings(), "seed": 0} | kept["values"] | kept["results"]
    for verdict in ("better", "cannot be told apart"):
        quickest = {"name": other, "against": {first: {"verdict": verdict}}}
        text = render(hw.__file__, values | {"quickest": quickest})
        assert f"，{other} 每轮最快（" in text and "也是每轮最快的" not in text
        assert (f"，与 {first} 的快慢在各轮之间的波动范围之内" in text) == (verdict != "better")
    assert results["networks"]["googlenet"]["best_threshold"] > results["networks"]["googlenet"]["accuracy"] + 0.05


def test_the_median_step_of_each_epoch_is_not_moved_by_one_that_was_disturbed():
    history = camp.History(steps=made_up_steps(1))
    assert hw.median_steps(history) == pytest.approx([9.0, 9.01, 9.02, 9.03])


def test_on_the_real_pictures_the_courses_numbers_stand_beside_ours(real_data, tmp_path, monkeypatch):
    monkeypatch.setattr(hw, "train_network", made_up)
    monkeypatch.setattr("paddle_camp.running.context.publish", lambda *folders: None)
    monkeypatch.setattr("paddle_camp.models.registry.check_input", lambda *arguments: None)
    monkeypatch.setattr(hw, "build", lambda *arguments: (None, None))
    folder, _ = contract.run("9-2", tmp_path, "--data-dir", str(real_data))
    results = contract.check(folder, "9-2")
    answer = (folder / "answer.md").read_text(encoding="utf-8")
    assert results["as_course"] and "与课程公布的结果比较" in answer and "| vgg16 | 94.75%/0.176 |" in answer
    assert "本次留出 40 张" in answer
    assert not contract.metrics_of(
        contract.run("9-2", tmp_path, "--data-dir", str(real_data), "-o", "num_epochs=4")[0]
    )["results"]["as_course"]
