"""Every registered network can learn: its shape, a gradient on every parameter, four pictures by heart."""

from __future__ import annotations

import numpy as np
import paddle
import pytest

from paddle_camp import list_models
from tests.helpers.zoo import DIGITS, build, deep_ones_are_slow, main_output, shape_of


@pytest.mark.parametrize("name", deep_ones_are_slow(list_models()))
@pytest.mark.parametrize(("num_classes", "in_channels"), [(1, 3), (7, 1)])
def test_shape_and_a_gradient_on_every_parameter(name, num_classes, in_channels):
    paddle.seed(0)
    model = build(name, num_classes=num_classes, in_channels=in_channels)
    outputs = model(paddle.randn([2, in_channels, *shape_of(name)[1:]]))
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    assert [output.shape for output in outputs] == [[2, num_classes]] * len(outputs)
    sum((output**2).sum() for output in outputs).backward()
    for key, parameter in model.named_parameters():
        if key.endswith(("._mean", "._variance")):  # running statistics: Paddle counts them as parameters
            continue
        assert not parameter.stop_gradient
        assert parameter.grad is not None, f"{key} has no gradient"
        assert float(parameter.grad.abs().sum()) > 0, f"{key} has a gradient of zero"


# Names -> (steps, rate) that suffice; the fast ones run always, the rest behind the marker.
BY_HEART = {
    **dict.fromkeys(DIGITS, (60, 0.05)),
    "simple_cnn": (60, 0.01),
    "deep_conv_net": (100, 0.005),
    "resnet18": (20, 0.01),
    "mobilenet_v2": (30, 0.01),
    "efficientnet_lite0": (30, 0.01),
    "small_conv_net": (40, 0.05),
    "sign_net": (40, 0.05),
    "sign_net_stn": (60, 0.02),
    "vgg11_bn": (20, 0.01),
}
FAST = BY_HEART.keys() - {"vgg11_bn"}  # its layers are the largest


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=() if n in FAST else pytest.mark.slow) for n in list_models()],
)
def test_every_network_can_learn_four_pictures_by_heart(name):
    steps, rate = BY_HEART.get(name, (150, 0.001))
    paddle.seed(0)
    options = {"activation": "relu"} if name in ("lenet", "lenet_fundus") else {}
    if name in ("deep_conv_net", "digit_net", "sign_net", "sign_net_stn"):
        options |= {"dropout": 0.0}  # the deep one drops half of the logits themselves
    model = build(name, num_classes=2, **options)
    kind = paddle.optimizer.Momentum if name in BY_HEART else paddle.optimizer.Adam
    optimizer = kind(rate if name in BY_HEART else 1e-4, parameters=model.parameters())
    rng = np.random.default_rng(0)
    images = paddle.to_tensor(rng.normal(size=(4, *shape_of(name))).astype("float32"))
    labels = paddle.to_tensor([0, 1, 0, 1])
    for _ in range(steps):
        loss = paddle.nn.functional.cross_entropy(main_output(model(images)), labels)
        loss.backward()
        optimizer.step()
        optimizer.clear_grad()
        if float(loss) < 0.1:
            return
    pytest.fail(f"the loss is still {float(loss):.3f} after {steps} steps")
