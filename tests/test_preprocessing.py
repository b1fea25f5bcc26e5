"""The kinds of pictures and how their bytes become a network's inputs."""

import numpy as np
import pytest

from paddle_camp.preprocessing import (
    DIGITS,
    FUNDUS,
    PICTURES,
    PICTURES_IMAGENET,
    PICTURES_LITE,
    scale_by_contrast,
    scale_to_one,
    scale_to_unit,
    undo_scale_to_unit,
)

PIXELS = np.array([0, 51, 255], np.uint8)


def test_the_courses_scale():
    scaled = scale_to_unit(PIXELS)
    assert scaled.dtype == np.float32
    assert scaled == pytest.approx((PIXELS / 255 - 0.5) / 0.5, abs=1e-6)


def test_the_courses_scale_is_undone():
    every = np.arange(256, dtype=np.uint8)
    assert np.array_equal(undo_scale_to_unit(scale_to_unit(every)), every)
    assert undo_scale_to_unit(np.array([-1.5, 2.0], np.float32)).tolist() == [0, 255]


def test_the_courses_scale_of_digits():
    scaled = scale_to_one(PIXELS)
    assert scaled.dtype == np.float32 and scaled == pytest.approx([0, 0.2, 1])


def test_the_kinds():
    assert (DIGITS.shape, FUNDUS.shape, PICTURES.shape) == ((1, 28, 28), (3, 224, 224), (3, 224, 224))
    assert DIGITS.classes[7] == "7" and len(DIGITS.classes) == 10
    assert FUNDUS.classes == ("not PM", "PM") and PICTURES.classes == ()
    assert (DIGITS.scale, FUNDUS.scale, PICTURES.scale) == (scale_to_one, scale_to_unit, scale_to_unit)


BLUE_GREEN_RED = np.array([255, 127, 0], np.uint8).reshape(1, 3, 1, 1)


def test_the_scales_of_networks_trained_on_imagenet_begin_with_red():
    lite, imagenet = (kind.scale(BLUE_GREEN_RED) for kind in (PICTURES_LITE, PICTURES_IMAGENET))
    assert lite.dtype == imagenet.dtype == np.float32 and lite.shape == imagenet.shape == (1, 3, 1, 1)
    assert lite.ravel().tolist() == [-127 / 128, 0, 1]
    expected = [(0 - 0.485) / 0.229, (127 / 255 - 0.456) / 0.224, (1 - 0.406) / 0.225]
    assert imagenet.ravel() == pytest.approx(expected, rel=1e-6)


def test_a_kind_takes_the_scale_of_another_and_stays_what_it_is():
    kind = FUNDUS.prepared_as(PICTURES_LITE)
    assert (kind.name, kind.scale) == ("pictures-lite", PICTURES_LITE.scale)
    assert (kind.classes, kind.shape) == (FUNDUS.classes, FUNDUS.shape)


def test_a_picture_in_the_dark_comes_out_as_in_the_light():
    light = np.random.default_rng(0).integers(0, 256, (2, 3, 16, 16), dtype=np.uint8)
    scaled = scale_by_contrast(light)
    assert scaled.dtype == np.float32 and scaled.mean((1, 2, 3)) == pytest.approx(0, abs=1e-5)
    assert scaled.std((1, 2, 3)) == pytest.approx(1, abs=0.15)
    assert np.abs(scale_by_contrast(light // 2 + 20) - scaled).mean() < 0.1
    assert (scale_by_contrast(np.full((1, 3, 4, 4), 9, np.uint8)) == 0).all()  # no contrast is no noise
    alone = scale_by_contrast(light[:1])
    np.testing.assert_array_equal(alone, scaled[:1])  # each picture by itself
