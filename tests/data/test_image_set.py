"""Image sets: what they take, what they refuse in one line, how they are split and how they show themselves."""

import base64
import re
from dataclasses import replace

import cv2
import numpy as np
import pytest

from paddle_camp.data.image_set import ImageSet, draw, split_off, split_off_groups
from paddle_camp.errors import SettingError
from paddle_camp.preprocessing import DIGITS, PICTURES
from tests.helpers.toys import toy_images

IMAGES = np.zeros((4, 1, 6, 6), np.uint8)
LABELS = np.array([0, 1, 1, 0])
NAMES = ("a", "b", "c", "d")


def test_labels_of_any_integer_type_and_as_a_column():
    for labels in (LABELS.astype(np.uint8), LABELS[:, None], [0, 1, 1, 0], LABELS.astype(bool)):
        data = ImageSet(IMAGES, labels, NAMES)
        assert data.labels.dtype == np.int64 and data.labels.tolist() == [0, 1, 1, 0]
    assert ImageSet(IMAGES, LABELS, list(NAMES)).names == NAMES


@pytest.mark.parametrize("shape", [(4,), (4, 1), (4, 2)])
def test_float_targets_stay_as_they_are(shape):
    data = ImageSet(IMAGES, np.ones(shape), NAMES)
    assert data.labels.dtype == np.float32 and data.labels.shape == shape
    assert data.take(np.array([1])).labels.shape == (1, *shape[1:])


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"labels": LABELS[:3]}, "labels: there are 3 for 4 pictures"),
        ({"names": NAMES[:2]}, "names: there are 2 for 4 pictures"),
        ({"names": "abcd"}, "names='abcd': give a tuple of strings"),
        ({"groups": ("P",)}, "groups: there are 1 for 4 pictures"),
        ({"images": IMAGES[:, 0]}, r"images: give uint8 \[N, C, H, W\], not uint8 \[4, 6, 6\]"),
        ({"images": IMAGES.astype(np.float32)}, r"not float32 \[4, 1, 6, 6\]; scaled pictures go into ArrayBatches"),
        ({"images": "pictures/"}, "not 'pictures/'"),
        ({"labels": np.zeros((4, 2), np.int64)}, r"labels: give integers \[N\].* not int64 \[4, 2\]"),
        ({"labels": np.zeros((4, 2, 2))}, r"not float64 \[4, 2, 2\]"),
        ({"labels": np.array(["cat"] * 4)}, r"not <U3 \[4\]"),
        ({"labels": np.array([0, 1, np.nan, 0])}, "labels: some float targets are NaN or infinite"),
    ],
)
def test_what_does_not_fit_together_is_one_line(changed, says):
    with pytest.raises(SettingError, match=says) as caught:
        ImageSet(**{"images": IMAGES, "labels": LABELS, "names": NAMES} | changed)
    assert "\n" not in str(caught.value)


def test_held_out_samples_are_stratified_disjoint_and_seeded():
    data = toy_images(100)
    rest, held = split_off(data, 0.2, seed=0)
    assert (len(rest), len(held), held.labels.sum()) == (80, 20, 10)
    assert set(rest.names) | set(held.names) == set(data.names)
    assert not set(rest.names) & set(held.names)
    assert held.names == split_off(data, 0.2, seed=0)[1].names != split_off(data, 0.2, seed=1)[1].names
    assert np.array_equal(held.images[0], data.images[data.names.index(held.names[0])])


def grouped(groups):
    """Two classes in turn; a group's number of each picture of a class."""
    names = tuple(f"{i % 2}/{number}" for i, number in enumerate(np.repeat(groups, 2)))
    return replace(toy_images(2 * len(groups)), groups=names)


def test_whole_groups_are_held_out_class_by_class():
    data = grouped([0, 0, 1, 1, 1, 2, 3, 4, 4, 4])
    rest, held = split_off_groups(data, 0.4, seed=0)
    assert not set(rest.groups) & set(held.groups) and len(rest) + len(held) == 20
    for label in (0, 1):
        assert len({name for name in held.groups if name.startswith(f"{label}/")}) == 2
    assert held.names == split_off_groups(data, 0.4, seed=0)[1].names
    assert len({split_off_groups(data, 0.4, seed)[1].names for seed in range(6)}) > 1
    assert list(held.names) == sorted(held.names, key=data.names.index)


