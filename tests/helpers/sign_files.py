"""A miniature GTSRB in both layouts: four classes of six training pictures in three tracks, two test pictures each."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np

from tests.helpers.fundus_files import drawn
from tests.helpers.pet_files import zipped

CLASSES = (0, 7, 13, 42)
TRACKS, FRAMES, TESTED = 3, 2, 2
CELL = 32
HEAD = "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId"
TRAIN_HEAD = "class,index,track,frame,width,height,roi_x1,roi_y1,roi_x2,roi_y2,split"
TEST_HEAD = "class,index,file,width,height,roi_x1,roi_y1,roi_x2,roi_y2"


def picture(label: int, number: int, side: int = CELL) -> np.ndarray:
    """uint8 ``[side, side, 3]``: each is another one."""
    return drawn(100 * label + number, side, side)


def size_of(label: int, number: int) -> int:
    """The side that the table states; the larger for the later ones."""
    return 20 + label + 5 * number


def write_sheets(root: Path) -> Path:
    """The sheets and their tables; the last track of each class is held out."""
    rows = {"train": [TRAIN_HEAD], "test": [TEST_HEAD]}
    for label in CLASSES:
        for part, count in (("train", TRACKS * FRAMES), ("test", TESTED)):
            sheet = np.zeros((CELL, 10 * CELL, 3), np.uint8)
            for index in range(count):
                number = index + (50 if part == "test" else 0)
                sheet[:, CELL * index : CELL * (index + 1)] = picture(label, number)
                side, box = size_of(label, index), "5,5,15,15"
                track, frame = divmod(index, FRAMES)
                split = "val" if track == TRACKS - 1 else "train"
                if part == "train":
                    rows[part].append(f"{label},{index},{track},{frame},{side},{side + 1},{box},{split}")
                else:
                    rows[part].append(f"{label},{index},{tested_name(label, index)},{side + 1},{side},{box}")
            path = root / part / f"{label:02d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            assert cv2.imwrite(str(path), sheet)
    for part, lines in rows.items():
        (root / f"{part}.csv").write_text("\n".join(lines) + "\n")
    return root


def tested_name(label: int, index: int) -> str:
    """The file of a test picture."""
    return f"{CLASSES.index(label) * TESTED + index:05d}.ppm"


def write_official(root: Path) -> Path:
    """The same pictures as published, and the table of the test pictures beside the folders."""
    test = [HEAD]
    for label in CLASSES:
        folder, lines = root / "Final_Training" / "Images" / f"{label:05d}", [HEAD]
        for index in range(TRACKS * FRAMES):
            track, frame = divmod(index, FRAMES)
            name, side = f"{track:05d}_{frame:05d}.ppm", size_of(label, index)
            write(folder / name, picture(label, index))
            lines.append(f"{name};{side};{side + 1};5;5;15;15;{label}")
        (folder / f"GT-{label:05d}.csv").write_text("\r\n".join(lines) + "\r\n")
        for index in range(TESTED):
            name, side = tested_name(label, index), size_of(label, index)
            write(root / "Final_Test" / "Images" / name, picture(label, 50 + index))
            test.append(f"{name};{side + 1};{side};5;5;15;15;{label}")
    (root / "GT-final_test.csv").write_text("\r\n".join(test) + "\r\n")
    (root / "Final_Test" / "Images" / "GT-final_test.test.csv").write_text("Filename;Width\r\n")  # without the classes
    return root


def write(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels)


def below_gtsrb(root: Path, new: Path) -> None:
    shutil.copytree(root, new / "GTSRB")


def with_the_labels_beside(root: Path, new: Path) -> None:
    shutil.copytree(root, new)
    shutil.move(new / "GT-final_test.csv", new / "Final_Test" / "Images")


def of_the_competition(root: Path, new: Path) -> None:
    shutil.copytree(root, new)
    shutil.move(new / "Final_Training" / "Images", new / "Training")
    (new / "Final_Training").rmdir()


def zips(root: Path, new: Path) -> None:
    zipped(root / "Final_Training", new / "GTSRB_Final_Training_Images.zip", "GTSRB/Final_Training/")
    zipped(root / "Final_Test", new / "GTSRB_Final_Test_Images.zip", "GTSRB/Final_Test/")
    (new.parent / "labels").mkdir()
    shutil.copy(root / "GT-final_test.csv", new.parent / "labels")
    zipped(new.parent / "labels", new / "GTSRB_Final_Test_GT.zip")


LAYOUTS = [below_gtsrb, with_the_labels_beside, of_the_competition, zips]
