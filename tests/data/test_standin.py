"""The drawn stand-in for iChallenge-PM: its layout, its bytes, and how hard it is."""

from __future__ import annotations

import csv
import hashlib
import itertools
import os

import cv2
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from paddle_camp.data.fundus import standin
from paddle_camp.data.fundus.drawn_eye import draw_eye, draw_lesions
from paddle_camp.data.fundus.standin import draw_fundus, kind_of, write_fundus_standin
from paddle_camp.errors import DataError, SettingError
from paddle_camp.files import temporary_name

SMALL = {"num_train": 12, "num_valid": 8, "seed": 0, "image_size": 32}


def digests(root) -> dict[str, str]:
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def gallery():
    """96 pictures of 48 pixels with their labels (P is 1)."""
    kinds = [kind_of(0, 0, i) for i in range(96)]
    pictures = [draw_fundus(kind, np.random.default_rng([0, 0, i]), 48) for i, kind in enumerate(kinds)]
    return np.stack(pictures), np.array([kind == "P" for kind in kinds], int)


def test_layout_is_that_of_the_real_set(tmp_path):
    root = write_fundus_standin(tmp_path / "palm", **SMALL)
    names = sorted(path.name for path in (root / "PALM-Training400").iterdir())
    assert len(names) == 12 and {name[0] for name in names} <= set("PHN")
    assert sorted(int(name[1:5]) for name in names) == list(range(1, 13))
    with open(root / "PALM-Validation-GT" / "labels.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["ID", "imgName", "Label", "Fovea_X", "Fovea_Y"]
    assert [row["imgName"] for row in rows] == sorted(path.name for path in (root / "PALM-Validation400").iterdir())
    assert {row["Label"] for row in rows} == {"0", "1"}
    for path in root.rglob("*.jpg"):
        assert cv2.imread(str(path)).shape == (32, 32, 3)
    assert "DRAWN, not real" in (root / "STAND-IN.txt").read_text(encoding="utf-8")


def test_same_seed_same_bytes_and_a_picture_depends_on_its_number_alone(tmp_path):
    first = digests(write_fundus_standin(tmp_path / "a", **SMALL))
    assert digests(write_fundus_standin(tmp_path / "b", **SMALL)) == first
    more = digests(write_fundus_standin(tmp_path / "c", **{**SMALL, "num_train": 20}))
    pictures = {name: digest for name, digest in first.items() if name.endswith(".jpg")}
    assert pictures.items() <= more.items()
    other = digests(write_fundus_standin(tmp_path / "d", **{**SMALL, "seed": 1}))
    assert not set(pictures.values()) & set(other.values())


def test_training_and_validation_pictures_differ(tmp_path):
    root = write_fundus_standin(tmp_path / "palm", **SMALL)
    values = [digest for name, digest in digests(root).items() if name.endswith(".jpg")]
    assert len(set(values)) == 20


def test_a_complete_folder_is_reused_and_a_damaged_or_different_one_drawn_again(tmp_path):
    root = write_fundus_standin(tmp_path / "palm", **SMALL)
    victim = next((root / "PALM-Training400").iterdir())
    before = victim.stat().st_mtime_ns
    write_fundus_standin(root, **SMALL)
    assert victim.stat().st_mtime_ns == before
    victim.unlink()
    write_fundus_standin(root, **SMALL)
    assert victim.is_file()
    write_fundus_standin(root, **{**SMALL, "num_valid": 9})
    assert (root / "PALM-Validation400" / "V0009.jpg").is_file()
    assert os.listdir(tmp_path) == ["palm"]


def test_interrupted_drawing_leaves_nothing_half_made(tmp_path, monkeypatch):
    calls = itertools.count(1)

    def interrupt_at_the_seventh(kind, rng, size):
        if next(calls) == 7:
            raise KeyboardInterrupt
        return draw_eye(kind, rng, size)

    monkeypatch.setattr(standin, "draw_eye", interrupt_at_the_seventh)
    with pytest.raises(KeyboardInterrupt):
        write_fundus_standin(tmp_path / "palm", **SMALL)
    assert os.listdir(tmp_path) == []
    write_fundus_standin(tmp_path / "palm", **SMALL)
    assert len(list((tmp_path / "palm").rglob("*.jpg"))) == 20


def test_leftovers_of_a_killed_process_are_swept_away(tmp_path):
    mine = temporary_name(tmp_path / "elsewhere" / "palm", "partial").name
    gone, alive = (tmp_path / mine.replace(f"-{os.getpid()}.", f"-{number}.") for number in (2**22 + 1, os.getppid()))
    for folder in (gone, alive):
        (folder / "palm" / "PALM-Training400").mkdir(parents=True)
    write_fundus_standin(tmp_path / "palm", **SMALL)
    assert sorted(os.listdir(tmp_path)) == sorted(["palm", alive.name])


def test_a_folder_with_something_else_is_left_alone(tmp_path):
    (tmp_path / "P0001.jpg").write_bytes(b"a real picture")
    with pytest.raises(DataError, match="left alone"):
        write_fundus_standin(tmp_path, **SMALL)
    assert os.listdir(tmp_path) == ["P0001.jpg"]


def test_an_unwritable_place_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match="cannot write the drawn pictures"):
        write_fundus_standin(tmp_path / "file" / "palm", **SMALL)


