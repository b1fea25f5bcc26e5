"""A miniature iChallenge-PM in every layout that the reader knows."""

import csv
import io
import shutil
import zipfile

import cv2
import numpy as np
import openpyxl

TRAIN = ("H0001.jpg", "N0001.jpg", "N0002.jpg", "P0001.jpg", "P0002.jpg", "P0010.jpg")
VALID = {"V0001.jpg": 0, "V0002.jpg": 1, "V0003.jpg": 1, "V0004.jpg": 0}
HEADER = ("ID", "imgName", "Label", "Fovea_X", "Fovea_Y")
SIZE = 32


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


def write_folders(root):
    """A miniature set in folders, as the course unpacks it."""
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
