"""The fundus reader: layouts, labels, decoding, the cache, and one clear line for everything that can be wrong."""

import csv
import io
import logging
import shutil
import zipfile
from collections import Counter

import cv2
import numpy as np
import openpyxl
import pytest

from paddle_camp.errors import DataError
from paddle_camp.readers import pictures
from paddle_camp.readers.augment import flip_and_rotate
from paddle_camp.readers.fundus import read_fundus
from paddle_camp.readers.pictures import decode, jpeg_size

TRAIN = ("H0001.jpg", "N0001.jpg", "N0002.jpg", "P0001.jpg", "P0002.jpg", "P0010.jpg")
VALID = {"V0001.jpg": 0, "V0002.jpg": 1, "V0003.jpg": 1, "V0004.jpg": 0}
HEADER = ("ID", "imgName", "Label", "Fovea_X", "Fovea_Y")
SIZE = 32


@pytest.fixture(autouse=True)
def fresh_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PADDLE_CAMP_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def drawn(seed, height=48, width=64):
    """A smooth colour picture, different for each seed."""
    small = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


def rows_of(labels):
    return [(i, name, label, 1100.5, 1000.25) for i, (name, label) in enumerate(labels.items(), start=1)]


def write_csv(path, rows, header=HEADER):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def write_xlsx(path, rows, header=HEADER):
    path.parent.mkdir(parents=True, exist_ok=True)
    book = openpyxl.Workbook()
    for row in [header, *rows]:
        book.active.append(row)
    book.save(path)


@pytest.fixture
def folders(tmp_path):
    """A miniature set in folders, as the course unpacks it."""
    root = tmp_path / "folders"
    for seed, name in enumerate([*TRAIN, *VALID]):
        folder = root / ("PALM-Training400" if name in TRAIN else "PALM-Validation400")
        folder.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(folder / name), drawn(seed))
    write_csv(root / "PALM-Validation-GT" / "labels.csv", rows_of(VALID))
    return root


def nested(root, new):
    shutil.copytree(root, new)
    (new / "PALM-Training400").rename(new / "inner")
    (new / "PALM-Training400").mkdir()
    (new / "inner").rename(new / "PALM-Training400" / "PALM-Training400")


def published(root, new):
    """The layout of the whole set of 2024; its masks and its testing part must not be read."""
    for part, source in (("Training", "PALM-Training400"), ("Validation", "PALM-Validation400")):
        shutil.copytree(root / source, new / "PALM" / part / "Images")
        shutil.copytree(root / source, new / "PALM" / part / "Disc Masks")
    shutil.copytree(root / "PALM-Validation400", new / "PALM" / "Testing" / "Images")
    table = [row[1:3] for row in read_rows(root)]
    write_xlsx(new / "PALM" / "Validation" / "Classification Labels.xlsx", table, ("imgName", "Label"))


def read_rows(root):
    with open(root / "PALM-Validation-GT" / "labels.csv", newline="") as file:
        return [(int(i), name, int(label), float(x), float(y)) for i, name, label, x, y in list(csv.reader(file))[1:]]


def zips(root, new, prefix="PALM-Training400/"):
    """AI Studio's three zips: a zip in a zip, the pictures, the table as a spreadsheet; and macOS's litter."""
    new.mkdir()
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        for path in (root / "PALM-Training400").iterdir():
            archive.write(path, prefix + path.name)
            archive.writestr(f"__MACOSX/{prefix}._{path.name}", "litter")
    with zipfile.ZipFile(new / "training.zip", "w") as archive:
        archive.writestr("PALM-Training400/PALM-Training400.zip", inner.getvalue())
    with zipfile.ZipFile(new / "validation.zip", "w") as archive:
        for path in (root / "PALM-Validation400").iterdir():
            archive.write(path, f"PALM-Validation400/{path.name}")
    table = new.parent / f"{new.name}.xlsx"
    write_xlsx(table, read_rows(root))
    with zipfile.ZipFile(new / "valid_gt.zip", "w") as archive:
        archive.write(table, "PALM-Validation-GT/PM_Label_and_Fovea_Location.xlsx")


def flat_zips(root, new):
    zips(root, new, prefix="")


def half_unpacked(root, new):
    """training.zip unpacked by hand, the zip inside it not; a spreadsheet instead of labels.csv; upper case."""
    zips(root, new)
    for name in ("training", "validation", "valid_gt"):
        with zipfile.ZipFile(new / f"{name}.zip") as archive:
            archive.extractall(new)
        (new / f"{name}.zip").unlink()


