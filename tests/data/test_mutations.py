"""Every reader of data, on damaged files: the data, or one line with the file's name."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile

import cv2
import numpy as np
import pytest

from paddle_camp.data.captions.flickr8k import read_tokens
from paddle_camp.data.drives.udacity import read_udacity
from paddle_camp.data.finding.archives import unpack
from paddle_camp.data.finding.tables import read_table, read_text
from paddle_camp.data.fundus.reading import read_labels
from paddle_camp.data.housing import housing_standin, parse_housing
from paddle_camp.data.mnist import read_idx
from paddle_camp.data.mnist_json import read_sets
from paddle_camp.data.pictures.opening import open_picture
from paddle_camp.data.spam import read_spam
from tests.helpers.mutations import survive

PIXELS = np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8)
IDX = bytes([0, 0, 8, 3]) + struct.pack(">3I", 2, 3, 3) + bytes(18)
JSON = b"[" + b",".join([b"[[" + b",".join([b"[" + b"0," * 783 + b"0.5]"] * 2) + b"],[3,4]]"] * 3) + b"]"


def picture(suffix: str) -> bytes:
    return cv2.imencode(suffix, PIXELS)[1].tobytes()


def zipped() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("A/1.txt", b"one " * 50)
        archive.writestr("A/2.txt", b"two " * 50)
    return stream.getvalue()


READERS = {
    "x.idx": (lambda path: read_idx(path, 3), IDX),
    "x.idx.gz": (lambda path: read_idx(path, 3), gzip.compress(IDX)),
    "mnist.json": (read_sets, JSON),
    "mnist.json.gz": (read_sets, gzip.compress(JSON)),
    "housing.data": (lambda path: parse_housing(read_text(path), path), housing_standin().encode()),
    "spam.csv": (read_spam, b"v1,v2\nham,Hello there\nspam,You won 5 prizes\nham,See you\n"),
    "labels.csv": (read_labels, b"imgName,Label\nV0001.jpg,1\nV0002.jpg,0\n"),
    "table.csv": (lambda path: read_table(path, ("a", "b")), "a,b,c\n1,二,3\n4,五,6\n".encode("gb18030")),
    "tokens.txt": (read_tokens, b"1.jpg#0\tA dog runs .\n1.jpg#1\tThe dog .\n2.jpg#0\tA cat .\n"),
    "driving_log.csv": (
        lambda path: read_udacity(path.parent),
        b"center,left,right,steering\nIMG/c1.jpg,IMG/l1.jpg,IMG/r1.jpg,0.1\n" * 1
        + b"IMG/c2.jpg,IMG/l2.jpg,IMG/r2.jpg,-0.2\n" * 20,
    ),
    "a.zip": (lambda path: unpack(path, path.parent / "out"), zipped()),
    **{f"picture{suffix}": (open_picture, picture(suffix)) for suffix in (".jpg", ".png", ".bmp", ".ppm", ".webp")},
    "picture.tif": (open_picture, picture(".tiff")),
}


@pytest.mark.parametrize("name", READERS)
def test_a_short_round(tmp_path, name):
    read, content = READERS[name]
    assert survive(read, tmp_path / name, content, count=60, seed=0) < 60


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 5))
@pytest.mark.parametrize("name", READERS)
def test_a_long_round(tmp_path, name, seed):
    read, content = READERS[name]
    assert survive(read, tmp_path / name, content, count=500, seed=seed) < 500
