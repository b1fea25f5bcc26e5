"""One clear line for everything that can be wrong with the files of cats and dogs."""

import os
import shutil
import zipfile

import pytest

from paddle_camp.data.cats_and_dogs.loading import load_cats_and_dogs
from paddle_camp.errors import DataError
from tests.helpers.pet_files import SIZE, class_folders, write, write_flat, write_unlabelled, zipped

pytestmark = pytest.mark.usefixtures("fresh_cache", "no_data_places")


def without(root, pattern):
    for path in root.glob(pattern):
        path.unlink()


def cut(path):
    path.write_bytes(path.read_bytes()[:200])


def only_two(root):
    """One of each class, and nothing to report on."""
    shutil.rmtree(root / "valid")
    without(root, "train/*.[1-9].jpg")


FLAT = {
    "cats only": (lambda r: without(r, "train/dog*"), r"train: 10 pictures, none of a dog; both cats and dogs"),
    "dogs only": (lambda r: without(r, "train/cat*"), r"train: 10 pictures, none of a cat"),
    "cats only to report on": (lambda r: without(r, "valid/dog*"), r"valid: 1 pictures, none of a dog"),
    "nothing to report on": (lambda r: without(r, "valid/*"), r"valid: 0 pictures, none of a cat"),
    "others' names": (
        lambda r: [write(r / "train" / f"{n}.jpg") for n in ("bird.1", "catalogue")],
        r"train/bird\.1\.jpg: a picture's name begins with cat or dog.*; 2 of 22 here do not: rename or remove them",
    ),
    "a folder beside": (lambda r: write(r / "train" / "cats" / "1.jpg"), r"cat\.0\.jpg: has no class; 20 pictures lie"),
    "text": (lambda r: (r / "train" / "dog.3.jpg").write_text("<html>"), r"dog\.3\.jpg: not a whole JPEG.*remove it"),
    "empty": (lambda r: (r / "train" / "dog.3.jpg").write_bytes(b""), r"dog\.3\.jpg: not a whole .*\(0 bytes\)"),
    "cut": (
        lambda r: [cut(r / "train" / f"cat.{i}.jpg") for i in (3, 5)],
        r"cat\.3\.jpg: not a whole JPEG.*; 2 of 20 pictures cannot be read$",
    ),
    "a pipe": (lambda r: os.mkfifo(r / "train" / "cat.77.jpg"), r"cat\.77\.jpg: neither a file nor a folder"),
    "a broken link": (
        lambda r: os.symlink(r / "nowhere", r / "train" / "cat.77.jpg"),
        r"cat\.77\.jpg: cannot be read \(No such file",
    ),
    "a name of two lines": (
        lambda r: (r / "train" / "cat.1\n2.jpg").write_text("no"),
        r"train/cat\.1\\n2\.jpg: not a whole",
    ),
    "too few": (only_two, r"train: 1 pictures of a cat are too few to split 10% of them off to report on; add"),
}


@pytest.mark.parametrize("case", FLAT)
def test_one_clear_line(tmp_path, case):
    spoil, says = FLAT[case]
    spoil(write_flat(tmp_path / "set"))
    refused(tmp_path / "set", says)


def refused(folder, says):
    with pytest.raises(DataError, match=says) as caught:
        load_cats_and_dogs(data_dir=str(folder), image_size=SIZE)
    assert "\n" not in str(caught.value) and str(folder) in str(caught.value)


FOLDERS = {
    "one class": (lambda r: shutil.rmtree(r / "train" / "dogs"), r"train: 10 pictures, none of a dog"),
    "an empty class": (
        lambda r: without(r, "train/dogs/*"),
        r"train/dogs: no pictures in this class folder; fill or remove it",
    ),
    "an empty class to report on": (lambda r: without(r, "valid/cats/*"), r"valid/cats: no pictures in this class"),
    "a third class": (
        lambda r: write(r / "train" / "birds" / "1.jpg"),
        r"train/birds: neither cats nor dogs; .* rename or remove it \(load_folder reads pictures of any classes\)",
    ),
    "others' names to report on": (
        lambda r: (r / "valid" / "dogs").rename(r / "valid" / "hounds"),
        r"valid/hounds: neither cats nor dogs",
    ),
    "pictures beside": (lambda r: write(r / "train" / "x.jpg"), r"train/x\.jpg: has no class"),
    "no picture": (
        lambda r: (r / "train" / "cats" / "notes.txt").write_text("Minka"),
        r"cats/notes\.txt: not a whole JPEG",
    ),
}


