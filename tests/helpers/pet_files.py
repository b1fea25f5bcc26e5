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


def kaggle_twice(root, new):
    """Kaggle's zip unpacked into a folder of its name."""
    shutil.copytree(root / "train", new / "train" / "train")
    shutil.copytree(root / "valid", new / "valid")


def kaggle_zip(root, new):
    zipped(root / "train", new / "train.zip", "train/")
    shutil.copytree(root / "valid", new / "valid")
    (new / "train").mkdir()  # left empty


def kaggle_zip_without_folder(root, new):
    zipped(root / "train", new / "train.zip")
    shutil.copytree(root / "valid", new / "valid")


def zip_of_zips(root, new):
    inner = new.parent / "inner"
    zipped(root / "train", inner / "train.zip", "train/")
    zipped(write_unlabelled(new.parent / "loose"), inner / "test1.zip", "test1/")
    (inner / "sampleSubmission.csv").write_text("id,label\n")
    zipped(inner, new / "dogs-vs-cats.zip")
    shutil.copytree(root / "valid", new / "valid")


def fast_ai(root, new):
    class_folders(root, new / "dogscats")
    class_folders(root, new / "dogscats" / "sample")
    write_unlabelled(new / "dogscats" / "test1")
    (new / "dogscats" / "models").mkdir()


def fast_ai_zip(root, new):
    fast_ai(root, new.parent / "unzipped")
    zipped(new.parent / "unzipped", new / "dogscats.zip")


def google(root, new):
    class_folders(root, new / "cats_and_dogs_filtered", ("train", "validation"))
    (new / "cats_and_dogs_filtered" / "vectorize.py").write_text("raise SystemExit\n")


def beside_a_wrapper(root, new):
    class_folders(root, new / "PetImages", ("",), ("Cat", "Dog"))
    shutil.copytree(root / "valid", new / "valid")


def train_and_test(root, new):
    """What has labels and is called test is what is reported on."""
    class_folders(root, new, ("train", "test"), ("Cat", "Dog"))


def set_in_set(root, new):
    class_folders(root, new, ("training_set/training_set", "test_set/test_set"))


def in_chinese(root, new):
    class_folders(root, new, ("train", "val"), ("猫", "狗"))


def renamed(root, new):
    shutil.copytree(root, new)
    for path in new.rglob("*.jpg"):
        path.rename(path.with_name(path.name.replace(".", "_", 1).upper()))


LAYOUTS = [
    kaggle_twice,
    kaggle_zip,
    kaggle_zip_without_folder,
    zip_of_zips,
    class_folders,
    fast_ai,
    fast_ai_zip,
    google,
    beside_a_wrapper,
    train_and_test,
    set_in_set,
    in_chinese,
    renamed,
]
