"""Pictures of one's own in class folders: every layout and format."""

import os
import shutil

import cv2
import numpy as np
import pytest
from PIL import Image

from paddle_camp.data.batches import Batches
from paddle_camp.data.folder import load_folder
from paddle_camp.data.pictures import decoding
from paddle_camp.errors import DataError, SettingError
from paddle_camp.preprocessing import scale_to_unit
from tests.helpers.class_folders import SIZE, write_picture
from tests.helpers.fundus_files import drawn

pytestmark = pytest.mark.usefixtures("fresh_cache")


def test_classes_are_the_sorted_folders_and_pictures_are_bgr(pets):
    data = load_folder(pets, SIZE)
    assert data.classes == ("ants", "cats", "dogs") and data.valid is data.test is None
    assert data.train.labels.tolist() == [0, 1, 1, 2, 2, 2]
    assert data.train.names == ("ants/x.PNG", "cats/10.bmp", "cats/2.png", "dogs/a.webp", "dogs/b.tiff", "dogs/c.jpg")
    assert data.train.images.dtype == np.uint8 and data.train.images.shape == (6, 3, SIZE, SIZE)
    for index, seed in ((0, 5), (1, 1), (2, 0), (4, 3)):  # the lossless ones
        assert np.array_equal(data.train.images[index], drawn(seed, SIZE, SIZE).transpose(2, 0, 1))
    for index, seed in ((3, 2), (5, 4)):
        assert np.abs(data.train.images[index] - drawn(seed, SIZE, SIZE).transpose(2, 0, 1).astype(int)).mean() < 8


def test_the_kind_carries_classes_size_and_scale(pets):
    data = load_folder(str(pets), 16)
    kind = data.train.kind
    assert (kind.name, kind.classes, kind.shape) == ("pictures", data.classes, (3, 16, 16))
    assert np.array_equal(next(Batches(data.train, 6).epoch())[0], scale_to_unit(data.train.images))
    assert data.train.counts() == {"ants": 1, "cats": 2, "dogs": 3}


def test_what_a_run_notes_and_a_notebook_shows(pets):
    data = load_folder(pets, SIZE)
    assert (data.info.name, data.info.origin, data.info.path) == ("pets", "real", str(pets))
    assert data.info.counts == {"train": 6} and data.info.stand_in is None
    assert repr(data) == f"FolderData(train 6; real, {pets})"
    assert "<td>dogs</td><td>3</td>" in data._repr_html_() and "data:image/png;base64," in data._repr_html_()


@pytest.mark.parametrize(("train", "valid"), [("train", "valid"), ("Training", "validation"), ("TRAIN", "val")])
def test_parts(tmp_path, train, valid):
    for seed, name in enumerate((f"{train}/a/1.png", f"{train}/b/1.png", f"{valid}/b/2.png", "test/a/3.png")):
        write_picture(tmp_path / "set" / name, seed)
    data = load_folder(tmp_path / "set", SIZE)
    assert data.info.counts == {"train": 2, "valid": 1, "test": 1}
    assert data.valid.labels.tolist() == [1] and data.test.labels.tolist() == [0]  # the training part's classes
    assert data.valid.names == ("b/2.png",) and data.test.kind.classes == ("a", "b")
    with pytest.raises(SettingError, match="holdout=0.5: .* has a valid part already"):
        load_folder(tmp_path / "set", SIZE, holdout=0.5)


def test_train_may_be_a_class(tmp_path):
    for name in ("train/1.png", "bus/1.png"):
        write_picture(tmp_path / name)
    assert load_folder(tmp_path, SIZE).classes == ("bus", "train")


def test_a_share_is_held_out_class_by_class(tmp_path):
    for i in range(10):
        for name in "ab":
            write_picture(tmp_path / "set" / name / f"{i}.png", i)
    data, same, other = (load_folder(tmp_path / "set", SIZE, holdout=0.2, seed=seed) for seed in (0, 0, 1))
    assert data.info.counts == {"train": 16, "valid": 4} and data.valid.counts() == {"a": 2, "b": 2}
    assert data.valid.names == same.valid.names != other.valid.names
    assert not set(data.train.names) & set(data.valid.names)