@pytest.mark.parametrize("case", FOLDERS)
def test_one_clear_line_for_class_folders(tmp_path, case):
    spoil, says = FOLDERS[case]
    spoil(class_folders(write_flat(tmp_path / "set"), tmp_path / "folders"))
    refused(tmp_path / "folders", says)


def test_classes_of_other_people(tmp_path):
    """Nothing of the names of a class folder is taken for a cat or a dog, wherever the folder was found."""
    for name in ("hot dogs", "catfish"):
        write(tmp_path / "dogs-vs-cats" / "train" / name / "1.jpg")
    refused(tmp_path, r"holds nothing of dogs-vs-cats")
    (tmp_path / "dogs-vs-cats" / "train.zip").write_bytes(b"")
    refused(tmp_path, r"train/catfish: neither cats nor dogs")


def spoiled_zip(entries, name="train.zip"):
    """A zip with the right pictures, and these entries behind them."""

    def make(root, folder):
        archive = zipped(root / "train", folder / name, "train/")
        with zipfile.ZipFile(archive, "a", zipfile.ZIP_DEFLATED) as file:
            for member, content in entries.items():
                file.writestr(member, content)

    return make


def other_zip(root, folder):
    folder.mkdir()
    with zipfile.ZipFile(folder / "train.zip", "w") as file:
        file.writestr("birds/1.jpg", "tweet")


def cut_zip(root, folder):
    cut(zipped(root / "train", folder / "train.zip", "train/"))


def not_in_it(root, folder):
    folder.mkdir()
    with zipfile.ZipFile(folder / "train.zip", "w") as file:
        file.writestr("cat.txt", "meow")


def itself(root, folder):
    """Zips in zips without end: only so many are opened."""
    zipped(write_unlabelled(folder.parent / "x"), folder / "dogs-vs-cats.zip", "train.zip.d/")
    for i in range(6):
        inner = folder.parent / f"layer{i}"
        inner.mkdir()
        shutil.move(folder / "dogs-vs-cats.zip", inner / "dogs-vs-cats.zip")
        (inner / "train.zip.txt").write_text("no")
        zipped(inner, folder / "dogs-vs-cats.zip")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (spoiled_zip({"../evil.jpg": "x"}), r"train\.zip: the name '\.\./evil\.jpg' leads outside of the zip"),
        (spoiled_zip({"/tmp/evil.jpg": "x"}), r"train\.zip: the name '/tmp/evil\.jpg' leads outside"),
        (spoiled_zip({"..\\evil.jpg": "x"}), r"train\.zip: the name .*evil\.jpg' leads outside"),
        (spoiled_zip({"train/cat.99.jpg": bytes(20_000_000)}), r"train\.zip: its [\d,]+ bytes would become 20,"),
        (spoiled_zip({"train/evil.jpg": "x"}), r"evil\.jpg: a picture's name begins with cat or dog"),
        (spoiled_zip({"train/cat.99.jpg": "x"}), r"cat\.99\.jpg: not a whole JPEG"),
        (other_zip, r"train\.zip: the wrong zip: nothing in it is named cat; download the right one"),
        (cut_zip, r"train\.zip: not a whole zip file .*download it again"),
        (not_in_it, r"z: no pictures of cats and dogs in it; get train\.zip of Kaggle's"),
        (itself, r"z: no pictures of cats and dogs in it"),
    ],
)
def test_one_clear_line_for_zips(tmp_path, make, says):
    make(write_flat(tmp_path / "set"), tmp_path / "z")
    refused(tmp_path / "z", says)
    assert not list(tmp_path.glob("evil.jpg"))
