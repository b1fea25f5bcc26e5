"""Weights files: what is written is what is read, as pickles of Paddle and as safetensors."""

from __future__ import annotations

import json
import struct

import numpy as np
import paddle
import pytest

from paddle_camp.errors import CheckpointError, SettingError
from paddle_camp.networks.weights import load_weights, read_arrays, save_weights
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
UNKNOWN = {"a": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}


def with_header(header: dict) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + b"1234"


@pytest.mark.parametrize(
    "content",
    [b"", b"abc", struct.pack("<Q", 2**62), with_header(HEADER), with_header(UNKNOWN), with_header({"a": 1})],
    ids=["empty", "short", "long header", "too few bytes", "bfloat16", "no tensor"],
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
