"""predict --backend onnx: ONNX Runtime says what Paddle says, and whatever does not fit is one line."""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path

import cv2
import numpy as np
import pytest

import paddle_camp as camp
from paddle_camp.commands import export as export_command
from paddle_camp.commands import predict
from paddle_camp.errors import CampError, CheckpointError
from paddle_camp.metrics import probabilities
from paddle_camp.predicting.onnx_network import OnnxNetwork, Value
from tests.helpers import contract, onnx_files, tried_models
from tests.helpers.fundus_files import drawn
from tests.helpers.mutations import survive
from tests.helpers.onnx_files import field, node
from tests.helpers.predictions import write_digit

WEIGHTS = np.array([[1.0, -1.0, 0.5], [0.0, 2.0, 1.0]], np.float32)
BIAS = np.array([0.1, -0.2, 0.0], np.float32)
CLASSES = ("a", "b", "c")
CAST = node("Cast", ["x"], "rows", field(5, field(1, "to") + field(3, 1) + field(20, 2)))  # to float32
TWO = field(12, onnx_files.value("sums", ["n", 3]))  # a second output


def made_export(folder: Path, content: bytes | None = None, name: str = "last.onnx", **values) -> Path:
    """A folder as export writes it, of a classifier of tables."""
    content = onnx_files.linear(WEIGHTS, BIAS) if content is None else content
    saved = camp.SavedModel("perceptron", "table", {"sizes": [2, 3]}, table=tried_models.FLOWERS, classes=CLASSES)
    saved.write(folder, tried_models.REAL)
    path = folder / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))
    onnx_files.write(folder / name, content)
    return folder


@pytest.fixture
def rows(tmp_path) -> Path:
    path = tmp_path / "flowers.csv"
    path.write_text("length,width\n6,3.5\n5,2\n9,4\n")
    return path


def said(capsys, *arguments, status: int = 2) -> str:
    """What predict says on stderr; of an error one line."""
    assert predict.main([*map(str, arguments), "--backend", "onnx"]) == status
    captured = capsys.readouterr()
    if status:
        assert len(captured.err.splitlines()) == 1 and not captured.out
    return captured.err


def shares(tmp_path, *arguments) -> np.ndarray:
    """The numbers that predict writes with --csv: probabilities, or of a network without classes its number."""
    file = tmp_path / "said.csv"
    assert predict.main([*map(str, arguments), "--csv", str(file)]) == 0
    kept = [
        [row[key] for key in row if key.startswith("probability_")] or [row["prediction"]]
        for row in contract.rows_of(file)
    ]
    return np.array(kept, float)


def test_what_the_file_computes_is_what_is_said(tmp_path, rows, capsys):
    pytest.importorskip("onnxruntime")
    folder = made_export(tmp_path / "out")
    scaled = (np.array([[6, 3.5], [5, 2], [9, 4]]) - [5, 3]) / [2, 0.5]
    wanted = probabilities((scaled @ WEIGHTS + BIAS).astype(np.float32))
    for source in (folder, folder / "last.onnx"):
        np.testing.assert_allclose(shares(tmp_path, source, rows, "--backend", "onnx"), wanted, atol=1e-6)
        assert f"perceptron by ONNX Runtime: {folder / 'last.onnx'}" in capsys.readouterr().err


def test_an_ensembles_probabilities_are_averaged(tmp_path, rows):
    pytest.importorskip("onnxruntime")
    folder = made_export(tmp_path / "out", name="0.onnx", weights=["0.pdparams", "1.pdparams"])
    onnx_files.write(folder / "1.onnx", onnx_files.linear(-WEIGHTS, BIAS))
    both = shares(tmp_path, folder, rows, "--backend", "onnx")
    each = [shares(tmp_path, folder / f"{number}.onnx", rows, "--backend", "onnx") for number in (0, 1)]
    np.testing.assert_allclose(both, np.mean(each, axis=0), atol=1e-9)
    assert np.abs(each[0] - each[1]).max() > 0.1


MODELS = {
    "digits": (tried_models.digits, "picture"),
    "fundus": (tried_models.fundus, "eye"),
    "messages": (tried_models.messages, "texts"),
    "classes of a table": (tried_models.flowers, "rows"),
    "a number of a table": (tried_models.lengths, "rows"),
}


@pytest.mark.parametrize("kind", MODELS)
def test_both_engines_say_the_same(tmp_path, rows, kind):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("paddle2onnx")
    build, name = MODELS[kind]
    weights = build(tmp_path / "run")
    sample = rows if name == "rows" else write_sample(tmp_path, name)
    wanted = shares(tmp_path, weights, sample)
    assert export_command.main([str(weights), "--to", "onnx", "--out", str(tmp_path / "out")]) == 0
    for source in (tmp_path / "out", weights):  # the second is exported on the way
        np.testing.assert_allclose(shares(tmp_path, source, sample, "--backend", "onnx"), wanted, atol=1e-4)
    assert not list(weights.parent.glob("*.onnx"))


