"""MNIST as the course's JSON, as Keras' .npz, as tables: the same digits, or one line of what is wrong."""

from __future__ import annotations

import gzip
import json
import pickle
import subprocess
import sys

import numpy as np
import pytest

from paddle_camp.data import mnist
from paddle_camp.errors import DataError
from tests.data.test_mnist import IMAGES, digits
from tests.data.test_mnist import LABELS as NUMBERS

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


def parts():
    return {"train": digits(30), "test": digits(20, 1)}


def check_parts(data):
    for part, (images, labels) in zip((data.train, data.test), parts().values(), strict=True):
        assert np.array_equal(part.images[:, 0], images) and part.labels.tolist() == labels.tolist()


@pytest.mark.parametrize("scale", [1, 255])
def test_keras_npz(tmp_path, scale):
    arrays = {}
    for part, (images, labels) in parts().items():
        arrays |= {f"x_{part}": images if scale == 1 else images / np.float32(scale), f"y_{part}": labels}
    np.savez_compressed(tmp_path / "mnist.npz", **arrays)
    check_parts(mnist.load_mnist(data_dir=str(tmp_path)))


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays: arrays.pop("x_test"),
        lambda arrays: arrays.update(x_train=np.array([{"a": 1}], object)),
        lambda arrays: arrays.update(x_train=np.zeros((30, 27, 28), np.uint8)),
        lambda arrays: arrays.update(y_train=np.zeros((30, 2), np.uint8)),
        lambda arrays: arrays.update(x_train=np.float32(3)),
        lambda arrays: arrays.update(x_train=np.array(["a"] * 30)),
        lambda arrays: arrays.update(y_train=np.array([1j] * 30)),
    ],
)
def test_another_npz_is_one_line(tmp_path, change):
    arrays = {f"{axis}_{part}": both[k] for part, both in parts().items() for k, axis in enumerate("xy")}
    change(arrays)
    np.savez(tmp_path / "mnist.npz", **arrays)
    with pytest.raises(DataError, match=r"mnist\.npz: ") as caught:
        mnist.load_mnist(data_dir=str(tmp_path))
    assert "\n" not in str(caught.value)


def table(images, labels, header=""):
    rows = (",".join(map(str, (label, *image.reshape(-1)))) for image, label in zip(images, labels, strict=True))
    return header + "\n".join(rows) + "\n"


HEADERS = {
    "none": "",
    "Kaggle's": "label," + ",".join(f"pixel{i}" for i in range(784)) + "\n",
    "another": "label," + ",".join(f"{i}x{j}" for i in range(1, 29) for j in range(1, 29)) + "\n",
}


@pytest.mark.parametrize("header", HEADERS)
def test_two_tables(tmp_path, header):
    for part, both in parts().items():
        (tmp_path / f"mnist_{part}.csv").write_text(table(*both, HEADERS[header]), newline="\r\n")
    check_parts(mnist.load_mnist(data_dir=str(tmp_path)))


@pytest.mark.parametrize("place", ["mnist/train.csv", "digit-recognizer/train.csv", "mnist_train.csv"])
def test_kaggles_table_has_no_test_part(tmp_path, place):
    """Its test.csv has no labels: a seventh of the digits is split off, and the run says so."""
    (tmp_path / place).parent.mkdir(exist_ok=True)
    images, labels = digits(70)
    (tmp_path / place).write_text(table(images, labels, HEADERS["Kaggle's"]))
    (tmp_path / place).with_name("test.csv").write_text("pixel0,pixel1\n0,0\n")
    data = mnist.load_mnist(data_dir=str(tmp_path))
    assert (len(data.train), len(data.test)) == (60, 10) and "14% of the digits" in data.how
    found = np.concatenate([data.train.images, data.test.images])[:, 0]
    assert sorted(map(bytes, found)) == sorted(map(bytes, images))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "no table of labels and pixels|columns where|no digits"),
        ("label,a\n1,2\n", "2 columns where a label and 784 pixels belong"),
        (table(*digits(2)).replace("\n", ",7\n", 1), "is no table"),
        (table(*digits(2)) + "3," + "256," * 783 + "0\n", "is no table of labels and pixels from 0 to 255"),
        (table(*digits(2)) + "3," + "x," * 783 + "0\n", "is no table"),
        (table(*digits(2)) + "12," + "0," * 783 + "0\n", "label number 3 is 12, not a digit 0 to 9"),
    ],
)
def test_another_table_is_one_line(tmp_path, content, says):
    (tmp_path / "mnist_train.csv").write_text(content)
    with pytest.raises(DataError, match=says) as caught:
        mnist.load_mnist(data_dir=str(tmp_path))
    assert "\n" not in str(caught.value) and "mnist_train.csv" in str(caught.value)


def python_2(sets):
    """As cPickle of Python 2 writes it: the bytes of an array are a text."""
    out = b"\x80\x02"
    for images, labels in sets:
        for array in (images, labels):
            content = array.tobytes()
            shape = b"".join(b"M" + size.to_bytes(2, "little") for size in array.shape)
            out += b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85U\x01b\x87R(K\x01("
            out += shape + b"tcnumpy\ndtype\nU\x02" + array.dtype.str[1:].encode() + b"K\0K\x01\x87R(K\x03U\x01<"
            out += (
                b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb\x89T"
                + len(content).to_bytes(4, "little")
                + content
                + b"tb"
            )
        out += b"\x86"
    return out + b"\x87."


@pytest.mark.parametrize("write", [pickle.dumps, lambda sets: pickle.dumps(sets, 2), python_2])
def test_theanos_pickle(tmp_path, write):
    """Fractions of 256, as in the file that textbooks use."""
    drawn = [digits(count, seed) for seed, count in enumerate(COUNTS)]
    sets = tuple(((images.reshape(-1, 784) / 256).astype("f4"), labels.astype("i8")) for images, labels in drawn)
    (tmp_path / "mnist.pkl.gz").write_bytes(gzip.compress(write(sets)))
    check(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(b"cos\nsystem\n(S'touch x'\ntR."),
        gzip.compress(pickle.dumps((1, 2))),
        gzip.compress(pickle.dumps({"a": 1})),
        gzip.compress(pickle.dumps(((IMAGES, NUMBERS),) * 3))[:-40],
        b"<html>",
    ],
    ids=["a call", "numbers", "a dictionary", "cut", "a page"],
)
def test_another_pickle_is_one_line_and_never_run(tmp_path, content):
    (tmp_path / "mnist.pkl.gz").write_bytes(content)
    with pytest.raises(DataError, match=r"mnist\.pkl\.gz: is no pickle of \(train, valid, test\)") as caught:
        mnist.load_mnist(data_dir=str(tmp_path))
    assert "\n" not in str(caught.value)


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