def same(a, b):
    assert (a.images == b.images).all() and (a.labels == b.labels).all()
    assert a.names == b.names and a.groups == b.groups


# -- what is read ------------------------------------------------------------------------------------------------


def test_training_and_validation_pictures(folders):
    train = read_fundus(folders, "train", SIZE)
    assert train.images.shape == (6, 3, SIZE, SIZE) and train.images.dtype == np.uint8
    assert train.names == TRAIN  # sorted by name
    assert train.labels.tolist() == [0, 0, 0, 1, 1, 1] and train.labels.dtype == np.int64
    assert train.groups == ("H", "N", "N", "P", "P", "P")
    valid = read_fundus(folders, "valid", SIZE)
    assert dict(zip(valid.names, valid.labels.tolist(), strict=True)) == VALID
    assert valid.groups == ("N", "P", "P", "N")


def test_pictures_are_bgr_channels_first(folders):
    """A picture that is blue has its first channel high; a row is a row."""
    blue = np.zeros((48, 64, 3), np.uint8)
    blue[:24, :, 0] = 250
    cv2.imwrite(str(folders / "PALM-Training400" / "H0001.jpg"), blue)
    image = read_fundus(folders, "train", SIZE).images[0]
    assert image[0, :14].min() > 230 and image[0, 18:].max() < 20 and image[1:].max() < 20


@pytest.mark.parametrize("build", [nested, published, zips, flat_zips, half_unpacked])
@pytest.mark.parametrize("part", ["train", "valid"])
def test_every_layout_gives_the_same_arrays(folders, tmp_path, build, part):
    build(folders, tmp_path / "other")
    expected = read_fundus(folders, part, SIZE, tmp_path / "cache1")
    for _ in range(2):  # the second time the zips are unpacked already
        same(read_fundus(tmp_path / "other", part, SIZE, tmp_path / "cache2"), expected)


def test_zips_are_unpacked_where_they_lie_and_only_once(folders, tmp_path):
    root = tmp_path / "z"
    zips(folders, root)
    read_fundus(root, "train", SIZE)
    made = root / "training.unpacked" / "PALM-Training400" / "PALM-Training400.unpacked" / "PALM-Training400"
    assert sorted(p.name for p in made.iterdir()) == sorted(TRAIN)
    before = {p: p.stat().st_mtime_ns for p in root.rglob("*")}
    read_fundus(root, "valid", SIZE)
    assert {p: p.stat().st_mtime_ns for p in root.rglob("*")} == before


def test_a_spreadsheet_and_a_csv_with_a_byte_order_mark(folders):
    expected = read_fundus(folders, "valid", SIZE)
    rows = [(i, name, float(label), x, y) for i, name, label, x, y in read_rows(folders)[::-1]]
    table = folders / "PALM-Validation-GT" / "labels.csv"
    table.write_bytes(b"\xef\xbb\xbf" + table.read_bytes() + b"\r\n,,,,\r\n")
    same(read_fundus(folders, "valid", SIZE), expected)
    table.unlink()
    write_xlsx(folders / "PALM-Validation-GT" / "PM_Label_and_Fovea_Location.xlsx", [*rows, (None,) * 5])
    same(read_fundus(folders, "valid", SIZE), expected)


# -- decoding ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "height"), [(2124, 2056), (1000, 900), (500, 460), (300, 280)])
def test_reduced_decoding_is_close_to_full_decoding(tmp_path, width, height):
    path = tmp_path / "P.jpg"
    cv2.imwrite(str(path), drawn(1, height, width))
    assert jpeg_size(path.read_bytes()) == (height, width)
    full = cv2.resize(cv2.imread(str(path)), (224, 224), interpolation=cv2.INTER_AREA)
    assert np.abs(decode(path, 224).astype(int) - full).mean() < 1.0


def test_large_pictures_are_decoded_at_a_reduced_size(tmp_path, monkeypatch):
    flags = []
    real = cv2.imdecode
    monkeypatch.setattr(pictures.cv2, "imdecode", lambda data, flag: flags.append(flag) or real(data, flag))
    for width, height in [(2124, 2056), (1000, 900), (500, 460), (460, 440), (224, 224)]:
        cv2.imwrite(str(tmp_path / "P.jpg"), drawn(1, height, width))
        assert decode(tmp_path / "P.jpg", 224).shape == (224, 224, 3)
    eighth, quarter, half = (getattr(cv2, f"IMREAD_REDUCED_COLOR_{d}") for d in (8, 4, 2))
    assert flags == [eighth, quarter, half, cv2.IMREAD_COLOR, cv2.IMREAD_COLOR]


