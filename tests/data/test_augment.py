"""Random changes to batches: what they do to the pixels, and how what they draw is distributed."""

import math
import pickle

import cv2
import numpy as np
import pytest
from scipy.stats import kstest

from paddle_camp.data.batches import Batches
from paddle_camp.data.image_set import ImageSet
from paddle_camp.data.pictures.augment import (
    CenterCrop,
    Compose,
    RandomBrightness,
    RandomHorizontalFlip,
    RandomResizedCrop,
    RandomRotation,
    Resize,
    flip_and_rotate,
)
from paddle_camp.errors import SettingError
from tests.helpers.fundus_files import drawn

ALL = [
    RandomHorizontalFlip(),
    RandomRotation(15),
    RandomRotation(180, "reflect"),
    RandomBrightness(0.3),
    RandomResizedCrop(32),
    Compose([RandomResizedCrop(24, (0.5, 1.0)), RandomHorizontalFlip(), RandomRotation(10), RandomBrightness(0.2)]),
    flip_and_rotate,
]


def pictures(count=8, height=40, width=50, channels=3):
    return np.stack([drawn(s, height, width).transpose(2, 0, 1)[:channels] for s in range(count)])


def uniform(values, low, high):
    """The p value of a test that ``values`` are uniform from ``low`` to ``high``."""
    return kstest(np.asarray(values), "uniform", (low, high - low)).pvalue


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("change", ALL, ids=lambda change: getattr(change, "__name__", type(change).__name__))
def test_the_generator_is_all_the_chance_there_is(change, channels):
    images = pictures(channels=min(channels, 3))
    if channels == 4:
        images = np.concatenate([images, images[:, :1]], axis=1)
    before = images.copy()
    first, second = (change(images, np.random.default_rng([0, 1, 2])) for _ in range(2))
    assert first.dtype == np.uint8 and first.shape[:2] == images.shape[:2]
    assert (first == second).all() and (images == before).all()
    assert (change(images, np.random.default_rng(1)) != first).any()
    assert (pickle.loads(pickle.dumps(change))(images, np.random.default_rng([0, 1, 2])) == first).all()
    # Channels are treated alike: the fourth repeats the first.
    assert channels < 4 or (first[:, 0] == first[:, 3]).all()


def test_batches_take_them_and_go_on_in_the_middle_of_an_epoch():
    data = ImageSet(pictures(10), np.arange(10) % 2, tuple("abcdefghij"))
    batches = Batches(data, 4, shuffle_seed=3, augment=ALL[-2])
    whole, rest = list(batches.epoch(1)), list(batches.epoch(1, start=1))
    assert [images.shape for images, _ in whole] == [(4, 3, 24, 24), (4, 3, 24, 24), (2, 3, 24, 24)]
    assert all((a == b).all() for (a, _), (b, _) in zip(whole[1:], rest, strict=True))


# -- mirrored, turned, brighter ------------------------------------------------------------------------------------


def test_flip_and_rotate_changes_every_picture_and_is_what_its_parts_do():
    images = pictures()
    both = flip_and_rotate(images, np.random.default_rng(5))
    assert both.shape == images.shape and all((a != b).any() for a, b in zip(both, images, strict=True))
    rng = np.random.default_rng(5)
    assert (both == RandomRotation(15.0)(RandomHorizontalFlip()(images, rng), rng)).all()


def test_half_of_the_pictures_are_mirrored_and_corners_turn_in_black():
    """A picture that is white on its left third stays so, or is white on the right; the centre does not move."""
    images = np.zeros((400, 1, 61, 61), np.uint8)
    images[:, :, :, :20] = 255
    images[:, :, 29:32, 29:32] = 200
    turned = flip_and_rotate(images, np.random.default_rng(0))
    assert 0.4 < (turned[:, 0, 30, 5] < 128).mean() < 0.6
    assert (turned[:, 0, 30, 30] > 190).all()
    full = flip_and_rotate(np.full((50, 3, 61, 61), 255, np.uint8), np.random.default_rng(0))
    assert (full[:, :, 0, 0] == 0).mean() > 0.5 and (full[:, :, 30] > 250)[..., 2:-2].all()


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_a_share_of_the_pictures_is_mirrored(p):
    images = np.repeat(pictures(1), 2000, axis=0)
    mirrored = RandomHorizontalFlip(p)(images, np.random.default_rng(0))
    flipped = (mirrored == images[..., ::-1]).all((1, 2, 3))
    assert (flipped | (mirrored == images).all((1, 2, 3))).all()
    assert abs(flipped.mean() - p) <= 3 * math.sqrt(p * (1 - p) / 2000)


