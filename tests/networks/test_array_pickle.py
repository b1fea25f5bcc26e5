"""Pickles of strangers: honest files bit for bit; of the rest nothing is called, or allocated without bound."""

from __future__ import annotations

import io
import pickle
import pickletools
import struct
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

from paddle_camp import array_pickle, pickle_words
from paddle_camp.array_pickle import read_pickle
from paddle_camp.errors import CheckpointError
from paddle_camp.networks.weights import read_arrays
from paddle_camp.pickle_words import PickleError
from tests.helpers.mutations import survive

FILES = Path(__file__).parent / "files"  # written by paddle.save of each version; bfloat16 and a 0-d array among them
HONEST = sorted(path.name for path in FILES.glob("*.pd*"))


def place(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "gift.pdparams"
    path.write_bytes(content)
    return path


def raw(path: Path) -> dict:
    """What Python's own unpickler makes of a file of ours; of a parameter among other things its array."""
    found = pickle.loads(path.read_bytes())
    pairs = {key: value[1] if isinstance(value, tuple) else value for key, value in found.items()}
    return {key: value for key, value in pairs.items() if isinstance(value, np.ndarray)}


@pytest.mark.parametrize("name", HONEST)
def test_honest_files_of_both_paddles_are_read_bit_for_bit(name):
    mine, theirs = read_arrays(FILES / name), raw(FILES / name)
    assert list(mine) == list(theirs) and len(mine) > 0
    for key, value in theirs.items():
        assert mine[key].dtype == value.dtype and mine[key].shape == value.shape
        assert mine[key].tobytes() == value.tobytes()


def test_the_honest_files_hold_what_was_put_in():
    assert len(HONEST) == 6
    for version in ("2.6.2", "3.3.1"):
        arrays = read_arrays(FILES / f"paddle-{version}.pdparams")
        assert arrays["0.weight"].tolist() == [[0, 1, 2], [3, 4, 5]] and arrays["0.bias"].tolist() == [-1, 0, 1]
        assert arrays["count"].shape == () and int(arrays["count"]) == 7
        assert arrays["half"].dtype == np.uint16  # how Paddle saves bfloat16
        assert list(read_arrays(FILES / f"paddle-{version}-mixed.pdparams")) == ["first"]


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("kind", ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1", ">f4"])
def test_every_dtype_and_protocol(tmp_path, protocol, kind):
    values = {
        "matrix": np.arange(6).reshape(2, 3).astype(kind),
        "fortran": np.asfortranarray(np.arange(6).reshape(2, 3).astype(kind)),
        "none": np.zeros((0, 3), kind),
        "number": np.array(1).astype(kind)[()],
    }
    mine = read_arrays(place(tmp_path, pickle.dumps(OrderedDict(values), protocol)))
    assert list(mine) == list(values)
    for key, value in values.items():
        assert mine[key].shape == np.shape(value) and mine[key].dtype == np.dtype(kind).newbyteorder("=")
        assert np.array_equal(mine[key], value)


class Call:
    """Pickles as a call of a function with arguments, and then a state."""

    def __init__(self, function, *arguments, state=None):
        self.function, self.arguments, self.state = function, arguments, state

    def __reduce__(self):
        return self.function, self.arguments, *([self.state] if self.state is not None else [])


F4 = np.dtype("f4")
RECONSTRUCT = np.ndarray(0, "f4").__reduce__()[0]
SCALAR = np.float32(1).__reduce__()[0]
FROMBUFFER = pickle.dumps(np.ones(1), 5) and np.ones(1).__reduce_ex__(5)[0]
EVIL = {
    "a function": Call(print, "pwned"),
    "a class": Call(io.StringIO, "pwned"),
    "the array's class": Call(np.ndarray, (2,)),
    "a method": Call(np.ndarray.tobytes, np.ones(2, "f4")),
    "an array of objects": np.array([print], object),
    "a dtype with fields": np.zeros(2, [("a", "f4")]),
    "a text dtype": np.zeros(2, "U4"),
    "another codec": Call(__import__("_codecs").encode, "abc", "punycode"),
    "a state for a call": Call(RECONSTRUCT, np.ndarray, (0,), b"b", state=(1, (2,), F4, False, b"1234")),
    "too few bytes": Call(RECONSTRUCT, np.ndarray, (0,), b"b", state=(1, (2**39,), F4, False, b"1234")),
    "a negative size": Call(RECONSTRUCT, np.ndarray, (0,), b"b", state=(1, (-1,), F4, False, b"1234")),
    "a huge rank": Call(RECONSTRUCT, np.ndarray, (0,), b"b", state=(1, (2**39,) * 5000, F4, False, b"1234")),
    "a dict as state": Call(RECONSTRUCT, np.ndarray, (0,), b"b", state={"values": 1}),
    "another subtype": Call(RECONSTRUCT, OrderedDict, (0,), b"b"),
    "a number of other bytes": Call(SCALAR, F4, b"12345678"),
    "a buffer of other bytes": Call(FROMBUFFER, b"1234", F4, (7,), "C"),
    "an array as state of a dtype": Call(np.dtype, "f4", False, True, state=np.ones(1)),
}


@pytest.mark.parametrize("what", EVIL)
@pytest.mark.parametrize("protocol", [2, 4])
def test_what_no_array_needs_is_refused(tmp_path, what, protocol, capsys):
    path = place(tmp_path, pickle.dumps({"fc.weight": EVIL[what]}, protocol))
    with pytest.raises(CheckpointError, match="gift.pdparams: not a weights file of paddle.save, or damaged") as caught:
        read_arrays(path)
    assert "\n" not in str(caught.value) and capsys.readouterr().out == ""


def code(name: str) -> bytes:
    (opcode,) = (opcode for opcode in pickletools.opcodes if opcode.name == name)
    return opcode.code.encode("latin-1")


ARGUMENTS = {
    "uint1": b"\1",
    "uint2": b"\1\0",
    "int4": b"\1\0\0\0",
    "uint4": b"\1\0\0\0",
    "uint8": struct.pack("<Q", 1),
    "float8": b"\0" * 8,
    "long1": b"\1\1",
    "long4": b"\1\0\0\0\1",
    "stringnl_noescape_pair": b"os\nsystem\n",
}


@pytest.mark.parametrize("opcode", [o for o in pickletools.opcodes if o.name != "STOP"], ids=lambda o: o.name)
def test_every_opcode_ends_in_a_value_or_one_error(tmp_path, opcode):
    """On a stack of a dict, a mark, a tuple and a text: nothing but the reader's own error, or plain values."""
    argument = ARGUMENTS.get(opcode.arg.name, b"\1\0\0\0\0\0\0\0a\n") if opcode.arg else b""
    before = b"\x80\x04}(" + code("EMPTY_TUPLE") + b"\x8c\1a"
    content = before + opcode.code.encode("latin-1") + argument + b"."
    try:
        read_pickle(place(tmp_path, content))
    except PickleError as error:
        assert str(error)
    known = opcode.name in array_pickle._OPCODES
    if not known:
        with pytest.raises(PickleError, match=f"opcode {opcode.name}"):
            read_pickle(place(tmp_path, content))


def test_only_the_projects_own_functions_are_behind_names():
    assert all(call.__module__ == pickle_words.__name__ for call in pickle_words.CALLS.values())
    assert len(array_pickle._OPCODES) == 41


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x04\x8e" + struct.pack("<Q", 2**60) + b"abc.",  # bytes that are not there
        b"\x80\x05\x96" + struct.pack("<Q", 2**40) + b"abc.",
        b"\x80\x04" + b"(" * 1000 + b".",
        b"\x80\x04})" + b"\x85" * 100_000 + b"Ns.",  # as a key: a tuple so deep that its hash overflows the stack
        b"I" + b"9" * 100_000 + b"\n.",  # a number that takes the square of its length to read
        b"\x80\x04\x95" + struct.pack("<Q", 2**62) + b"}",  # a frame longer than the file
    ],
)
def test_bombs_are_refused_before_anything_is_allocated(tmp_path, content):
    with pytest.raises(PickleError) as refused:
        read_pickle(place(tmp_path, content))
    assert len(str(refused.value)) < 300


