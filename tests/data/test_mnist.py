"""MNIST's files in each of their forms, the stand-in, and what is said of damaged files."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest

from paddle_camp.data import mnist
from paddle_camp.data.batches import Batches
from paddle_camp.data.finding import downloads, sources
from paddle_camp.errors import DataError, SettingError
from paddle_camp.preprocessing import scale_to_one


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def digits(count, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (count, 28, 28), np.uint8), (np.arange(count) % 10).astype(np.uint8)


def write(folder, zipped=True, dot=False, **changed):
    """The four files of 30 + 20 random digits; ``changed``: t10k_images and so on, as bytes."""
    for part, (images, labels) in {"train": digits(30), "t10k": digits(20, 1)}.items():
        for what, array, dims in (("images", images, 3), ("labels", labels, 1)):
            content = changed.get(f"{part}_{what}", idx(array))
            name = f"{part}-{what}{'.' if dot else '-'}idx{dims}-ubyte"
            if zipped:
                (folder / f"{name}.gz").write_bytes(
                    content if f"{part}_{what}_raw" in changed else gzip.compress(content)
                )
            else:
                (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize(("zipped", "dot"), [(True, False), (False, False), (False, True)])
def test_idx_files_in_their_forms(tmp_path, zipped, dot):
    data = mnist.load_mnist(data_dir=str(write(tmp_path, zipped, dot)))
    assert (len(data.train), len(data.test), data.origin) == (30, 20, "real")
    assert data.train.images.dtype == np.uint8 and data.train.images.shape == (30, 1, 28, 28)
    assert np.array_equal(data.test.images[:, 0], digits(20, 1)[0])
    assert data.test.labels.dtype == np.int64 and data.test.labels.tolist() == [i % 10 for i in range(20)]


IMAGES, LABELS = digits(20, 1)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"t10k_images": b"\0\0\x0d\x03" + idx(IMAGES)[4:]}, "t10k-images.*begins with 00000d03 where .* 00000803"),
        ({"t10k_labels": idx(IMAGES)}, "t10k-labels.*begins with 00000803 where .* 00000801"),
        ({"t10k_images": idx(IMAGES)[:-5]}, "15,675 bytes of data where 15,680 belong"),
        ({"t10k_images": idx(IMAGES) + b"x"}, "15,681 bytes of data where 15,680 belong"),
        ({"t10k_images": idx(IMAGES)[:9]}, "ends within its header"),
        ({"t10k_images": b""}, "begins with  where"),
        ({"t10k_labels": idx(LABELS[:19])}, "20 images but 19 labels"),
        ({"t10k_labels": idx(np.r_[LABELS[:19], np.uint8(10)])}, "label number 20 is 10, not a digit 0 to 9"),
        ({"train_images": idx(digits(30)[0][:, :27])}, "pictures of 27 x 28 pixels where 28 x 28 belong"),
        ({"t10k_images": idx(IMAGES[:0]), "t10k_labels": idx(LABELS[:0])}, "no digits at all"),
        ({"t10k_images": gzip.compress(idx(IMAGES))[:-30], "t10k_images_raw": True}, "cannot be read"),
        ({"t10k_images": b"<html>log in</html>", "t10k_images_raw": True}, "begins with 3c68746d"),
    ],
)
def test_a_damaged_file_is_one_clear_line(tmp_path, changed, says):
    with pytest.raises(DataError, match=says) as caught:
        mnist.load_mnist(data_dir=str(write(tmp_path, **changed)))
    assert "\n" not in str(caught.value) and "t10k" in str(caught.value) or "train" in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    (write(tmp_path) / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataError, match="no t10k-labels-idx1-ubyte.gz; get the four files"):
        mnist.load_mnist(data_dir=str(tmp_path))


def test_the_stand_in_is_digits_light_on_dark():
    data = mnist.load_mnist("synthetic")
    assert data.origin == "synthetic" and "not MNIST" in data.info.stand_in
    assert len(data.train) + len(data.test) == 1797 and len(data.test) == pytest.approx(359, abs=5)
    images = data.train.images
    assert images.shape[1:] == (1, 28, 28) and images.max() > 200
    assert not images[:, :, :4].any() and not images[:, :, :, -4:].any()  # a border of 4, as MNIST has
    assert set(data.train.names).isdisjoint(data.test.names)
    assert np.bincount(data.test.labels).min() > 30


def test_counts_are_drawn_in_proportion():
    data = mnist.load_mnist("synthetic", counts=(200, 50))
    assert (len(data.train), len(data.test)) == (pytest.approx(200, abs=5), pytest.approx(50, abs=5))
    with pytest.raises(SettingError, match="0 digits are asked for"):
        mnist.load_mnist("synthetic", counts=(0, None))


def test_the_real_digits(real_data):
    data = mnist.load_mnist("real", str(real_data))
    assert (len(data.train), len(data.test)) == (60_000, 10_000)
    assert data.test.labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert data.train.images.mean() / 255 == pytest.approx(0.1307, abs=1e-4)  # the well-known mean
    images, labels = next(Batches(data.train, 100, 0, scale=scale_to_one).epoch())
    assert images.dtype == np.float32 and images.min() >= 0 and images.max() == 1 and len(labels) == 100


def test_no_data_at_all(monkeypatch):
    monkeypatch.setattr(downloads, "find_or_download", lambda *arguments: None)
    assert mnist.load_mnist().origin == "synthetic"
    with pytest.raises(DataError, match="MNIST was not found; get the four files"):
        mnist.load_mnist("real")
    assert sum(file.size for file in sources.DATASETS["mnist"].files) == 11_594_722