def test_a_picture_of_the_right_size_is_not_resampled(tmp_path):
    cv2.imwrite(str(tmp_path / "P.jpg"), drawn(1, 224, 224))
    assert (decode(tmp_path / "P.jpg", 224) == cv2.imread(str(tmp_path / "P.jpg"))).all()


def test_bytes_after_the_end_of_a_jpeg_do_no_harm(tmp_path):
    cv2.imwrite(str(tmp_path / "P.jpg"), drawn(1), [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])
    data = (tmp_path / "P.jpg").read_bytes()
    assert jpeg_size(data + b"\0" * 100) == (48, 64)
    assert jpeg_size(data[:-2]) is None and jpeg_size(data[:100]) is None and jpeg_size(b"") is None


# -- the cache ---------------------------------------------------------------------------------------------------


@pytest.fixture
def no_decoder(monkeypatch):
    def forbid():
        monkeypatch.setattr(pictures, "decode", lambda path, size: pytest.fail(f"decoded {path} again"))

    return forbid


def test_the_second_run_decodes_nothing(folders, tmp_path, fresh_cache, no_decoder):
    first = read_fundus(folders, "train", SIZE)
    assert len(list(fresh_cache.glob("*.npz"))) == 1 and not list(fresh_cache.glob("*.partial"))
    no_decoder()
    same(read_fundus(folders, "train", SIZE), first)
    shutil.copytree(folders, tmp_path / "moved")  # keyed by content, not by place or time
    same(read_fundus(tmp_path / "moved", "train", SIZE), first)


def test_another_size_or_content_is_decoded(folders, fresh_cache):
    first = read_fundus(folders, "train", SIZE)
    assert read_fundus(folders, "train", SIZE // 2).images.shape[2:] == (SIZE // 2, SIZE // 2)
    cv2.imwrite(str(folders / "PALM-Training400" / "P0010.jpg"), drawn(99))
    again = read_fundus(folders, "train", SIZE)
    assert (again.images[:5] == first.images[:5]).all() and (again.images[5] != first.images[5]).any()
    assert len(list(fresh_cache.glob("*.npz"))) == 3


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "text", "bare array", "other shape"])
def test_a_damaged_cache_is_made_again(folders, fresh_cache, caplog, damage):
    first = read_fundus(folders, "train", SIZE)
    (file,) = fresh_cache.glob("*.npz")
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    if damage == "bare array":
        with open(file, "wb") as handle:
            np.save(handle, first.images)
    elif damage == "other shape":
        np.savez(file, array=first.images[:3])
    else:
        whole = file.read_bytes()
        file.write_bytes({"empty": b"", "cut": whole[:-50], "flipped": bytes(data), "text": b"hello"}[damage])
    with caplog.at_level(logging.WARNING):
        same(read_fundus(folders, "train", SIZE), first)
    assert "made again" in caplog.text and len(caplog.records) == 1
    caplog.clear()
    same(read_fundus(folders, "train", SIZE), first)
    assert not caplog.records


def test_a_cache_that_cannot_be_written_only_warns(folders, tmp_path, caplog):
    (tmp_path / "blocked").write_text("a file where the cache directory should be")
    data = read_fundus(folders, "train", SIZE, tmp_path / "blocked" / "cache")
    assert len(data) == 6
    assert [r.levelname for r in caplog.records] == ["WARNING"] and "PADDLE_CAMP_CACHE" in caplog.text


def test_a_full_disk_leaves_no_half_written_cache(folders, fresh_cache, monkeypatch, caplog):
    def full(file, **_):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    assert len(read_fundus(folders, "train", SIZE)) == 6
    assert list(fresh_cache.iterdir()) == [] and "No space left" in caplog.text


# -- what can be wrong -------------------------------------------------------------------------------------------


def set_rows(root, rows, header=HEADER):
    write_csv(root / "PALM-Validation-GT" / "labels.csv", rows, header)


def cut(path, keep=0.6):
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])


def empty_folder(path):
    for file in path.iterdir():
        file.unlink()


