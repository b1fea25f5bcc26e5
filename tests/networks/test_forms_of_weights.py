"""Weights as people have them: other floats, a dict among other things, Python 2's pickles."""

from __future__ import annotations

import json
import pickle
import struct

import numpy as np
import paddle
import pytest
from paddle import nn

from paddle_camp.errors import CheckpointError
from paddle_camp.networks.weights import load_weights, read_arrays
from tests.helpers.torch_files import save_as_torch

WEIGHT = np.array([[0.5], [-2.0]])


def saved(tmp_path, value):
    path = tmp_path / "gift.pdparams"
    path.write_bytes(pickle.dumps(value, 2))
    return path


def loaded(path) -> np.ndarray:
    network = nn.Linear(2, 1)
    load_weights(network, path)
    assert network.weight.dtype == paddle.float32
    return network.weight.numpy()


@pytest.mark.parametrize("kind", ["f2", "f4", "f8"])
def test_floats_of_any_size_are_cast(tmp_path, kind):
    state = {"weight": WEIGHT.astype(kind), "bias": np.zeros(1, kind)}
    assert np.array_equal(loaded(saved(tmp_path, state)), WEIGHT)


def test_bfloat16_is_cast(tmp_path):
    as_bfloat16 = (WEIGHT.astype("f4").view(np.uint32) >> 16).astype(np.uint16)
    assert np.array_equal(loaded(saved(tmp_path, {"weight": as_bfloat16, "bias": np.zeros(1, "u2")})), WEIGHT)


def write_bfloat16(path, parts: dict[str, np.ndarray]) -> None:
    """A safetensors file of uint16 arrays, the upper halves of float32 numbers, as PyTorch's users pass them on."""
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, part in parts.items():
        where = [len(data), len(data) + part.nbytes]
        header[name] = {"dtype": "BF16", "shape": list(part.shape), "data_offsets": where}
        data += part.tobytes()
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def test_bfloat16_of_safetensors_is_cast(tmp_path):
    """numpy has no such numbers, and the library's own reader for numpy fails at them."""
    weight = (WEIGHT.astype("f4").view(np.uint32) >> 16).astype("<u2")
    path = tmp_path / "gift.safetensors"
    write_bfloat16(path, {"weight": weight, "bias": np.zeros(1, "<u2")})
    assert np.array_equal(loaded(path), WEIGHT)
    odd = np.array([0.5, -2.0, np.inf, np.nan, 3.0e38, -0.0], "f4").view(np.uint32) >> 16
    write_bfloat16(path, {"odd": odd.astype("<u2"), "none": np.zeros((0, 2), "<u2"), "one": np.array(16256, "<u2")})
    found = read_arrays(path)
    assert list(found) == ["none", "odd", "one"] and {each.dtype.name for each in found.values()} == {"float32"}
    np.testing.assert_array_equal(found["odd"].view(np.uint32), odd << 16)
    assert found["one"] == 1.0 and found["one"].shape == () and found["none"].shape == (0, 2)


@pytest.mark.parametrize(
    ("weight", "says"),
    [
        (WEIGHT.astype("i8"), "weight holds int64 numbers where the network has float32"),
        (WEIGHT * 1e300, "too large for float32"),
    ],
)
def test_what_cannot_be_cast_is_one_line(tmp_path, weight, says):
    with pytest.raises(CheckpointError, match=says) as caught:
        loaded(saved(tmp_path, {"weight": weight, "bias": np.zeros(1, "f4")}))
    assert "gift.pdparams" in str(caught.value) and "\n" not in str(caught.value)


def test_the_one_dict_of_weights_among_other_things(tmp_path):
    state = {"weight": WEIGHT.astype("f4"), "bias": np.zeros(1, "f4")}
    assert np.array_equal(loaded(saved(tmp_path, {"model": state, "epoch": 3})), WEIGHT)
    with pytest.raises(CheckpointError, match="several dicts of weights, 'model, ema'"):
        loaded(saved(tmp_path, {"model": state, "ema": state}))
    with pytest.raises(CheckpointError, match="holds no arrays, only 'epoch, name'"):
        loaded(saved(tmp_path, {"epoch": 3, "name": "x"}))


def test_a_pickle_of_python_2(tmp_path):
    """Its texts and its bytes are one type, the opcodes U and T."""

    def text(value: bytes) -> bytes:
        return b"T" + struct.pack("<i", len(value)) + value if len(value) > 7 else b"U" + bytes([len(value)]) + value

    content = WEIGHT.astype("<f4").tobytes()
    dtype = (
        b"cnumpy\ndtype\n(" + text(b"f4") + b"K\0K\1tR(K\3" + text(b"<") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb"
    )
    array = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\0t" + text(b"b") + b"tR"
    array += b"(K\1K\2K\1\x86" + dtype + b"\x89" + text(content) + b"tb"
    (tmp_path / "gift.pdparams").write_bytes(b"\x80\2}" + text(b"weight") + array + b"s.")
    assert np.array_equal(read_arrays(tmp_path / "gift.pdparams")["weight"], WEIGHT)


def test_a_torch_file_of_doubles(tmp_path):
    save_as_torch({"weight": WEIGHT.T, "bias": np.zeros(1)}, tmp_path / "gift.pth")
    assert np.array_equal(loaded(tmp_path / "gift.pth"), WEIGHT)
