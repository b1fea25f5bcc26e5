"""Networks with pretrained weights: Paddle's give Paddle's logits, EfficientNet's PyTorch's; the head is swapped."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import paddle
import paddle.vision.models as reference
import pytest

from paddle_camp import create_model, find_weights, paddle_operators
from paddle_camp.data.info import DataInfo
from paddle_camp.data.pictures.decoding import read_pictures
from paddle_camp.errors import CheckpointError
from paddle_camp.networks.weights import save_weights
from paddle_camp.predicting.picture_reader import READERS
from paddle_camp.predicting.saved_model import SavedModel, read_saved_model
from paddle_camp.preprocessing import PICTURES_LITE
from paddle_camp.pretrained.published import PUBLISHED
from tests.helpers.packages import needs_lite
from tests.helpers.toys import toy_images
from tests.helpers.toys import weights as weights_of
from tests.helpers.zoo import main_output, shape_of

LIGHT = ("resnet18", "mobilenet_v1", "mobilenet_v2", "googlenet", "densenet121")
OF_PADDLE = [
    pytest.param(name, marks=() if name in LIGHT else pytest.mark.slow)
    for name in PUBLISHED
    if name != "efficientnet_lite0"
]
HEADS = {
    **dict.fromkeys(("alexnet", "vgg16", "vgg19"), ("classifier.6",)),
    "googlenet": ("fc", "auxiliary1.fc2", "auxiliary2.fc2"),
}


@pytest.mark.parametrize("name", OF_PADDLE)
def test_a_file_of_paddles_network_gives_its_logits(name, tmp_path, capsys):
    """In the file the weights lie in another order than in the network; their names tell where they belong."""
    paddle.seed(1)
    theirs = getattr(reference, PUBLISHED[name].reference)(pretrained=False)
    state = theirs.state_dict()
    paddle.save(dict(reversed(state.items())), str(tmp_path / "theirs.pdparams"))
    weights = find_weights(name, tmp_path / "theirs.pdparams")
    ours = weights.create()
    assert capsys.readouterr().err == ""
    images = paddle.randn([2, *shape_of(name)])
    theirs.eval()
    ours.eval()
    with paddle.no_grad(), paddle_operators():
        assert np.array_equal(ours(images).numpy(), main_output(theirs(images)).numpy())

    two = weights.create(num_classes=2)
    said = capsys.readouterr().err
    heads = HEADS.get(name, ("fc",))
    drawn = {f"{head}.{part}" for head in heads for part in ("weight", "bias")}
    assert set(said.removeprefix(f"{name}: ").split(" drawn at random, for 2 classes; ")[0].split(", ")) == drawn
    same, full = weights_of(two), weights_of(ours)
    assert {key for key in full if same[key].shape != full[key].shape} == drawn
    assert all(np.array_equal(same[key], full[key]) for key in full.keys() - drawn)


def test_a_file_of_another_network_is_one_line(tmp_path):
    save_weights(create_model("resnet18"), tmp_path / "other.safetensors")
    with pytest.raises(CheckpointError, match="other.safetensors: these weights are not of this ResNet: layer1.0.c"):
        find_weights("resnet50", tmp_path / "other.safetensors").create(2)
    weights = find_weights("resnet18", tmp_path / "other.safetensors")
    with pytest.raises(CheckpointError, match=r"conv1.weight has shape \[64, 3, 7, 7\], the network wants \[64, 1, "):
        weights.create(2, in_channels=1)


def test_a_new_head_is_drawn_by_the_seed(tmp_path):
    save_weights(create_model("mobilenet_v1", num_classes=7), tmp_path / "seven.pdparams")
    weights = find_weights("mobilenet_v1", tmp_path / "seven.pdparams")
    heads = []
    for seed in (1, 1, 2):
        paddle.seed(seed)
        heads.append(weights.create(3).fc.weight.numpy())
    assert np.array_equal(heads[0], heads[1]) and not np.array_equal(heads[0], heads[2])


def test_random_ones_in_their_place_are_the_same_each_time():
    """What a head was fitted on is what the network with that head computes."""
    weights, networks = replace(find_weights("efficientnet_lite0"), path=None), []
    for seed, classes in ((1, 2), (2, 5)):
        paddle.seed(seed)
        networks.append(weights_of(weights.create(classes)))
    assert all(np.array_equal(value, networks[1][key]) for key, value in networks[0].items() if key[:3] != "fc.")


def test_pictures_are_prepared_as_the_network_was_trained():
    pictures = toy_images(4, size=8)
    weights = find_weights("efficientnet_lite0")
    prepared = weights.prepare(pictures)
    assert prepared.kind.scale is PICTURES_LITE.scale and prepared.kind.classes == pictures.kind.classes
    assert prepared.images is pictures.images and pictures.kind.name == "pictures"


def test_predict_reads_pictures_in_the_same_way(tmp_path):
    """The name of the kind is that of a reader, which stands in model.json."""
    weights = find_weights("efficientnet_lite0")
    saved = SavedModel("efficientnet_lite0", weights.kind.name, {"num_classes": 2}, classes=("cat", "dog"))
    saved.write(tmp_path, DataInfo("toys", "real", "/toys", {}))
    read = read_saved_model(tmp_path).inputs(tmp_path)
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)
    assert READERS[weights.kind.name].kind is weights.kind
    assert np.array_equal(read.arrays([pixels])[0], PICTURES_LITE.scale(pixels[None]))


@needs_lite
def test_efficientnets_logits_are_pytorchs():
    """Of a drawn picture, as PyTorch 2.13 computes them with the same file and explicit padding."""
    rows, columns = np.mgrid[:224, :224]
    picture = np.stack([rows, columns, rows * columns // 224]).astype(np.uint8)[None]
    model = find_weights("efficientnet_lite0").create()
    model.eval()
    with paddle.no_grad():
        logits = model(paddle.to_tensor(PICTURES_LITE.scale(picture))).numpy()[0]
    top = np.argsort(-logits)[:5]
    assert top.tolist() == [782, 534, 631, 499, 818]
    np.testing.assert_allclose(logits[top], [5.17082, 5.02284, 4.85295, 4.74093, 4.66459], atol=1e-4)
    assert (logits.mean(), logits.std()) == (pytest.approx(-0.05041, abs=1e-4), pytest.approx(1.37002, abs=1e-4))


@needs_lite
def test_efficientnet_knows_cats_from_dogs(real_data):
    """Of ImageNet's classes 151 to 268 are breeds of dogs, 281 to 285 of cats; of 200 others it saw 0.86 so."""
    folder = real_data / "dogs-vs-cats" / "train"
    if not folder.is_dir():
        pytest.skip(f"no {folder}")
    right = []
    weights = find_weights("efficientnet_lite0")
    model = weights.create()
    model.eval()
    for name, first, last in (("cat", 281, 285), ("dog", 151, 268)):
        files = sorted(folder.glob(f"{name}.*.jpg"))[:30]
        images = read_pictures(files, weights.kind.image_size)
        with paddle.no_grad():
            classes = model(paddle.to_tensor(weights.kind.scale(images))).numpy().argmax(axis=1)
        right += ((first <= classes) & (classes <= last)).tolist()
    assert len(right) == 60 and np.mean(right) > 0.75
