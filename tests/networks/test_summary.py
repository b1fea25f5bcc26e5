"""Counts of parameters and multiply-adds, against numbers worked out by hand and against paddle.flops."""

from __future__ import annotations

import paddle
import pytest
from paddle import nn

from paddle_camp import create_model, models
from paddle_camp.errors import SettingError
from paddle_camp.networks.summary import check_input_shape, count_parameters, layer_rows, multiply_adds


def test_a_convolution_and_a_linear_layer_by_hand():
    assert multiply_adds(nn.Conv2D(3, 64, 3, padding=1), (1, 64, 224, 224)) == 64 * 224 * 224 * 27
    assert multiply_adds(nn.Conv2D(8, 8, 3, groups=8), (2, 8, 5, 5)) == 2 * 8 * 25 * 9
    assert multiply_adds(nn.Linear(30, 4), (7, 4)) == 7 * 4 * 30
    assert multiply_adds(nn.ReLU(), (7, 4)) == 0


def test_rows_come_in_the_order_of_the_computation_and_add_up():
    model = create_model("lenet")
    rows = layer_rows(model, (2, 1, 28, 28))
    kinds = [row.name for row in rows if row.parameters]
    assert kinds == ["conv1", "conv2", "conv3", "fc1", "fc2"]
    assert [row.output for row in rows if row.name == "conv2"] == [(2, 16, 8, 8)]
    assert sum(row.parameters for row in rows) == count_parameters(model) == 41_806


def test_probing_leaves_the_model_as_it_was():
    model = create_model("lenet", batch_norm=True)
    model.train()
    before = {key: value.numpy().copy() for key, value in model.state_dict().items()}
    layer_rows(model, (1, 1, 28, 28))
    assert model.training
    assert all((before[key] == value.numpy()).all() for key, value in model.state_dict().items())
    assert len(layer_rows(model, (1, 1, 28, 28))) == len(layer_rows(model, (1, 1, 28, 28)))  # hooks are gone


# Multiply-adds at 224 x 224 in millions, of convolutions and linear layers, as the papers and torchvision give them.
MILLIONS = {"alexnet": 714, "vgg16": 15_470, "resnet18": 1_814, "resnet50": 4_089, "mobilenet_v2": 301}


@pytest.mark.parametrize("name", ["alexnet", "resnet18", "resnet50", "mobilenet_v2"])
def test_multiply_adds_of_published_networks(name):
    rows = layer_rows(create_model(name), (1, 3, 224, 224))
    assert sum(row.multiply_adds for row in rows) / 1e6 == pytest.approx(MILLIONS[name], abs=1)


def test_the_summary_prints_every_layer_and_the_sums(capsys):
    models.summary("lenet", (1, 1, 28, 28))
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split()[:2] == ["conv1", "Conv2D"] and "1 x 6 x 24 x 24" in lines[1]
    # conv1 6x24x24x25, conv2 16x8x8x150, conv3 120x256, fc1 120x64, fc2 64x10
    assert lines[-1].split() == ["total", "41,806", f"{86_400 + 153_600 + 30_720 + 7_680 + 640:,}"]


def plain_network():
    return nn.Sequential(nn.Conv2D(3, 8, 3, bias_attr=False), nn.Flatten(), nn.Linear(8 * 36, 5, bias_attr=False))


def test_agrees_with_paddle_flops_where_that_is_right():
    """Without biases both count a multiply-add once; paddle.flops adds the biases, ReLUs, norms and pools."""
    ours = sum(row.multiply_adds for row in layer_rows(plain_network(), (1, 3, 8, 8)))
    try:
        theirs = paddle.flops(plain_network(), [1, 3, 8, 8])
    except TypeError as error:  # Paddle 3.3.1 on numpy 2.4
        pytest.skip(f"paddle.flops does not run with this numpy: {error}")
    assert ours == theirs


def test_agrees_with_paddle_summary_where_that_is_right(capsys):
    """paddle.summary counts the running statistics of a batch norm as parameters, though nothing trains them."""
    assert count_parameters(plain_network()) == paddle.summary(plain_network(), (1, 3, 8, 8))["total_params"]
    model = create_model("resnet18")
    statistics = sum(p.size for p in model.parameters() if p.stop_gradient)
    theirs = paddle.summary(model, (1, 3, 64, 64))["total_params"]
    assert statistics == 9_600
    assert theirs == count_parameters(model) + statistics


def test_a_size_that_only_the_heads_of_training_refuse_is_found_before_training():
    check_input_shape(create_model("googlenet", auxiliary=False, num_classes=2), (1, 3, 128, 128), "googlenet")
    model = create_model("googlenet", num_classes=2)
    before = {key: value.numpy().copy() for key, value in model.state_dict().items()}
    with pytest.raises(SettingError, match="model=googlenet does not take pictures of 3 x 128 x 128"):
        check_input_shape(model, (1, 3, 128, 128), "googlenet")
    assert all((before[key] == value.numpy()).all() for key, value in model.state_dict().items())
    norm = create_model("lenet", batch_norm=True)
    statistics = norm.norms[0]._mean.numpy().copy() if hasattr(norm.norms[0], "_mean") else None
    check_input_shape(norm, (1, 1, 28, 28), "lenet")
    assert norm.training
    assert statistics is None or (norm.norms[0]._mean.numpy() == statistics).all()
