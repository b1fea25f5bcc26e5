"""Counts of parameters and multiply-adds, against numbers worked out by hand and against paddle.flops."""

from __future__ import annotations

import paddle
import pytest
from paddle import nn

from paddle_camp import create_model, models
from paddle_camp.errors import SettingError
from paddle_camp.networks.freezing import freeze
from paddle_camp.networks.summary import (
    check_input_shape,
    count_parameters,
    layer_outputs,
    layer_rows,
    multiply_adds,
    sample_multiply_adds,
)


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


class TwoInputs(nn.Layer):
    """A picture and a row of numbers, by position or by name."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2D(3, 2, 3)
        self.words = nn.Linear(5, 4)
        self.out = nn.Linear(2 * 36 + 4, 1)

    def forward(self, images, words):
        return self.out(paddle.concat([self.conv(images).flatten(1), self.words(words)], axis=1))


@pytest.mark.parametrize("shape", [((2, 3, 8, 8), (2, 5)), {"words": (2, 5), "images": (2, 3, 8, 8)}])
def test_a_network_of_several_inputs_is_counted_by_their_shapes(shape):
    model = TwoInputs()
    rows = layer_rows(model, shape)
    assert [(row.name, row.output) for row in rows] == [("conv", (2, 2, 6, 6)), ("words", (2, 4)), ("out", (2, 1))]
    assert [row.multiply_adds for row in rows] == [2 * 2 * 36 * 27, 2 * 4 * 5, 2 * 76]
    check_input_shape(model, shape, "two")


def test_what_several_inputs_do_not_fit_is_said():
    with pytest.raises(SettingError, match="model=two does not take pictures of 3 x 8 x 9 and inputs of 5: "):
        check_input_shape(TwoInputs(), ((1, 3, 8, 9), (1, 5)), "two")
    with pytest.raises(SettingError, match="model=two does not take images: pictures of 3 x 8 x 9, words: inputs of 5"):
        check_input_shape(TwoInputs(), {"images": (1, 3, 8, 9), "words": (1, 5)}, "two")
    with pytest.raises(SettingError, match=r"model=two does not take pictures of 3 x 8 x 8: .*TypeError.*words"):
        check_input_shape(TwoInputs(), (1, 3, 8, 8), "two")


class Recurrent(nn.Layer):
    """A layer that gives several tensors, and one that gives none."""

    class Log(nn.Layer):
        def forward(self, x):
            return None

    def __init__(self):
        super().__init__()
        self.cell, self.log, self.out = nn.LSTMCell(4, 6), self.Log(), nn.Linear(6, 2)

    def forward(self, x):
        self.log(x)
        return self.out(self.cell(x)[0])


def test_a_layer_that_gives_several_tensors_or_none():
    rows = layer_rows(Recurrent(), (3, 4))
    assert [(row.name, row.output) for row in rows] == [("cell", (3, 6)), ("out", (3, 2))]
    assert sample_multiply_adds(Recurrent(), (4,)) == 12
    assert list(layer_outputs(Recurrent(), paddle.ones([3, 4]))) == ["cell", "out"]


class Words(nn.Layer):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(10, 4)

    def forward(self, words):
        return self.table(words["ids"])


@pytest.mark.parametrize("model", [TwoInputs, Words, lambda: create_model("vgg11")])
def test_a_network_that_does_not_take_the_sample_counts_as_nothing(model):
    assert sample_multiply_adds(model(), (7, 8, 8)) == 0


def test_a_frozen_batch_norm_is_left_as_it_is():
    model = freeze(create_model("lenet", batch_norm=True))
    check_input_shape(model, (1, 1, 28, 28), "lenet")
    assert model.training and not model.norms[0].training