WRONG = {
    "unknown prefix": (
        lambda r: (r / "PALM-Training400" / "N0002.jpg").rename(r / "PALM-Training400" / "X0002.jpg"),
        r"X0002\.jpg: .*begins with P, H or N.*1 of 6",
    ),
    "picture missing": (
        lambda r: [(r / "PALM-Validation400" / n).unlink() for n in ("V0002.jpg", "V0004.jpg")],
        r"V0002\.jpg: missing, though .*labels\.csv lists it; 2 of 4 .*unpack",
    ),
    "label missing": (
        lambda r: set_rows(r, rows_of(VALID)[:3]),
        r"V0004\.jpg: has no row in .*labels\.csv; 1 of 4",
    ),
    "duplicate row": (
        lambda r: set_rows(r, rows_of(VALID) + rows_of(VALID)[1:2]),
        r"labels\.csv: row 6: V0002\.jpg is listed twice",
    ),
    "label 2": (
        lambda r: set_rows(r, rows_of(VALID | {"V0003.jpg": 2})),
        r"labels\.csv: row 4 \(V0003\.jpg\): the label is '2', not 0 or 1",
    ),
    "no label": (
        lambda r: set_rows(r, rows_of(VALID | {"V0003.jpg": ""})),
        r"row 4 \(V0003\.jpg\): the label is ''",
    ),
    "short row": (lambda r: set_rows(r, [(1, "V0001.jpg")]), r"row 2 \(V0001\.jpg\): the label is ''"),
    "no name": (lambda r: set_rows(r, [(1, "", 0, 1, 1)]), r"labels\.csv: row 2 names no picture"),
    "no column": (
        lambda r: set_rows(r, rows_of(VALID), ("ID", "name", "class", "x", "y")),
        r"labels\.csv: no column imgName and Label in the header row, which has ID, name",
    ),
    "empty table": (
        lambda r: (r / "PALM-Validation-GT" / "labels.csv").write_bytes(b""),
        r"labels\.csv: no column imgName and Label",
    ),
    "binary table": (
        lambda r: (r / "PALM-Validation-GT" / "labels.csv").write_bytes(b"\xff\xfe\x80\0"),
        r"labels\.csv: the table cannot be read",
    ),
    "xlsx is not one": (
        lambda r: (r / "PALM-Validation-GT" / "labels.csv").rename(
            r / "PALM-Validation-GT" / "PM_Label_and_Fovea_Location.xlsx"
        ),
        r"Location\.xlsx: the table cannot be read .*download it again",
    ),
    "no table": (
        lambda r: (r / "PALM-Validation-GT" / "labels.csv").unlink(),
        r"folders: PALM-Validation-GT .*table of labels.*19065",
    ),
    "only half": (
        lambda r: [shutil.rmtree(r / "PALM-Validation400"), shutil.rmtree(r / "PALM-Validation-GT")],
        r"folders: PALM-Validation400 and PALM-Validation-GT missing.*19065.*10\.1038/s41597-024-02911-2",
    ),
    "empty folder": (lambda r: empty_folder(r / "PALM-Training400"), r"folders: PALM-Training400 is empty"),
    "cut picture": (lambda r: cut(r / "PALM-Validation400" / "V0003.jpg"), r"V0003\.jpg: .*cut short .*copy it again"),
    "cut to a stub": (lambda r: cut(r / "PALM-Validation400" / "V0003.jpg", 0.02), r"V0003\.jpg: not a JPEG"),
    "not a picture": (
        lambda r: (r / "PALM-Validation400" / "V0003.jpg").write_text("<html>"),
        r"V0003\.jpg: not a JPEG picture",
    ),
    "empty picture": (
        lambda r: (r / "PALM-Validation400" / "V0003.jpg").write_bytes(b""),
        r"V0003\.jpg: not a JPEG picture.*\(0 bytes\)",
    ),
    "undecodable": (
        lambda r: (r / "PALM-Validation400" / "V0003.jpg").write_bytes(
            b"\xff\xd8\xff\xc0\x00\x11\x08\x00\x30\x00\x40\x03"
            + b"\0" * 9
            + b"\xff\xda\x00\x02"
            + b"\0" * 8
            + b"\xff\xd9"
        ),
        r"V0003\.jpg: the JPEG cannot be decoded",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_one_clear_line(folders, case):
    spoil, message = WRONG[case]
    spoil(folders)
    part = "train" if case in ("unknown prefix", "empty folder") else "valid"
    with pytest.raises(DataError, match=message) as caught:
        read_fundus(folders, part, SIZE)
    assert "\n" not in str(caught.value) and str(folders) in str(caught.value)


def test_half_a_set_is_refused_for_training_too(folders):
    shutil.rmtree(folders / "PALM-Validation400")
    with pytest.raises(DataError, match="PALM-Validation400 missing"):
        read_fundus(folders, "train", SIZE)


def wrong_training_zip(root):
    with zipfile.ZipFile(root / "training.zip", "w") as archive:
        archive.writestr("cats/cat.1.jpg", "meow")


def wrong_inner_zip(root):
    with zipfile.ZipFile(root / "training.zip", "w") as archive:
        archive.writestr("PALM-Training400/PALM-Training400.zip", "not a zip")


def no_pictures_in_zip(root):
    with zipfile.ZipFile(root / "validation.zip", "w") as archive:
        archive.writestr("PALM-Validation400/readme.txt", "hello")


def climbing_zip(root):
    with zipfile.ZipFile(root / "valid_gt.zip", "a") as archive:
        archive.writestr("../../evil.csv", "evil")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (wrong_training_zip, r"training\.zip: the wrong zip: nothing in it is named PALM-Training400"),
        (wrong_inner_zip, r"PALM-Training400\.zip: not a whole zip file"),
        (no_pictures_in_zip, r"validation\.zip: the wrong zip: its PALM-Validation400 holds none"),
        (climbing_zip, r"valid_gt\.zip: the name '\.\./\.\./evil\.csv' leads outside"),
        (lambda root: cut(root / "training.zip"), r"training\.zip: not a whole zip file .*download it again"),
        (lambda root: (root / "valid_gt.zip").unlink(), r"z: PALM-Validation-GT missing"),
    ],
)
def test_one_clear_line_for_zips(folders, tmp_path, spoil, message):
    zips(folders, tmp_path / "z")
    spoil(tmp_path / "z")
    with pytest.raises(DataError, match=message) as caught:
        read_fundus(tmp_path / "z", "train", SIZE)
    assert "\n" not in str(caught.value) and str(tmp_path / "z") in str(caught.value)
    assert not list(tmp_path.rglob("evil.csv"))


