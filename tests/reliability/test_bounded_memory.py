"""Small files that hold or announce gigabytes: one line, or read with less than a gigabyte, in seconds.

Each is read by a process of its own, whose peak of memory is held against the one before it began.
"""

from __future__ import annotations

import gzip
import json
import struct
import zipfile
import zlib
from pathlib import Path

import cv2
import numpy as np
import openpyxl
import pytest
from PIL import Image

from paddle_camp.data.info import DataInfo
from paddle_camp.models import create_model
from paddle_camp.networks.weights import save_weights
from paddle_camp.predicting.saved_model import SavedModel
from tests.helpers.peak import Taken, taken_by

GIGABYTE = 1024  # MiB
SECONDS = 60  # of processor time; most take less than 10
OPEN = """
from pathlib import Path
from paddle_camp.data.pictures.opening import open_picture
def work(path): return open_picture(Path(path)).shape
"""
CLASSES = """
from paddle_camp.data.folder import load_folder
def work(path): return len(load_folder(path).images)
"""
PREDICT = """
import paddle_camp, paddle
from paddle_camp.commands import predict
def work(*arguments): return predict.main([*arguments, "--device", "cpu"])
"""
MNIST = """
from paddle_camp.data.mnist import load_mnist
def work(folder): return len(load_mnist(data_dir=folder).train)
"""
UNPACK = """
from pathlib import Path
from paddle_camp.data.finding.archives import unpack
def work(path, target): return unpack(Path(path), Path(target), expect="a")
"""
TABLE = """
from pathlib import Path
from paddle_camp.data.finding.tables import read_table
def work(path): return len(read_table(Path(path), ("a",)))
"""


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def write_png(path: Path, side: int, colour: int = 0, depth: int = 1) -> Path:
    """A square PNG of zeros; colour type 0 is grey, 6 is RGBA."""
    row = b"\0" + bytes((side * depth * {0: 1, 6: 4}[colour] + 7) // 8)
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, depth, colour, 0, 0, 0))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", packed) + chunk(b"IEND", b""))
    return path


def write_jpeg_header(path: Path, side: int) -> Path:
    """A whole JPEG of 16 x 16 whose header announces more."""
    content = bytearray(cv2.imencode(".jpg", np.zeros((16, 16, 3), np.uint8))[1].tobytes())
    at = content.index(b"\xff\xc0")
    content[at + 5 : at + 9] = struct.pack(">HH", side, side)
    path.write_bytes(content)
    return path


def refused(taken: Taken, *words: str) -> None:
    """One line, soon, and without the memory."""
    assert taken.error.startswith("error: ") and all(word in taken.error for word in words), taken
    assert taken.megabytes < GIGABYTE and taken.seconds < SECONDS, taken


@pytest.fixture
def run(tmp_path) -> Path:
    """The folder of a network of digits."""
    folder = tmp_path / "run"
    SavedModel.usual("lenet", "digits").write(folder, DataInfo("MNIST", "real", "/somewhere", {}))
    save_weights(create_model("lenet"), folder / "best.pdparams")
    return folder


@pytest.fixture
def huge(tmp_path) -> dict[str, Path]:
    made = {"png": write_png(tmp_path / "huge.png", 16_000), "jpeg": write_jpeg_header(tmp_path / "huge.jpg", 30_000)}
    assert made["png"].stat().st_size < 32_000 and made["jpeg"].stat().st_size < 1000
    return made


@pytest.mark.parametrize("kind", ["png", "jpeg"])
def test_a_small_picture_of_hundreds_of_millions_of_pixels(run, huge, kind, tmp_path):
    refused(taken_by(OPEN, huge[kind]), "DataError", "pixels", "save it anew, smaller")
    refused(taken_by(PREDICT, run, huge[kind]), "pixels", "save it anew, smaller")
    for name in ("a", "b"):
        (tmp_path / "classes" / name).mkdir(parents=True)
        (tmp_path / "classes" / name / huge[kind].name).write_bytes(huge[kind].read_bytes())
    refused(taken_by(CLASSES, tmp_path / "classes"), "pixels", "save it anew, smaller")


def largest(folder: Path) -> dict[str, Path]:
    """Pictures that are read, of nearly as many pixels as their kind may have."""
    found = {
        "grey.png": write_png(folder / "grey.png", 10_540),
        "16 bits.png": write_png(folder / "16 bits.png", 10_540, 0, 16),
        "clear.png": write_png(folder / "clear.png", 10_540, 6, 8),
    }
    for name, mode, size, options in (
        ("inks.jpg", "CMYK", (11_580, 11_580), {}),
        ("scans.jpg", "RGB", (10_540, 10_540), {"progressive": True, "subsampling": 0}),
        ("ink scans.jpg", "CMYK", (8300, 10_000), {"progressive": True, "subsampling": 0}),
        ("clear.webp", "RGBA", (3840, 10_000), {"lossless": True}),
        ("clear.tiff", "RGBA", (8300, 10_000), {"compression": "tiff_adobe_deflate", "tiffinfo": {278: 10_000}}),
    ):
        found[name] = folder / name
        Image.new(mode, size).save(found[name], **options)
    return found


@pytest.mark.slow
def test_the_largest_pictures_that_are_read_take_less_than_a_gigabyte(run, tmp_path):
    for name, path in largest(tmp_path).items():
        taken = taken_by(OPEN, path)
        assert taken.status.startswith("(") and taken.error == "", (name, taken)
        assert taken.megabytes < GIGABYTE and taken.seconds < SECONDS, (name, taken)
        taken = taken_by(PREDICT, run, path)
        assert "no digit" in taken.error or taken.status == "0", (name, taken)
        assert taken.megabytes < GIGABYTE and taken.seconds < SECONDS, (name, taken)


