"""An ONNX file of a stranger, before ONNX Runtime gets it: what no export writes, damage, and what is too large."""

from __future__ import annotations

import os

import numpy as np
import pytest

from paddle_camp.errors import CheckpointError
from paddle_camp.predicting import onnx_file
from paddle_camp.predicting.onnx_file import read_onnx
from tests.helpers.mutations import survive
from tests.helpers.onnx_files import field, linear, model, node, tensor, varint, write

WEIGHTS, BIAS = np.arange(6, dtype=np.float32).reshape(2, 3), np.zeros(3, np.float32)
HONEST = linear(WEIGHTS, BIAS)
OUTSIDE = field(13, field(1, "location") + field(2, "/etc/passwd")) + field(14, 1)
ELSEWHERE = tensor("w", WEIGHTS, OUTSIDE)
BODY = field(1, node("Add", ["i", "i"], "j"))


def test_an_honest_file_is_read_as_it_is(tmp_path):
    assert read_onnx(write(tmp_path / "a.onnx", HONEST)) == HONEST


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (model(field(5, ELSEWHERE)), "weights in another file"),
        (model(field(1, node("Constant", [], "w", field(5, field(5, ELSEWHERE))))), "weights in another file"),
        (model(field(1, node("Constant", [], "w", field(5, field(10, ELSEWHERE))))), "weights in another file"),
        (model(field(15, field(1, ELSEWHERE))), "weights in another file"),
        (model(field(1, node("Constant", [], "w", field(5, field(22, field(2, ELSEWHERE)))))), "in another file"),
        (model(field(1, node("Loop", ["n"], "y", field(5, field(1, "body") + field(6, BODY))))), "a loop or a branch"),
        (model(field(1, node("If", ["c"], "y", field(5, field(11, BODY))))), "a loop or a branch"),
        (model(field(1, node("EPContext", ["x"], "y", field(7, "com.microsoft")))), "operators of com.microsoft"),
        (model(field(1, node("Add", ["x"], "y", field(7, "\n\x1b[31m")))), r"operators of \n\x1b[31m"),
        (model(b"", field(25, field(1, "f"))), "functions of its own"),
        (model(b"", field(20, b"")), "a way to train it"),
        (HONEST + field(7, field(5, ELSEWHERE)), "weights in another file"),  # a second graph is merged into the first
    ],
)
def test_what_no_export_writes_is_not_read(tmp_path, content, says):
    with pytest.raises(CheckpointError) as error:
        read_onnx(write(tmp_path / "a.onnx", content))
    assert f"{says}, which no export writes" in str(error.value) and len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("length", [b"\x85\x00", b"\x85\x80\x80\x00"])
def test_a_length_that_is_written_longer_than_need_be_hides_nothing(tmp_path, length):
    """Protocol Buffers reads such a length too, so that a search for known bytes would miss it."""
    honest = field(13, b"abcde")
    hidden = honest.replace(b"\x05abcde", length + b"abcde")
    assert hidden != honest
    with pytest.raises(CheckpointError, match="weights in another file"):
        read_onnx(write(tmp_path / "a.onnx", model(field(5, hidden))))


def test_a_field_number_that_another_reader_would_shorten_is_damage(tmp_path):
    key = varint((1 << 32) + (13 << 3 | 2))
    with pytest.raises(CheckpointError, match="damaged .a field's number is too large"):
        read_onnx(write(tmp_path / "a.onnx", model(field(5, key + varint(1) + b"x"))))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (HONEST[:-1], "it ends too early"),
        (HONEST[:1], "it ends too early"),
        (b"\xff" * 40, "a number is too long"),
        (b"\x03" + HONEST, "a field of no known kind"),
        (b"\x82\xd3\x17" + varint(1 << 60), "it ends too early"),
        (b"PK\x03\x04 a zip", "damaged"),
        (b"version https://git-lfs.github.com/spec/v1\n", "damaged"),
    ],
)
def test_damage_is_one_line(tmp_path, content, says):
    with pytest.raises(CheckpointError) as error:
        read_onnx(write(tmp_path / "a.onnx", content))
    said = str(error.value)
    assert "not an ONNX file, or damaged" in said and says in said and len(said.splitlines()) == 1


def test_a_file_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr("pathlib.Path.read_bytes", lambda path: pytest.fail("it is read"))
    with (tmp_path / "a.onnx").open("wb") as file:
        file.truncate(onnx_file.MAX_BYTES + 1)  # takes no room on the disk
    with pytest.raises(CheckpointError, match=r"a\.onnx: 1\.0 GB, 1 GB at most"):
        read_onnx(tmp_path / "a.onnx")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_what_is_no_file_is_one_line(tmp_path):
    os.mkfifo(tmp_path / "pipe.onnx")
    for name, says in (("pipe.onnx", "not a regular file"), ("none.onnx", "no such file")):
        with pytest.raises(CheckpointError, match=says):
            read_onnx(tmp_path / name)


def test_of_mutants_each_is_read_or_one_line(tmp_path):
    taken = survive(read_onnx, tmp_path / "a.onnx", HONEST, 2000, seed=0)
    assert 0 < taken < 2000
