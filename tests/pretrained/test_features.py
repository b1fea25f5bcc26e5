"""Features: once for each picture, found again whatever is asked for with it, and made anew where a file is damaged."""

from __future__ import annotations

import logging
import os
import re
import zipfile
from dataclasses import replace

import numpy as np
import paddle
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import paddle_camp as camp
from paddle_camp.data.image_set import ImageSet
from paddle_camp.errors import SettingError
from paddle_camp.networks.calling import outputs_of
from paddle_camp.preprocessing import PICTURES, PICTURES_IMAGENET
from paddle_camp.pretrained import blocks, features
from paddle_camp.pretrained.features import FeatureExtractor
from paddle_camp.pretrained.published import PUBLISHED
from paddle_camp.speed.onednn.weights import constant_weights
from tests.helpers.packages import needs_lite
from tests.helpers.zoo import LARGE

SIDE = 32
SLOW = pytest.param("googlenet", marks=pytest.mark.slow)  # 224 x 224 only


def pictures(count: int, seed: int = 0, side: int = SIDE) -> ImageSet:
    images = np.random.default_rng(seed).integers(0, 256, (count, 3, side, side), np.uint8)
    return ImageSet(images, np.arange(count) % 2, tuple(map(str, range(count))))


def network(seed: int = 0, **arguments) -> paddle.nn.Layer:
    paddle.seed(seed)
    return camp.create_model("resnet18", **{"num_classes": 2} | arguments)


@pytest.fixture
def extractor(tmp_path, monkeypatch) -> FeatureExtractor:
    monkeypatch.setattr(features, "BLOCK", 8)
    return FeatureExtractor(network(), PICTURES, folder=tmp_path)


def files(extractor: FeatureExtractor) -> list:
    return sorted((extractor.folder / extractor.key).glob("*"))


def test_pooled_features_and_the_head_are_the_network(extractor):
    """They are those of evaluation mode, although the network is being trained otherwise."""
    data = pictures(20)
    extractor.model.train()
    found = extractor.extract(data, quiet=True)
    assert (found.values.shape, found.values.dtype, found.computed) == ((20, 512), np.float32, 20)
    assert found.bytes == 20 * 512 * 4 and found.seconds > 0
    with constant_weights():  # norms folded, as in the extraction
        whole = outputs_of(extractor.model, data.kind.scale(data.images))
    with paddle.no_grad():
        headed = extractor.model.fc(paddle.to_tensor(found.values)).numpy()
    np.testing.assert_allclose(headed, whole, atol=1e-5)
    assert extractor.model.training and all(p.stop_gradient for p in extractor.model.parameters())


def test_a_grid_has_the_pooled_features_as_its_mean(tmp_path):
    data, model = pictures(3, side=64), network()
    grid = FeatureExtractor(model, PICTURES, "grid", tmp_path).extract(data, quiet=True).values
    pooled = FeatureExtractor(model, PICTURES, folder=tmp_path).extract(data, quiet=True).values
    assert grid.shape == (3, 512, 2, 2)
    # Every layer is watched for the grid, so its convolutions are computed by themselves and not with their norms.
    np.testing.assert_allclose(grid.mean((2, 3)), pooled, atol=1e-5 * pooled.max())


