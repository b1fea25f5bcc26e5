"""One picture file of any format: the right pixels, or one line that says what is wrong; never grey in their place."""

from __future__ import annotations

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from paddle_camp.data.pictures.channels import on_white
from paddle_camp.data.pictures.decoding import decode
from paddle_camp.data.pictures.opening import open_picture
from paddle_camp.data.pictures.own_digit import prepare_digit
from paddle_camp.errors import DataError
from tests.helpers.fundus_files import drawn

HEIGHT, WIDTH = 96, 128


def jpeg(seed=0, options=(), height=HEIGHT, width=WIDTH):
    noise = np.random.default_rng(seed).normal(0, 20, (height, width, 3))
    picture = np.clip(drawn(seed, height, width) + noise, 0, 255).astype(np.uint8)
    return cv2.imencode(".jpg", picture, list(options))[1].tobytes()


def zeroed(data):
    third = len(data) // 3
    return data[:third] + bytes(third) + data[2 * third :]


def claims(data, height=0, width=0):
    """The JPEG with another size in its header."""
    at = max(data.find(mark) for mark in (b"\xff\xc0", b"\xff\xc2"))
    size = struct.pack(">HH", height or HEIGHT, width or WIDTH)
    return data[: at + 5] + size + data[at + 9 :]


DAMAGE = {
    "a third zeroed": zeroed,
    "cut in the middle, the end mark appended": lambda data: data[: len(data) // 2] + b"\xff\xd9",
    "cut in the middle": lambda data: data[: len(data) // 2],
    "cut near its end": lambda data: data[:-20],
    "claims half the height": lambda data: claims(data, height=HEIGHT // 2),
    "claims twice the height": lambda data: claims(data, height=2 * HEIGHT),
    "claims another width": lambda data: claims(data, width=WIDTH - 32),
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("options", [(), (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)], ids=["baseline", "progressive"])
def test_a_damaged_jpeg_is_refused_at_any_size(tmp_path, capfd, damage, options):
    path = tmp_path / "P.jpg"
    for seed in range(10):
        path.write_bytes(DAMAGE[damage](jpeg(seed, options)))
        for least in (0, 20):
            with pytest.raises(
                DataError, match=r"P\.jpg: the JPEG is damaged or cut short \(libjpeg: .*\); copy it again"
            ):
                open_picture(path, least)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("options", [(), (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)], ids=["baseline", "progressive"])
def test_what_harms_no_jpeg(tmp_path, options):
    """Its last two bytes are lost; others follow them; a small picture with an end of its own stands in the header."""
    data = jpeg(1, options)
    exif = b"Exif\0\0" + jpeg(2, height=16, width=16)
    thumbnail = data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:]
    path = tmp_path / "P.jpg"
    expected = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    for content in (data, data[:-2], data + bytes(100), data + b"\xff" * 3, thumbnail, thumbnail[:-2]):
        path.write_bytes(content)
        assert np.array_equal(open_picture(path), expected)


@pytest.mark.parametrize("sampling", ["411", "420", "422", "440", "444"])
def test_the_pixels_are_those_of_opencv(tmp_path, sampling):
    data = jpeg(3, (cv2.IMWRITE_JPEG_SAMPLING_FACTOR, getattr(cv2, f"IMWRITE_JPEG_SAMPLING_FACTOR_{sampling}")))
    (tmp_path / "P.jpg").write_bytes(data)
    content = np.frombuffer(data, np.uint8)
    for least, flag in ((0, cv2.IMREAD_COLOR), (40, cv2.IMREAD_REDUCED_COLOR_2), (12, cv2.IMREAD_REDUCED_COLOR_8)):
        assert np.array_equal(open_picture(tmp_path / "P.jpg", least), cv2.imdecode(content, flag))


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGB kept"])
def test_jpegs_of_other_colours(tmp_path, mode):
    picture = Image.fromarray(drawn(4, HEIGHT, WIDTH)[:, :, ::-1]).convert(
        mode[:4].strip() if "kept" not in mode else "RGB"
    )
    picture.save(tmp_path / "P.jpg", quality=95, keep_rgb=True)
    expected = np.asarray(Image.open(tmp_path / "P.jpg").convert("RGB"))[:, :, ::-1]
    assert np.abs(open_picture(tmp_path / "P.jpg").astype(int) - expected).max() <= 1


def seven(depth=np.uint8, channels=4, ink=0):
    """A 7 of opaque ink on transparent paper (or on white, without alpha)."""
    mask = cv2.putText(np.zeros((120, 100), np.uint8), "7", (20, 95), cv2.FONT_HERSHEY_SIMPLEX, 3, 255, 12)
    factor = 1 if depth == np.uint8 else 257
    if channels == 4:
        return np.dstack([np.full((120, 100, 3), ink, np.uint8), mask]).astype(depth) * factor
    return np.repeat((255 - mask)[:, :, None], 3, axis=2).astype(depth) * factor


def with_exif(png, orientation):
    """The PNG with an eXIf chunk that says how the camera was held."""
    exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0" + struct.pack("<I", orientation) + bytes(4)
    chunk = b"eXIf" + exif
    return png[:33] + struct.pack(">I", len(exif)) + chunk + struct.pack(">I", zlib.crc32(chunk)) + png[33:]


# Orientation -> how the camera, held so, stores an upright picture.
STORED = {
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.transpose(1, 0, 2),
    6: lambda p: np.rot90(p),
    7: lambda p: p[::-1, ::-1].transpose(1, 0, 2),
    8: lambda p: np.rot90(p, -1),
}


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("form", ["png", "alpha", "alpha 16", "jpg", "tiff", "webp"])
def test_every_picture_is_turned_upright(tmp_path, form, orientation):
    upright = seven(np.uint16 if form == "alpha 16" else np.uint8, 4 if "alpha" in form else 3)
    stored = np.ascontiguousarray(STORED[orientation](upright))
    path = tmp_path / f"7.{form.split()[0]}"
    if form in ("jpg", "tiff", "webp"):
        exif = Image.Exif()
        exif[0x0112] = orientation
        options = {"lossless": True} if form == "webp" else {"quality": 98} if form == "jpg" else {}
        Image.fromarray(stored).save(path, exif=exif, **options)
    else:
        path.write_bytes(with_exif(cv2.imencode(".png", stored)[1].tobytes(), orientation))
    found = open_picture(path)
    expected = upright if upright.dtype == np.uint8 else (upright // 257).astype(np.uint8)
    assert found.shape == expected.shape and np.abs(found.astype(int) - expected).max() <= (25 if form == "jpg" else 0)


@pytest.mark.parametrize("ink", [0, 128, 255], ids=["black", "grey", "white"])
@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_on_transparent_paper_the_opacity_is_the_ink(tmp_path, ink, depth):
    cv2.imwrite(str(tmp_path / "plain.png"), seven(channels=3))
    cv2.imwrite(str(tmp_path / "7.png"), seven(depth, ink=ink))
    one, other = (prepare_digit(tmp_path / name)["28 x 28"] for name in ("plain.png", "7.png"))
    assert np.array_equal(one, other)


def test_a_digit_cut_out_of_paper_and_transparent_corners(tmp_path):
    """Opaque paper, of one colour, whose hole is the digit; and a picture whose corners a program has rounded off."""
    cv2.imwrite(str(tmp_path / "plain.png"), seven(channels=3))
    hole = np.dstack([np.full((120, 100, 3), 90, np.uint8), 255 - seven()[:, :, 3]])
    corners = cv2.circle(np.zeros((120, 100), np.uint8), (50, 60), 62, 255, -1)
    for name, picture in (
        ("hole", hole),
        ("dark", np.dstack([seven(channels=3), corners])),
        ("light", np.dstack([255 - seven(channels=3), corners])),
    ):
        cv2.imwrite(str(tmp_path / f"{name}.png"), picture)
        one, other = (prepare_digit(tmp_path / f"{each}.png")["28 x 28"] for each in ("plain", name))
        assert np.abs(one.astype(int) - other).mean() < 2, name


def test_a_photograph_with_transparent_parts_lies_on_white(tmp_path):
    picture = np.dstack([drawn(5), np.full((48, 64), 255, np.uint8)])
    picture[:24, :, 3] = 0
    cv2.imwrite(str(tmp_path / "P.png"), picture)
    found = on_white(open_picture(tmp_path / "P.png"))
    assert (found[:24] == 255).all() and np.array_equal(found[24:], picture[24:, :, :3])


def saved(picture, form, **options):
    content = io.BytesIO()
    picture.save(content, form, **options)
    return content.getvalue()


FORMS = {
    "palette.png": lambda p: saved(p.quantize(64), "PNG"),
    "bits.png": lambda p: saved(p.convert("1"), "PNG"),
    "grey.png": lambda p: saved(p.convert("L"), "PNG"),
    "deep.png": lambda p: cv2.imencode(".png", np.asarray(p)[:, :, ::-1].astype(np.uint16) * 257)[1].tobytes(),
    "deep grey.png": lambda p: cv2.imencode(".png", np.asarray(p)[:, :, 0].astype(np.uint16) * 257)[1].tobytes(),
    "deep.tiff": lambda p: cv2.imencode(".tiff", np.asarray(p)[:, :, ::-1].astype(np.uint16) * 257)[1].tobytes(),
    "fax.tiff": lambda p: saved(p.convert("1"), "TIFF", compression="group4"),
    "lzw.tiff": lambda p: saved(p, "TIFF", compression="tiff_lzw"),
    "zip.tiff": lambda p: saved(p, "TIFF", compression="tiff_adobe_deflate"),
    "plain.bmp": lambda p: saved(p, "BMP"),
    "plain.ppm": lambda p: saved(p, "PPM"),
    "still.gif": lambda p: saved(p.quantize(64), "GIF"),
    "moving.gif": lambda p: saved(p.quantize(64), "GIF", save_all=True, append_images=[p.rotate(90).quantize(64)]),
    "lossless.webp": lambda p: saved(p, "WEBP", lossless=True),
    "lossy.webp": lambda p: saved(p, "WEBP"),
}


@pytest.mark.parametrize("name", FORMS)
def test_forms_of_other_formats(tmp_path, capfd, name):
    content = FORMS[name](Image.fromarray(drawn(6, HEIGHT, WIDTH)[:, :, ::-1]))
    (tmp_path / name).write_bytes(content)
    found = open_picture(tmp_path / name)
    if "deep" in name:
        expected = drawn(6, HEIGHT, WIDTH)
        expected = np.repeat(expected[:, :, 2:], 3, axis=2) if "grey" in name else expected
    else:
        expected = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))[:, :, ::-1]
    assert np.array_equal(found, expected)
    assert capfd.readouterr() == ("", "")


CHECKED = ("palette.png", "grey.png", "deep.png", "lzw.tiff", "zip.tiff")  # formats whose pixels tell of damage


@pytest.mark.parametrize("name", FORMS)
def test_a_cut_file_is_one_line(tmp_path, capfd, name):
    content = FORMS[name](Image.fromarray(drawn(6, HEIGHT, WIDTH)[:, :, ::-1]))
    damaged = [content[: len(content) * share // 100] for share in (1, 10, 50, 90)]
    if name == "moving.gif":  # nine tenths of it hold the first picture, which is read
        damaged.pop()
    if name in CHECKED:
        damaged.append(zeroed(content))
    for spoilt in damaged:
        (tmp_path / name).write_bytes(spoilt)
        with pytest.raises(DataError) as caught:
            open_picture(tmp_path / name)
        assert str(tmp_path / name) in str(caught.value) and "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_fractions_have_no_black_and_white(tmp_path):
    Image.fromarray(np.linspace(0, 1, 100, dtype=np.float32).reshape(10, 10)).save(tmp_path / "P.tiff")
    with pytest.raises(DataError, match=r"P\.tiff: its pixels are fractions"):
        open_picture(tmp_path / "P.tiff")


def test_mutants_are_pictures_or_one_line(tmp_path, capfd):
    """Bytes changed, taken out and put in, at drawn places of every format."""
    rng = np.random.default_rng(0)
    picture = Image.fromarray(drawn(7, 24, 32)[:, :, ::-1])
    samples = [("P.jpg", jpeg(7, height=24, width=32)), *((name, make(picture)) for name, make in FORMS.items())]
    for name, content in samples:
        path = tmp_path / name
        for _ in range(40):
            mutant, at = bytearray(content), int(rng.integers(len(content)))
            length = int(rng.integers(1, 9))
            mutant[at : at + length * int(rng.integers(2))] = rng.bytes(length * int(rng.integers(2)))
            path.write_bytes(mutant)
            try:
                assert decode(path, 16).shape == (16, 16, 3)
            except DataError as error:
                assert str(path) in str(error) and "\n" not in str(error)
    assert capfd.readouterr() == ("", "")
