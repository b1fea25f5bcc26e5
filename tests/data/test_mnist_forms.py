"""MNIST as Keras' .npz, as tables, as Theano's pickle: the same digits, or one line of what is wrong."""

from __future__ import annotations

import gzip
import pickle

import numpy as np
import pytest

from paddle_camp.data import mnist
from paddle_camp.errors import DataError
from tests.data.test_mnist import IMAGES, digits
from tests.data.test_mnist import LABELS as NUMBERS
from tests.data.test_mnist_json import COUNTS, check


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
