"""One's own digit: any size, dark on light or light on dark, to MNIST's form."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from paddle_camp.data.mnist import load_mnist
from paddle_camp.data.pictures.own_digit import prepare_digit, prepare_digits
from paddle_camp.errors import DataError
from tests.helpers.photographs import KINDS, photograph


def write(path, size=(300, 400), ink=20, paper=235, place=(60, 250), scale=6.0, channels=1, noise=0, text="4"):
    picture = np.full((*size, channels), paper, np.uint8)
    cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, (ink,) * channels, 18)
    if noise:
        rng = np.random.default_rng(0)
        picture = np.clip(picture + rng.normal(0, noise, picture.shape), 0, 255).astype(np.uint8)
    cv2.imwrite(str(path), picture)
    return path


def centre_of(image):
    weight = image.astype(float)
    return [(weight.sum(axis=1 - axis) @ np.arange(28)) / weight.sum() for axis in (0, 1)]


def check(steps):
    image = steps["28 x 28"]
    assert image.shape == (28, 28) and image.dtype == np.uint8 and image.max() >= 250
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    assert max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1 == pytest.approx(20, abs=1)
    assert centre_of(image) == [pytest.approx(14, abs=0.6)] * 2
    assert image[0].max() == image[-1].max() == 0
    return image


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"ink": 235, "paper": 20},
        {"channels": 3, "noise": 8},
        {"size": (1200, 1600), "place": (900, 1100), "scale": 20.0},
        {"place": (5, 290), "scale": 3.0},
        {"ink": 120, "paper": 200},
    ],
)
def test_any_size_place_and_polarity_gives_the_same_digit(tmp_path, how):
    reference = check(prepare_digit(write(tmp_path / "plain.png")))
    image = check(prepare_digit(write(tmp_path / "digit.png", **how)))
    overlap = np.corrcoef(reference.ravel(), image.ravel())[0, 1]
    assert overlap > (0.85 if how.get("scale") is None else 0.6)  # another stroke width is another shape


@pytest.mark.parametrize("shadow", ["slope", "edge"])
def test_a_shadow_on_the_paper_is_no_ink(tmp_path, shadow):
    reference = check(prepare_digit(write(tmp_path / "plain.png")))
    across = np.linspace(0, 1, 400)
    light = 0.5 + 0.5 * across if shadow == "slope" else np.where(across < 0.4, 0.6, 1.0)
    picture = cv2.imread(str(tmp_path / "plain.png"), cv2.IMREAD_GRAYSCALE)
    cv2.imwrite(str(tmp_path / "shaded.png"), (picture * light).astype(np.uint8))
    image = check(prepare_digit(tmp_path / "shaded.png"))
    assert np.corrcoef(reference.ravel(), image.ravel())[0, 1] > 0.9


def test_a_jpeg_cut_short_is_refused(tmp_path):
    write(tmp_path / "whole.jpg")
    data = (tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(data[: len(data) // 2])
    assert "28 x 28" in prepare_digit(tmp_path / "whole.jpg")
    with pytest.raises(DataError, match=r"cut\.jpg: the JPEG is damaged or cut short"):
        prepare_digit(tmp_path / "cut.jpg")


def test_transparent_paper_counts_as_white(tmp_path):
    picture = np.zeros((100, 100, 4), np.uint8)
    cv2.line(picture, (50, 20), (50, 80), (0, 0, 0, 255), 8)
    cv2.imwrite(str(tmp_path / "one.png"), picture)
    image = prepare_digit(tmp_path / "one.png")["28 x 28"]
    assert image[14, 13:15].max() > 200 and image[:, :8].max() == 0


def test_dust_does_not_move_the_frame(tmp_path):
    clean = prepare_digit(write(tmp_path / "clean.png"))["28 x 28"]
    picture = cv2.imread(str(tmp_path / "clean.png"), 0)
    picture[290:293, 390:393] = 0
    cv2.imwrite(str(tmp_path / "dust.png"), picture)
    assert np.array_equal(prepare_digit(tmp_path / "dust.png")["28 x 28"], clean)


def in_mnists_form():
    """A slanted stroke, 20 pixels high, whose centre of mass is pixel 14 both ways."""
    image = np.zeros((28, 28), np.uint8)
    for row in range(20):
        image[4 + row, 9 + row // 2] = image[4 + row, 10 + row // 2] = (40, 250)[row % 2]
    return image


def test_a_picture_in_mnists_form_is_not_touched(tmp_path):
    image = in_mnists_form()
    for name, picture in (("light.png", image), ("dark.png", 255 - image)):
        cv2.imwrite(str(tmp_path / name), picture)
        assert np.array_equal(prepare_digit(tmp_path / name)["28 x 28"], image)
    cv2.imwrite(str(tmp_path / "aside.png"), np.roll(image, 3, axis=1))
    aside = prepare_digit(tmp_path / "aside.png")["28 x 28"]
    assert centre_of(aside) == [pytest.approx(14, abs=0.6)] * 2 and not np.array_equal(aside, np.roll(image, 3, axis=1))


def test_mnists_own_digits_come_back(real_data, tmp_path):
    """As they are where they are 28 x 28; enlarged, as on a photograph, in the same place."""
    digits = load_mnist("real", str(real_data)).test.images[:200, 0]
    path, distances = tmp_path / "digit.png", []
    for digit in digits:
        cv2.imwrite(str(path), digit)
        assert np.array_equal(prepare_digit(path)["28 x 28"], digit)
        cv2.imwrite(str(path), 255 - cv2.resize(digit, (280, 280), interpolation=cv2.INTER_CUBIC))
        distances.append(np.subtract(centre_of(prepare_digit(path)["28 x 28"]), centre_of(digit)))
    assert np.abs(np.mean(distances, axis=0)).max() < 0.15


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read"),
        (b"", "not a whole"),
        (b"hello", "not a whole"),
        (np.full((50, 50), 200, np.uint8), "no digit to be seen"),
        (np.tile(np.arange(190, 210, dtype=np.uint8), (20, 1)), "no digit to be seen"),
    ],
)
def test_a_wrong_file_is_one_clear_line(tmp_path, content, says):
    path = tmp_path / "x.png"
    if isinstance(content, np.ndarray):
        cv2.imwrite(str(path), content)
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=says) as caught:
        prepare_digit(path)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)


def test_a_phones_picture_is_turned_upright(tmp_path):
    """A phone stores the picture as the sensor lies and says in EXIF how to turn it; 6: a quarter to the right."""
    upright = cv2.imread(str(write(tmp_path / "7.png", text="7")))
    jpeg = cv2.imencode(".jpg", cv2.rotate(upright, cv2.ROTATE_90_COUNTERCLOCKWISE))[1].tobytes()
    tiff = b"II*\0\x08\0\0\0" + b"\x01\0" + b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0" + b"\0\0\0\0"
    exif = b"Exif\0\0" + tiff
    (tmp_path / "phone.jpg").write_bytes(jpeg[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + jpeg[2:])
    one, other = (prepare_digit(tmp_path / name)["28 x 28"] for name in ("7.png", "phone.jpg"))
    assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.95


def test_sixteen_bits(tmp_path):
    plain = cv2.imread(str(write(tmp_path / "plain.png")), 0)
    cv2.imwrite(str(tmp_path / "deep.png"), plain.astype(np.uint16) * 257)
    one, other = (prepare_digit(tmp_path / name)["28 x 28"] for name in ("plain.png", "deep.png"))
    assert np.abs(one.astype(int) - other).max() <= 3


def digits_of_mnist(real_data, rows):
    test = load_mnist("real", str(real_data)).test
    return [test.images[row, 0] for row in rows], [int(test.labels[row]) for row in rows]


def likeness(found, digit):
    """The correlation with MNIST's own picture of it."""
    return np.corrcoef(found.ravel(), digit.ravel())[0, 1]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_photographed_comes_back(real_data, tmp_path, kind):
    """Each digit that MNIST's ink was laid on the sheet for, in its place, and none besides."""
    options, count = KINDS[kind]
    for seed in range(2):
        digits, _ = digits_of_mnist(real_data, range(3 * seed, 3 * seed + count))
        cv2.imwrite(str(tmp_path / "photo.jpg"), photograph(digits, seed, **options), [cv2.IMWRITE_JPEG_QUALITY, 90])
        found = [steps["28 x 28"] for steps in prepare_digits(tmp_path / "photo.jpg")]
        assert len(found) == count
        for one, digit in zip(found, digits, strict=True):
            assert likeness(one, digit) > 0.65
            assert (
                one.dtype == np.uint8 and one.shape == (28, 28) and centre_of(one) == [pytest.approx(14, abs=0.7)] * 2
            )


