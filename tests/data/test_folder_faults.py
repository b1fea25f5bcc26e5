"""Class folders with something wrong in them: one line that says what and where."""

import os
import shutil

import pytest

from paddle_camp.data.folder import load_folder
from paddle_camp.errors import DataError, SettingError
from tests.helpers.class_folders import SIZE, write_picture

pytestmark = pytest.mark.usefixtures("fresh_cache")


def cut(path):
    path.write_bytes(path.read_bytes()[: int(0.7 * path.stat().st_size)])


def text(path):
    path.write_text("<html>")


@pytest.mark.parametrize("name", ["cats/2.png", "cats/10.bmp", "dogs/a.webp", "dogs/b.tiff", "dogs/c.jpg"])
@pytest.mark.parametrize("spoil", [cut, text, lambda path: path.write_bytes(b"")], ids=["cut", "text", "empty"])
def test_a_damaged_picture_is_one_line(pets, name, spoil, fresh_cache):
    spoil(pets / name)
    with pytest.raises(DataError, match=rf"{name}: (not a whole|the JPEG is damaged or cut short)") as caught:
        load_folder(pets, SIZE)
    assert "\n" not in str(caught.value) and not list(fresh_cache.glob("*"))


def test_several_damaged_files_are_counted(pets):
    for name in ("cats/2.png", "dogs/c.jpg"):
        cut(pets / name)
    (pets / "cats" / "notes.txt").write_text("Minka, Schnurri")
    with pytest.raises(DataError, match=r"cats/2\.png: not a whole .*; 3 of 7 pictures cannot be read$"):
        load_folder(pets, SIZE)


def test_the_line_about_an_odd_name_is_one_line(pets):
    (pets / "dogs" / "two\nlines.png").write_text("no picture")
    with pytest.raises(DataError, match=r"dogs/two\\nlines\.png: not a whole") as caught:
        load_folder(pets, SIZE)
    assert "\n" not in str(caught.value)


def test_a_pipe_is_not_waited_for(pets):
    os.mkfifo(pets / "cats" / "pipe.png")
    with pytest.raises(DataError, match=r"cats/pipe\.png: neither a file nor a folder"):
        load_folder(pets, SIZE)


WRONG = {
    "no folder": (lambda r: shutil.rmtree(r), "pets: no folder that can be read"),
    "a file": (lambda r: (shutil.rmtree(r), r.write_text("x")), "pets: no folder that can be read"),
    "empty": (lambda r: (shutil.rmtree(r), r.mkdir()), "pets: 0 class folders where 2 or more belong"),
    "one class": (lambda r: (shutil.rmtree(r / "dogs"), shutil.rmtree(r / "ants")), "pets: 1 class folders where 2"),
    "empty class": (lambda r: (r / "bees").mkdir(), "pets/bees: no pictures in this class folder"),
    "only hidden files": (
        lambda r: write_picture(r / "bees" / ".a.png"),
        "pets/bees: no pictures in this class folder",
    ),
    "loose pictures": (lambda r: write_picture(r / "x.jpg"), r"pets/x\.jpg: has no class; 1 pictures lie beside"),
    "all loose": (
        lambda r: (shutil.rmtree(r), write_picture(r / "1.png"), write_picture(r / "2.png")),
        "2 pictures lie beside",
    ),
    "folder beside train": (lambda r: write_picture(r / "train" / "cats" / "1.png"), "pets/ants: lies beside train"),
    "two valids": (
        lambda r: (shutil.rmtree(r), *(write_picture(r / p / "a" / "1.png") for p in ("train", "val", "valid"))),
        "pets/val: lies beside train",
    ),
    "class only in valid": (
        lambda r: (shutil.rmtree(r), *(write_picture(r / n / "1.png") for n in ("train/a", "train/b", "valid/c"))),
        "valid/c: a class that the training part does not have",
    ),
    "test without classes": (
        lambda r: (shutil.rmtree(r), *(write_picture(r / n / "1.png") for n in ("train/a", "train/b", "test"))),
        r"test/1\.png: has no class",
    ),
    "empty test": (
        lambda r: (
            shutil.rmtree(r),
            (r / "test").mkdir(parents=True),
            *(write_picture(r / n) for n in ("train/a/1.png", "train/b/1.png")),
        ),
        "pets/test: no class folders in it",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_one_clear_line(pets, case):
    spoil, says = WRONG[case]
    spoil(pets)
    with pytest.raises(DataError, match=says) as caught:
        load_folder(pets, SIZE)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"image_size": 0}, "image_size=0: give the side of the pictures in pixels"),
        ({"holdout": 1.0}, "holdout=1.0: give a share between 0 and 1"),
        ({"holdout": 0}, "holdout=0: give a share"),
        ({"holdout": 0.01}, "0.01 of 6 samples leaves one part empty"),
    ],
)
def test_settings_out_of_range(pets, settings, says):
    with pytest.raises(SettingError, match=says):
        load_folder(pets, **{"image_size": SIZE} | settings)


def test_more_pictures_than_memory_is_one_line(pets, monkeypatch):
    monkeypatch.setattr(os, "sysconf", lambda name: {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 4}[name])
    with pytest.raises(DataError, match="6 pictures of 32 x 32 take 0.0 GB of memory, this machine has 0.0"):
        load_folder(pets, SIZE)