def test_a_far_place_in_the_memo_takes_no_memory(tmp_path):
    """Python's own unpickler makes all the places before it, 64 GB of them."""
    assert read_pickle(place(tmp_path, b"\x80\x04}r\xff\xff\xff\xff.")) == {}


def test_a_tuple_doubled_forty_times_is_no_key(tmp_path):
    """Its hash would take as long as it has leaves: two to the fortieth."""
    doubled = b"".join(b"\x94h" + bytes([i]) + b"h" + bytes([i]) + b"\x86" for i in range(40))
    with pytest.raises(PickleError, match="stack of one|keys are no texts"):
        read_pickle(place(tmp_path, b"\x80\x04})" + doubled + b"Ns."))


def test_too_many_opcodes(tmp_path, monkeypatch):
    monkeypatch.setattr(array_pickle, "MAX_OPCODES", 1000)
    with pytest.raises(PickleError, match="more than 1,000 opcodes"):
        read_pickle(place(tmp_path, b"\x80\x04" + b"N" * 2000 + b"."))


def read_small_arrays(path: Path) -> None:
    """Read a weights file; what it gives is made of numbers, and no larger than the file."""
    for value in read_arrays(path).values():
        assert value.dtype.kind in "fiub" and value.nbytes <= path.stat().st_size


@pytest.mark.parametrize("seed", range(8))
def test_mutated_files_give_arrays_or_the_readers_own_error(tmp_path, seed):
    """A fuzz over bytes and over whole opcodes of honest files and of evil ones."""
    sources = [(FILES / name).read_bytes() for name in HONEST]
    sources += [pickle.dumps({"a": evil}, 4) for evil in EVIL.values()]
    codes = [opcode.code.encode("latin-1") for opcode in pickletools.opcodes]
    read = survive(read_small_arrays, tmp_path / "gift.pdparams", sources, 400, seed, tokens=[b"", *codes])
    assert 0 < read < 400
