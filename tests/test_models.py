"""Every registered network: shape, gradient on every parameter, parameter count, parity with paddle.vision."""

import paddle
import paddle.vision.models as reference
import pytest

from paddle_camp import create_model, list_models, register_model
from paddle_camp.errors import SettingError

# At 1000 classes and 3 channels; from the papers' families as counted by torchvision and paddle.vision.models.
PARAMETERS = {
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "resnet101": 44_549_160,
    "resnet152": 60_192_808,
}
DEEP = {"resnet101", "resnet152"}  # no shorter to test, no different in kind


def count(model) -> int:
    return sum(p.size for p in model.parameters() if not p.stop_gradient)


def test_every_model_has_its_count_here():
    assert sorted(PARAMETERS) == list_models()


@pytest.mark.parametrize("name", list_models())
def test_parameter_count(name):
    assert count(create_model(name)) == PARAMETERS[name]


@pytest.mark.parametrize("name", list_models())
def test_same_output_as_paddle_vision_with_its_weights(name):
    paddle.seed(1)
    theirs = getattr(reference, name)(pretrained=False)
    ours = create_model(name)
    missing, unexpected = ours.set_state_dict(theirs.state_dict())
    assert not missing and not unexpected
    # Fresh running statistics (0, 1) let the activations of 152 layers grow: one training pass makes them real ones.
    images = paddle.randn([2, 3, 64, 64])
    theirs.train()
    with paddle.no_grad():
        for _ in range(3):
            theirs(images)
    ours.set_state_dict(theirs.state_dict())
    theirs.eval(), ours.eval()
    with paddle.no_grad():
        difference = float((theirs(images) - ours(images)).abs().max())
    assert difference < 1e-4
    assert count(ours) == count(theirs)


@pytest.mark.parametrize("name", [name for name in list_models() if name not in DEEP])
@pytest.mark.parametrize(("num_classes", "in_channels"), [(1, 3), (7, 1)])
def test_shape_and_a_gradient_on_every_parameter(name, num_classes, in_channels):
    paddle.seed(0)
    model = create_model(name, num_classes=num_classes, in_channels=in_channels)
    output = model(paddle.randn([2, in_channels, 64, 64]))
    assert output.shape == [2, num_classes]
    (output**2).sum().backward()
    for key, parameter in model.named_parameters():
        if key.endswith(("._mean", "._variance")):  # running statistics: Paddle counts them as parameters
            continue
        assert not parameter.stop_gradient
        assert parameter.grad is not None, f"{key} has no gradient"
        assert float(parameter.grad.abs().sum()) > 0, f"{key} has a gradient of zero"


def test_the_stride_of_a_bottleneck_is_in_its_3x3():
    block = create_model("resnet50").layer2[0]
    images = paddle.randn([1, 256, 8, 8])
    narrow = block.conv1(images)
    assert narrow.shape == [1, 128, 8, 8]
    assert block.conv2(narrow).shape == [1, 128, 4, 4]


def test_a_small_network_can_learn_four_pictures_by_heart():
    paddle.seed(0)
    model = create_model("resnet18", num_classes=2)
    optimizer = paddle.optimizer.Momentum(0.01, 0.9, parameters=model.parameters())
    images, labels = paddle.randn([4, 3, 32, 32]), paddle.to_tensor([0, 1, 0, 1])
    for _ in range(20):
        loss = paddle.nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        optimizer.clear_grad()
    assert float(loss) < 0.1


def test_an_unknown_name_lists_the_zoo():
    with pytest.raises(SettingError, match=r"no model 'resnet5': did you mean 'resnet50'.*resnet18, .*resnet50"):
        create_model("resnet5")


def test_a_name_cannot_be_taken_twice():
    def resnet18():
        raise AssertionError("never built")

    with pytest.raises(ValueError, match="'resnet18' is registered already"):
        register_model(resnet18)
