"""Weights files: what is written is what is read, as pickles of Paddle and as safetensors."""

from __future__ import annotations

import json
import struct

import numpy as np
import paddle
import pytest
from paddle import nn

from paddle_camp.errors import CheckpointError, SettingError
from paddle_camp.networks.weights import load_weights, read_arrays, save_weights
from tests.helpers.torch_files import save_as_torch
from tests.helpers.toys import ToyNet, same_bits, weights


@pytest.mark.parametrize("suffix", [".safetensors", ".pdparams"])
def test_there_and_back_bit_for_bit(tmp_path, suffix):
    paddle.seed(1)
    model, other = ToyNet(), ToyNet()
    path = tmp_path / f"net{suffix}"
    save_weights(model, path)
    assert not same_bits(weights(model), weights(other))
    load_weights(other, path)
    assert same_bits(weights(model), weights(other))
    assert list(tmp_path.iterdir()) == [path]


def test_another_ending_is_refused(tmp_path):
    with pytest.raises(SettingError, match="saved as .safetensors or .pdparams"):
        save_weights(ToyNet(), tmp_path / "net.pth")


HEADER = {"a": {"dtype": "F32", "shape": [1 << 60], "data_offsets": [0, 4]}}
UNKNOWN = {"a": {"dtype": "F8_E4M3", "shape": [4], "data_offsets": [0, 4]}}


def with_header(header: dict) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + b"1234"


@pytest.mark.parametrize(
    "content",
    [b"", b"abc", struct.pack("<Q", 2**62), with_header(HEADER), with_header(UNKNOWN), with_header({"a": 1})],
    ids=["empty", "short", "long header", "too few bytes", "8-bit floats", "no tensor"],
)
def test_a_damaged_safetensors_file_is_one_line(tmp_path, content):
    path = tmp_path / "gift.safetensors"
    path.write_bytes(content)
    with pytest.raises(
        CheckpointError, match="gift.safetensors: not a safetensors file of numbers, or damaged"
    ) as caught:
        read_arrays(path)
    assert "\n" not in str(caught.value)


def test_a_cut_safetensors_file_loads_nothing(tmp_path):
    model = ToyNet()
    save_weights(model, tmp_path / "net.safetensors")
    content = (tmp_path / "net.safetensors").read_bytes()
    (tmp_path / "cut.safetensors").write_bytes(content[:-1])
    before = {key: np.copy(value) for key, value in weights(model).items()}
    with pytest.raises(CheckpointError, match="cut.safetensors"):
        load_weights(model, tmp_path / "cut.safetensors")
    with pytest.raises(CheckpointError, match="nowhere.safetensors: no such file"):
        load_weights(model, tmp_path / "nowhere.safetensors")
    assert same_bits(before, weights(model))


def small(classes: int = 3) -> nn.Layer:
    """A square layer among them, which is as good a weight turned as not."""
    return nn.Sequential(nn.Conv2D(2, 4, 1), nn.BatchNorm2D(4), nn.Flatten(), nn.Linear(4, 4), nn.Linear(4, classes))


def of_pytorch(model: nn.Layer, path) -> None:
    """A file as PyTorch would write it of the same network, with other names and what Paddle does not have."""
    theirs = {"_mean": "running_mean", "_variance": "running_var"}
    arrays = {}
    for key, value in weights(model).items():
        layer, part = key.split(".")
        turned = np.ascontiguousarray(value.T) if value.ndim == 2 else value
        arrays[f"_{layer}.{theirs.get(part, part)}"] = turned
        if part == "_variance":
            arrays[f"_{layer}.num_batches_tracked"] = np.array(7)
    save_as_torch(arrays, path)


def test_a_file_of_pytorch_is_loaded_as_paddle_has_it(tmp_path):
    paddle.seed(1)
    model, other = small(), small()
    model[1]._mean.set_value(paddle.rand([4]))
    of_pytorch(model, tmp_path / "net.pth")
    assert load_weights(other, tmp_path / "net.pth") == []
    assert same_bits(weights(model), weights(other))


def test_a_new_head_stays_as_it_was_drawn(tmp_path):
    paddle.seed(1)
    model, other = small(), small(classes=5)
    before = weights(other)
    save_weights(model, tmp_path / "net.pdparams")
    of_pytorch(model, tmp_path / "net.pth")
    for name in ("net.pdparams", "net.pth"):
        with pytest.raises(CheckpointError, match=r"4.weight has shape \[4, 3\], the network wants \[4, 5\]"):
            load_weights(other, tmp_path / name)
        assert same_bits(before, weights(other))
        assert load_weights(other, tmp_path / name, new_head=True) == ["4.weight", "4.bias"]
        now = weights(other)
        assert all(np.array_equal(now[key], before[key]) for key in ("4.weight", "4.bias"))
        assert all(np.array_equal(now[key], value) for key, value in weights(model).items() if key[0] != "4")
        other.set_state_dict(before)


def test_a_new_head_is_for_other_classes_and_nothing_else(tmp_path):
    save_weights(small(), tmp_path / "net.pdparams")
    wide = nn.Sequential(nn.Conv2D(2, 5, 1), nn.BatchNorm2D(5), nn.Flatten(), nn.Linear(5, 4), nn.Linear(4, 3))
    two = nn.Sequential(nn.Conv2D(2, 4, 1), nn.BatchNorm2D(4), nn.Flatten(), nn.Linear(4, 6), nn.Linear(6, 3))
    no_head = nn.Sequential(nn.Conv2D(2, 4, 1), nn.BatchNorm2D(4), nn.Flatten(), nn.Linear(4, 4))
    for other in (wide, two, no_head):
        with pytest.raises(CheckpointError, match="these weights are not of this Sequential"):
            load_weights(other, tmp_path / "net.pdparams", new_head=True)


def test_names_say_where_the_order_does_not(tmp_path):
    paddle.seed(1)
    model, other = small(), small()
    shuffled = {f"theirs.{key}": value for key, value in reversed(weights(model).items())}
    paddle.save({key: paddle.to_tensor(value) for key, value in shuffled.items()}, str(tmp_path / "net.pdparams"))
    with pytest.raises(CheckpointError, match="0.weight is missing"):
        load_weights(other, tmp_path / "net.pdparams")
    load_weights(other, tmp_path / "net.pdparams", names={f"theirs.{key}": key for key in weights(model)})
    assert same_bits(weights(model), weights(other))


def test_a_bias_is_not_taken_for_a_weight_of_the_same_shape(tmp_path):
    """Of batch norms all four are alike in shape; their place alone would load them in any order."""
    save_weights(small(), tmp_path / "net.safetensors")
    arrays = read_arrays(tmp_path / "net.safetensors")
    arrays["1._mean"], arrays["1._variance"] = arrays.pop("1._variance"), arrays.pop("1._mean")
    swapped = {f"their {key}": paddle.to_tensor(value) for key, value in arrays.items()}
    paddle.save(swapped, str(tmp_path / "swapped.pdparams"))
    with pytest.raises(CheckpointError, match="0.weight is missing"):
        load_weights(small(), tmp_path / "swapped.pdparams")
