"""transfer: what trains at which rate, what stays frozen, the tips one by one, layers by name, the answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import paddle
import pytest
from paddle import nn

import paddle_camp as camp
from homework.transfer import experiment as hw
from homework.transfer import layers, tips, training
from paddle_camp.data.pictures.augment import RandomHorizontalFlip, RandomRotation
from paddle_camp.metrics import probabilities
from paddle_camp.networks.freezing import freeze_norms
from paddle_camp.predicting.saved_model import find_saved_model
from paddle_camp.preprocessing import PICTURES_LITE
from paddle_camp.pretrained.heads import create_tunable, head_of
from tests.helpers import contract
from tests.helpers.predictions import small_run
from tests.helpers.toys import ToyNet, toy_batches
from tests.helpers.toys import weights as weights_of

TINY = ("train_pictures=40", "valid_pictures=16", "image_size=32", "holdout=0.2", "num_epochs=1", "num_seeds=1")
TINY += ("sizes=10", "min_steps=1", "scratch_epochs=1", "scratch_steps=1", "costs=0.01,0.1", "folds=2")
TINY += ("body_rates=0.0001", "tip_pictures=16", "tip_size=32", "tip_epochs=1", "batch_size=16")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return small_run("transfer", tmp_path_factory.mktemp("runs"), TINY)


def pets(count: int = 40) -> camp.ImageSet:
    data = camp.load_cats_and_dogs("synthetic", image_size=32, counts=(40, 16)).train.take(np.arange(count))
    return replace(data, kind=data.kind.prepared_as(PICTURES_LITE))


def weights() -> camp.PretrainedWeights:
    return replace(camp.find_weights("efficientnet_lite0"), path=None)


def head(seed: int = 0) -> tuple:
    return np.random.default_rng(seed).normal(size=(1280, 2)).astype("float32"), np.zeros(2, "float32")


def test_a_smaller_size_has_some_of_the_pictures_of_a_larger_one():
    few, more, other = (training.drawn(pets(), size, seed) for size, seed in ((10, 0), (20, 0), (10, 1)))
    assert (few.sum(), more.sum()) == (10, 20) and (few <= more).all() and (few != other).any()
    assert training.drawn(pets(), 40, 0).all()


def test_a_few_pictures_are_shown_more_often():
    assert training.num_epochs_of(85, 3, 60) == 3
    assert training.num_epochs_of(2, 3, 60) == 30
    assert training.num_epochs_of(7, 3, 60) == 9


def test_the_body_takes_smaller_steps_than_the_head():
    """The first step of AdamW without decay moves every number by its rate, whatever the gradient."""
    paddle.seed(0)
    model = freeze_norms(ToyNet())
    before = weights_of(model)
    optimizer = paddle.optimizer.AdamW(1e-4, parameters=training.two_groups(model, 50.0), weight_decay=0.0)
    camp.fit(model, optimizer, toy_batches(20, 20), num_epochs=1, quiet=True)
    moved = {name: float(np.abs(value - before[name]).max()) for name, value in weights_of(model).items()}
    assert moved["fc.weight"] == pytest.approx(5e-3, rel=0.01) and moved["fc.bias"] == pytest.approx(5e-3, rel=0.01)
    assert moved["conv.weight"] == pytest.approx(1e-4, rel=0.01)
    assert not any(value for name, value in moved.items() if name.startswith("norm"))


def test_a_training_of_two_groups_goes_on_where_it_was(tmp_path):
    """With each group's rate, and its own momenta."""

    def train(folder, num_calls):
        calls = []

        def stop(network):
            calls.append(network)
            if len(calls) == num_calls:
                raise RuntimeError("stopped")
            return {}

        paddle.seed(0)
        model = freeze_norms(ToyNet())
        optimizer = paddle.optimizer.AdamW(1e-3, parameters=training.two_groups(model, 20.0))
        keep = camp.CheckpointPolicy(folder, seconds=0)
        camp.fit(model, optimizer, toy_batches(20, 5), num_epochs=2, keep=keep, quiet=True, probe=stop)
        return weights_of(model)

    whole = train(tmp_path / "whole", 99)
    with pytest.raises(RuntimeError, match="stopped"):
        train(tmp_path / "cut", 2)
    again = train(tmp_path / "cut", 99)
    assert all((value == again[name]).all() for name, value in whole.items())


