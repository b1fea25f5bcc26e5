"""Cats and dogs: every layout that they are found in, and the part to report on."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

import paddle_camp
from paddle_camp.data.cats_and_dogs.loading import load_cats_and_dogs
from paddle_camp.data.finding.sources import find
from paddle_camp.data.parts import three_parts
from paddle_camp.data.pictures import decoding, opening
from paddle_camp.data.pictures.augment import RandomResizedCrop
from paddle_camp.errors import DataError, SettingError
from paddle_camp.running.options import Options
from tests.helpers.fundus_files import drawn
from tests.helpers.pet_files import (
    LAYOUTS,
    SIZE,
    TRAIN,
    class_folders,
    fast_ai,
    kaggle_zip,
    write,
    write_flat,
    write_unlabelled,
    zip_of_zips,
    zipped,
)

pytestmark = pytest.mark.usefixtures("fresh_cache", "no_data_places")


@pytest.fixture
def flat(tmp_path):
    return write_flat(tmp_path / "data" / "dogs-vs-cats")


def load(folder, **options):
    return load_cats_and_dogs(data_dir=str(folder), **{"image_size": SIZE} | options)


def pixels(part):
    """File name -> bytes, to compare layouts by."""
    return {Path(name).name: image.tobytes() for name, image in zip(part.names, part.images, strict=True)}


def test_kaggles_names_with_a_part_to_report_on(flat):
    data = load(flat)
    assert (len(data.train), len(data.valid), data.origin, data.valid_share) == (20, 2, "real", None)
    assert data.train.counts() == {"cat": 10, "dog": 10} and data.valid.labels.tolist() == [0, 1]
    assert data.train.names == TRAIN and data.valid.names == ("cat.90.jpg", "dog.90.jpg")
    kind = data.train.kind
    assert (kind.name, kind.classes, kind.shape) == ("pictures", ("cat", "dog"), (3, SIZE, SIZE))
    assert data.train.images.dtype == np.uint8 and data.train.images.shape == (20, 3, SIZE, SIZE)
    assert (data.info.name, data.info.counts) == ("Dogs vs. Cats", {"train": 20, "valid": 2})
    assert data.path == flat and data.how == "--data-dir" and data.info.stand_in is None
    assert repr(data) == f"CatsAndDogsData(train 20, valid 2; real, {flat})"
    assert paddle_camp.load_cats_and_dogs is load_cats_and_dogs


def test_the_whole_picture_is_squeezed_into_the_square_in_bgr(tmp_path):
    """Nothing is cut off: both rims of a wide picture are there, blue left and red right."""
    picture = np.zeros((40, 120, 3), np.uint8)
    picture[:, :30], picture[:, 90:] = (255, 0, 0), (0, 0, 255)
    for name in ("train/cat.1.png", "train/dog.1.png", "valid/cat.2.png", "valid/dog.2.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        assert cv2.imwrite(str(tmp_path / name), picture)
    images = load(tmp_path).train.images
    assert (images[..., :4] == np.array([255, 0, 0])[:, None, None]).all()
    assert (images[..., 12:] == np.array([0, 0, 255])[:, None, None]).all()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_pictures(flat, tmp_path, layout):
    first = load(flat)
    layout(flat, tmp_path / "new")
    for named in (tmp_path / "new", tmp_path / "new"):  # the second time a zip is unpacked already
        found = load(named)
        for part in ("train", "valid"):
            one, other = getattr(first, part), getattr(found, part)
            unify = {name.lower().replace("_", "."): image for name, image in pixels(other).items()}
            assert unify == pixels(one) and other.labels.tolist() == one.labels.tolist()
    assert found.valid_share is None
    assert not list(tmp_path.rglob("._*"))


def test_class_folders_by_themselves_are_split(flat, tmp_path):
    """Microsoft's PetImages: nothing to report on, and files that are none of ours."""
    class_folders(flat, tmp_path / "ms" / "PetImages", ("",), ("Cat", "Dog"))
    (tmp_path / "ms" / "PetImages" / "Cat" / "Thumbs.db").write_text("litter")
    (tmp_path / "ms" / "readme[1].txt").write_text("hello")
    data, again, other = (load(tmp_path / "ms", valid_share=0.2, seed=seed) for seed in (0, 0, 1))
    assert data.valid_share == 0.2 and data.info.counts == {"train": 16, "valid": 4}
    assert data.valid.counts() == {"cat": 2, "dog": 2} and not set(data.train.names) & set(data.valid.names)
    assert data.valid.names == again.valid.names != other.valid.names
    assert data.how == (
        "--data-dir (no valid/ there: 20% of the training pictures, drawn with seed 0, are split off for it)"
    )
    assert {**pixels(data.train), **pixels(data.valid)} == pixels(load(flat).train)
    assert load(tmp_path / "ms" / "PetImages").info.counts == {"train": 18, "valid": 2}