def test_folders_in_a_class_hidden_files_and_litter(pets):
    write_picture(pets / "cats" / "young" / "small" / "1.png", 9)
    for name in (
        ".DS_Store",
        "cats/.hidden.png",
        "cats/Thumbs.db",
        ".git/config",
        "__MACOSX/cats/._2.png",
        "README.md",
    ):
        (pets / name).parent.mkdir(parents=True, exist_ok=True)
        (pets / name).write_bytes(b"no picture")
    data = load_folder(pets, SIZE)
    assert data.classes == ("ants", "cats", "dogs") and len(data.train) == 7
    assert "cats/young/small/1.png" in data.train.names


def test_decoded_once_and_again_when_a_picture_changes(pets, tmp_path, fresh_cache, monkeypatch):
    first = load_folder(pets, SIZE)
    (file,) = fresh_cache.glob("*.npz")
    with monkeypatch.context() as patch:
        patch.setattr(decoding, "decode", lambda path, size: pytest.fail(f"decoded {path} again"))
        shutil.copytree(pets, tmp_path / "moved")
        again = load_folder(tmp_path / "moved", SIZE)
    assert np.array_equal(first.train.images, again.train.images)
    assert first.info.fingerprint == again.info.fingerprint
    write_picture(pets / "cats" / "2.png", 99)
    changed = load_folder(pets, SIZE)
    assert np.array_equal(changed.train.images[2], drawn(99, SIZE, SIZE).transpose(2, 0, 1))
    assert changed.info.fingerprint != first.info.fingerprint


def test_pictures_of_every_sort(tmp_path):
    """Grey, transparent, 16 bit, turned by the camera, a PNG that is called .jpg: three channels, upright."""
    colours = drawn(3, SIZE, SIZE)
    folder = tmp_path / "a"
    folder.mkdir()
    cv2.imwrite(str(folder / "1grey.png"), colours[:, :, 0])
    cv2.imwrite(str(folder / "2alpha.png"), np.dstack([colours, np.full((SIZE, SIZE), 100, np.uint8)]))
    cv2.imwrite(str(folder / "3deep.png"), colours.astype(np.uint16) * 256)
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned by 90 degrees
    turned = Image.fromarray(np.ascontiguousarray(np.rot90(colours)[:, :, ::-1]))
    turned.save(folder / "4turned.png", exif=exif)
    (folder / "5other.jpg").write_bytes(cv2.imencode(".png", colours)[1].tobytes())
    write_picture(tmp_path / "b" / "1.png")
    found = load_folder(tmp_path, SIZE).train.images[:5].transpose(0, 2, 3, 1)
    assert np.array_equal(found[0], colours[:, :, :1].repeat(3, axis=2))
    assert np.abs(found[1] - (colours * (100 / 255) + 155)).max() <= 0.51  # on white
    assert all(np.array_equal(found[i], colours) for i in (2, 3, 4))


def test_links_and_odd_names(pets, tmp_path):
    elsewhere = write_picture(tmp_path / "elsewhere" / "1.png", 8)
    os.symlink(elsewhere.parent, pets / "birds")
    os.symlink(elsewhere, pets / "cats" / "link.png")
    os.symlink(pets, pets / "dogs" / "up")  # a loop
    os.symlink(pets / "dogs", pets / "dogs" / "self")
    os.symlink(pets / "dogs", elsewhere.parent / "back")  # birds/back/...: no end, if each were followed
    os.symlink(elsewhere.parent, pets / "dogs" / "birds")
    shutil.copy(elsewhere, os.fsencode(pets / "dogs") + b"/\xc3\x28 \n<b>.png")
    data = load_folder(pets, SIZE)
    assert data.classes == ("ants", "birds", "cats", "dogs") and data.train.counts() == {
        "ants": 1,
        "birds": 5,
        "cats": 3,
        "dogs": 5,
    }
    assert data.train.names[-1].encode() and r"dogs/\xc3( \n<b>.png" in data.train.names
    assert "\n" not in data.train.names[-1] and data.info.fingerprint
    os.symlink(pets / "nowhere", pets / "cats" / "broken.png")
    with pytest.raises(DataError, match=r"cats/broken\.png: cannot be read"):
        load_folder(pets, SIZE)


def test_files_beside_the_class_folders(pets):
    """A picture has no class there, whatever it is called; what is none is left aside, and said."""
    (pets / "notes.txt").write_text("Minka")
    (pets / "list.csv").write_text("a,b")
    assert load_folder(pets, SIZE).how.endswith(" (2 files that are no picture left aside: list.csv, notes.txt)")
    shutil.copy(pets / "cats" / "2.png", pets / "a picture")
    with pytest.raises(DataError, match=r"a picture: has no class"):
        load_folder(pets, SIZE)
