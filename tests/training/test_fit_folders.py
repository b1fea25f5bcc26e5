"""A folder that holds a training: finished, half done, or another one; and what is refused before any."""

from __future__ import annotations

from functools import partial

import numpy as np
import paddle
import pytest
from paddle import nn

from paddle_camp.errors import CheckpointError, SettingError
from paddle_camp.networks.freezing import freeze
from paddle_camp.training.fit import CheckpointPolicy, fit
from paddle_camp.training.losses import classification_loss, regression_loss
from tests.helpers.toys import ToyNet, build, toy_batches, toy_images
from tests.helpers.trainings import HOLDOUT, resumed, train


def test_a_folder_says_what_it_holds(tmp_path, capsys):
    train(tmp_path, quiet=False)
    capsys.readouterr()
    train(tmp_path, quiet=False)
    assert f"finished already, after step 15 of {tmp_path}" in capsys.readouterr().err


def test_a_folder_with_half_a_training_says_where_it_goes_on(tmp_path, capsys):
    resumed(tmp_path, 2, quiet=False)  # killed at the end of the second epoch, before its save
    assert f"continuing from step 9 of {tmp_path}" in capsys.readouterr().err


class Wide(ToyNet):
    pass


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"learning_rate": 0.01}, r"learning_rate is \{'model': \[0.05\]\} there and \{'model': \[0.01\]\} here"),
        ({"num_epochs": 5}, "num_epochs is 3 there and 5 here"),
        ({"network": Wide}, "network is .*ToyNet of .* there and .*Wide of"),
        ({"batches": toy_batches(seed=1)}, "data is"),
        ({"batches": toy_batches(22)}, r"samples is 23 there and 22 here \(also different: data"),
        ({"label_smoothing": 0.1}, "label_smoothing is 0.0 there and 0.1 here"),
        ({"seed": 1}, "seed is 0 there and 1 here"),
    ],
)
def test_a_folder_of_another_training_is_refused(tmp_path, change, says):
    train(tmp_path)
    with pytest.raises(CheckpointError, match=rf"holds another training: {says}") as caught:
        train(tmp_path, **change)
    assert "\n" not in str(caught.value) and "give another folder" in str(caught.value)


def test_what_is_handed_over_is_taken_as_one_expects(tmp_path):
    """A string for a folder, one source for evaluations, arrays and an ImageSet for batches."""
    data = toy_images()
    arrays = (data.images.astype("float32") / np.float32(127.5) - np.float32(1), data.labels)
    model, optimizer, _ = build()
    history = fit(
        model, optimizer, arrays, num_epochs=1, batch_size=5, evaluations=data, keep=str(tmp_path), quiet=True
    )
    assert [row["split"] for row in history.evaluations] == ["train", "validation"]
    assert (tmp_path / "last.pdparams").exists()
    _, _, other = train(num_epochs=1, batches=toy_batches(), evaluations=None)
    assert [row["samples"] for row in history.steps] == [row["samples"] for row in other.steps]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"keep": 5}, "keep=5: give a folder"),
        ({"keep": ""}, "keep='': give a folder"),
        ({"keep": __file__}, "is a file; give a folder"),
        ({"num_epochs": 1.5}, "num_epochs=1.5: give a whole number"),
        ({"keep": CheckpointPolicy("x", best_on="valid")}, "best_on='valid': the evaluations are: holdout"),
        ({"evaluations": {"train": toy_batches()}}, r"evaluations: \['train'\] is the history's own name"),
        ({"patience": 0}, "patience=0"),
        ({"patience": 2, "evaluations": None}, "patience watches a loss"),
        ({"ema_decay": 1.0}, "ema_decay=1.0"),
        ({"clip_norm": 0.0}, "clip_norm=0.0: must be positive"),
        ({"class_weights": "even"}, "class_weights='even'"),
        ({"num_epochs": -1}, "num_epochs=-1"),
        ({"label_smoothing": 0.1, "loss_fn": regression_loss}, "belong to classification_loss"),
    ],
)
def test_what_cannot_be_is_one_line(options, says):
    model, optimizer, _ = build()
    options = {"num_epochs": 1, "evaluations": HOLDOUT, "quiet": True} | options
    with pytest.raises(SettingError, match=says) as caught:
        fit(model, optimizer, toy_batches(), **options)
    assert "\n" not in str(caught.value)


def relu_or_tanh(layer):
    return nn.Sequential(nn.Flatten(), nn.Linear(192, 4), layer(), nn.Linear(4, 2))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"network": lambda: relu_or_tanh(nn.Tanh)}, r"network is .*Sequential of 782 numbers \(layers"),
        ({"momentum": 0.5}, r"optimizer is .*Momentum\(momentum=0.9.* there and .*Momentum\(momentum=0.5"),
        ({"evaluations": {"validation": HOLDOUT["holdout"]}}, r"evaluations is \['holdout'\] there"),
        ({"loss_fn": lambda outputs, labels: classification_loss(outputs, labels)}, "loss_fn is classification_loss"),
    ],
)
def test_what_only_looks_the_same_is_refused_too(tmp_path, change, says):
    """As many numbers with another activation; another momentum; another loss."""
    first = {"network": lambda: relu_or_tanh(nn.ReLU), "momentum": 0.9}
    for options in (first, first | change):
        paddle.seed(0)
        model = options["network"]()
        optimizer = paddle.optimizer.Momentum(0.05, options["momentum"], parameters=model.parameters())
        more = {key: value for key, value in options.items() if key in ("evaluations", "loss_fn")}
        call = partial(fit, model, optimizer, toy_batches(), num_epochs=1, keep=tmp_path, quiet=True)
        if options is first:
            call(evaluations=HOLDOUT)
            continue
        with pytest.raises(CheckpointError, match=rf"holds another training: {says}"):
            call(**({"evaluations": HOLDOUT} | more))


def test_an_optimizer_of_another_network_is_named():
    model, other = ToyNet(), ToyNet()
    optimizer = paddle.optimizer.SGD(0.1, parameters=other.parameters())
    with pytest.raises(SettingError, match="model: its optimizer trains another network: build it with parameters="):
        fit(model, optimizer, toy_batches(), num_epochs=1)
    with pytest.raises(SettingError, match=r"model: give a network \(paddle.nn.Layer\), not a SGD"):
        fit(optimizer, model, toy_batches(), num_epochs=1)
    with pytest.raises(SettingError, match="model: give an optimizer .* not a float"):
        fit(model, 0.1, toy_batches(), num_epochs=1)
    with pytest.raises(SettingError, match="model: all of its parameters are frozen"):
        fit(freeze(other), optimizer, toy_batches(), num_epochs=1)
    groups = paddle.optimizer.Adam(parameters=[{"params": model.parameters()}])
    assert fit(model, groups, toy_batches(), num_epochs=1, quiet=True).steps


def test_a_folder_in_the_home_directory(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    train(num_epochs=1)
    model, optimizer, _ = build()
    fit(model, optimizer, toy_batches(), num_epochs=1, keep="~/mine", quiet=True)
    assert (tmp_path / "mine" / "last.pdparams").is_file()
