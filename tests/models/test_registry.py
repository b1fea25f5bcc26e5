"""The registry: names, which pictures a network is made for, and what is refused in one line."""

from __future__ import annotations

import numpy as np
import paddle
import pytest
from paddle import nn

from paddle_camp import ImageSet, create_model, list_models, models, register_model
from paddle_camp.errors import SettingError
from paddle_camp.models import check_input, create_for, input_shape, kind_of, model_arguments, registry
from paddle_camp.networks.summary import layer_rows
from paddle_camp.preprocessing import DIGITS, FUNDUS, PICTURES
from tests.helpers.toys import toy_images

FOR_DIGITS = {"lenet", "mlp_linear", "mlp_relu", "mlp_bn", "two_conv_net", "simple_cnn", "deep_conv_net", "digit_net"}


@pytest.fixture(autouse=True)
def what_is_registered_here_is_forgotten(monkeypatch):
    monkeypatch.setattr(registry, "_ENTRIES", registry.entries())


def pooled(num_classes=2, in_channels=3):
    """A network of one's own, for pictures of any size."""
    return nn.Sequential(nn.Conv2D(in_channels, 4, 3), nn.AdaptiveAvgPool2D(1), nn.Flatten(), nn.Linear(4, num_classes))


def fully_connected(num_classes=2, in_channels=3, image_size=8):
    return nn.Sequential(nn.Flatten(), nn.Linear(in_channels * image_size**2, num_classes))


def test_every_network_knows_its_input():
    shapes = {name: input_shape(name) for name in list_models()}
    assert {name for name, shape in shapes.items() if shape == (1, 28, 28)} == FOR_DIGITS
    assert {name for name, shape in shapes.items() if shape == (3, 32, 32)} == {"sign_net", "sign_net_stn"}
    assert {name for name, shape in shapes.items() if shape == (3, 66, 200)} == {"pilot_net"}
    assert set(shapes.values()) == {(1, 28, 28), (3, 32, 32), (3, 66, 200), (3, 224, 224)}
    assert input_shape("resnet18", 64) == (3, 64, 64) and input_shape("lenet", 32) == (1, 32, 32)
    assert kind_of("lenet_fundus") is FUNDUS and kind_of("resnet18") is PICTURES


@pytest.mark.parametrize("name", sorted(FOR_DIGITS))
def test_the_networks_for_digits_take_other_pictures_as_well(name):
    arguments = model_arguments(name, 3, 3, 40)
    assert arguments == {"num_classes": 3, "in_channels": 3, "image_size": 40}
    assert layer_rows(create_model(name, **arguments), (2, 3, 40, 40))[-1].output == (2, 3)


def test_only_a_network_that_asks_for_it_gets_the_size():
    assert model_arguments("resnet18", 2, 3, 64) == {"num_classes": 2, "in_channels": 3}
    register_model(pooled)
    register_model(fully_connected)  # it names image_size
    assert "image_size" not in model_arguments("pooled", 2, 3, 64)
    assert model_arguments("fully_connected", 2, 3, 64)["image_size"] == 64
    register_model(takes_image_size=True)(pooled)
    assert model_arguments("pooled", 2, 3, 64)["image_size"] == 64


def test_a_network_is_built_for_a_kind_or_for_data():
    model = create_for("resnet18", DIGITS)
    assert model.fc.weight.shape == [512, 10] and model.conv1.weight.shape[1] == 1
    assert create_for("lenet", DIGITS, num_classes=4, activation="relu").fc2.weight.shape == [64, 4]
    register_model(fully_connected)
    assert layer_rows(create_for("fully_connected", toy_images(size=12)), (5, 3, 12, 12))[-1].output == (5, 2)


def test_pictures_that_a_network_does_not_take_are_one_line():
    check_input("mlp_relu", toy_images(size=12))
    check_input("resnet18", DIGITS)
    with pytest.raises(SettingError, match=r"^model=alexnet does not take pictures of 1 x 28 x 28: try another image"):
        check_input("alexnet", DIGITS)
    with pytest.raises(SettingError, match="model=mine does not take pictures of 3 x 8 x 8"):
        check_input("mine", toy_images(), fully_connected(image_size=9))
    wide = ImageSet(np.zeros((2, 3, 8, 16), np.uint8), np.array([0, 1]), ("a", "b"))
    with pytest.raises(SettingError, match="model=mine does not take pictures of 3 x 8 x 16"):
        check_input("mine", wide, fully_connected(image_size=8))


class Faulty(nn.Layer):
    def __init__(self, num_classes=2, in_channels=3):
        super().__init__()

    def forward(self, images):
        return images.no_such_thing


def test_a_fault_in_a_network_of_ones_own_is_said():
    register_model(Faulty)  # a class is a builder too
    with pytest.raises(SettingError, match=r"model=Faulty does not take .*\(AttributeError: .*no_such_thing"):
        check_input("Faulty", toy_images())


def test_an_argument_or_a_network_that_is_none_is_one_line():
    @register_model
    def forgetful(num_classes=2):
        pooled(num_classes)

    with pytest.raises(SettingError, match="model=forgetful is not built with .*unexpected keyword argument 'in_chann"):
        create_model("forgetful", num_classes=2, in_channels=1)
    with pytest.raises(SettingError, match="model=forgetful: its builder gives NoneType, not a network"):
        create_model("forgetful")


def test_an_unknown_name_lists_the_zoo_and_how_to_add_to_it():
    with pytest.raises(SettingError, match=r"no model 'resnet5': did you mean 'resnet50'.*resnet18, .*resnet50") as it:
        create_model("resnet5")
    assert str(it.value).endswith("one of your own is registered by --import FILE")
    for call in (input_shape, models.summary, lambda name: check_input(name, DIGITS)):
        with pytest.raises(SettingError, match="no model 'resnet5'"):
            call("resnet5")


def test_a_cell_that_runs_again_replaces_its_network():
    cell = "@register_model\ndef mine(num_classes=2, in_channels=3):\n    return fully_connected(image_size={})"
    for size in (8, 9):
        exec(cell.format(size), {**globals(), "__name__": "__main__"})
    assert create_model("mine")[1].weight.shape == [243, 2]
    with pytest.raises(ValueError, match="'mine' is registered already, in __main__"):
        exec(cell.format(10), {**globals(), "__name__": "other"})
    assert create_model("mine")[1].weight.shape == [243, 2]


def test_a_name_of_the_zoo_cannot_be_taken():
    def resnet18():
        raise AssertionError("never built")

    with pytest.raises(ValueError, match=r"'resnet18' is registered already, in paddle_camp\.models\.resnet"):
        register_model(resnet18)


@pytest.mark.parametrize(("name", "first"), [("lenet", "1 x 6 x 24 x 24"), ("resnet18", "1 x 64 x 112 x 112")])
def test_the_summary_is_of_the_networks_own_input(name, first, capsys):
    models.summary(name)
    assert first in capsys.readouterr().out.splitlines()[1]
    models.summary("mlp_relu", (5, 1, 28, 28), num_classes=3)
    assert "5 x 3" in capsys.readouterr().out
    assert paddle.is_grad_enabled()