ASKED = [
    ({"arguments": {"num_classes": 3_000_000}}, "num_classes is 3000000, not 0 to 4096"),
    ({"image_size": 100_000}, "image_size is 100000, not 1 to 1024"),
    ({"model": "perceptron", "arguments": {"sizes": [1_000_000, 1_000_000]}}, "too many weights"),
    ({"model": "mlp_relu", "arguments": {"image_size": 1024, "hidden": [4096, 4096]}}, "4,294,967,296 weights or more"),
]


@pytest.mark.parametrize(("values", "says"), ASKED, ids=[f"case {number}" for number in range(len(ASKED))])
def test_a_model_json_that_asks_for_gigabytes(run, values, says, tmp_path):
    path = run / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | values), encoding="utf-8")
    picture = write_png(tmp_path / "one.png", 64)
    taken = taken_by(PREDICT, run, picture)
    refused(taken, says)
    assert taken.status == "2"


def zeros(gigabytes: int) -> bytes:
    """A gzip'd stream of zeros: pieces one behind the other are a whole one."""
    return gzip.compress(bytes(1 << 26), 9) * (16 * gigabytes)


@pytest.mark.parametrize(
    ("name", "beginning"),
    [
        ("train-images-idx3-ubyte.gz", bytes([0, 0, 8, 3]) + struct.pack(">3I", 60_000, 28, 28)),
        ("train-images-idx3-ubyte.gz", bytes([0, 0, 8, 3]) + struct.pack(">3I", 5_000_000, 28, 28)),
        ("mnist.json.gz", b""),
        ("mnist.json.gz", b'[[[["'),
        ("mnist.pkl.gz", b""),
        ("mnist.pkl.gz", b"\x80\x04B" + struct.pack("<I", 4_000_000_000)),
    ],
)
def test_a_gzip_that_holds_four_gigabytes(tmp_path, name, beginning):
    folder = tmp_path / "mnist"
    folder.mkdir()
    for other in ("train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"):
        if "idx" in name:
            (folder / other).write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 0]))
    (folder / name).write_bytes(gzip.compress(beginning) + zeros(4))
    assert (folder / name).stat().st_size < 5_000_000
    refused(taken_by(MNIST, tmp_path), "DataError", name)


@pytest.mark.parametrize("repeated", [b" ", b"1,", b"[[[]],[]],", b'[[[]],["a"]],', b'"aaaaaaaa'])
def test_a_json_of_gigabytes_in_any_part(tmp_path, repeated):
    (tmp_path / "mnist").mkdir()
    beginning = gzip.compress({b" ": b"[[", b"1,": b"[[[[", b'"aaaaaaaa': b"[[[["}.get(repeated, b"["))
    packed = gzip.compress(repeated * (4_000_000 // len(repeated)), 9) * 1000
    (tmp_path / "mnist" / "mnist.json.gz").write_bytes(beginning + packed)
    refused(taken_by(MNIST, tmp_path), "DataError", "mnist.json.gz")


def write_zip(path: Path, members: dict[str, tuple[bytes, int]]) -> Path:
    """A zip of members that begin with some bytes, and go on with a number of zeros."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, (beginning, count) in members.items():
            with archive.open(name, "w", force_zip64=True) as member:
                member.write(beginning)
                for start in range(0, count, 1 << 24):
                    member.write(bytes(min(1 << 24, count - start)))
    return path


@pytest.mark.slow
def test_a_zip_with_a_member_of_three_gigabytes(tmp_path):
    path = write_zip(tmp_path / "bomb.zip", {"a.png": (b"", 3 << 30)})
    assert path.stat().st_size < 20_000_000
    refused(taken_by(UNPACK, path, tmp_path / "unpacked"), "DataError", "would become")
    assert not (tmp_path / "unpacked").exists()
    refused(taken_by(TABLE, path.rename(tmp_path / "bomb.xlsx")), "DataError", "would become")
    header = b"\x93NUMPY\x01\0" + struct.pack("<H", 118)
    header += b"{'descr': '|u1', 'fortran_order': False, 'shape': (4000000, 28, 28)}".ljust(117) + b"\n"
    (tmp_path / "mnist").mkdir()
    few = {f"{name}.npy": (b"", 0) for name in ("y_train", "x_test", "y_test")}
    write_zip(tmp_path / "mnist" / "mnist.npz", {"x_train.npy": (header, 4_000_000 * 784)} | few)
    refused(taken_by(MNIST, tmp_path), "DataError", "mnist.npz", "3,136,000,128 bytes, 500,000,000 at most")


FAR = '<row r="{0}000000"><c r="A{0}000000"><v>1</v></c></row>'
WIDE = '<row r="{0}"><c r="XFD{0}"><v>1</v></c></row>'


@pytest.mark.parametrize("row", [FAR, WIDE], ids=["rows", "columns"])
def test_a_sheet_whose_cells_are_gigabytes_apart(tmp_path, row):
    """A thousand rows of one cell; openpyxl fills in those between."""
    book = openpyxl.Workbook()
    book.active.append(["a"])
    book.save(tmp_path / "honest.xlsx")
    rows = "".join(row.format(number) for number in range(2, 1000)).encode()
    path = tmp_path / "apart.xlsx"
    with zipfile.ZipFile(tmp_path / "honest.xlsx") as honest, zipfile.ZipFile(path, "w") as bomb:
        for member in honest.namelist():
            bomb.writestr(member, honest.read(member).replace(b"</sheetData>", rows + b"</sheetData>"))
    refused(taken_by(TABLE, path), "DataError", "more than 2,000,000 cells")