def test_several_digits_where_one_is_meant(real_data, tmp_path):
    digits, _ = digits_of_mnist(real_data, range(2))
    cv2.imwrite(str(tmp_path / "two.png"), photograph(digits, 0))
    with pytest.raises(DataError, match=r"two\.png: there are 2 digits on it; cut out the one that is meant"):
        prepare_digit(tmp_path / "two.png")


@pytest.mark.parametrize("kind", ["light on dark", "dark on light"])
def test_two_digits_on_a_screen(real_data, tmp_path, kind):
    """Drawn by a program: no paper, no noise, no shade."""
    digits, _ = digits_of_mnist(real_data, range(2))
    both = np.hstack([cv2.resize(digit, (140, 140), interpolation=cv2.INTER_CUBIC) for digit in digits])
    cv2.imwrite(str(tmp_path / "two.png"), both if kind == "light on dark" else 255 - both)
    found = [steps["28 x 28"] for steps in prepare_digits(tmp_path / "two.png")]
    assert min(likeness(*pair) for pair in zip(found, digits, strict=True)) > 0.8


def scene(kind):
    """Something that is no digit."""
    rng = np.random.default_rng(0)
    if kind == "noise":
        return rng.integers(0, 256, (300, 400, 3), np.uint8)
    if kind == "clouds":
        return cv2.resize(rng.integers(0, 256, (6, 8, 3), np.uint8), (400, 300), interpolation=cv2.INTER_CUBIC)
    if kind == "text":
        picture = np.full((300, 400, 3), 230, np.uint8)
        for line in range(8):
            cv2.putText(picture, "a page of a book", (10, 35 * line + 25), cv2.FONT_HERSHEY_SIMPLEX, 1, (20,) * 3, 2)
        return picture
    blob = np.full((300, 400, 3), 230, np.uint8)
    return cv2.circle(blob, (200, 150), 80, (20, 20, 20), -1)


