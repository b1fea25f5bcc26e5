"""The kinds of pictures and how their bytes become a network's inputs."""

import numpy as np
import pytest

from paddle_camp.preprocessing import DIGITS, FUNDUS, PICTURES, scale_to_one, scale_to_unit

PIXELS = np.array([0, 51, 255], np.uint8)


def test_the_courses_scale():
    scaled = scale_to_unit(PIXELS)
    assert scaled.dtype == np.float32
    assert scaled == pytest.approx((PIXELS / 255 - 0.5) / 0.5, abs=1e-6)


def test_the_courses_scale_of_digits():
    scaled = scale_to_one(PIXELS)
    assert scaled.dtype == np.float32 and scaled == pytest.approx([0, 0.2, 1])


def test_the_kinds():
    assert (DIGITS.shape, FUNDUS.shape, PICTURES.shape) == ((1, 28, 28), (3, 224, 224), (3, 224, 224))
    assert DIGITS.classes[7] == "7" and len(DIGITS.classes) == 10
    assert FUNDUS.classes == ("not PM", "PM") and PICTURES.classes == ()
    assert (DIGITS.scale, FUNDUS.scale, PICTURES.scale) == (scale_to_one, scale_to_unit, scale_to_unit)