def test_frozen_batch_norm_stays_frozen(tmp_path):
    settings = replace(hw.Settings(), num_epochs=1, min_steps=2, batch_size=8, image_size=32)
    parts = {"train": pets(16), "holdout": pets(8), "validation": pets(8)}
    common = {"weights": weights(), "parts": parts, "folder": tmp_path, "settings": settings, "amp": False}
    found = training.train_tuned(16, 1e-3, 0, {(16, 0): head()}, **common)
    assert found["norms_moved"] == 0.0 and (tmp_path / "fine-tuned-16-0.001-0" / "last.pdparams").exists()
    paddle.seed(0)
    before, after = create_tunable(weights(), head()), create_tunable(weights(), head())
    camp.load_weights(after, tmp_path / "fine-tuned-16-0.001-0" / "last.pdparams")
    same = training.statistics_of(before)
    assert len(same) == 4 * len(layers.layers_of(after, nn.BatchNorm2D))
    assert all((value == same[key]).all() for key, value in training.statistics_of(after).items())
    name = "features.0.0"
    moved = layers.layers_of(after, nn.Conv2D)[name].weight - layers.layers_of(before, nn.Conv2D)[name].weight
    assert float(moved.abs().max()) > 0 and not (head_of(after).weight.numpy() == head()[0]).all()


def test_from_scratch_the_batch_norms_learn_and_small_trainings_leave_no_weights(tmp_path):
    settings = replace(hw.Settings(), scratch_epochs=1, scratch_steps=1, batch_size=8, augment=False)
    parts = {"train": pets(16), "holdout": pets(8), "validation": pets(8)}
    common = {"weights": weights(), "parts": parts, "folder": tmp_path, "settings": settings, "amp": False}
    found = training.train_scratch(8, 1e-3, 0, **common)
    assert np.isfinite(found["loss"]) and len(found["outputs"]) == 8 and not list(tmp_path.iterdir())
    assert training.train_scratch(8, 1e-3, 0, **common)["outputs"] == found["outputs"]  # same seed, same bits


def test_each_tip_changes_its_own_thing():
    settings = hw.Settings()
    assert tips.changes((), settings) is None and tips.changes(("dropout", "stopping"), settings) is None
    (flip,) = tips.changes(("flips",), settings).transforms
    (turn,) = tips.changes(("rotation",), settings).transforms
    assert isinstance(flip, RandomHorizontalFlip) and isinstance(turn, RandomRotation)
    assert len(tips.changes(tips.TIPS, settings).transforms) == 2
    assert "dropout" in tips.tips_for(camp.create_model("efficientnet_lite0", num_classes=2))
    assert "dropout" not in tips.tips_for(camp.create_model("resnet18", num_classes=2))


def test_the_tips_are_handed_to_the_training(tmp_path, monkeypatch):
    """What the optimizer, the network and ``fit`` are given for each tip."""
    seen, made = {}, paddle.optimizer.AdamW

    def adamw(rate, parameters, weight_decay):
        seen["decay"] = weight_decay
        return made(rate, parameters=parameters, weight_decay=weight_decay)

    def fit(model, optimizer, train, **options):
        share = [layer.p for layer in layers.layers_of(model, nn.Dropout).values()]
        seen["now"] = (train.augment is not None, share, seen["decay"], options["patience"])
        raise camp.DivergedError(1, float("nan"))

    monkeypatch.setattr(paddle.optimizer, "AdamW", adamw)
    monkeypatch.setattr(camp, "fit", fit, raising=False)
    settings = replace(hw.Settings(), tip_pictures=16, tip_decay=0.3, tip_dropout=0.4, tip_patience=2)
    common = {"tips": tips.TIPS, "weights": weights(), "folder": tmp_path, "settings": settings, "amp": False}
    common["parts"] = {"train": pets(), "holdout": pets(8)}
    expected = {"none": (False, [0.0], 0.0, None), "flips": (True, [0.0], 0.0, None)}
    expected |= {"rotation": (True, [0.0], 0.0, None), "dropout": (False, [0.4], 0.0, None)}
    expected |= {"decay": (False, [0.0], 0.3, None), "stopping": (False, [0.0], 0.0, 2), "all": (True, [0.4], 0.3, 2)}
    for tip, wanted in expected.items():
        with pytest.raises(camp.DivergedError):
            tips.train_tip(tip, 0, **common)
        assert seen["now"] == wanted, tip


