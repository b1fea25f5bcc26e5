"""tools/predict.py with pictures of one's own, with a network of one's own, and with what takes no pictures."""

from __future__ import annotations

import cv2
import numpy as np
import paddle
import pytest

from paddle_camp import create_model, load_folder
from paddle_camp.commands import predict
from paddle_camp.data.info import DataInfo
from paddle_camp.errors import CheckpointError, SettingError
from paddle_camp.models import own, registry
from paddle_camp.networks.weights import save_weights
from paddle_camp.predicting.kinds import KINDS_WITH_CLASSES
from paddle_camp.predicting.picture_reader import READERS
from paddle_camp.predicting.saved_model import SavedModel, read_saved_model
from tests.helpers.predictions import change, table, write_digit

NETWORK = """
from paddle import nn
from paddle_camp import register_model

@register_model
def pooled(num_classes=2, in_channels=3):
    return nn.Sequential(nn.Conv2D(in_channels, 4, 3), nn.AdaptiveAvgPool2D(1), nn.Flatten(), nn.Linear(4, num_classes))
"""


@pytest.fixture
def my_net(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "_ENTRIES", registry.entries())
    monkeypatch.setenv(own.VARIABLE, "")
    (tmp_path / "my_net.py").write_text(NETWORK, encoding="utf-8")
    return tmp_path / "my_net.py"


@pytest.fixture
def cats_and_dogs(tmp_path):
    """A folder for ``load_folder``, in three formats."""
    rng = np.random.default_rng(0)
    for name in ("cats", "dogs"):
        (tmp_path / "animals" / name).mkdir(parents=True)
        for suffix in ("jpg", "png", "webp"):
            picture = cv2.resize(rng.integers(0, 256, (4, 4, 3), np.uint8), (90, 70))
            cv2.imwrite(str(tmp_path / "animals" / name / f"{name}.{suffix}"), picture)
    return tmp_path / "animals"


def trained_on(data, folder, name="pooled"):
    """A run's folder with a network of random weights for ``data``; the network."""
    paddle.seed(0)
    model = create_model(name)
    kind = data.train.kind
    SavedModel(name, kind.name, {}, kind.image_size, kind.classes).write(folder / "checkpoints", data.info)
    save_weights(model, folder / "checkpoints" / "best.pdparams")
    (folder / "metrics.json").write_text('{"homework": "cats-and-dogs", "status": "done"}', encoding="utf-8")
    return model


def test_a_network_for_a_folder_of_pictures_predicts_them(my_net, cats_and_dogs, tmp_path):
    own.import_networks([my_net])
    data = load_folder(cats_and_dogs, image_size=32)
    model = trained_on(data, tmp_path / "run")
    found = table(tmp_path, tmp_path / "run", cats_and_dogs / "cats", cats_and_dogs / "dogs")
    logits = model(paddle.to_tensor(data.train.kind.scale(data.train.images)))
    expected = paddle.nn.functional.softmax(logits).numpy()
    assert len(found) == 6
    for path, shares in zip(data.train.names, expected, strict=True):
        name, predicted = found[path.split("/")[1]]
        assert predicted == pytest.approx(shares, abs=1e-6) and name == ("cats", "dogs")[shares.argmax()]
    plain, varied = table(tmp_path, tmp_path / "run", cats_and_dogs / "cats"), None
    varied = table(tmp_path, tmp_path / "run", cats_and_dogs / "cats", "--tta")
    assert np.abs(plain["cats.png"][1] - varied["cats.png"][1]).max() > 1e-6


