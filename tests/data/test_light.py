"""Random light and hidden parts: what they do to the pixels, and how often."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from paddle_camp.data.pictures.light import RandomErasing, RandomExposure, RandomLight, RandomSaturation
from paddle_camp.errors import SettingError
from tests.helpers.fundus_files import drawn


def pictures(count: int = 8, height: int = 24, width: int = 30) -> np.ndarray:
    return np.stack([drawn(seed, height, width).transpose(2, 0, 1) for seed in range(count)])


@pytest.mark.parametrize("change", [RandomLight(), RandomErasing(), RandomExposure(), RandomSaturation(1.0)])
def test_the_generator_is_all_the_chance_there_is(change):
    images = pictures()
    before = images.copy()
    first, second = (change(images, np.random.default_rng([0, 1])) for _ in range(2))
    assert first.dtype == np.uint8 and (first == second).all() and (images == before).all()
    assert (change(images, np.random.default_rng(1)) != first).any()
    assert (pickle.loads(pickle.dumps(change))(images, np.random.default_rng([0, 1])) == first).all()
    assert change(images[:0], np.random.default_rng(0)).shape == (0, 3, 24, 30)
    assert change(images[:, :1], np.random.default_rng(0)).shape == (8, 1, 24, 30)


@pytest.mark.parametrize("make", [RandomLight, RandomErasing, RandomExposure, RandomSaturation])
@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_a_share_of_the_pictures_is_changed(make, p):
    images = np.full((600, 3, 8, 8), 100, np.uint8)
    images[:, 0] = 200  # some colour
    changed = (make(p=p)(images, np.random.default_rng(0)) != images).any(axis=(1, 2, 3)).mean()
    assert changed == pytest.approx(p, abs=0.05)


def test_without_amounts_the_light_stays():
    images = pictures()
    assert (RandomLight(1.0, 0, 0, 0)(images, np.random.default_rng(0)) == images).all()


def test_the_exposure_is_a_gamma_curve_between_its_limits():
    """Black and white stay; the exponents of 400 pictures fill the range that was asked for."""
    images = np.tile(np.array([0, 64, 255], np.uint8).reshape(1, 1, 1, 3), (400, 3, 4, 1))
    found = RandomLight(1.0, 0, 0, 0.4)(images, np.random.default_rng(0))
    assert (found[..., 0] == 0).all() and (found[..., 2] == 255).all()
    logarithms = np.log(np.log(found[:, 0, 0, 1] / 255) / np.log(64 / 255))
    assert np.abs(logarithms).max() <= 0.41
    assert logarithms.min() < -0.38 and logarithms.max() > 0.38 and abs(logarithms.mean()) < 0.05


def test_the_shade_is_a_plane_and_the_tint_a_factor_of_each_channel():
    images = np.full((200, 3, 9, 9), 100, np.uint8)
    shaded = RandomLight(1.0, 0.5, 0, 0)(images, np.random.default_rng(0)) / 100.0
    assert np.allclose(shaded[..., 4, 4], 1, atol=0.01)  # the middle stays
    assert np.allclose(shaded[..., 0, 0] + shaded[..., 8, 8], 2, atol=0.02)
    assert 1.4 < shaded.max() < 1.5 * np.sqrt(2) and (np.ptp(shaded, axis=1) == 0).all()
    tinted = RandomLight(1.0, 0, 0.2, 0)(images, np.random.default_rng(0)) / 100.0
    assert (np.ptp(tinted, axis=(2, 3)) == 0).all() and np.ptp(tinted, axis=1).max() > 0.3
    assert tinted.min() == pytest.approx(0.8, abs=0.02) and tinted.max() == pytest.approx(1.2, abs=0.02)


def test_an_overexposed_picture_is_white_where_it_was_light():
    images = np.tile(np.array([10, 100, 200], np.uint8).reshape(1, 1, 1, 3), (400, 3, 4, 1))
    found = RandomExposure(1.0, (0.5, 2.0))(images, np.random.default_rng(0))[:, 0, 0].astype(float)
    factors = found[:, 1] / 100
    assert 0.5 <= factors.min() < 0.52 and 1.96 < factors.max() <= 2.0
    assert abs(np.log(factors).mean()) < 0.05  # as often darker as lighter
    assert (np.abs(found[:, 2] - np.minimum(255, 200 * factors)) <= 1.5).all() and (found[:, 2] == 255).any()


def test_colours_go_towards_their_mean():
    images = np.tile(np.array([60, 90, 120], np.uint8).reshape(1, 3, 1, 1), (300, 1, 2, 2))
    found = RandomSaturation(1.0, (0.0, 1.5))(images, np.random.default_rng(0))[..., 0, 0].astype(float)
    factors = (found[:, 2] - found[:, 0]) / 60
    assert (found[:, 1] == 90).all() and 0 <= factors.min() < 0.05 and 1.45 < factors.max() <= 1.51
    assert (RandomSaturation(1.0, (0.0, 0.0))(images, np.random.default_rng(0)) == 90).all()


def test_what_is_erased_is_a_box_of_one_colour():
    images = np.zeros((2000, 3, 20, 20), np.uint8)
    found = RandomErasing(1.0, (0.05, 0.2))(images, np.random.default_rng(0))
    areas = []
    for image in found:
        inside = (image > 0).any(0)
        rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
        box = image[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        assert (box == box[:, :1, :1]).all()
        areas.append(box[0].size / 400)
    assert 0.03 < min(areas) < 0.07 and 0.17 < max(areas) < 0.23
    places = (found > 0).any(1).mean(0)
    assert places.min() > 0  # every place is hidden sometimes


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: RandomLight(1.2), "p=1.2: give a probability"),
        (lambda: RandomLight(slope=-0.1), "slope=-0.1: give a share"),
        (lambda: RandomLight(tint=2), "tint=2: give a share"),
        (lambda: RandomLight(gamma=-1), "gamma=-1: give the largest logarithm"),
        (lambda: RandomExposure(scale=(0.0, 1.0)), "scale="),
        (lambda: RandomSaturation(scale=(-0.5, 1.0)), "scale="),
        (lambda: RandomErasing(-1), "p=-1"),
        (lambda: RandomErasing(scale=(0.5, 0.2)), "scale="),
        (lambda: RandomErasing(ratio=(0.0, 1.0)), "ratio="),
    ],
)
def test_settings_out_of_range(wrong, says):
    with pytest.raises(SettingError, match=says):
        wrong()
