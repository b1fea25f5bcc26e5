"""tools/predict.py: a run's model on one's own digits, its files, and a run that is spoilt."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import paddle
import pytest

from paddle_camp.commands import predict
from paddle_camp.data.mnist import load_mnist
from paddle_camp.data.pictures.own_digit import prepare_digit
from paddle_camp.data.pictures.warp import variations
from paddle_camp.models import create_model
from paddle_camp.preprocessing import scale_to_one
from tests.helpers import contract
from tests.helpers.predictions import change, make_run, small_run, table, write_digit

SMALL = ("train_pictures=400", "test_pictures=100", "num_epochs=4", "batch_size=10", "draws=100")


@pytest.fixture(scope="module")
def digits_run(tmp_path_factory):
    return small_run("5-1", tmp_path_factory.mktemp("digits"), SMALL)


@pytest.fixture
def digit(tmp_path):
    return write_digit(tmp_path)


def test_a_digit_end_to_end(digits_run, digit, tmp_path, capsys):
    (name, shares), *rest = table(tmp_path, digits_run, digit).values()
    said = capsys.readouterr()
    assert not rest and name == str(shares.argmax())
    assert said.out.startswith(f"{digit}: {name} {shares.max():.3f}")
    others = said.out.strip().partition("; ")[2].split(", ")
    assert others == [f"{k} {shares[k]:.3f}" for k in np.argsort(-shares)[1:] if shares[k] >= 0.01]
    assert "trained on STAND-IN DATA, GENERATED: NOT MNIST" in said.err and "best.pdparams" in said.err


def test_most_digits_on_paper_are_recognised(digits_run, tmp_path):
    data, folder = load_mnist("synthetic").test, tmp_path / "paper"
    folder.mkdir()
    for index in range(40):
        cv2.imwrite(str(folder / f"{index:02}.png"), 255 - cv2.resize(data.images[index, 0], (200, 200)))
    found = table(tmp_path, digits_run, folder)
    right = [name == str(label) for (name, _), label in zip(found.values(), data.labels, strict=False)]
    assert len(right) == 40 and np.mean(right) > 0.5  # chance is 0.1


def test_the_columns_are_the_classes(digits_run, digit, tmp_path):
    table(tmp_path, digits_run, digit)
    (row,) = contract.rows_of(tmp_path / "table.csv")
    assert list(row) == ["sample", "prediction", *(f"probability_{k}" for k in range(10))]
    assert sum(float(row[f"probability_{k}"]) for k in range(10)) == pytest.approx(1)


def test_the_best_weights_are_the_default_else_the_last(digits_run, digit, tmp_path):
    run = shutil.copytree(digits_run, tmp_path / "run")
    by_default, last = (table(tmp_path, path, digit) for path in (run, run / "checkpoints" / "last.pdparams"))
    best = table(tmp_path, run / "checkpoints" / "best.pdparams", digit)
    assert np.array_equal(by_default["digit.png"][1], best["digit.png"][1])
    (run / "checkpoints" / "best.pdparams").unlink()
    assert np.array_equal(table(tmp_path, run, digit)["digit.png"][1], last["digit.png"][1])


def test_an_ensemble_is_the_mean_of_its_members(digit, tmp_path):
    run = make_run(tmp_path / "run", 3)
    together = table(tmp_path, run, digit)["digit.png"][1]
    single = [table(tmp_path, run / "checkpoints" / f"{k}.pdparams", digit)["digit.png"][1] for k in range(3)]
    assert together == pytest.approx(np.mean(single, axis=0), abs=1e-7)
    assert np.abs(single[0] - single[1]).max() > 1e-3


def test_variations_of_a_digit_are_those_of_6_2(digits_run, digit, tmp_path):
    model = create_model("two_conv_net", pretrained=digits_run / "checkpoints" / "best.pdparams")
    varied = variations(prepare_digit(digit)["28 x 28"][None, None])
    outputs = [model(paddle.to_tensor(scale_to_one(images))) for images in varied]
    mean = np.mean([paddle.nn.functional.softmax(logits)[0].numpy() for logits in outputs], axis=0)
    assert table(tmp_path, digits_run, digit, "--tta")["digit.png"][1] == pytest.approx(mean, abs=1e-6)
    assert np.abs(table(tmp_path, digits_run, digit)["digit.png"][1] - mean).max() > 1e-3


def test_latest_may_be_a_file_that_names_the_run(digits_run, digit, tmp_path):
    shutil.copytree(digits_run, tmp_path / "20260101-000000")
    (tmp_path / "latest").write_text("20260101-000000\n", encoding="utf-8")
    assert list(table(tmp_path, tmp_path / "latest", digit)) == ["digit.png"]


def test_a_weights_file_alone_needs_the_networks_name(digit, tmp_path, capsys):
    file = make_run(tmp_path / "run") / "checkpoints" / "0.pdparams"
    beside = table(tmp_path, file, digit)
    (file.parent / "model.json").unlink()
    assert predict.main([str(file), str(digit)]) == 2
    assert "add --model and --classes" in capsys.readouterr().err
    named = table(tmp_path, file, digit, "--model", "two_conv_net", "--classes", "digits")
    assert np.array_equal(named["digit.png"][1], beside["digit.png"][1])
    assert predict.main([str(file), str(digit), "--model", "resnet18", "--classes", "fundus"]) == 2
    assert "not of this ResNet" in capsys.readouterr().err
    with pytest.raises(SystemExit) as caught:
        predict.main([str(file), str(digit), "--model", "two_conv_net"])
    assert caught.value.code == 2


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def interrupt(run: Path) -> None:
    change(run / "metrics.json", status="interrupted")
    (run / "checkpoints" / "model.json").unlink()


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (shutil.rmtree, "is no run folder (such as runs/5-1/latest)"),
        (interrupt, "the run is interrupted; go on with: python tools/run_homework.py 5-1 --resume"),
        (lambda run: (run / "checkpoints" / "model.json").unlink(), "publishes no network to predict with"),
        (lambda run: (run / "checkpoints" / "model.json").write_text("{"), "model.json: damaged"),
        (lambda run: change(run / "checkpoints" / "model.json", color="red"), "model.json: damaged or of another"),
        (lambda run: change(run / "checkpoints" / "model.json", arguments=5), "model.json: damaged or of another"),
        (lambda run: change(run / "checkpoints" / "model.json", arguments={"x": 5}), "is not built with {'x': 5}"),
        (
            lambda run: change(run / "checkpoints" / "model.json", reader="music"),
            "there are digits, fundus, traffic-signs, roads, pictures, pictures-lite, pictures-imagenet, "
            "pictures-caffe, messages, "
            "table",
        ),
        (lambda run: change(run / "checkpoints" / "model.json", model="lenett"), "did you mean 'lenet'?"),
        (lambda run: change(run / "checkpoints" / "model.json", classes=["a", "b"]), "has 10 outputs"),
        (lambda run: change(run / "checkpoints" / "model.json", weights=["seed0.pdparams"]), "seed0.pdparams: no such"),
        (lambda run: [path.unlink() for path in run.glob("checkpoints/*.pdparams")], "last.pdparams are missing"),
        (lambda run: flip_a_byte(run / "checkpoints" / "best.pdparams"), "best.pdparams: damaged"),
        (lambda run: (run / "checkpoints" / "best.pdparams").write_bytes(b"x"), "best.pdparams: damaged"),
    ],
)
def test_a_spoilt_run_is_one_line(digits_run, digit, tmp_path, capsys, spoil, says):
    run = shutil.copytree(digits_run, tmp_path / "run")
    spoil(run)
    assert predict.main([str(run), str(digit)]) == 2
    said = capsys.readouterr()
    last = said.err.splitlines()[-1]
    assert not said.out and last.startswith("error: ") and says in last
    assert "Traceback" not in said.err
    assert predict.main([str(run), str(digit), "--debug"]) == 2
    assert "Traceback" in capsys.readouterr().err