def test_the_network_of_a_run_comes_from_the_file_that_is_named_and_only_then(my_net, cats_and_dogs, tmp_path, capsys):
    own.import_networks([my_net])
    trained_on(load_folder(cats_and_dogs, image_size=32), tmp_path / "run")
    del registry._ENTRIES["pooled"]
    picture = str(cats_and_dogs / "cats" / "cats.png")
    arguments = [str(tmp_path / "run"), picture]
    assert predict.main(arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "there is no model 'pooled'" in line and "--import FILE" in line
    assert predict.main([*arguments, "--import", str(my_net)]) == 0
    assert capsys.readouterr().out.startswith(picture)
    del registry._ENTRIES["pooled"]
    change(tmp_path / "run" / "checkpoints" / "model.json", arguments={"imports": str(my_net)})
    assert predict.main(arguments) == 2
    assert "pooled" not in registry.entries()
    assert predict.main([*arguments, "--import", str(tmp_path / "no.py")]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == f"error: --import {tmp_path / 'no.py'}: no such file"


def test_weights_of_a_network_of_ones_own_without_a_model_json(my_net, tmp_path, capsys):
    digit = write_digit(tmp_path)
    own.import_networks([my_net])
    save_weights(create_model("pooled", num_classes=10, in_channels=1), tmp_path / "mine.safetensors")
    named = ["--model", "pooled", "--classes", "digits", "--import", str(my_net)]
    assert predict.main([str(tmp_path / "mine.safetensors"), str(digit), *named]) == 0
    assert capsys.readouterr().out.startswith(f"{digit}: ")


def test_the_command_line_offers_the_readers_that_know_their_classes():
    assert {name for name, reader in READERS.items() if reader.kind.classes} == set(KINDS_WITH_CLASSES)
    assert list(READERS) == [
        "digits",
        "fundus",
        "traffic-signs",
        "roads",
        "pictures",
        "pictures-lite",
        "pictures-imagenet",
        "pictures-caffe",
    ]


def test_pictures_need_classes():
    with pytest.raises(SettingError, match="reader=pictures: its pictures need classes"):
        SavedModel("resnet18", "pictures")
    assert SavedModel("resnet18", "pictures", classes=("cats", "dogs")).image_size == 224


@pytest.mark.parametrize("name", ["lenet", "resnet18"])
def test_the_usual_network_for_digits(name):
    model = create_model(name, **SavedModel.usual(name, "digits").arguments)
    assert model(paddle.ones([1, 1, 28, 28])).shape == [1, 10]


@pytest.fixture
def prices(tmp_path, monkeypatch):
    """A run whose network takes a row of 13 numbers."""
    monkeypatch.setattr(registry, "_ENTRIES", registry.entries())

    @registry.register_model
    def line(num_classes=1, in_channels=13):
        return paddle.nn.Linear(in_channels, num_classes)

    folder = tmp_path / "run" / "checkpoints"
    SavedModel("line", None, {"num_classes": 1, "in_channels": 13}).write(folder, DataInfo("houses", "real", "/x", {}))
    save_weights(create_model("line"), folder / "best.pdparams")
    (tmp_path / "run" / "metrics.json").write_text('{"homework": "4-1", "status": "done"}', encoding="utf-8")
    return tmp_path / "run"


def test_a_network_that_takes_no_pictures_is_loaded_but_not_predicted_with(prices, tmp_path, capsys):
    saved = read_saved_model(prices / "checkpoints")
    (network,) = saved.load(saved.files(prices / "checkpoints"))
    assert network(paddle.ones([2, 13])).shape == [2, 1]
    assert predict.main([str(prices), str(write_digit(tmp_path))]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: model.json: line takes something else than pictures, messages or rows")


@pytest.mark.parametrize("values", [{"image_size": 10**9}, {"image_size": "x"}, {"arguments": {"num_classes": 10**9}}])
def test_what_takes_no_pictures_is_held_to_the_same_bounds(prices, values):
    change(prices / "checkpoints" / "model.json", **values)
    with pytest.raises(CheckpointError, match="damaged or of another version"):
        read_saved_model(prices / "checkpoints")


def test_a_network_of_several_inputs_that_is_said_to_take_pictures_is_one_line(prices, tmp_path, capsys):
    change(prices / "checkpoints" / "model.json", reader="digits", classes=["a"], image_size=28)
    assert predict.main([str(prices), str(write_digit(tmp_path))]) == 2
    assert "model=line does not take pictures of 1 x 28 x 28" in capsys.readouterr().err.splitlines()[-1]
