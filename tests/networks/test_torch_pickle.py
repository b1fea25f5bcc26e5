"""Files of PyTorch: honest ones bit for bit, of strangers' nothing is called, and no size is believed."""

from __future__ import annotations

import os
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest

from paddle_camp.errors import CheckpointError
from paddle_camp.networks.weights import read_arrays
from tests.helpers.mutations import survive
from tests.helpers.torch_files import KINDS, new_form, old_form, save_as_torch, state_dict, tensor, text

FILES = Path(__file__).parent / "files"
HONEST = [FILES / f"torch-2.13-{form}.pth" for form in ("old", "zip")]
FOUR = np.arange(4, dtype="<f4").tobytes()
FORMS = {
    "old": lambda pickled, count=4, content=FOUR: old_form(pickled, {"0": (count, content)}),
    "new": lambda pickled, count=4, content=FOUR: new_form(pickled, {"0": content}),
}


def place(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "gift.pth"
    path.write_bytes(content)
    return path


def refused(path: Path) -> str:
    """The one line that says that the file is none."""
    with pytest.raises(CheckpointError, match="gift.pth: not a weights file of torch.save, or damaged") as caught:
        read_arrays(path)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500
    return str(caught.value)


@pytest.mark.parametrize("path", HONEST, ids=lambda path: path.stem)
def test_files_of_pytorch_are_read_bit_for_bit(path):
    """Written by PyTorch 2.13: a matrix, the same turned, a piece of it, and other dtypes."""
    arrays = read_arrays(path)
    matrix = np.arange(6, dtype=np.float32).reshape(2, 3)
    expected = {"fc.weight": matrix, "turned": matrix.T, "part": matrix[1:, 1:], "half": np.array([0.5, -2], "f2")}
    expected |= {"count": np.array(7), "flags": np.array([True, False]), "none": np.zeros((0, 3), "f4")}
    assert list(arrays) == list(expected)
    for name, array in expected.items():
        assert arrays[name].dtype == array.dtype and arrays[name].shape == array.shape
        assert np.array_equal(arrays[name], array)


@pytest.mark.parametrize("kind", KINDS)
def test_every_dtype(tmp_path, kind):
    arrays = {"a.weight": np.arange(6).reshape(2, 3).astype(kind), "b": np.array(1).astype(kind)}
    save_as_torch(arrays, tmp_path / "net.pth")
    found = read_arrays(tmp_path / "net.pth")
    assert all(np.array_equal(found[key], arrays[key]) and found[key].dtype == kind for key in arrays)
    assert all(array.flags.aligned for array in found.values())


@pytest.mark.parametrize("form", FORMS)
def test_the_files_of_these_tests_are_honest_unless_they_say_so(tmp_path, form):
    path = place(tmp_path, FORMS[form](state_dict({"a": tensor("0", 4, (2, 2), (2, 1))})))
    assert read_arrays(path)["a"].tolist() == [[0, 1], [2, 3]]


EVIL = {
    "a command": b"cos\nsystem\n" + text("touch pwned") + b"\x85R",
    "a builtin": b"cbuiltins\neval\n" + text("open('pwned', 'w')") + b"\x85R",
    "a class of PyTorch": b"ctorch.nn.modules.linear\nLinear\n)R",
    "another storage": tensor("0", 4, (4,), (1,), kind="BFloat16"),
    "a storage that is none": tensor("0", 4, (4,), (1,)).replace(
        b"ctorch\nFloatStorage\n", b"ccollections\nOrderedDict\n"
    ),
    "a persistent id that is a text": text("0") + b"Q",
    "a tensor without a storage": b"ctorch._utils\n_rebuild_tensor_v2\n(NK\0))\x89}tR",
    "more numbers than the storage": tensor("0", 4, (5,), (1,)),
    "out of the storage": tensor("0", 4, (2, 2), (3, 1)),
    "behind the storage": tensor("0", 4, (4,), (1,), offset=1),
    "far behind the storage": tensor("0", 4, (1,), (1,), offset=2**39),
    "the same number again and again": tensor("0", 4, (2**39,), (0,)),
    "a negative stride": tensor("0", 4, (4,), (-1,)),
    "a negative size": tensor("0", 4, (-4,), (1,)),
    "fewer strides": tensor("0", 4, (2, 2), (1,)),
    "a huge rank": tensor("0", 4, (1,) * 70, (1,) * 70),
    "a longer storage": tensor("0", 5, (4,), (1,)),
    "a huge storage": tensor("0", 2**39, (2**39,), (1,)),
    "a storage without end": tensor("0", 2**60, (4,), (1,)),
    "another dtype's storage": tensor("0", 4, (4,), (1,), kind="Double"),
    "a missing storage": tensor("1", 4, (4,), (1,)),
    "a storage elsewhere": tensor("../../../etc/passwd", 4, (4,), (1,)),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("what", EVIL)
def test_what_no_tensor_needs_is_refused(tmp_path, monkeypatch, form, what):
    monkeypatch.chdir(tmp_path)
    refused(place(tmp_path, FORMS[form](state_dict({"fc.weight": EVIL[what]}))))
    assert [path.name for path in tmp_path.iterdir()] == ["gift.pth"]


@pytest.mark.parametrize("form", FORMS)
def test_two_tensors_must_agree_about_their_storage(tmp_path, form):
    entries = {"a": tensor("0", 4, (4,), (1,)), "b": tensor("0", 8, (4,), (1,), kind="Byte")}
    refused(place(tmp_path, FORMS[form](state_dict(entries))))


@pytest.mark.parametrize("count", [-1, 0, 3, 5, 2**40, 2**62])
def test_a_storage_whose_header_says_another_size(tmp_path, count):
    pickled = state_dict({"a": tensor("0", 4, (4,), (1,))})
    assert "a storage of another size" in refused(place(tmp_path, old_form(pickled, {"0": (count, FOUR)})))


@pytest.mark.parametrize("form", FORMS)
def test_a_storage_that_is_cut(tmp_path, form):
    path = place(tmp_path, FORMS[form](state_dict({"a": tensor("0", 4, (4,), (1,))}), content=FOUR[:-1]))
    refused(path)


@pytest.mark.parametrize("honest", HONEST, ids=lambda path: path.stem)
def test_a_file_that_is_cut_anywhere(tmp_path, honest):
    content = honest.read_bytes()
    for length in range(16, len(content), 37):
        refused(place(tmp_path, content[:length]))


def test_a_zip_that_is_no_file_of_pytorch(tmp_path):
    pickled = state_dict({"a": tensor("0", 4, (4,), (1,))})
    assert "a compressed entry" in refused(place(tmp_path, new_form(pickled, {"0": FOUR}, compressed=True)))
    assert "byte order" in refused(place(tmp_path, new_form(pickled, {"0": FOUR}, byteorder=b"big")))
    assert "2 files data.pkl" in refused(place(tmp_path, new_form(pickled, {"0": FOUR}, **{"a/data.pkl": pickled})))
    flipped = bytearray(new_form(pickled, {"0": FOUR}))
    flipped[flipped.index(FOUR)] ^= 1
    assert "CRC" in refused(place(tmp_path, bytes(flipped)))


def test_storages_that_are_the_same_bytes_of_the_file(tmp_path):
    """A zip may name the same bytes often: together they are larger than the file."""
    names = [str(index) for index in range(50)]
    entries = {name: tensor(name, 1000, (1000,), (1,)) for name in names}
    refused(place(tmp_path, new_form(state_dict(entries), {"0": b"\0" * 4000})))


def test_another_machine_or_version_is_refused(tmp_path):
    honest = old_form(state_dict({"a": tensor("0", 4, (4,), (1,))}), {"0": (4, FOUR)})
    machine = honest.index(b"little_endian")
    at = honest.index(b"\x88", machine)
    assert "byte order" in refused(place(tmp_path, honest[:at] + b"\x89" + honest[at + 1 :]))
    version = pickle.dumps(1001, 2)
    assert "another version" in refused(place(tmp_path, honest.replace(version, pickle.dumps(1000, 2), 1)))


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "gift.pth")
    with pytest.raises(CheckpointError, match="gift.pth: not a regular file"):
        read_arrays(tmp_path / "gift.pth")


def read_small_arrays(path: Path) -> None:
    """Read a weights file; what it gives is made of numbers, and no larger than the file."""
    for value in read_arrays(path).values():
        assert value.dtype.kind in "fiub" and value.nbytes <= path.stat().st_size


@pytest.mark.parametrize("seed", range(4))
def test_mutated_files_give_arrays_or_the_readers_own_error(tmp_path, seed):
    """Behind the first words, without which a file is not taken for one of torch's."""
    sources = [path.read_bytes() for path in HONEST] * 20
    sources += [FORMS[form](state_dict({"a": evil})) for form in FORMS for evil in EVIL.values()]
    numbers = [b"", struct.pack("<I", 2**31), struct.pack("<I", 2**32 - 1), struct.pack("<I", seed)]
    read = survive(read_small_arrays, tmp_path / "gift.pth", sources, 300, seed, tokens=numbers, start=16)
    assert 0 < read < 300
