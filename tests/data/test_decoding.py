"""Decoding pictures, and the cache of decoded ones."""

import logging
import shutil
import zlib

import cv2
import numpy as np
import pytest

from paddle_camp.data.fundus.reading import read_fundus
from paddle_camp.data.pictures import decoding, opening
from paddle_camp.data.pictures.decoding import decode
from paddle_camp.errors import DataError
from tests.helpers.fundus_files import SIZE, drawn, same

pytestmark = pytest.mark.usefixtures("fresh_cache")


@pytest.mark.parametrize(("width", "height"), [(2124, 2056), (1000, 900), (500, 460), (300, 280)])
def test_reduced_decoding_is_close_to_full_decoding(tmp_path, width, height):
    path = tmp_path / "P.jpg"
    cv2.imwrite(str(path), drawn(1, height, width))
    full = cv2.resize(cv2.imread(str(path)), (224, 224), interpolation=cv2.INTER_AREA)
    assert np.abs(decode(path, 224).astype(int) - full).mean() < 1.0


def test_large_pictures_are_decoded_at_a_reduced_size(tmp_path, monkeypatch):
    shapes = []
    real = opening.simplejpeg.decode_jpeg

    def decode_jpeg(*args, **options):
        shapes.append(real(*args, **options).shape[:2])
        return real(*args, **options)

    monkeypatch.setattr(opening.simplejpeg, "decode_jpeg", decode_jpeg)
    for width, height in [(2124, 2056), (1000, 900), (500, 460), (460, 440), (224, 224)]:
        cv2.imwrite(str(tmp_path / "P.jpg"), drawn(1, height, width))
        assert decode(tmp_path / "P.jpg", 224).shape == (224, 224, 3)
    assert shapes == [(257, 266), (225, 250), (230, 250), (440, 460), (224, 224)]


def test_a_picture_of_the_right_size_is_not_resampled(tmp_path):
    cv2.imwrite(str(tmp_path / "P.jpg"), drawn(1, 224, 224))
    assert (decode(tmp_path / "P.jpg", 224) == cv2.imread(str(tmp_path / "P.jpg"))).all()


def test_too_large_to_be_decoded_is_seen_in_the_header(tmp_path, monkeypatch):
    """A header of 60,000 x 60,000 pixels on a small picture, and a file that is no picture for its length."""
    path = tmp_path / "P.jpg"
    cv2.imwrite(str(path), drawn(1))
    data = bytearray(path.read_bytes())
    frame = data.find(b"\xff\xc0")
    data[frame + 5 : frame + 9] = (60_000).to_bytes(2, "big") * 2
    path.write_bytes(data)
    monkeypatch.setattr(opening.simplejpeg, "decode_jpeg", lambda *_, **__: pytest.fail("decoded"))
    with pytest.raises(DataError, match=r"P\.jpg: 60000 x 60000 pixels, 134,217,728 at most"):
        decode(path, 32)
    with open(path, "r+b") as file:
        file.truncate(opening.MAX_BYTES + 1)  # takes no room on the disk
    monkeypatch.setattr(decoding, "sha256_of", lambda path: pytest.fail("read"))
    for reader in (decode, lambda path, size: decoding.read_pictures([path], size)):
        with pytest.raises(DataError, match=r"P\.jpg: 200 MB, a picture has 200 at most"):
            reader(path, 32)


@pytest.mark.parametrize("side", [20_000, 60_000])
def test_too_many_pixels_in_another_format(tmp_path, side):
    """A PNG whose header promises them."""
    data = bytearray(cv2.imencode(".png", drawn(1))[1].tobytes())
    data[16:24] = side.to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    (tmp_path / "P.png").write_bytes(data)
    with pytest.raises(
        DataError, match=r"P\.png: (20000 x 20000|more than 134,217,728) pixels.*; save it anew, smaller"
    ):
        decode(tmp_path / "P.png", 32)


@pytest.fixture
def no_decoder(monkeypatch):
    def forbid():
        monkeypatch.setattr(decoding, "decode", lambda path, size: pytest.fail(f"decoded {path} again"))

    return forbid


def test_the_second_run_decodes_nothing(folders, tmp_path, fresh_cache, no_decoder):
    first = read_fundus(folders, "train", SIZE)
    assert len(list(fresh_cache.glob("*.npz"))) == 1 and not list(fresh_cache.glob("*.partial"))
    no_decoder()
    same(read_fundus(folders, "train", SIZE), first)
    shutil.copytree(folders, tmp_path / "moved")  # keyed by content, not by place or time
    same(read_fundus(tmp_path / "moved", "train", SIZE), first)


def test_another_size_or_content_is_decoded(folders, fresh_cache):
    first = read_fundus(folders, "train", SIZE)
    assert read_fundus(folders, "train", SIZE // 2).images.shape[2:] == (SIZE // 2, SIZE // 2)
    cv2.imwrite(str(folders / "PALM-Training400" / "P0010.jpg"), drawn(99))
    again = read_fundus(folders, "train", SIZE)
    assert (again.images[:5] == first.images[:5]).all() and (again.images[5] != first.images[5]).any()
    assert len(list(fresh_cache.glob("*.npz"))) == 3


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "text", "bare array", "other shape"])
def test_a_damaged_cache_is_made_again(folders, fresh_cache, caplog, damage):
    first = read_fundus(folders, "train", SIZE)
    (file,) = fresh_cache.glob("*.npz")
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    if damage == "bare array":
        with open(file, "wb") as handle:
            np.save(handle, first.images)
    elif damage == "other shape":
        np.savez(file, array=first.images[:3])
    else:
        whole = file.read_bytes()
        file.write_bytes({"empty": b"", "cut": whole[:-50], "flipped": bytes(data), "text": b"hello"}[damage])
    with caplog.at_level(logging.WARNING):
        same(read_fundus(folders, "train", SIZE), first)
    assert "made again" in caplog.text and len(caplog.records) == 1
    caplog.clear()
    same(read_fundus(folders, "train", SIZE), first)
    assert not caplog.records


def test_a_cache_that_cannot_be_written_only_warns(folders, tmp_path, caplog):
    (tmp_path / "blocked").write_text("a file where the cache directory should be")
    data = read_fundus(folders, "train", SIZE, tmp_path / "blocked" / "cache")
    assert len(data) == 6
    assert [r.levelname for r in caplog.records] == ["WARNING"] and "PADDLE_CAMP_CACHE" in caplog.text


def test_a_full_disk_leaves_no_half_written_cache(folders, fresh_cache, monkeypatch, caplog):
    def full(file, **_):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    assert len(read_fundus(folders, "train", SIZE)) == 6
    assert list(fresh_cache.iterdir()) == [] and "No space left" in caplog.text
