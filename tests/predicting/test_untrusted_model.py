"""A run folder of a stranger: what its model.json may not say, and weights that are no weights."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import paddle
import pytest

from paddle_camp import create_model
from paddle_camp.commands import predict
from paddle_camp.data.info import DataInfo
from paddle_camp.errors import CheckpointError
from paddle_camp.networks.weights import save_weights
from paddle_camp.predicting.saved_model import SavedModel, read_saved_model
from tests.networks.test_array_pickle import EVIL, FILES, pickle


@pytest.fixture
def gift(tmp_path) -> Path:
    """A run's folder with an honest, untrained LeNet."""
    checkpoints = tmp_path / "run" / "checkpoints"
    SavedModel.usual("lenet", "digits").write(checkpoints, DataInfo("MNIST", "real", "/somewhere", {}))
    save_weights(create_model("lenet"), checkpoints / "best.pdparams")
    (tmp_path / "run" / "metrics.json").write_text('{"homework": "5-1", "status": "done"}')
    return tmp_path / "run"


def change(run: Path, **values) -> None:
    path = run / "checkpoints" / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | values), encoding="utf-8")


def picture(tmp_path: Path) -> str:
    import cv2
    import numpy as np

    page = np.full((60, 60), 255, np.uint8)
    page[10:50, 28:32] = 0
    cv2.imwrite(str(tmp_path / "one.png"), page)
    return str(tmp_path / "one.png")


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"arguments": {"pretrained": "/etc/passwd"}}, "arguments names pretrained"),
        ({"weights": ["../../elsewhere.pdparams"]}, "a file elsewhere"),
        ({"weights": ["/tmp/elsewhere.pdparams"]}, "a file elsewhere"),
        ({"weights": ["..\\elsewhere.pdparams"]}, "a file elsewhere"),
        ({"weights": ["x.pdparams"] * 2000}, "1000 at most"),
        ({"image_size": 10**9}, "image_size is 1000000000, not 1 to 1024"),
        ({"stand_in": 5}, "stand_in is a line of text"),
        ({"image_size": True}, "image_size a number of pixels"),
        ({"arguments": {"num_classes": 10**12}}, "num_classes is 1000000000000, not 0 to 4096"),
        ({"arguments": {"num_classes": -1}}, "num_classes is -1"),
        ({"arguments": {"hidden": [300, 10**9]}}, "hidden is 1000000000"),
        ({"arguments": {"hidden": [4096] * 11}}, "hidden is "),
        ({"arguments": {"num_classes": float("nan")}}, "num_classes is nan"),
        ({"arguments": {"num_classes": {"a": 1}}}, "num_classes is "),
    ],
)
def test_a_model_json_that_no_run_writes_is_one_line(gift, values, says, tmp_path, capsys):
    change(gift, **values)
    with pytest.raises(CheckpointError, match="model.json: damaged or of another version") as caught:
        read_saved_model(gift / "checkpoints")
    assert says in str(caught.value) and len(str(caught.value)) < 500
    assert predict.main([str(gift), picture(tmp_path)]) == 2
    assert says in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("what", EVIL)
def test_weights_of_a_stranger_run_nothing(gift, what, tmp_path, capsys):
    (gift / "checkpoints" / "best.pdparams").write_bytes(pickle.dumps({"fc2.weight": EVIL[what]}, 4))
    assert predict.main([str(gift), picture(tmp_path)]) == 2
    said = capsys.readouterr()
    assert "best.pdparams: not a weights file of paddle.save" in said.err.splitlines()[-1] and said.out == ""


def test_safetensors_are_weights_as_well(gift, tmp_path, capsys):
    assert predict.main([str(gift), picture(tmp_path)]) == 0
    first = capsys.readouterr().out
    checkpoints = gift / "checkpoints"
    model = create_model("lenet")
    model.set_state_dict(paddle.load(str(checkpoints / "best.pdparams")))
    save_weights(model, checkpoints / "mine.safetensors")
    assert predict.main([str(checkpoints / "mine.safetensors"), picture(tmp_path)]) == 0
    assert capsys.readouterr().out == first
    shutil.copy(FILES / "paddle-3.3.1.pdparams", checkpoints / "best.pdparams")  # honest, and another network's
    assert predict.main([str(gift), picture(tmp_path)]) == 2
    assert "these weights are not of this LeNet" in capsys.readouterr().err


def test_names_that_a_terminal_or_a_spreadsheet_would_obey(gift, tmp_path, capsys):
    evil = tmp_path / "pictures"
    evil.mkdir()
    shutil.copy(picture(tmp_path), evil / "=1+1\x1b[2J.png")
    change(gift, classes=["\x1b]0;owned\x07", *"123456789"], stand_in="drawn \x9b31m")
    assert predict.main([str(gift), str(evil), "--csv", str(tmp_path / "table.csv")]) == 0
    said = capsys.readouterr()
    assert not {"\x1b", "\x07", "\x9b"} & {*said.out, *said.err}
    assert "=1+1\\x1b[2J.png: " in said.out and "DRAWN \\x9b31M" in said.err


def test_a_formula_in_a_name_is_text_in_the_table(gift, tmp_path, monkeypatch):
    shutil.copy(picture(tmp_path), tmp_path / "=1+1.png")
    monkeypatch.chdir(tmp_path)
    assert predict.main([str(gift), "=1+1.png", "--csv", "table.csv"]) == 0
    content = (tmp_path / "table.csv").read_bytes().decode("utf-8")
    assert content.startswith("\ufeffsample,prediction,") and "\n'=1+1.png," in content


@pytest.mark.parametrize(
    "arguments",
    [
        {"num_classes": 0},
        {"in_channels": 0},
        {"activation": "evil"},
        {"image_size": 1},
        {"num_classes": "ten"},
        {"x": 5},
    ],
)
def test_arguments_that_no_network_takes_are_one_line(gift, arguments, tmp_path, capsys):
    change(gift, arguments=arguments)
    assert predict.main([str(gift), picture(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ") and ("is not built with" in line or "these weights are not of this LeNet" in line)


@pytest.mark.parametrize("manifest", ['{"sha256": 5}', '{"sha256": {".pdparams": 5}}', "[]", "{"])
def test_a_manifest_with_nonsense_is_damage(gift, manifest, tmp_path, capsys):
    (gift / "checkpoints" / "best.state.json").write_text(manifest, encoding="utf-8")
    assert predict.main([str(gift), picture(tmp_path)]) == 2
    assert "best.pdparams: damaged: these are not the bytes that were saved" in capsys.readouterr().err


def test_a_folder_with_a_model_and_weights_needs_no_run(gift, tmp_path, capsys):
    assert predict.main([str(gift / "checkpoints"), picture(tmp_path)]) == 0
    assert "one.png: " in capsys.readouterr().out
    change(gift, arguments={"num_classes": 3_000_000})
    assert predict.main([str(gift / "checkpoints"), picture(tmp_path)]) == 2
    assert "num_classes is 3000000, not 0 to 4096" in capsys.readouterr().err
