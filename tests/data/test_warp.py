"""Random warps of digits: what they leave alone, what they may change, and who draws."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from paddle_camp.data.pictures import warp as module
from paddle_camp.data.pictures.warp import RandomWarp, affine_matrices, affine_sources, variations, warp

STILL = RandomWarp(degrees=0, stretch=0, slant=0, shift=0, bend=0)


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (5, 2, 28, 20), dtype=np.uint8)


def test_nothing_to_change_changes_nothing(images):
    np.testing.assert_array_equal(STILL(images, np.random.default_rng(1)), images)


def test_the_generator_decides_and_the_input_stays(images):
    before = images.copy()
    first, again, other = (RandomWarp()(images, np.random.default_rng(seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    np.testing.assert_array_equal(images, before)
    assert first.shape == images.shape and first.dtype == np.uint8


def test_a_whole_pixel_shift_moves_the_picture_and_brings_black(images):
    sources = affine_sources(np.eye(2)[None], np.array([[2.0, -3.0]]), 28, 20)  # read 2 to the right, 3 above
    moved = warp(images[:1], sources)
    np.testing.assert_array_equal(moved[0, :, 3:, :-2], images[0, :, :-3, 2:])
    assert moved[0, :, :3].max() == moved[0, :, :, -2:].max() == 0


def test_a_turn_is_opencvs(images):
    smooth = cv2.GaussianBlur(images[0, 0], (0, 0), 2)
    matrix = affine_matrices(np.radians([20.0]), np.ones((1, 2)), np.zeros(1))
    turned = warp(smooth[None, None], affine_sources(matrix, np.zeros((1, 2)), 28, 20))[0, 0]
    expected = cv2.warpAffine(smooth, cv2.getRotationMatrix2D((9.5, 13.5), 20.0, 1.0), (20, 28))
    assert np.abs(turned[4:-4, 4:-4].astype(int) - expected[4:-4, 4:-4]).max() <= 4  # OpenCV rounds to 1/32 pixel


def test_pictures_do_not_read_their_neighbours():
    images = np.full((3, 1, 28, 28), 255, np.uint8)
    images[1] = 0
    far = RandomWarp(shift=40, bend=5)
    assert far(images, np.random.default_rng(0))[1].max() == 0


def test_more_pictures_than_one_strip_holds(images, monkeypatch):
    at_once = RandomWarp()(images, np.random.default_rng(5))
    monkeypatch.setattr(module, "MAX_ROWS", 70)  # two pictures of 28 + 4 rows
    np.testing.assert_array_equal(RandomWarp()(images, np.random.default_rng(5)), at_once)


@pytest.mark.parametrize(
    ("options", "limit"), [({"shift": 3.0}, 3.0), ({"stretch": 0.1}, 1.35), ({"degrees": 10.0}, 2.9)]
)
def test_no_pixel_moves_further_than_is_said(options, limit):
    one = RandomWarp(**({"degrees": 0, "stretch": 0, "slant": 0, "shift": 0, "bend": 0} | options))
    still = STILL._sources(500, 28, 28, np.random.default_rng(0))
    moved = one._sources(500, 28, 28, np.random.default_rng(0)) - still
    reach = np.abs(moved).max()
    assert 0.8 * limit < reach <= limit + 1e-3


def test_bends_have_the_deviation_that_is_asked_for():
    bent = RandomWarp(degrees=0, stretch=0, slant=0, shift=0, bend=2.0, grid=5)
    still = STILL._sources(2000, 28, 28, np.random.default_rng(0))
    moved = bent._sources(2000, 28, 28, np.random.default_rng(0)) - still
    assert moved.mean() == pytest.approx(0, abs=0.05)
    assert 1.0 < moved.std() < 2.1  # between the grid's points the cubics average
    assert np.abs(np.diff(moved, axis=-1)).mean() < 0.5  # smooth: neighbours move together


def test_what_comes_in_from_outside_may_continue_the_edge(images):
    sources = affine_sources(np.eye(2)[None], np.array([[2.0, -3.0]]), 28, 20)
    black, edge = warp(images[:1], sources), warp(images[:1], sources, edge=True)
    np.testing.assert_array_equal(edge[0, :, 3:, :-2], black[0, :, 3:, :-2])  # inside nothing differs
    assert (edge[0, :, :3, :-2] == images[0, :, :1, 2:]).all()
    assert (edge[0, :, :, -2:] == edge[0, :, :, -3:-2]).all()
    light = np.full((3, 3, 16, 16), 200, np.uint8)
    far = {"degrees": 40.0, "shift": 9.0, "bend": 2.0}
    assert (RandomWarp(edge=True, **far)(light, np.random.default_rng(0)) == 200).all()
    assert (RandomWarp(**far)(light, np.random.default_rng(0)) == 0).any()
    assert all((each == 200).all() for each in variations(light, edge=True))


def test_variations_begin_with_the_digits_as_they_are(images):
    varied = variations(images)
    assert len(varied) == 5
    np.testing.assert_array_equal(varied[0], images)
    ink = [
        v.astype(float).sum()
        for v in variations(np.pad(np.full((1, 1, 8, 8), 200, np.uint8), ((0, 0),) * 2 + ((10, 10),) * 2))
    ]
    assert ink[3] > 1.1 * ink[0] > 1.1 * ink[4]  # read closer together: larger
