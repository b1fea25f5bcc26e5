"""The three parts: what is trained on, what is held out of it, and what is reported."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from paddle_camp.data.parts import three_parts
from paddle_camp.errors import SettingError
from paddle_camp.preprocessing import DIGITS
from tests.helpers.toys import toy_images


@pytest.mark.parametrize(
    ("parts", "reported"),
    [
        ({"test": toy_images(10, seed=1)}, "test"),
        ({"valid": toy_images(10, seed=1)}, "validation"),
        ({"test": None, "valid": toy_images(10, seed=1)}, "validation"),
    ],
)
def test_training_is_shuffled_and_the_others_keep_their_order(parts, reported):
    sets = three_parts(SimpleNamespace(train=toy_images(40), **parts), 0.25, 8, seed=3)
    assert {name: (each.num_samples, each.shuffle_seed) for name, each in sets.items()} == {
        "train": (30, 3),
        "holdout": (10, None),
        reported: (10, None),
    }
    assert set(sets["train"].data.names).isdisjoint(sets["holdout"].data.names)
    assert (sets["train"].batch_size, sets["holdout"].batch_size) == (8, 20)


def test_digits_are_measured_in_larger_batches():
    digits = replace(toy_images(40), kind=DIGITS)
    data = SimpleNamespace(train=digits, test=digits)
    assert three_parts(data, 0.25, 8, seed=3)["test"].batch_size == 500
    assert three_parts(data, 0.25, 8, seed=3, eval_batch_size=7)["test"].batch_size == 7


def test_a_part_of_one_class_is_one_line():
    data = SimpleNamespace(train=toy_images(40), valid=toy_images(10).take(np.array([0, 2, 4])))
    with pytest.raises(SettingError, match="the validation part has one class only"):
        three_parts(data, 0.25, 8, seed=3)
