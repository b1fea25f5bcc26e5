"""A network is called with any number of inputs and of rows."""

from __future__ import annotations

import numpy as np
import paddle
from paddle import nn

from paddle_camp.networks import calling
from tests.helpers.toys import ToyNet, toy_images


def test_a_tuple_is_several_inputs_and_a_dict_several_named_ones():
    model = nn.Bilinear(2, 3, 1)
    x1, x2 = paddle.ones([4, 2]), paddle.ones([4, 3])
    found = [calling.call(model, inputs).numpy() for inputs in ((x1, x2), [x1, x2], {"x1": x1, "x2": x2})]
    assert all(np.array_equal(each, model(x1, x2).numpy()) for each in found)


def test_outputs_come_in_order_in_evaluation_mode_and_a_few_rows_at_a_time(monkeypatch):
    monkeypatch.setattr(calling, "AT_ONCE", 5)
    model, images = ToyNet(), toy_images(12).images.astype("float32") / 255
    model.train()
    seen: list[int] = []
    model.register_forward_pre_hook(lambda layer, inputs: seen.append(len(inputs[0])))
    found = calling.outputs_of(model, images)
    assert seen == [5, 5, 2] and model.training and model.dropout.training
    model.eval()
    np.testing.assert_allclose(found, model(paddle.to_tensor(images)).numpy(), rtol=1e-5, atol=1e-6)
    assert calling.outputs_of(model, images, model.conv).shape == (12, 4, 6, 6)
