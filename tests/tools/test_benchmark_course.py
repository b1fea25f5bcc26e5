"""The benchmark's way of the course: its readers against ours, and the data that both are measured on."""

from __future__ import annotations

import gzip
import json
import os

import cv2
import numpy as np
import pytest

from paddle_camp.data.mnist import load_mnist
from paddle_camp.data.pictures.decoding import read_pictures
from tests.helpers.fake_bench import KEYS
from tools.benchmarks import course, groups_course, lenet_epoch, reading, stage


def test_the_course_reads_the_same_pictures_as_we_do(tmp_path):
    """At 224 x 224 nothing is resized, so the two readers must agree."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name in ("H0001.jpg", "N0001.jpg", "P0001.jpg"):
        smooth = cv2.resize(rng.integers(0, 256, (7, 7, 3), np.uint8), (224, 224), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / name), smooth)
    ours = read_pictures(sorted(folder.iterdir()), 224, tmp_path / "cache")
    batches = list(course.data_loader(folder, batch_size=2, mode="valid")())
    images, labels = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    assert [len(part) for part, _ in batches] == [2, 1]
    order = [sorted(os.listdir(folder)).index(name) for name in os.listdir(folder)]
    assert np.abs(images - (ours[order].astype(np.float32) / 127.5 - 1)).max() < 1e-6
    assert labels[:, 0].tolist() == [float(i == 2) for i in order]


def test_the_stage_holds_the_same_digits_in_both_formats(tmp_path):
    said = stage.digits(tmp_path / "digits", 60, 20)
    ours = load_mnist("real", str(tmp_path / "digits"))
    assert f"{len(ours.train)} training and {len(ours.test)} test digits" in said
    for mode, part in (("train", ours.train), ("eval", ours.test)):
        batches = list(course.load_data(tmp_path / "digits" / "mnist.json.gz", mode, 7)())
        images, labels = (np.concatenate(parts) for parts in zip(*batches, strict=True))
        assert images.dtype == np.float32 and labels.dtype == np.int64
        assert images.max() == 1
        levels = np.rint(255 * images).astype(np.uint8)  # training digits come in another order each time
        read = sorted((label, image.tobytes()) for label, image in zip(labels[:, 0], levels, strict=True))
        assert read == sorted((label, image.tobytes()) for label, image in zip(part.labels, part.images, strict=True))
    with gzip.open(tmp_path / "digits" / "mnist.json.gz") as stream:
        assert [len(labels) for _, labels in json.load(stream)] == [len(ours.train), 0, len(ours.test)]


def test_drawn_pictures_have_the_original_size_and_their_class_in_the_name(tmp_path):
    said = stage.large_pictures(tmp_path / "large", 2, None)
    assert said.startswith("2 drawn pictures enlarged to 2124 x 2056")
    assert cv2.imread(str(tmp_path / "large" / "P0000.jpg")).shape == (2056, 2124, 3)
    found = reading.measure({"way": "our fundus", "folder": str(tmp_path / "large"), "batch_size": 10, "cache": None})
    assert found.keys() == KEYS["reading"]
    assert 0 < found["opening"] < found["first"] and found["again"] > 0


@pytest.mark.parametrize("way", ["course", "ours"])
def test_an_epoch_of_lenet(tmp_path, way):
    stage.digits(tmp_path / "digits", 60, 20)
    found = lenet_epoch.measure({"way": way, "folder": str(tmp_path / "digits"), "batch_size": 10})
    assert found.keys() == KEYS["lenet_epoch"]
    assert 0 < found["training"] < found["seconds"]
    assert 0 <= found["accuracy"] <= 1


def test_our_reader_of_the_json_is_held_to_its_limits(tmp_path):
    stage.digits(tmp_path / "digits", 60, 20)
    found = reading.measure({"way": "our json", "folder": str(tmp_path / "digits"), "batch_size": 10})
    assert found.keys() == KEYS["reading"] and 0 < found["opening"] < found["first"]
    good = {"opening": 9.0, "processor": 8.5, "peak_memory": 400 << 20}
    (said,) = groups_course.within([good, {"error": "killed"}])
    assert "9.0 s at most (8.5 s of processor time), within the limit of 20 s" in said and "400 MiB, within" in said
    (said,) = groups_course.within([good, {"opening": 20.5, "processor": 20.1, "peak_memory": 2 << 30}])
    assert "20.5 s at most (20.1 s of processor time), beyond the limit" in said and "2048 MiB, beyond" in said
    assert groups_course.within([{"error": "killed"}]) == []
