"""Runs to predict with, trained or of random weights, a digit to predict, and the table of what was predicted."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import paddle

from paddle_camp.commands import predict
from paddle_camp.data.batches import Batches
from paddle_camp.data.image_set import ImageSet
from paddle_camp.data.info import DataInfo
from paddle_camp.data.mnist import load_mnist
from paddle_camp.metrics import probabilities
from paddle_camp.models import create_model
from paddle_camp.predicting.saved_model import SavedModel, find_saved_model
from paddle_camp.training.measuring import evaluate
from tests.helpers import contract

REAL = DataInfo("MNIST", "real", "/data", {})


def small_run(homework: str, out: Path, overrides: tuple[str, ...]) -> Path:
    """The folder of a run on stand-in data with these settings, "key=value" each."""
    arguments = [part for text in overrides for part in ("-o", text)]
    return contract.run(homework, out, "--data", "synthetic", *arguments)[0]


def check_kept_weights(run: Path, test: ImageSet) -> tuple[SavedModel, list[Path]]:
    """What a run has published, which gives the probabilities of its ``predictions.csv`` (an ensemble: their mean)."""
    saved, files = find_saved_model(run)
    found = np.mean([probabilities(evaluate(each, Batches(test, 500)).outputs) for each in saved.load(files)], axis=0)
    rows = contract.rows_of(run / "predictions.csv")
    listed = [[float(row[f"probability_{name}"]) for name in test.kind.classes] for row in rows]
    np.testing.assert_allclose(found, listed, atol=1e-6)
    return saved, files


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


def change(path: Path, **values) -> None:
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | values), encoding="utf-8")


def write_digit(folder: Path) -> Path:
    """A stand-in digit as on paper: large, dark on light."""
    path = folder / "pictures" / "digit.png"
    path.parent.mkdir()
    cv2.imwrite(str(path), 255 - cv2.resize(load_mnist("synthetic").test.images[5, 0], (200, 200)))
    return path


def table(tmp_path, *arguments, status: int = 0) -> dict[str, tuple[str, np.ndarray]]:
    """File name -> (prediction, probabilities), as ``--csv`` has them."""
    file = tmp_path / "table.csv"
    assert predict.main([*map(str, arguments), "--device", "cpu", "--csv", str(file)]) == status
    rows = contract.rows_of(file)
    return {Path(row["sample"]).name: (row["prediction"], np.array(list(row.values())[2:], float)) for row in rows}