@pytest.mark.parametrize("kind", ["noise", "clouds", "text", "blob"])
def test_what_is_no_digit_is_refused(tmp_path, kind):
    cv2.imwrite(str(tmp_path / "x.png"), scene(kind))
    with pytest.raises(DataError, match=r"x\.png: no digit on it") as caught:
        prepare_digits(tmp_path / "x.png")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("place", "share"),
    [("dogs-vs-cats/valid", 0.9), ("flickr8k/Flicker8k_Dataset", 0.9), ("ichallenge-pm/PALM-Validation400", 0.9)],
)
def test_photographs_of_anything_else_are_refused(real_data, place, share):
    paths = sorted((real_data / place).glob("*.jpg"))[::5][:40]
    if not paths:
        pytest.skip(f"no {place}")
    refused = 0
    for path in paths:
        try:
            prepare_digits(path)
        except DataError:
            refused += 1
    assert refused >= share * len(paths)


def test_a_fine_pens_strokes_are_made_as_wide_as_mnists(tmp_path):
    """Three pixels of 150, which would be a third of one of 20."""
    pictures = {}
    for thickness in (3, 18):
        picture = np.full((300, 400), 235, np.uint8)
        cv2.putText(picture, "4", (60, 250), cv2.FONT_HERSHEY_SIMPLEX, 7, 20, thickness)
        cv2.imwrite(str(tmp_path / f"{thickness}.png"), picture)
        pictures[thickness] = check(prepare_digit(tmp_path / f"{thickness}.png"))
    assert likeness(pictures[3], pictures[18]) > 0.8 and pictures[3].mean() > 0.6 * pictures[18].mean()
