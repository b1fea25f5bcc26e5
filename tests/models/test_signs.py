"""The networks for signs: sizes by hand, shortcuts, and a transformer that looks where it should."""

from __future__ import annotations

import cv2
import numpy as np
import paddle
import pytest

import paddle_camp as camp
from paddle_camp.models.signs import FARTHEST, SpatialTransformer
from paddle_camp.preprocessing import SIGN_NAMES, SIGNS


def test_its_parameters_by_hand():
    def block(before, after):
        return 9 * before * after + 9 * after * after + 4 * after

    shortcuts = 24 * 48 + 2 * 48 + 48 * 96 + 2 * 96 + 96 * 192 + 2 * 192
    body = 27 * 24 + 48 + block(24, 48) + block(48, 96) + block(96, 192) + 43 * 193
    assert camp.count_parameters(camp.create_model("sign_net")) == body + shortcuts
    assert camp.count_parameters(camp.create_model("sign_net", residual=False)) == body
    transformer = 27 * 16 + 32 + 9 * 16 * 32 + 64 + (512 + 1) * 32 + 33 * 6
    assert camp.count_parameters(camp.create_model("sign_net_stn")) == body + shortcuts + transformer
    deeper = camp.create_model("sign_net", depth=2, width=8)
    assert [len(each) for each in deeper.features][1:] == [2, 2, 2] and deeper.classifier[1].weight.shape == [64, 43]


def test_the_signs_have_their_names():
    assert len(SIGN_NAMES) == len(set(SIGN_NAMES)) == 43 and SIGNS.shape == (3, 32, 32)
    assert SIGN_NAMES[14] == "stop" and SIGN_NAMES[38] == "keep right"


@pytest.mark.parametrize("side", [16, 32, 48])
def test_pictures_of_other_sizes(side):
    images = paddle.rand([2, 3, side, side])
    assert camp.create_model("sign_net", width=4)(images).shape == [2, 43]
    assert camp.create_model("sign_net_stn", width=4, image_size=side)(images).shape == [2, 43]


def test_the_transformer_begins_by_changing_next_to_nothing():
    paddle.seed(0)
    look, images = SpatialTransformer(3, 32), paddle.rand([4, 3, 32, 32])
    look.eval()
    np.testing.assert_allclose(look.maps(images).numpy(), np.tile(np.eye(2, 3), (4, 1, 1)), atol=0.02)
    assert float((look(images) - images).abs().mean()) < 0.03


def fixed(look, numbers):
    """A transformer that gives every picture this affine map."""
    last, change = look.change[2], (np.asarray(numbers) - np.eye(2, 3).ravel()) / FARTHEST
    last.weight.set_value(paddle.zeros_like(last.weight))
    last.bias.set_value(paddle.to_tensor(np.arctanh(change).astype("float32")))
    return look


def test_it_shows_what_its_map_says():
    images = paddle.rand([2, 3, 32, 32])
    look = SpatialTransformer(3, 32)
    look.eval()
    same = fixed(look, [1, 0, 0, 0, 1, 0])(images)
    np.testing.assert_allclose(same.numpy(), images.numpy(), atol=1e-5)
    near = fixed(look, [0.75, 0, 0, 0, 0.75, 0])(images).numpy()  # the middle 24 x 24 pixels fill the frame
    expected = np.stack([cv2.resize(each[:, 4:28, 4:28].T, (32, 32)).T for each in images.numpy()])
    np.testing.assert_allclose(near[..., 1:-1, 1:-1], expected[..., 1:-1, 1:-1], atol=1e-4)
    aside = fixed(look, [1, 0, 2 * 4 / 32, 0, 1, 0])(images).numpy()  # four pixels to the right; the edge goes on
    np.testing.assert_allclose(aside[..., :-4], images.numpy()[..., 4:], atol=1e-5)
    np.testing.assert_allclose(aside[..., -4:], np.repeat(images.numpy()[..., -1:], 4, axis=-1), atol=1e-5)


def test_it_learns_to_look_at_the_bright_square():
    """Only a transformer that moves can please a loss on the middle of the picture."""
    paddle.seed(0)
    rng = np.random.default_rng(0)
    images = np.zeros((32, 1, 32, 32), np.float32)
    for image, (row, column) in zip(images, rng.integers(8, 16, (32, 2)), strict=True):
        image[0, row : row + 8, column : column + 8] = 1
        image[0] = cv2.GaussianBlur(image[0], (0, 0), 2)  # so that what lies beside it says where it is
    look, x = SpatialTransformer(1, 32), paddle.to_tensor(images)
    optimizer = paddle.optimizer.Adam(0.003, parameters=look.parameters())

    def brightness():
        return look(x)[:, :, 12:20, 12:20].mean()

    before = float(brightness())
    for _ in range(40):
        loss = -brightness()
        loss.backward()
        optimizer.step()
        optimizer.clear_grad()
    assert float(brightness()) > before + 0.15


@pytest.mark.parametrize("name", ["sign_net", "sign_net_stn"])
def test_layers_of_onednn_and_of_paddle_agree(name):
    paddle.seed(0)
    model, x = camp.create_model(name, width=8), paddle.randn([2, 3, 32, 32])
    model.eval()
    found = model(x).numpy()
    with camp.paddle_operators():
        expected = model(x).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-4)
