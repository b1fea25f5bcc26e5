"""Random flips and rotations."""

import numpy as np
import pytest

from paddle_camp.data.pictures.augment import flip_and_rotate
from tests.helpers.fundus_files import drawn


@pytest.mark.parametrize("channels", [1, 3])
def test_flip_and_rotate(channels):
    images = np.stack([drawn(s, 40, 50).transpose(2, 0, 1)[:channels] for s in range(8)])
    before = images.copy()
    first, second = (flip_and_rotate(images, np.random.default_rng([0, 1, 2])) for _ in range(2))
    assert first.shape == images.shape and first.dtype == np.uint8
    assert (first == second).all() and (images == before).all()
    assert (flip_and_rotate(images, np.random.default_rng(1)) != first).any()
    assert all((a != b).any() for a, b in zip(first, images, strict=True))


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
