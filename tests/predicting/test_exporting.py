"""paddle-camp export: what is written gives the network's outputs, and what does not is refused and removed."""

from __future__ import annotations

import json
import sys

import numpy as np
import paddle
import pytest
from paddle import nn

import paddle_camp as camp
from paddle_camp.commands import export as command
from paddle_camp.commands import predict
from paddle_camp.errors import CampError
from paddle_camp.networks.calling import outputs_of
from paddle_camp.predicting import exporting
from paddle_camp.predicting.onnx_network import OnnxNetwork
from paddle_camp.predicting.saved_model import find_saved_model
from tests.helpers import tried_models
from tests.helpers.predictions import make_run, write_digit

INPUTS = np.random.default_rng(1).random((2, 1, 28, 28)).astype(np.float32)


@pytest.fixture
def digits(tmp_path):
    """The weights of an untrained network for digits."""
    return tried_models.digits(tmp_path / "run")


def network_of(weights) -> nn.Layer:
    saved, files = find_saved_model(weights)
    return saved.load(files)[0]


def test_the_inference_engine_gives_the_networks_outputs(digits, tmp_path):
    made = exporting.export(digits, "inference", tmp_path / "out")
    program = "last.json" if paddle.__version__.startswith("3") else "last.pdmodel"
    assert sorted(path.name for path in made) == sorted([program, "last.pdiparams", "model.json"])
    assert sorted((tmp_path / "out").iterdir()) == made
    found = exporting.inference_of(tmp_path / "out" / "last")(INPUTS)
    np.testing.assert_allclose(found, outputs_of(network_of(digits), INPUTS), atol=1e-4)


def test_plain_arrays_are_a_model_that_predict_takes(digits, tmp_path, capsys):
    made = exporting.export(digits, "safetensors", tmp_path / "out")
    assert [path.name for path in made] == ["last.safetensors", "model.json"]
    same = outputs_of(network_of(made[0]), INPUTS)
    assert np.array_equal(same, outputs_of(network_of(digits), INPUTS))
    digit = write_digit(tmp_path)
    assert predict.main([str(made[0]), str(digit)]) == predict.main([str(digits), str(digit)]) == 0
    one, other = capsys.readouterr().out.splitlines()
    assert one == other


def test_onnx_runtime_gives_the_networks_outputs(digits, tmp_path):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("paddle2onnx")
    made = exporting.export(digits, "onnx", tmp_path / "out")
    assert [path.name for path in made] == ["last.onnx", "model.json"]
    np.testing.assert_allclose(OnnxNetwork.load(made[0])(INPUTS), outputs_of(network_of(digits), INPUTS), atol=1e-4)


def test_an_ensemble_is_exported_network_by_network(tmp_path):
    made = exporting.export(make_run(tmp_path / "run", 2), "safetensors", tmp_path / "out")
    assert [path.name for path in made] == ["0.safetensors", "1.safetensors", "model.json"]


@pytest.mark.parametrize(
    ("run", "says"),
    [
        (lambda rows: np.zeros((len(rows), 10), np.float32), "gives other outputs than the network"),
        (lambda rows: np.full((len(rows), 10), np.nan, np.float32), "gives other outputs than the network"),
        (lambda rows: np.zeros((1, 10), np.float32), "gives other outputs than the network"),
        (lambda rows: 1 / 0, "cannot be run (division by zero)"),
    ],
)
def test_a_bad_file_is_refused_and_removed(digits, tmp_path, monkeypatch, capsys, run, says):
    def bad(saved, network, place):
        place.with_name(f"{place.name}.safetensors").write_bytes(b"bad")
        return run

    monkeypatch.setitem(exporting.FORMS, "safetensors", bad)
    assert command.main([str(digits), "--to", "safetensors", "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr()
    assert not said.out and says in said.err and len(said.err.splitlines()) == 1
    assert list((tmp_path / "out").iterdir()) == []


def test_a_difference_just_below_the_bound_counts_and_one_above_does_not():
    batch, wanted = np.zeros((1, 1), np.float32), np.array([[200.0]], np.float32)
    exporting.compare("x", lambda rows: wanted + 0.019, [batch], [wanted])
    with pytest.raises(CampError, match="other outputs"):
        exporting.compare("x", lambda rows: wanted + 0.021, [batch], [wanted])


@pytest.mark.parametrize("name", ["paddle2onnx", "onnxruntime"])
def test_a_missing_package_is_one_line(digits, tmp_path, monkeypatch, capsys, name):
    for each in ("paddle2onnx", "onnxruntime"):
        monkeypatch.setitem(sys.modules, each, None if each == name else sys)
    assert command.main([str(digits), "--to", "onnx", "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert f"--to onnx needs {name}" in said and "pip install -e .[export]" in said and len(said.splitlines()) == 1


def test_a_generators_export_is_one_line(tmp_path, capsys):
    weights = tried_models.published(
        tmp_path / "gan", camp.SavedModel("perceptron", None, {"sizes": [2, 3]}), camp.perceptron([2, 3])
    )
    assert command.main([str(weights), "--to", "onnx", "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert "perceptron takes something else than pictures" in said and len(said.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_network_that_paddle_cannot_translate_is_one_line(tmp_path, capsys):
    """Its code asks for a tensor's values, which an export does not have."""
    arguments = camp.model_arguments("sign_net_stn", 43, 3, 32) | {"image_size": 32}
    network = camp.create_model("sign_net_stn", **arguments)
    saved = camp.SavedModel("sign_net_stn", "traffic-signs", arguments)
    weights = tried_models.published(tmp_path / "run", saved, network)
    status = command.main([str(weights), "--to", "inference", "--out", str(tmp_path / "out")])
    said = capsys.readouterr().err
    assert status == 2 and "sign_net_stn cannot be exported by Paddle" in said.splitlines()[-1]
    assert list((tmp_path / "out").iterdir()) == []


def test_wrong_places_are_one_line(digits, tmp_path, capsys):
    (tmp_path / "file").write_text("x")
    assert command.main([str(digits), "--to", "safetensors", "--out", str(tmp_path / "file")]) == 2
    assert command.main([str(tmp_path), "--to", "safetensors", "--out", str(tmp_path / "out")]) == 2
    one, other = capsys.readouterr().err.splitlines()
    assert "cannot be written" in one and "is no run folder" in other
    with pytest.raises(SystemExit):
        command.main([str(digits), "--to", "torch", "--out", "x"])


def test_tables_and_their_model_json_are_handed_on(tmp_path):
    table = {"columns": ["x", "y"], "shift": [0.0, 1.0], "scale": [1.0, 2.0], "label": "z"}
    number = {"unit": "cm", "shift": 0.0, "scale": 1.0}
    saved = camp.SavedModel("perceptron", "table", {"sizes": [2, 1]}, table=table, number=number)
    made = exporting.export(
        tried_models.published(tmp_path / "run", saved, camp.perceptron([2, 1])), "inference", tmp_path / "out"
    )
    kept = json.loads((tmp_path / "out" / "model.json").read_text(encoding="utf-8"))
    assert kept["table"]["columns"] == ["x", "y"] and len(made) == 3