def test_early_stopping_takes_the_weights_of_the_lowest_held_out_loss(tmp_path):
    settings = replace(hw.Settings(), tip_pictures=16, tip_epochs=6, tip_patience=1, tip_rate=0.01, batch_size=8)
    common = {"tips": tips.TIPS, "weights": weights(), "folder": tmp_path, "settings": settings, "amp": False}
    common["parts"] = {"train": pets(), "holdout": pets(8)}
    found = tips.train_tip("stopping", 0, **common)
    best = int(np.argmin(found["curve"]))
    assert found["epochs"] == min(6, best + 2) and found["count"] == 24
    model = camp.create_model("efficientnet_lite0", num_classes=2)
    camp.load_weights(model, tmp_path / "tip-stopping-0" / "best.pdparams")
    others = pets().take(np.flatnonzero(~training.drawn(pets(), 16, 0)))
    assert camp.evaluate(model, camp.Batches(others, 100)).loss == pytest.approx(found["loss"], abs=1e-6)


def test_the_rule_counts_the_weights_that_an_output_is_a_sum_of():
    depthwise, dense = nn.Conv2D(32, 32, 3, groups=32), nn.Conv2D(32, 64, 3)
    assert layers.deviation_of(depthwise) == pytest.approx((2 / 9) ** 0.5)
    assert layers.deviation_of(dense) == pytest.approx((2 / (9 * 32)) ** 0.5)
    paddle.seed(0)
    model = layers.initialise(nn.Sequential(depthwise, dense, nn.Linear(64, 500)))
    for layer in layers.layers_of(model, nn.Conv2D, nn.Linear).values():
        assert float(layer.weight.std()) == pytest.approx(layers.deviation_of(layer), rel=0.15)
        assert float(layer.bias.abs().max()) == 0


def test_layers_and_parameters_go_by_their_names():
    model = create_tunable(weights(), head())
    found = layers.layers_of(model, nn.Linear)
    assert list(found) == ["fc"] and found["fc"] is model.fc
    rows = {name: (shape, trained) for name, shape, trained in layers.parameters_of(model)}
    assert rows["features.0.0.weight"] == ([32, 3, 3, 3], True) and rows["features.0.1.weight"] == ([32], False)
    assert layers.picked(list("abcdefghi")) == ["a", "c", "e", "g", "i"] and layers.picked(["a", "b"]) == ["a", "b"]
    looked = layers.look_into(weights(), model, 0)
    assert looked["parts"]["fc"] == {"parameters": 2, "numbers": 2562, "trained": 2} and looked["follows"]
    assert looked["parts"]["features"]["trained"] == looked["kinds"]["Conv2D"]
    assert [row["name"] for row in looked["layers"]][::4] == ["features.0.0", "fc"]


def test_a_tiny_run_keeps_the_contract(run):
    results = contract.check(run, "transfer", data=True, classifier=True)
    assert list(results["curve"]) == ["10", "32"] and set(results["curve"]["32"]["ways"]) == {
        "frozen",
        "fine-tuned",
        "scratch",
    }
    assert results["curve"]["32"]["norms_moved"] == 0.0 and results["network"]["follows"]
    assert set(results["tips"]["table"]) == {"none", *tips.TIPS, "all"} and results["tips"]["count"] == 16


def test_what_it_publishes_says_what_its_predictions_say(run):
    saved, files = find_saved_model(run)
    (network,) = saved.load(files)
    part = camp.load_cats_and_dogs("synthetic", image_size=32, counts=(40, 16)).valid
    outputs = camp.evaluate(network, camp.Batches(weights().prepare(part), 8)).outputs
    rows = contract.rows_of(run / "predictions.csv")
    listed = [[float(row["probability_0"]), float(row["probability_1"])] for row in rows]
    np.testing.assert_allclose(probabilities(outputs), listed, atol=1e-4)
    assert (saved.classes, saved.reader, saved.image_size) == (("cat", "dog"), "pictures-lite", 32)


@pytest.mark.slow
def test_quick(tmp_path):
    folder, _ = contract.run("transfer", tmp_path, "--quick", "--data", "synthetic")
    contract.check(folder, "transfer", data=True, classifier=True)


def test_wrong_settings_are_one_line(tmp_path):
    contract.refused("transfer", tmp_path, "sizes=32: give fewer than the 32 training", *TINY, "sizes=10,32")
    contract.refused("transfer", tmp_path, "tip_pictures=40: give fewer than the 32", *TINY, "tip_pictures=40")
    contract.refused("transfer", tmp_path, "folds=9: a class has 5 pictures only", *TINY, "folds=9")
    contract.refused("transfer", tmp_path, "recipe=vgg: there are ours, vgg16, resnet18", "recipe=vgg")
