"""The course's sigmoid head: a network of two classes with one output, in every form of its weights."""

from __future__ import annotations

import cv2
import numpy as np
import paddle
import pytest

import paddle_camp as camp
from paddle_camp.commands import predict
from paddle_camp.data.info import DataInfo
from paddle_camp.networks.calling import outputs_of
from paddle_camp.networks.weights import save_weights
from paddle_camp.predicting.saved_model import SavedModel, read_saved_model
from tests.helpers import contract
from tests.helpers.torch_files import save_as_torch

ARGUMENTS = {"num_classes": 1, "in_channels": 3}


@pytest.fixture
def network():
    paddle.seed(0)
    model = camp.create_model("resnet18", **ARGUMENTS)
    model.eval()
    return model


@pytest.fixture
def folder(tmp_path, network):
    model = SavedModel("resnet18", "fundus", ARGUMENTS, image_size=64)
    model.write(tmp_path / "run", DataInfo("iChallenge-PM", "real", "/somewhere", {}))
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        cv2.imwrite(str(tmp_path / f"{name}.png"), rng.integers(0, 256, (64, 64, 3), np.uint8))
    return tmp_path / "run"


@pytest.mark.parametrize("name", ["best.pdparams", "mine.safetensors", "mine.pth"])
def test_p_and_the_rest_are_shown(folder, network, name, tmp_path, capsys):
    path = folder / name
    if path.suffix == ".pth":
        arrays = {key: value.numpy() for key, value in network.state_dict().items()}
        save_as_torch(arrays | {"fc.weight": arrays["fc.weight"].T}, path)  # [out, in] there
    else:
        save_weights(network, path)
    pictures = [tmp_path / "a.png", tmp_path / "b.png"]
    inputs = read_saved_model(folder).inputs(folder)
    samples = [sample for _, sample in inputs.samples([str(each) for each in pictures], [], pytest.fail)]
    logits = outputs_of(network, inputs.arrays(samples)[0])[:, 0].astype(np.float64)
    assert predict.main([str(path), *map(str, pictures), "--csv", str(tmp_path / "table.csv"), "--device", "cpu"]) == 0
    rows, classes = contract.rows_of(tmp_path / "table.csv"), read_saved_model(folder).classes
    for row, p in zip(rows, 1 / (1 + np.exp(-logits)), strict=True):
        shares = [float(row[f"probability_{name}"]) for name in classes]
        assert shares == pytest.approx([1 - p, p], abs=1e-6) and sum(shares) == pytest.approx(1)
        assert row["prediction"] == classes[int(p > 0.5)]
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_more_classes_than_one_output_can_tell_apart(folder, network, tmp_path, capsys):
    model = SavedModel("resnet18", "fundus", ARGUMENTS, 64, ("a", "b", "c"))
    model.write(folder, DataInfo("iChallenge-PM", "real", "/somewhere", {}))
    save_weights(network, folder / "best.pdparams")
    assert predict.main([str(folder), str(tmp_path / "a.png"), "--device", "cpu"]) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert "resnet18 has 1 output, which tells two classes apart, not one for each of ('a', 'b', 'c')" in said


def test_a_file_without_model_json_says_what_it_has(network, tmp_path, folder, capsys):
    save_weights(network, tmp_path / "alone.pdparams")
    asked = [str(tmp_path / "alone.pdparams"), str(tmp_path / "a.png"), "--model", "resnet18", "--classes", "fundus"]
    assert predict.main([*asked, "--device", "cpu"]) == 2
    said = capsys.readouterr()
    assert said.out == "" and "has shape [512, 1], the network wants [512, 2]" in said.err.splitlines()[-1]