def test_angles_are_uniform():
    """A white spot to the right of the centre is found again at the drawn angle."""
    images = np.zeros((600, 1, 101, 101), np.uint8)
    images[:, :, 48:53, 88:93] = 255
    turned = RandomRotation(40)(images, np.random.default_rng(0))[:, 0].astype(float)
    total, places = turned.sum((1, 2)), np.arange(101) - 50
    x, y = (turned.sum(1) @ places) / total, (turned.sum(2) @ places) / total
    assert np.hypot(x, y) == pytest.approx(40, abs=0.2)
    degrees = np.degrees(np.arctan2(-y, x))
    assert uniform(degrees, -40, 40) > 0.01 and np.abs(degrees).max() < 40.2


def test_what_turns_in_is_black_or_the_mirrored_rim():
    images = np.full((20, 3, 30, 30), 90, np.uint8)
    assert RandomRotation(45)(images, np.random.default_rng(0)).min() == 0
    assert (RandomRotation(45, "reflect")(images, np.random.default_rng(0)) == 90).all()


def test_factors_of_brightness_are_uniform_and_255_is_the_most():
    images = np.full((3000, 1, 2, 2), 100, np.uint8)
    images[:, :, 0] = 250
    changed = RandomBrightness(0.3)(images, np.random.default_rng(0))[:, 0]
    rng = np.random.default_rng(1)
    assert uniform(changed[:, 1, 0] + rng.uniform(-0.5, 0.5, 3000), 70, 130) > 0.01  # undoes the rounding
    assert changed[:, 0].max() == 255
    assert (changed[:, 0, 0] == 255).mean() == pytest.approx((1.3 - 1.02) / 0.6, abs=0.03)
    assert (RandomBrightness(0)(images, np.random.default_rng(0)) == images).all()


# -- crops ---------------------------------------------------------------------------------------------------------


def test_areas_ratios_and_places_of_boxes():
    """Where every drawn box fits: area uniform, ratio log-uniform, place uniform in the room that is left."""
    crop = RandomResizedCrop(10, scale=(0.1, 0.5), ratio=(0.9, 2.0))
    top, left, height, width = crop.boxes(4000, 1000, 1200, np.random.default_rng(0)).T
    assert uniform(height * width / 1_200_000, 0.1, 0.5) > 0.01
    assert uniform(np.log(width / height), math.log(0.9), math.log(2.0)) > 0.01
    assert uniform(top / (1000 - height), 0, 1) > 0.01 and uniform(left / (1200 - width), 0, 1) > 0.01
    assert (top + height <= 1000).all() and (left + width <= 1200).all() and min(top.min(), left.min()) >= 0


def plain_box(height, width, scale, ratio, rng):
    """torchvision's loop, one box at a time; returns its height and width."""
    for _ in range(10):
        area = height * width * rng.uniform(*scale)
        aspect = math.exp(rng.uniform(math.log(ratio[0]), math.log(ratio[1])))
        w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < w <= width and 0 < h <= height:
            return h, w
    return height, width


@pytest.mark.parametrize("scale", [(0.08, 1.0), (0.55, 1.0)])
def test_boxes_that_do_not_fit_are_drawn_again(scale):
    """The distribution of those that are taken is that of the plain loop."""
    rng = np.random.default_rng(0)
    plain = np.array([plain_box(300, 300, scale, (3 / 4, 4 / 3), rng) for _ in range(3000)])
    boxes = RandomResizedCrop(10, scale).boxes(3000, 300, 300, np.random.default_rng(1))[:, 2:]
    for measure in (lambda sides: sides.prod(1), lambda sides: sides[:, 0] / sides[:, 1]):
        assert kstest(measure(plain), measure(boxes)).pvalue > 0.01
    assert boxes.max() <= 300 and boxes.min() > 0