def write_sample(folder: Path, name: str) -> Path:
    """A picture of a digit or of an eye, or messages."""
    if name == "picture":
        return write_digit(folder)
    if name == "eye":
        cv2.imwrite(str(folder / "eye.png"), drawn(0, 80, 80))
        return folder / "eye.png"
    (folder / "texts.txt").write_text("win a prize\nare you home\n")
    return folder / "texts.txt"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "ONNX Runtime does not take it"),
        (onnx_files.model(b""), "ONNX Runtime does not take it"),
        (onnx_files.linear(WEIGHTS, BIAS)[:-9], "not an ONNX file, or damaged"),
        (onnx_files.linear(WEIGHTS, BIAS).replace(b"MatMul", b"MatMux"), "ONNX Runtime does not take it"),
        (onnx_files.linear(WEIGHTS, BIAS).replace(b"\x0a\x01x", b"\x0a\x01\xff"), "ONNX Runtime does not take it"),
        (onnx_files.linear(np.ones((5, 3)), BIAS), "its inputs are tensor(float) [n, 5], and model.json wants "),
        (onnx_files.linear(WEIGHTS, BIAS, kinds=(11, 1), first=CAST), "its inputs are tensor(double) [n, 2]"),
        (onnx_files.linear(WEIGHTS, BIAS, takes=["n", 2, 1]), "its inputs are"),
        (onnx_files.linear(WEIGHTS, BIAS, takes=[1, 2], gives=[1, 3]), "its inputs are"),
        (
            onnx_files.linear(np.ones((2, 4)), np.ones(4)),
            "[n, 4], and model.json wants tensor(float) [N, 3]",
        ),
        (onnx_files.linear(np.ones((2, 1)), np.ones(1)), "its outputs are"),
        (onnx_files.linear(WEIGHTS, BIAS, more=TWO), "its outputs are tensor(float) [n, 3]; tensor"),
        (onnx_files.linear(WEIGHTS, BIAS, ["n", "k"], ["n", "k"]), None),  # it leaves the sizes open: nothing to refuse
        (onnx_files.linear(np.ones((3, 3)), np.ones(3), takes=["n", "k"]), "ONNX Runtime cannot compute it"),
        (onnx_files.linear(WEIGHTS * np.nan, BIAS), "its output is not a number"),
    ],
)
def test_a_file_that_does_not_fit_is_one_line(tmp_path, rows, capsys, content, says):
    pytest.importorskip("onnxruntime")
    folder = made_export(tmp_path / "out", content)
    if says is None:
        said(capsys, folder, rows, status=0)
        return
    assert predict.main([str(folder), str(rows), "--backend", "onnx"]) == 2
    captured = capsys.readouterr()
    assert says in captured.err.splitlines()[-1] and not captured.out and "Traceback" not in captured.err
    assert len([line for line in captured.err.splitlines() if "by ONNX Runtime:" not in line]) == 1


def test_of_mutants_each_is_computed_or_one_line(tmp_path):
    pytest.importorskip("onnxruntime")

    def compute(path: Path) -> np.ndarray:
        return OnnxNetwork.load(path).checked((2,), 3)(np.ones((2, 2), np.float32))

    assert 0 < survive(compute, tmp_path / "a.onnx", onnx_files.linear(WEIGHTS, BIAS), 500, seed=0) < 500


def test_which_file_is_meant_must_be_known(tmp_path, rows, capsys):
    pytest.importorskip("onnxruntime")
    folder = made_export(tmp_path / "out", name="one.onnx")
    said(capsys, folder, rows, status=0)
    onnx_files.write(folder / "two.onnx", b"")
    assert "has one.onnx, two.onnx; name one of these files" in said(capsys, folder, rows)
    onnx_files.write(folder / "best.onnx", onnx_files.linear(WEIGHTS, BIAS))
    assert "best.onnx" in said(capsys, folder, rows, status=0)
    ensemble = made_export(tmp_path / "few", name="0.onnx", weights=["0.pdparams", "1.pdparams"])
    assert "1.onnx: no such file" in said(capsys, ensemble, rows)


