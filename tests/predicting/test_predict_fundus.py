"""tools/predict.py on fundus pictures: as in the run that trained, mirrored, and files that are no pictures."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from paddle_camp.commands import predict
from tests.helpers import contract
from tests.helpers.predictions import small_run, table

TINY = ("model=toy", "image_size=32", "num_epochs=3", "train_pictures=30", "valid_pictures=10", "batch_size=10")


@pytest.fixture(scope="module")
def fundus_run(toy_in_the_zoo, tmp_path_factory):
    return small_run("9-1", tmp_path_factory.mktemp("fundus"), TINY)


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


@pytest.mark.parametrize("content", [None, b"", b"hello", b"\xff\xd8 cut off"])
def test_a_fundus_picture_that_is_none(fundus_run, tmp_path, capsys, content):
    path = tmp_path / "eye.jpg"
    if content is not None:
        path.write_bytes(content)
    assert predict.main([str(fundus_run), str(path)]) == 2
    said = capsys.readouterr()
    assert not said.out and said.err.splitlines()[-1].startswith(f"error: {path}: ")