@pytest.mark.parametrize(
    ("ratio", "shape", "box"),
    [
        ((3.0, 4.0), (90, 90), (30, 0, 30, 90)),  # too wide for a square: the middle third
        ((1 / 4, 1 / 3), (90, 90), (0, 30, 90, 30)),
        ((0.99, 1.01), (40, 100), (0, 30, 40, 40)),
        ((3 / 4, 4 / 3), (1, 1), (0, 0, 1, 1)),
    ],
)
def test_the_largest_middle_part_where_no_box_fits(ratio, shape, box):
    boxes = RandomResizedCrop(8, (0.95, 1.0), ratio).boxes(50, *shape, np.random.default_rng(0))
    assert (boxes == box).all()


def test_a_crop_is_the_box_and_nothing_else():
    """Boxes of the result's own size are not resampled: bytes as they were, at the place that was drawn."""
    images = np.random.default_rng(0).integers(0, 256, (30, 3, 40, 40), np.uint8)
    crop = RandomResizedCrop(20, scale=(0.25, 0.25), ratio=(1, 1))
    found, boxes = crop(images, np.random.default_rng(7)), crop.boxes(30, 40, 40, np.random.default_rng(7))
    assert len({(top, left) for top, left, *_ in boxes.tolist()}) > 20
    for image, cut, (top, left, height, width) in zip(images, found, boxes, strict=True):
        assert (height, width) == (20, 20) and (cut == image[:, top : top + 20, left : left + 20]).all()


@pytest.mark.parametrize("size", [16, 40, 97])
def test_resized_boxes_keep_their_colours_and_their_sides(size):
    """Left half dark, right half light: so is each crop across the middle, shrunk or enlarged."""
    images = np.zeros((50, 3, 64, 64), np.uint8)
    images[..., 32:] = np.array([250, 200, 150], np.uint8)[:, None, None]
    found = RandomResizedCrop(size, scale=(0.9, 1.0))(images, np.random.default_rng(0))
    assert found.shape == (50, 3, size, size)
    assert (found[..., 0] == 0).all() and (found[..., -1] == [[[250], [200], [150]]]).all()


def test_resize_and_center_crop_draw_nothing():
    images = pictures(4, 40, 40)
    for size in (10, 30, 80):
        mode = cv2.INTER_AREA if size <= 20 else cv2.INTER_LINEAR
        wanted = [cv2.resize(drawn(s, 40, 40), (size, size), interpolation=mode).transpose(2, 0, 1) for s in range(4)]
        assert (Resize(size)(images) == np.stack(wanted)).all()
    assert (Resize(40)(images) == images).all() and Resize(40)(images) is not images
    assert (CenterCrop(10)(images) == images[:, :, 15:25, 15:25]).all() and (CenterCrop(40)(images) == images).all()
    assert (CenterCrop(7)(pictures(2, 8, 12)) == pictures(2, 8, 12)[:, :, :7, 2:9]).all()
    with pytest.raises(SettingError, match="size=41: the pictures have 40 x 40 pixels"):
        CenterCrop(41)(images)
    assert (
        Resize(5)(images[:0]).shape == RandomResizedCrop(5)(images[:0], np.random.default_rng()).shape == (0, 3, 5, 5)
    )


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: RandomHorizontalFlip(1.2), "p=1.2: give a probability"),
        (lambda: RandomRotation(-5), "degrees=-5: give the largest angle"),
        (lambda: RandomRotation(5, "edge"), "padding_mode='edge': there are constant, reflect"),
        (lambda: RandomBrightness(1.5), "change=1.5: give a share"),
        (lambda: RandomResizedCrop(0), "size=0: give the side"),
        (lambda: RandomResizedCrop(8, (0.5, 1.5)), r"scale=\(0.5, 1.5\): give the least"),
        (lambda: RandomResizedCrop(8, (0.0, 1.0)), "scale="),
        (lambda: RandomResizedCrop(8, (0.5, 1.0), (2.0, 1.0)), "ratio="),
        (lambda: Resize(-1), "size=-1"),
    ],
)
def test_settings_out_of_range(wrong, says):
    with pytest.raises(SettingError, match=says):
        wrong()