def test_where_it_is_found(flat, tmp_path, monkeypatch):
    assert load(tmp_path / "data").path == flat  # a directory with one folder a data set
    monkeypatch.setenv("PADDLE_CAMP_DATA", str(tmp_path / "data"))
    assert load_cats_and_dogs(image_size=SIZE).how == "$PADDLE_CAMP_DATA"
    monkeypatch.setenv("PADDLE_CAMP_DATA", str(tmp_path / "here"))
    assert find("dogs-vs-cats") is None
    with pytest.raises(DataError, match="--data real: Dogs vs. Cats was not found; get train.zip of Kaggle"):
        load_cats_and_dogs("real")
    (tmp_path / "here" / "mnist" / "train").mkdir(parents=True)
    (tmp_path / "here" / "cats-and-other-animals").mkdir()
    with pytest.raises(DataError, match="--data-dir .*here: holds nothing of dogs-vs-cats: .*kaggle"):
        load(tmp_path / "here")


def test_a_folder_whose_name_is_a_pattern(flat, tmp_path):
    shutil.copytree(flat, tmp_path / "[a]*")
    shutil.copytree(flat / "train", tmp_path / "[b]*")  # the pictures in the folder itself
    assert load(tmp_path / "[a]*").info.counts == {"train": 20, "valid": 2}
    assert load(tmp_path / "[b]*").info.counts == {"train": 18, "valid": 2}


def test_a_page_gets_its_batches(flat, tmp_path):
    from dataclasses import dataclass

    @dataclass(frozen=True)
    class Settings(paddle_camp.CatsAndDogsSettings):
        image_size: int = 20
        holdout: float = 0.25
        batch_size: int = 4

    options = Options(data_dir=str(flat))
    context = paddle_camp.Context("x", lambda: tmp_path, options, {})
    crop = RandomResizedCrop(12, (0.5, 1.0))
    data, sets = context.load_parts(paddle_camp.load_cats_and_dogs, Settings(train_pictures=16), crop)
    assert {name: part.num_samples for name, part in sets.items()} == {"train": 12, "holdout": 4, "validation": 2}
    assert next(sets["train"].epoch())[0].shape == (4, 3, 12, 12) and data.train.kind.image_size == 20
    assert next(sets["validation"].epoch())[0].shape == (2, 3, 20, 20) and context.data is data.info
    context = paddle_camp.Context("x", lambda: tmp_path, Options(data="synthetic"), {})
    few = Settings(train_pictures=40, valid_pictures=20)
    sets = context.load_parts(paddle_camp.load_mnist, few)[1]  # digits have one size, whatever image_size says
    assert next(sets["test"].epoch())[0].shape == (20, 1, 28, 28)


def test_kaggles_pictures_without_labels(flat, tmp_path):
    write_unlabelled(flat / "test1")
    data = load(flat)
    images, names = data.read_unlabelled()
    assert names == ("1.jpg", "2.jpg", "10.jpg") and images.shape == (3, 3, SIZE, SIZE)
    assert data.read_unlabelled(2)[1] == ("1.jpg", "2.jpg")
    zip_of_zips(flat, tmp_path / "zips")
    zipped(flat / "test1", tmp_path / "one" / "test1.zip", "test1/")
    kaggle_zip(flat, tmp_path / "one")
    fast_ai(flat, tmp_path / "fast")
    for folder in ("zips", "one", "fast"):
        again, same = load(tmp_path / folder).read_unlabelled()
        assert same == names and (again == images).all()
    shutil.rmtree(flat / "test1")
    with pytest.raises(DataError, match="dogs-vs-cats: no test1/ and no test1.zip"):
        data.read_unlabelled()


def test_only_the_pictures_that_are_asked_for_are_decoded(flat, monkeypatch):
    seen = []
    real = decoding.decode
    monkeypatch.setattr(decoding, "decode", lambda path, size: seen.append(path) or real(path, size))
    data = load(flat, counts=(6, 10))
    assert data.info.counts == {"train": 6, "valid": 2} and data.train.counts() == {"cat": 3, "dog": 3}
    assert len(seen) == 8 and load(flat, counts=(6, 10)).train.names == data.train.names
    assert len(seen) == 8  # the second time from the cache
    everything = load(flat)
    assert {**pixels(everything.train), **pixels(data.train)} == pixels(everything.train)
    parts = three_parts(everything, 0.2, 4, seed=0)
    assert {name: part.num_samples for name, part in parts.items()} == {"train": 16, "holdout": 4, "validation": 2}


def test_a_large_photograph_is_decoded_at_a_reduced_size(flat, monkeypatch):
    write(flat / "train" / "cat.99.jpg", 5, 600, 800)
    shapes = []
    real = opening.simplejpeg.decode_jpeg
    monkeypatch.setattr(
        opening.simplejpeg, "decode_jpeg", lambda *a, **b: shapes.append(real(*a, **b).shape) or real(*a, **b)
    )
    large = load(flat).train
    assert shapes.count((75, 100, 3)) == 1
    small = cv2.resize(drawn(5, 600, 800), (SIZE, SIZE), interpolation=cv2.INTER_AREA).transpose(2, 0, 1)
    assert np.abs(large.images[large.names.index("cat.99.jpg")] - small.astype(int)).mean() < 3


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"image_size": 0}, "image_size=0: give the side"),
        ({"counts": (0, None)}, "0 pictures are asked for"),
        ({"valid_share": 1.0}, "valid_share=1.0: give a share between 0 and 1"),
        ({"counts": (1, None)}, "1 of 20 samples, each class in proportion, are none"),
    ],
)
def test_settings_out_of_range(flat, options, says):
    with pytest.raises(SettingError, match=says):
        load(flat, **options)