def test_without_model_json_the_network_is_named(tmp_path, capsys):
    pytest.importorskip("onnxruntime")
    content = onnx_files.linear(np.ones((784, 10)), np.arange(10.0), takes=["n", 1, 28, 28])
    file, digit = onnx_files.write(tmp_path / "mine.onnx", content), write_digit(tmp_path)
    assert "add --model and --classes" in said(capsys, file, digit)
    assert predict.main([str(file), str(digit), "--backend", "onnx", "--model", "lenet", "--classes", "digits"]) == 0
    assert capsys.readouterr().out.startswith(f"{digit}: 9 0.632; 8 0.233")  # softmax of 0 to 9
    assert "no such file" in said(capsys, tmp_path / "none.onnx", digit)


@pytest.mark.parametrize("source", ["out", "out/last.onnx", "run"])
def test_a_missing_onnxruntime_is_one_line(tmp_path, rows, monkeypatch, capsys, source):
    made_export(tmp_path / "out")
    tried_models.flowers(tmp_path / "run")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    line = said(capsys, tmp_path / source, rows)
    assert "--backend onnx needs onnxruntime" in line and 'pip install "onnxruntime>=1.18,<2"' in line


def test_an_export_needs_no_paddle2onnx_and_a_run_does(tmp_path, rows, monkeypatch, capsys):
    pytest.importorskip("onnxruntime")
    monkeypatch.setitem(sys.modules, "paddle2onnx", None)
    said(capsys, made_export(tmp_path / "out"), rows, status=0)
    assert "needs paddle2onnx" in said(capsys, tried_models.flowers(tmp_path / "run"), rows)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--explain", "x"], "--explain: Grad-CAM needs gradients, which Paddle computes"),
        (["--device", "gpu"], "--device gpu: --backend onnx computes on the CPU"),
    ],
)
def test_what_paddle_alone_can_do_is_one_line(tmp_path, rows, capsys, arguments, says):
    assert says in said(capsys, made_export(tmp_path / "out"), rows, *arguments)


def test_captions_are_paddles_alone(tmp_path, capsys):
    weights = tried_models.captions(tmp_path / "run")
    assert "by Paddle alone; leave --backend out" in said(capsys, weights, "x.jpg")
    (tmp_path / "run" / "last.onnx").write_bytes(onnx_files.linear(WEIGHTS, BIAS))
    assert "by Paddle alone; leave --backend out" in said(capsys, tmp_path / "run", "x.jpg")


def test_a_network_that_takes_something_else_is_one_line(tmp_path, capsys):
    folder = made_export(tmp_path / "out", reader=None, classes=[])
    assert "takes something else than pictures" in said(capsys, folder, "x.jpg")


def test_paddle_says_that_an_export_is_not_for_it(tmp_path, rows, capsys):
    folder = made_export(tmp_path / "out")
    for source in (folder, folder / "last.onnx"):
        assert predict.main([str(source), str(rows)]) == 2
        captured = capsys.readouterr()
        assert "predict computes with --backend onnx" in captured.err and len(captured.err.splitlines()) == 1
    tried_models.flowers(folder)  # with weights beside it, they are taken
    assert predict.main([str(folder), str(rows)]) == 0


def test_a_model_json_of_the_wrong_kind_is_refused_as_ever(tmp_path, rows, capsys):
    folder = made_export(tmp_path / "out", weights=["../../etc/passwd"])
    assert "a file elsewhere" in said(capsys, folder, rows)


@pytest.mark.parametrize(("backend", "device"), [("onnx", "cpu"), ("paddle", "auto")])
def test_with_onnx_paddle_is_not_asked_for_its_gpu(monkeypatch, backend, device):
    asked = []

    def choose(name):
        asked.append(name)
        raise CampError("enough")

    monkeypatch.setattr("paddle_camp.runtime.choose_device", choose)
    assert predict.main(["out", "a.csv", "--backend", backend]) == 2
    assert asked == [device]


def test_outputs_of_another_size_than_the_classes_are_one_line():
    """A file may leave open how many it gives, and then give too many: of an ensemble no mean could be taken."""
    ends = Value("x", "tensor(float)", ["n", "k"]), Value("y", "tensor(float)", ["n", "k"])
    session = types.SimpleNamespace(run=lambda names, given: [np.zeros((len(given["x"]), 4), np.float32)])
    network = OnnxNetwork(Path("a.onnx"), session, [ends[0]], [ends[1]])
    assert network(np.ones((2, 2), np.float32)).shape == (2, 4)
    with pytest.raises(CheckpointError, match=r"a\.onnx: gives \[2, 4\] for 2 inputs, and says that it gives \[n, k\]"):
        network.checked((2,), 3)(np.ones((2, 2), np.float32))


def test_a_folder_says_itself_of_which_network_it_is(tmp_path, rows, capsys):
    pytest.importorskip("onnxruntime")
    folder = made_export(tmp_path / "out")
    assert "--model: for a file of weights" in said(capsys, folder, rows, "--model", "lenet", "--classes", "digits")
