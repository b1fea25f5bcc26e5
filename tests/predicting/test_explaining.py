"""explain() from a notebook, and tools/predict.py --explain."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

import paddle_camp as camp
from paddle_camp.commands import predict
from paddle_camp.errors import CheckpointError, DataError, SettingError
from paddle_camp.networks.receptive_fields import Grid
from paddle_camp.predicting.explaining import Explanation
from tests.helpers import tried_models


@pytest.fixture
def digits(tmp_path):
    """The weights of an untrained network for digits."""
    return tried_models.digits(tmp_path / "run")


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    for name, digit in (("a.png", 3), ("more/a.png", 4)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        image = np.zeros((40, 40), np.uint8)
        cv2.putText(image, str(digit), (8, 32), cv2.FONT_HERSHEY_SIMPLEX, 1.0, 255, 3)
        cv2.imwrite(str(folder / name), image)
    return folder


def test_a_network_and_an_image_set():
    data = camp.ImageSet(
        np.random.default_rng(0).integers(0, 256, (3, 1, 28, 28)).astype(np.uint8),
        np.zeros(3, np.int64),
        tuple("abc"),
        kind=camp.DIGITS,
    )
    model = camp.create_for("two_conv_net", camp.DIGITS)
    found = camp.explain(model, data)
    assert found.maps.shape == (3, 14, 14) and found.classes == camp.DIGITS.classes and found.names == tuple("abc")
    np.testing.assert_allclose(
        found.probabilities, camp.metrics.probabilities(camp.evaluate(model, camp.Batches(data, 3)).outputs), rtol=1e-4
    )
    assert found.asked.tolist() == found.probabilities.argmax(axis=1).tolist()
    assert camp.explain(model, data, classes=[1, 2, 3]).asked.tolist() == [1, 2, 3]
    html = found._repr_html_()
    assert "Grad-CAM of layer conv2, [14, 14]" in html and "data:image/png;base64," in html
    assert [each.shape for each in found.overlays()] == [(3, 112, 112)] * 3  # enlarged by whole pixels


def test_scaled_inputs_are_shown_from_black_to_white():
    inputs = np.random.default_rng(0).normal(size=(2, 3, 64, 64)).astype(np.float32)
    found = camp.explain(camp.create_model("small_conv_net", num_classes=2, in_channels=3), inputs)
    assert found.images.dtype == np.uint8 and found.images.min() == 0 and found.images.max() == 255
    assert found.classes == ("0", "1")


def test_a_long_name_of_a_class_does_not_run_into_its_neighbour():
    images, shares = np.zeros((2, 3, 32, 32), np.uint8), np.array([[1.0, 0.0], [0.0, 1.0]])
    names = ("no entry", "right of way at the next crossing")
    maps, grid = np.ones((2, 4, 4), np.float32), Grid((8, 8), (0, 0))
    found = Explanation(images, maps, np.array([0, 1]), shares, names, ("a", "b"), "features", grid)
    titles = {axes.get_title() for axes in found.figure().axes} - {""}
    assert titles == {"no entry 1.00", "right of way at\nthe next\ncrossing 1.00"}


def test_a_run_and_its_files(digits, pictures):
    found = camp.explain(digits, [pictures / "a.png", pictures / "more" / "a.png"])
    assert found.images.shape == (2, 1, 28, 28) and found.classes == camp.DIGITS.classes
    assert repr(found) == "Explanation(2 pictures; Grad-CAM of layer conv2, [14, 14])"
    assert repr(camp.explain(digits, str(pictures))) == "Explanation(2 pictures; Grad-CAM of layer conv2, [14, 14])"


def test_overlays_are_bright_where_the_map_is_high():
    from paddle_camp.plots.heat import overlay

    heat = np.zeros((4, 4), np.float32)
    heat[0, 0] = 2
    picture = overlay(np.full((1, 100, 100), 200, np.uint8), heat)
    assert picture.shape == (3, 100, 100) and picture[2, 0, 0] > 200 and len(set(picture[:, -1, -1])) == 1
    blank = overlay(np.full((1, 100, 100), 200, np.uint8), np.zeros((4, 4), np.float32))
    assert (blank == 120).all()  # the dimmed picture


def test_predict_writes_an_overlay_for_each_picture(digits, pictures, tmp_path, capsys):
    out = tmp_path / "looked"
    places = [str(pictures / "a.png"), str(pictures / "more")]
    assert predict.main([str(digits), *places, "--explain", str(out)]) == 0
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 2 and f"Grad-CAM of 2 pictures: {out}" in said.err
    assert sorted(path.name for path in out.iterdir()) == ["a-1.png", "a.png"]
    assert cv2.imread(str(out / "a.png")).shape == (112, 112, 3)
    assert cv2.imread(str(out / "a.png")).tolist() != cv2.imread(str(out / "a-1.png")).tolist()


def test_what_has_no_convolution_or_takes_no_pictures_is_one_line(tmp_path, pictures, capsys):
    saved = camp.SavedModel.usual("mlp_relu", "digits")
    dense = tried_models.published(tmp_path / "mlp", saved, camp.create_for("mlp_relu", camp.DIGITS))
    table = {"columns": ["x"], "shift": [0.0], "scale": [1.0], "label": "y"}
    number = {"unit": "cm", "shift": 0.0, "scale": 1.0}
    saved = camp.SavedModel("perceptron", "table", {"sizes": [1, 1], "activation": "tanh"}, table=table, number=number)
    rows = tried_models.published(tmp_path / "table", saved, camp.perceptron([1, 1], "tanh"))
    for weights, says in ((dense, "Grad-CAM needs a convolution"), (rows, "perceptron takes rows: an explanation")):
        assert predict.main([str(weights), str(pictures / "a.png"), "--explain", str(tmp_path / "out")]) == 2
        said = capsys.readouterr()
        assert not said.out and says in said.err.splitlines()[-1] and not (tmp_path / "out").exists()
    with pytest.raises(CheckpointError, match="is of a network that classifies pictures"):
        camp.explain(rows, "x.csv")


def test_a_folder_that_cannot_be_written(digits, pictures, tmp_path, capsys):
    (tmp_path / "file").write_text("x")
    assert predict.main([str(digits), str(pictures), "--explain", str(tmp_path / "file")]) == 2
    assert "cannot be written" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("images", "says"),
    [
        (np.zeros((2, 28, 28), np.float32), "give an ImageSet, or inputs as the network takes them"),
        (np.zeros((2, 1, 28, 28), np.uint8), "give an ImageSet"),
        ("x.png", "give an ImageSet"),
    ],
)
def test_other_images_are_refused(images, says):
    with pytest.raises(SettingError, match=says):
        camp.explain(camp.create_for("two_conv_net", camp.DIGITS), images)


def test_a_missing_picture_or_run(digits, tmp_path):
    with pytest.raises(DataError, match=r"x.png"):
        camp.explain(digits, tmp_path / "x.png")
    with pytest.raises(CheckpointError, match="is no run folder"):
        camp.explain(tmp_path, "x.png")
    with pytest.raises(SettingError, match="model: give a network or the folder of a run, not int"):
        camp.explain(3, "x.png")