def test_a_class_of_one_group_keeps_it_and_others_keep_one():
    data = grouped([0, 0, 0, 1])
    one = replace(data, groups=tuple("0/0" if name.startswith("0") else name for name in data.groups))
    rest, held = split_off_groups(one, 0.9, seed=0)
    assert set(held.labels) == {1} and 1 in rest.labels
    with pytest.raises(SettingError, match="every class has a single group of pictures"):
        split_off_groups(grouped([0, 0]), 0.5, 0)
    with pytest.raises(SettingError, match="not in groups"):
        split_off_groups(toy_images(10), 0.5, 0)


@pytest.mark.parametrize("columns", [(), (2,)])
def test_float_targets_are_held_out_without_strata(columns):
    data = replace(toy_images(100), labels=np.random.default_rng(0).random((100, *columns)))
    rest, held = split_off(data, 0.2, seed=0)
    assert (len(rest), len(held)) == (80, 20)
    assert held.names == split_off(data, 0.2, seed=0)[1].names != split_off(data, 0.2, seed=1)[1].names
    assert np.array_equal(held.labels, data.labels[[data.names.index(name) for name in held.names]])
    assert len(draw(data, 10)) == 10


@pytest.mark.parametrize("fraction", [0.001, 1.0])
def test_an_empty_part_is_one_line(fraction):
    with pytest.raises(SettingError, match="of 100 samples leaves one part empty"):
        split_off(toy_images(100), fraction, seed=0)


def test_a_draw_keeps_the_classes_in_proportion():
    data = toy_images(100)
    assert draw(data, None) is data and draw(data, 100) is data
    assert len(draw(data, 10)) == 10 and draw(data, 10).labels.sum() == 5
    assert len(draw(data, 99)) == 100  # 49.5 of 50 are all of them, twice
    with pytest.raises(SettingError, match="^1 of 100 samples, each class in proportion, are none: take more$"):
        draw(data, 1)


def test_the_fingerprint_is_of_the_content():
    data = toy_images(10)
    assert data.fingerprint() == toy_images(10).fingerprint() == replace(data, kind=DIGITS).fingerprint()
    for changed in (data.images + 1, data.images[:, :, :, ::-1]):
        assert replace(data, images=changed).fingerprint() != data.fingerprint()
    assert replace(data, names=data.names[:-1] + ("\udcff.jpg",)).fingerprint() != data.fingerprint()


def strip_of(html):
    (encoded,) = re.findall(r'src="data:image/png;base64,([^"]*)"', html)
    return cv2.imdecode(np.frombuffer(base64.b64decode(encoded), np.uint8), cv2.IMREAD_COLOR)


def test_it_shows_counts_and_pictures_not_megabytes():
    data = replace(toy_images(2000, size=32), kind=replace(PICTURES, classes=("<cat>", "dog")))
    assert repr(data) == "ImageSet(pictures, uint8 [2000, 3, 32, 32]; <cat>: 1000, dog: 1000)"
    html = data._repr_html_()
    assert "<td>&lt;cat&gt;</td><td>1,000</td>" in html and len(html) < 200_000
    strip = strip_of(html)
    assert strip.shape == (64, 10 * (64 + 2), 3) and strip[:, 64:66].min() == 255
    shown = cv2.resize(data.images[0].transpose(1, 2, 0), (64, 64), interpolation=cv2.INTER_NEAREST)
    assert np.array_equal(strip[:, :64], shown)  # the first of class 0; the last is of class 1
    assert np.array_equal(strip[::2, -66:-2:2], data.images[1999].transpose(1, 2, 0))


def test_few_pictures_grey_ones_targets_and_none():
    assert strip_of(ImageSet(IMAGES, LABELS, NAMES)._repr_html_()).shape == (64, 4 * 66, 3)
    steering = ImageSet(IMAGES, np.array([[-1.0, 2], [0, 3], [1, 4], [0.5, 2]]), NAMES)
    assert "targets float32 [4, 2]" in repr(steering)
    assert "<td>0</td><td>-1</td><td>1</td>" in steering._repr_html_()
    none = steering.take(np.array([], np.int64))
    assert "[0, 1, 6, 6]" in repr(none) and "<img" not in none._repr_html_()
    assert repr(ImageSet(IMAGES[:0], LABELS[:0], ())).endswith("; none)")
    many = ImageSet(np.zeros((50, 1, 2, 2), np.uint8), np.arange(50), tuple(map(str, range(50))))
    assert repr(many).endswith("9: 1, ...)")


def test_channels_that_come_last_are_said():
    with pytest.raises(
        SettingError, match=r"\[10, 8, 8, 3\] has its channels last: give images.transpose\(0, 3, 1, 2\)"
    ):
        ImageSet(np.zeros((10, 8, 8, 3), np.uint8), np.zeros(10, int), tuple(map(str, range(10))))
