"""tools/predict.py: a run's model on one's own pictures, its files, its mistakes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import paddle
import pytest

from paddle_camp.models import create_model
from paddle_camp.readers.batches import scale_to_one
from paddle_camp.readers.mnist import load_mnist
from paddle_camp.readers.own_digit import prepare_digit
from paddle_camp.readers.warp import variations
from paddle_camp.results import DataInfo
from paddle_camp.saved_model import SavedModel
from tests import contract
from tools import predict

SMALL = ("train_pictures=400", "test_pictures=100", "num_epochs=4", "batch_size=10", "draws=100")
TINY = ("model=resnet18", "image_size=32", "num_epochs=3", "train_pictures=30", "valid_pictures=10", "batch_size=10")
REAL = DataInfo("MNIST", "real", "/data", {})


def small_run(homework: str, out: Path, overrides: tuple[str, ...]) -> Path:
    arguments = [part for text in overrides for part in ("-o", text)]
    return contract.run(homework, out, "--data", "synthetic", *arguments)[0]


@pytest.fixture(scope="module")
def digits_run(tmp_path_factory):
    return small_run("5-1", tmp_path_factory.mktemp("digits"), SMALL)


@pytest.fixture(scope="module")
def fundus_run(tmp_path_factory):
    return small_run("9-1", tmp_path_factory.mktemp("fundus"), TINY)


@pytest.fixture
def digit(tmp_path):
    """A stand-in digit as on paper: large, dark on light."""
    path = tmp_path / "pictures" / "digit.png"
    path.parent.mkdir()
    cv2.imwrite(str(path), 255 - cv2.resize(load_mnist("synthetic").test.images[5, 0], (200, 200)))
    return path


def table(tmp_path, *arguments, status: int = 0) -> dict[str, tuple[str, np.ndarray]]:
    """File name -> (prediction, probabilities), as ``--csv`` has them."""
    file = tmp_path / "table.csv"
    assert predict.main([*map(str, arguments), "--device", "cpu", "--csv", str(file)]) == status
    rows = contract.rows_of(file)
    return {Path(row["sample"]).name: (row["prediction"], np.array(list(row.values())[2:], float)) for row in rows}


def make_run(folder: Path, count: int = 1, *, data: DataInfo = REAL, listed: bool = True) -> Path:
    """A run with ``count`` networks of random weights: ``0.pdparams``, ..., as an ensemble if ``listed``."""
    names = [f"{seed}.pdparams" for seed in range(count)]
    for seed, name in enumerate(names):
        paddle.seed(seed)
        paddle.save(create_model("two_conv_net").state_dict(), str(folder / "checkpoints" / name))
    saved = SavedModel("two_conv_net", "digits", weights=tuple(names) if listed else ())
    saved.write(folder / "checkpoints", data)
    (folder / "metrics.json").write_text('{"homework": "6-2", "status": "done"}', encoding="utf-8")
    return folder


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


def test_the_runs_own_pictures_get_its_predictions(fundus_run, tmp_path):
    """Where files are prepared as in training the probabilities are those of the run."""
    folder = Path(contract.metrics_of(fundus_run)["data"]["path"]) / "PALM-Validation400"
    found = table(tmp_path, fundus_run / "checkpoints" / "last.pdparams", folder)
    rows = contract.rows_of(fundus_run / "predictions.csv")
    assert list(found) == [row["sample"] for row in rows] and len(rows) == 10
    for row in rows:
        name, shares = found[row["sample"]]
        assert shares == pytest.approx([float(row["probability_0"]), float(row["probability_1"])], abs=1e-5)
        assert name == ("PM" if shares[1] > 0.5 else "not PM")


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


def test_variations_of_a_fundus_picture_are_it_and_its_mirror_image(fundus_run, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    picture = cv2.resize(np.random.default_rng(0).integers(0, 256, (4, 4, 3), np.uint8), (32, 32))
    cv2.imwrite(str(folder / "one.png"), picture)
    cv2.imwrite(str(folder / "two.png"), picture[:, ::-1])
    plain = table(tmp_path, fundus_run, folder)
    varied = table(tmp_path, fundus_run, folder, "--tta")
    mean = (plain["one.png"][1] + plain["two.png"][1]) / 2
    assert varied["one.png"][1] == pytest.approx(mean, abs=1e-6)
    assert varied["two.png"][1] == pytest.approx(mean, abs=1e-6)
    assert np.abs(plain["one.png"][1] - plain["two.png"][1]).max() > 1e-4


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


def test_a_picture_that_fails_loses_no_other(digit, tmp_path, capsys):
    run = make_run(tmp_path / "run")
    folder = digit.parent
    (folder / "a text.png").write_text("hello", encoding="utf-8")
    (folder / "notes.txt").write_text("no picture by its name", encoding="utf-8")
    cv2.imwrite(str(folder / "blank.png"), np.full((50, 50), 255, np.uint8))
    empty = tmp_path / "empty"
    empty.mkdir()
    found = table(tmp_path, run, tmp_path / "nowhere.png", folder, empty, digit, status=2)
    assert list(found) == ["digit.png"] and len(contract.rows_of(tmp_path / "table.csv")) == 2
    said = capsys.readouterr()
    assert [line.split(": ")[0] for line in said.out.splitlines()] == [str(digit)] * 2
    errors = [line for line in said.err.splitlines() if line.startswith("error: ")]
    wrong = [tmp_path / "nowhere.png", folder / "a text.png", folder / "blank.png", empty]
    assert len(errors) == len(wrong)
    assert all(str(path) in line for path, line in zip(wrong, errors, strict=True))
    assert "STAND-IN" not in said.err and "notes.txt" not in said.err


@pytest.mark.parametrize("content", [None, b"", b"hello", b"\xff\xd8 cut off"])
def test_a_fundus_picture_that_is_none(fundus_run, tmp_path, capsys, content):
    path = tmp_path / "eye.jpg"
    if content is not None:
        path.write_bytes(content)
    assert predict.main([str(fundus_run), str(path)]) == 2
    said = capsys.readouterr()
    assert not said.out and said.err.splitlines()[-1].startswith(f"error: {path}: ")


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def change(path: Path, **values) -> None:
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | values), encoding="utf-8")


def interrupt(run: Path) -> None:
    change(run / "metrics.json", status="interrupted")
    (run / "checkpoints" / "model.json").unlink()


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (shutil.rmtree, "is no run folder (such as runs/5-1/latest)"),
        (interrupt, "the run is interrupted; go on with: python tools/run_homework.py 5-1 --resume"),
        (lambda run: (run / "checkpoints" / "model.json").unlink(), "trains no classifier of pictures"),
        (lambda run: (run / "checkpoints" / "model.json").write_text("{"), "model.json: damaged"),
        (lambda run: change(run / "checkpoints" / "model.json", color="red"), "model.json: damaged or of another"),
        (lambda run: change(run / "checkpoints" / "model.json", arguments=5), "model.json: damaged or of another"),
        (lambda run: change(run / "checkpoints" / "model.json", arguments={"x": 5}), "is not built with {'x': 5}"),
        (lambda run: change(run / "checkpoints" / "model.json", reader="music"), "there are digits, fundus"),
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


def test_weights_that_are_no_numbers_are_told(digit, tmp_path, capsys):
    run = make_run(tmp_path / "run")
    model = create_model("two_conv_net")
    model.fc.bias.set_value(np.full(10, np.nan, np.float32))
    paddle.save(model.state_dict(), str(run / "checkpoints" / "0.pdparams"))
    assert predict.main([str(run), str(digit)]) == 2
    assert "is not a number" in capsys.readouterr().err


def test_a_run_that_is_not_done_says_so(digit, tmp_path, capsys):
    run = make_run(tmp_path / "run")
    change(run / "metrics.json", status="running")
    assert predict.main([str(run), str(digit)]) == 0
    said = capsys.readouterr()
    assert "the run is running, so its weights may not be the final ones" in said.err and said.out


def test_a_table_that_cannot_be_written_is_one_line(digit, tmp_path, capsys):
    run = make_run(tmp_path / "run")
    assert predict.main([str(run), str(digit), "--csv", str(digit / "table.csv")]) == 2
    said = capsys.readouterr()
    assert said.out and f"error: --csv {digit / 'table.csv'}: cannot be written" in said.err