# -- augmentation ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 3])
def test_flip_and_rotate(channels):
    images = np.stack([drawn(s, 40, 50).transpose(2, 0, 1)[:channels] for s in range(8)])
    before = images.copy()
    first, second = (flip_and_rotate(images, np.random.default_rng([0, 1, 2])) for _ in range(2))
    assert first.shape == images.shape and first.dtype == np.uint8
    assert (first == second).all() and (images == before).all()
    assert (flip_and_rotate(images, np.random.default_rng(1)) != first).any()
    assert all((a != b).any() for a, b in zip(first, images, strict=True))


def test_half_of_the_pictures_are_mirrored_and_corners_turn_in_black():
    """A picture that is white on its left third stays so, or is white on the right; the centre does not move."""
    images = np.zeros((400, 1, 61, 61), np.uint8)
    images[:, :, :, :20] = 255
    images[:, :, 29:32, 29:32] = 200
    turned = flip_and_rotate(images, np.random.default_rng(0))
    assert 0.4 < (turned[:, 0, 30, 5] < 128).mean() < 0.6
    assert (turned[:, 0, 30, 30] > 190).all()
    full = flip_and_rotate(np.full((50, 3, 61, 61), 255, np.uint8), np.random.default_rng(0))
    assert (full[:, :, 0, 0] == 0).mean() > 0.5 and (full[:, :, 30] > 250)[..., 2:-2].all()


# -- the real pictures -------------------------------------------------------------------------------------------


def test_real_pictures_from_folders_and_zips(real_data, tmp_path):
    root = real_data / "ichallenge-pm"
    if not root.is_dir():
        pytest.skip(f"no ichallenge-pm in {real_data}")
    train, valid = (read_fundus(root, part) for part in ("train", "valid"))
    assert Counter(train.groups) == {"P": 213, "N": 161, "H": 26}
    assert train.images.shape == (400, 3, 224, 224) and train.labels.sum() == 213
    assert valid.images.shape[1:] == (3, 224, 224) and len(valid) in (200, 400) and set(valid.labels) == {0, 1}
    zips(root, tmp_path / "zips")
    same(read_fundus(tmp_path / "zips", "train", cache_dir=tmp_path / "c"), train)
    same(read_fundus(tmp_path / "zips", "valid", cache_dir=tmp_path / "c"), valid)