def test_a_layer_by_its_name(tmp_path):
    named = FeatureExtractor(network(), PICTURES, "layer2", tmp_path).extract(pictures(2), quiet=True)
    assert named.values.shape == (2, 128, SIDE // 8, SIDE // 8)
    with pytest.raises(SettingError, match="layer='layer9': give pooled, grid, or a layer's name such as fc"):
        FeatureExtractor(network(), PICTURES, "layer9", tmp_path)


@pytest.mark.parametrize(
    "name", ["mobilenet_v2", pytest.param("googlenet", marks=pytest.mark.slow), "efficientnet_lite0"]
)
def test_networks_with_published_weights_have_features(name, tmp_path):
    side = 224 if name in LARGE else 64
    model = camp.create_model(name, **PUBLISHED[name].arguments | {"num_classes": 2})
    pooled = FeatureExtractor(model, PUBLISHED[name].kind, folder=tmp_path).extract(pictures(1, side=side), quiet=True)
    grid = FeatureExtractor(model, PUBLISHED[name].kind, "grid", tmp_path).extract(pictures(1, side=side), quiet=True)
    assert pooled.values.shape[1:] == grid.values.shape[1:2] and min(grid.values.shape[2:]) > 1


def test_nothing_is_computed_twice(extractor, monkeypatch):
    data = pictures(20)
    first = extractor.extract(data, quiet=True)
    assert len(files(extractor)) == 3  # 8 + 8 + 4
    again = FeatureExtractor(network(), PICTURES, folder=extractor.folder)
    monkeypatch.setattr(again, "_compute", None)
    order = np.random.default_rng(1).permutation(20)[:13]
    found = again.extract(data.take(order), quiet=True)
    np.testing.assert_array_equal(found.values, first.values[order])
    assert found.computed == 0 and found.bytes == 13 * 512 * 4 and 0 < found.seconds < first.seconds


def test_the_bits_do_not_depend_on_the_other_pictures(extractor, tmp_path):
    data = pictures(40)
    whole = extractor.extract(data, quiet=True).values
    other = FeatureExtractor(network(), PICTURES, folder=tmp_path / "other")
    np.testing.assert_array_equal(
        other.extract(data.take(np.array([39, 3, 17])), quiet=True).values, whole[[39, 3, 17]]
    )


def test_a_picture_that_stands_there_twice_is_computed_once(extractor):
    data = pictures(4).take(np.array([0, 1, 0, 2, 0]))
    values = extractor.extract(data, quiet=True).values
    np.testing.assert_array_equal(values[0], values[4])
    (file,) = files(extractor)
    with np.load(file) as kept:
        assert kept["keys"].shape == (3, 16) and kept["features"].shape == (3, 512)


def test_what_it_is_kept_under(extractor, tmp_path):
    """The weights, the scaling and the layer; not a head that is not asked for."""
    head = network()
    head.fc.weight.set_value(head.fc.weight + 1)
    assert FeatureExtractor(head, PICTURES).key == extractor.key
    trained = network()
    trained.layer1[0].conv1.weight.set_value(trained.layer1[0].conv1.weight * 1.001)
    others = [FeatureExtractor(trained, PICTURES), FeatureExtractor(network(), PICTURES_IMAGENET)]
    others += [FeatureExtractor(network(), PICTURES, "grid"), FeatureExtractor(head, PICTURES, "fc")]
    keys = [each.key for each in others]
    assert len({*keys, extractor.key}) == 5 and FeatureExtractor(network(), PICTURES, "fc").key not in keys


def test_random_weights_are_always_the_same():
    """Without the extra a resumed run, and the next one, find their features."""
    weights = replace(camp.find_weights("efficientnet_lite0"), path=None)
    paddle.seed(5)
    drawn = paddle.rand([2]).numpy()
    paddle.seed(5)
    first = FeatureExtractor.of(weights)
    np.testing.assert_array_equal(paddle.rand([2]).numpy(), drawn)  # what is drawn after it stays the same
    assert FeatureExtractor.of(weights).key == first.key


def test_an_interrupted_computation_goes_on_where_it_was(extractor, monkeypatch):
    data, compute, calls = pictures(20), extractor._compute, []

    def stopped(images):
        calls.append(len(images))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return compute(images)

    monkeypatch.setattr(extractor, "_compute", stopped)
    with pytest.raises(KeyboardInterrupt):
        extractor.extract(data, quiet=True)
    assert [file.suffix for file in files(extractor)] == [".npz"]  # whole files only
    assert extractor.extract(data, quiet=True).computed == 12
    assert calls == [8, 8, 8, 4]


def cut(path):
    path.write_bytes(path.read_bytes()[:-300])


def flipped(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def rewritten(**changes):
    def change(path):
        with np.load(path) as archive:
            arrays = dict(archive)
        np.savez(path.open("wb"), **arrays | {name: make(arrays) for name, make in changes.items()})

    return change


def bomb(path):
    """A small file that says it holds a gigabyte."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("keys.npy", "w") as member:
        member.write(bytes(1 << 20))


DAMAGE = {
    "cut": cut,
    "a bit": flipped,
    "empty": lambda path: path.write_bytes(b""),
    "no zip": lambda path: path.write_bytes(b"features"),
    "too large": bomb,
    "another shape": rewritten(features=lambda arrays: arrays["features"][:, :5]),
    "doubles": rewritten(features=lambda arrays: arrays["features"].astype(np.float64)),
    "NaN": rewritten(features=lambda arrays: np.full_like(arrays["features"], np.nan)),
    "objects": rewritten(features=lambda arrays: np.array([print], object)),
    "other keys": rewritten(keys=lambda arrays: arrays["keys"][::-1]),
    "keys twice": rewritten(keys=lambda arrays: arrays["keys"].repeat(2, axis=0)[: len(arrays["keys"])]),
    "seconds": rewritten(seconds=lambda arrays: np.float64(-1)),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_file_costs_one_line(extractor, caplog, kind):
    data = pictures(12)
    right = extractor.extract(data, quiet=True).values
    DAMAGE[kind](files(extractor)[0])
    with caplog.at_level(logging.WARNING):
        found = extractor.extract(data, quiet=True)
    np.testing.assert_array_equal(found.values, right)
    assert found.computed in (4, 8)
    (line,) = [record.getMessage() for record in caplog.records]
    assert re.search(r"\.npz cannot be used \(.*\); they are computed again$", line) and "\n" not in line
    caplog.clear()
    assert extractor.extract(data, quiet=True).computed == 0 and not caplog.records


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400))
def test_no_file_is_trusted(tmp_path, content):
    folder = tmp_path / "blocks"
    folder.mkdir(exist_ok=True)
    (folder / "a.npz").write_bytes(content)
    assert list(blocks.Blocks(folder, (2,)).read({bytes(16)})) == []


def test_a_pipe_and_a_folder_are_passed_over(extractor):
    data = pictures(3)
    extractor.extract(data, quiet=True)
    place = extractor.folder / extractor.key
    os.mkfifo(place / "pipe.npz")
    (place / "folder.npz").mkdir()
    assert extractor.extract(data, quiet=True).computed == 0


def test_a_disk_that_cannot_be_written_costs_time_only(tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    extractor = FeatureExtractor(network(), PICTURES, folder=tmp_path / "file")
    with caplog.at_level(logging.WARNING):
        assert extractor.extract(pictures(2), quiet=True).values.shape == (2, 512)
    assert "features are not kept" in caplog.text


def test_what_is_said(extractor, capsys):
    extractor.extract(pictures(5))
    extractor.extract(pictures(6))
    place = extractor.folder / extractor.key
    lines = [f"features: 5 pictures, 0 of them from {place}", f"features: 6 pictures, 5 of them from {place}"]
    assert capsys.readouterr().err.splitlines() == lines
    with pytest.raises(SettingError, match="there are no pictures"):
        extractor.extract(pictures(1).take(np.array([], np.int64)))


@needs_lite
def test_the_real_weights_are_loaded_once_and_keep_their_place(tmp_path):
    weights = camp.find_weights("efficientnet_lite0")
    first, again = (FeatureExtractor.of(weights, folder=tmp_path) for _ in range(2))
    found = first.extract(pictures(2), quiet=True)
    assert found.values.shape == (2, 1280) and again.extract(pictures(2), quiet=True).computed == 0
