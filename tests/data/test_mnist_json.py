"""MNIST as the course's JSON, in every form that it was seen in: the same digits, or one line of what is wrong."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys

import numpy as np
import pytest

from paddle_camp.data import mnist
from paddle_camp.errors import DataError
from tests.data.test_mnist import digits

COUNTS = (20, 10, 20)  # train, valid, eval
PIXELS = {
    "fractions of 255": lambda images: images / 255,
    "fractions of 256": lambda images: images / 256,
    "six digits of fractions of 255": lambda images: np.round(images / 255, 6),
    "four digits of fractions of 256": lambda images: np.round(images / 256, 4),
    "bytes": lambda images: images,
    "bytes as fractions": lambda images: images.astype(float),
    "texts": lambda images: (images / 256).astype(str),
    "rows of 28": lambda images: images.reshape(-1, 28, 28) / 256,
}
LABELS = {
    "numbers": lambda labels: labels.tolist(),
    "fractions": lambda labels: labels.astype(float).tolist(),
    "lists of one": lambda labels: labels[:, None].tolist(),
    "texts": lambda labels: labels.astype(str).tolist(),
    "lists of a text": lambda labels: labels[:, None].astype(str).tolist(),
    "one-hot": lambda labels: np.eye(10, dtype=int)[labels].tolist(),
    "one-hot fractions": lambda labels: np.eye(10)[labels].tolist(),
}


def text_of(pixels="fractions of 256", labels="numbers", **options):
    sets = []
    for seed, count in enumerate(COUNTS):
        images, numbers = digits(count, seed)
        sets.append([PIXELS[pixels](images.reshape(count, -1)).tolist(), LABELS[labels](numbers)])
    return json.dumps(sets, **options)


def check(folder):
    """Train and valid together, eval: as :func:`digits` has drawn them."""
    data = mnist.load_mnist(data_dir=str(folder))
    assert (len(data.train), len(data.test), data.origin) == (30, 20, "real")
    assert data.train.labels.tolist() == [i % 10 for i in (*range(20), *range(10))]
    assert data.test.labels.tolist() == [i % 10 for i in range(20)] and data.test.labels.dtype == np.int64
    assert np.array_equal(data.train.images[:20, 0], digits(20, 0)[0])
    assert np.array_equal(data.train.images[20:, 0], digits(10, 1)[0])
    assert np.array_equal(data.test.images[:, 0], digits(20, 2)[0])


@pytest.mark.parametrize("pixels", PIXELS)
def test_pixels_of_the_courses_json(tmp_path, pixels):
    (tmp_path / "mnist.json.gz").write_bytes(gzip.compress(text_of(pixels).encode()))
    check(tmp_path)


@pytest.mark.parametrize("labels", LABELS)
def test_labels_of_the_courses_json(tmp_path, labels):
    (tmp_path / "mnist.json").write_text(text_of(labels=labels, indent=1))
    check(tmp_path)


def test_a_bracket_at_every_place_of_a_block(tmp_path, monkeypatch):
    (tmp_path / "mnist.json").write_text(text_of(separators=(",", ":")))
    for size in (1000, 1001, 4099):
        monkeypatch.setattr("paddle_camp.data.mnist_json.BLOCK", size)
        check(tmp_path)


ONE = [[0] * 784]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "0 sets where train, valid and eval belong"),
        ("{", "is not the course's"),
        ("{}", "is not the course's"),
        ('{"train": [[1], [2]]}', "between lists"),
        ("[]", "an empty list"),
        ("[1, 2]", "where sets belong"),
        ("[[1, 2], [3]]", "where images and labels belong"),
        ("[[[], []], [[], []]]", "2 sets where train, valid and eval belong"),
        ("[[[], []], [[], []], [[], []]]", "no digits at all"),
        ("[[[[1, 2]], [3]], [[[1, 2]], [3]], [[[1, 2]], [3]]]", "train holds images of shape"),
        ("[[[[1, 2], [1]], [3]]]", "a list of 1 beside one of 2"),
        (json.dumps([[[[0] * 784, [0] * 783], [3, 4]]] * 3), "a list of 783 beside one of 784"),
        (json.dumps([[[[0] * 785], [3]]] * 3), "785 numbers in list 1: more than MNIST has"),
        (json.dumps([[ONE, [3], [4]]] * 3), "a set has images and labels, and nothing else"),
        (json.dumps([[[[-1] * 784], [3]]] * 3), "pixels outside of 0 to 255"),
        (json.dumps([[[[float("nan")] * 784], [3]]] * 3), "pixels outside of 0 to 255"),
        (json.dumps([[[[None] * 784], [3]]] * 3), "something else than numbers or texts"),
        (json.dumps([[ONE, [3.5]]] * 3), "label number 1 is 3.5, not a digit"),
        (json.dumps([[ONE, [-1]]] * 3), "label number 1 is -1, not a digit"),
        (json.dumps([[ONE, ["three"]]] * 3), "a label is 'three', not a digit 0 to 9"),
        (json.dumps([[ONE, [[0.5, 0.5] + [0] * 8]]] * 3), "label number 1 is not one 1 among nine 0"),
        (json.dumps([[ONE, [[1, 2]]]] * 3), "labels of shape"),
        (json.dumps([[ONE, [3, 4]]] * 3), "1 images but 2 labels"),
        (json.dumps([[ONE, [3]]] * 3)[:-100], "is not the course's"),
        (json.dumps([[ONE, [3]]] * 3) + "]", "more lists end than begin"),
        ("[" * 200_000, "lists in 5 others"),
        ("[[[" + "[1 2]", "is not the course's"),
    ],
)
def test_a_damaged_json_is_one_clear_line(tmp_path, content, says):
    (tmp_path / "mnist.json").write_text(content)
    with pytest.raises(DataError, match=says) as caught:
        mnist.load_mnist(data_dir=str(tmp_path))
    assert "\n" not in str(caught.value) and "mnist.json" in str(caught.value)


def test_a_list_without_an_end_is_not_read_into_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("paddle_camp.data.mnist_json.LONGEST", 3 << 20)
    with gzip.open(tmp_path / "mnist.json.gz", "wb") as file:
        file.write(b"[[[[0" + b",0" * (8 << 20))
    with pytest.raises(DataError, match="without a bracket"):
        mnist.load_mnist(data_dir=str(tmp_path))


@pytest.mark.parametrize("cut", [0.3, 0.9])
def test_a_gz_that_is_cut(tmp_path, cut):
    content = gzip.compress(text_of().encode())
    (tmp_path / "mnist.json.gz").write_bytes(content[: int(cut * len(content))])
    with pytest.raises(DataError, match=r"mnist\.json\.gz: cannot be read .*; copy or download it again"):
        mnist.load_mnist(data_dir=str(tmp_path))


FULL = r"""
import re, sys, time
from paddle_camp.data.mnist import load_mnist
began = time.monotonic()
data = load_mnist(data_dir=sys.argv[1])
used = int(re.search(r"VmHWM:\s+([0-9]+)", open("/proc/self/status").read())[1]) / 1024
print(len(data.train), len(data.test), time.monotonic() - began, used)
"""


@pytest.mark.slow
def test_a_full_json_takes_less_than_a_gigabyte(tmp_path):
    """70,000 pictures, a fifth of the pixels ink, as MNIST has them: 55 million numbers."""
    rng = np.random.default_rng(0)
    ink = rng.integers(0, 256, (1000, 784)) * (rng.random((1000, 784)) < 0.2) / 256
    text = ", ".join(map(json.dumps, ink.tolist()))
    sets = [
        f"[[{', '.join([text] * (count // 1000))}], {json.dumps([i % 10 for i in range(count)])}]"
        for count in (50_000, 10_000, 10_000)
    ]
    with gzip.open(tmp_path / "mnist.json.gz", "wt", compresslevel=1) as file:
        file.write(f"[{', '.join(sets)}]")
    said = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True, check=True
    ).stdout
    train, test, seconds, megabytes = map(float, said.split())
    assert (train, test) == (60_000, 10_000) and megabytes < 1024
    assert seconds < 60  # 9 s of one core's time on a busy AMD EPYC; there may be less of it for a test
