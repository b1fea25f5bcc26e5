"""A miniature Dogs vs. Cats in every layout that the reader knows."""

import shutil
import zipfile

import cv2

from tests.helpers.fundus_files import drawn

SIZE = 16
TRAIN = tuple(f"{name}.{i}.jpg" for name in ("cat", "dog") for i in range(10))
VALID = ("cat.90.jpg", "dog.90.jpg")


def write(path, seed=0, height=24, width=32):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, drawn(seed, height, width))[1].tobytes())
    return path


def write_flat(root):
    """Kaggle's names in ``train/`` and ``valid/``."""
    for seed, name in enumerate(TRAIN):
        write(root / "train" / name, seed)
    for seed, name in enumerate(VALID):
        write(root / "valid" / name, 100 + seed)
    return root


def write_unlabelled(folder, names=("10.jpg", "2.jpg", "1.jpg")):
    for name in names:
        write(folder / name, 200 + int(name[:-4]))
    return folder


def class_folders(root, new, parts=("train", "valid"), names=("cats", "dogs")):
    """The pictures of ``write_flat`` moved into class folders."""
    for part, there in zip(("train", "valid"), parts, strict=False):
        for path in sorted((root / part).iterdir()):
            folder = new / there / names[path.name.startswith("dog")]
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, folder)
    return new


def zipped(folder, archive, prefix=""):
    """All files of a folder in a zip, their names as in it, below ``prefix``; and macOS's litter."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(each for each in folder.rglob("*") if each.is_file()):
            name = path.relative_to(folder).as_posix()
            file.write(path, prefix + name)
            file.writestr(f"__MACOSX/{prefix}{name.removesuffix(path.name)}._{path.name}", "litter")
    return archive
