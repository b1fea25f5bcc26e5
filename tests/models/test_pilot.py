"""PilotNet: its size by hand, the picture it takes, and a mirror image that is steered the other way."""

from __future__ import annotations

import numpy as np
import paddle
import pytest

import paddle_camp as camp
from paddle_camp.errors import SettingError
from paddle_camp.models.pilot import FLAT
from paddle_camp.networks.summary import layer_rows
from paddle_camp.preprocessing import ROADS
from tests.helpers.toys import toy_images

CONVOLUTIONS = ((3, 24, 25), (24, 36, 25), (36, 48, 25), (48, 64, 9), (64, 64, 9))


def test_its_parameters_by_hand():
    """The paper counts about 250 thousand parameters and 27 million connections."""
    weights = sum(before * after * places for before, after, places in CONVOLUTIONS)
    biases = sum(after for _, after, _ in CONVOLUTIONS)
    head = (FLAT + 1) * 100 + 101 * 50 + 51 * 10 + 11
    assert camp.count_parameters(camp.create_model("pilot_net")) == weights + biases + head == 252_219
    normed = camp.create_model("pilot_net", batch_norm=True)
    assert camp.count_parameters(normed) == weights + 2 * biases + head
    rows = layer_rows(camp.create_model("pilot_net"), (1, *ROADS.shape))
    assert sum(row.multiply_adds for row in rows) == 26_876_342


def test_it_takes_the_papers_pictures_and_no_others():
    assert ROADS.shape == (3, 66, 200)
    camp.check_input("pilot_net", ROADS)
    with pytest.raises(SettingError, match="model=pilot_net does not take pictures of 3 x 8 x 8"):
        camp.check_input("pilot_net", toy_images())


@pytest.mark.parametrize("batch_norm", [False, True])
def test_a_mirrored_road_is_steered_the_other_way(batch_norm):
    paddle.seed(0)
    model = camp.create_model("pilot_net", batch_norm=batch_norm, mirrored=True)
    images = paddle.randn([3, *ROADS.shape])
    model.eval()
    plain, turned = model(images).numpy(), model(images.flip(axis=[3])).numpy()
    np.testing.assert_allclose(plain, -turned, atol=1e-6)
    alone = (model.answer(images) - model.answer(images.flip(axis=[3]))).numpy() / 2
    np.testing.assert_allclose(plain, alone, atol=1e-6)
    assert np.abs(plain).max() > 1e-5
    model.train()
    paddle.seed(0)
    trained = model(images).numpy()
    assert not np.allclose(trained, -model(images.flip(axis=[3])).numpy())  # a step looks at the picture as it is


def test_layers_of_onednn_and_of_paddle_agree():
    paddle.seed(0)
    model, images = camp.create_model("pilot_net", batch_norm=True), paddle.randn([2, *ROADS.shape])
    model.eval()
    found = model(images).numpy()
    with camp.paddle_operators():
        expected = model(images).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-5)