@pytest.mark.parametrize("wrong", [{"num_train": 0}, {"num_valid": 10000}, {"image_size": 8}, {"seed": -1}])
def test_numbers_out_of_range(tmp_path, wrong):
    with pytest.raises(SettingError):
        write_fundus_standin(tmp_path / "palm", **{**SMALL, **wrong})


def test_class_mix():
    for seed, split in [(0, 0), (0, 1), (5, 0)]:
        kinds = [kind_of(seed, split, i) for i in range(400)]
        share = {kind: kinds.count(kind) / 400 for kind in "PHN"}
        assert share == pytest.approx({"P": 0.53, "N": 0.40, "H": 0.07}, abs=0.01)
        assert 0.4 < np.mean([kind == "P" for kind in kinds[:40]]) < 0.66


@pytest.mark.parametrize("kind", ["P", "H", "N"])
def test_a_picture_is_a_round_bright_field_on_black(kind):
    picture, fovea = draw_eye(kind, np.random.default_rng(3), 96)
    assert picture.shape == (96, 96, 3) and picture.dtype == np.uint8 and picture.flags.c_contiguous
    assert picture[:6, :6].max() == 0 and picture[-6:, -6:].max() == 0
    blue, _, red = picture[24:72, 24:72].reshape(-1, 3).mean(0)
    assert red > 40 and red > 1.5 * blue
    assert 0 < fovea[0] < 96 and 0 < fovea[1] < 96


def test_unknown_kind():
    with pytest.raises(ValueError, match="'X'"):
        draw_fundus("X", np.random.default_rng(0), 32)


def test_mean_colour_does_not_give_the_class_away(gallery):
    pictures, labels = gallery
    colour = pictures.reshape(len(labels), -1, 3).mean(1)
    model = make_pipeline(StandardScaler(), LogisticRegression())
    assert cross_val_score(model, colour, labels, cv=4).mean() < 0.85


def test_the_class_can_be_seen(gallery):
    pictures, labels = gallery
    green = pictures[..., 1].astype(float)
    field = pictures.max(3) > 30
    pale = [(g[f] > 2 * np.median(g[f])).mean() for g, f in zip(green, field, strict=True)]
    assert 0.65 < roc_auc_score(labels, pale) < 0.99


def test_lesions_lie_where_the_retina_was_drawn_pale_and_the_picture_is_the_same():
    for i in range(6):
        picture, lesions = draw_lesions("P", np.random.default_rng([0, 0, i]), 64)
        assert np.array_equal(picture, draw_fundus("P", np.random.default_rng([0, 0, i]), 64))
        assert lesions.shape == (64, 64) and 0 < lesions.mean() < 0.5 and 0 <= lesions.min() <= lesions.max() <= 1
        inside, outside = (np.average(picture[..., 0], weights=w) for w in (lesions, 1 - lesions))
        assert inside > outside  # the white of the eye has more blue than the retina
