"""Files made to hang a reader, or to fill the memory: one line each."""

from __future__ import annotations

import gzip
import os
import struct

import pytest

from paddle_camp.data.finding.contents import read_bytes
from paddle_camp.data.mnist import read_idx
from paddle_camp.errors import CheckpointError, DataError
from paddle_camp.files import load_json, read_json


def test_a_pipe_is_not_waited_for(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(DataError, match="pipe: not a regular file"):
        read_bytes(pipe)
    with pytest.raises(DataError, match="pipe: not a regular file"):
        read_idx(pipe, 3)
    with pytest.raises(ValueError, match="no regular file"):
        load_json(pipe)
    assert read_json(pipe) == {}


def test_a_file_without_end_is_not_read(tmp_path):
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(3 << 30)
    with pytest.raises(DataError, match="sparse: 3,221,225,472 bytes, 1,000,000,000 at most"):
        read_bytes(tmp_path / "sparse")
    with pytest.raises(ValueError, match="more than"):
        load_json(tmp_path / "sparse")


def test_json_nested_without_end(tmp_path):
    (tmp_path / "deep.json").write_text("[" * 200_000)
    with pytest.raises(ValueError, match="nested too deeply"):
        load_json(tmp_path / "deep.json")


@pytest.mark.parametrize("shape", [(2**31, 2**31, 4), (2**32 - 1,) * 3])
def test_an_idx_header_whose_product_runs_over(tmp_path, shape):
    """2**31 x 2**31 x 4 is 0 in 64 bits: nothing is missing then, it seemed."""
    (tmp_path / "x").write_bytes(bytes([0, 0, 8, 3]) + struct.pack(">3I", *shape))
    with pytest.raises(DataError, match="its header announces"):
        read_idx(tmp_path / "x", 3)


def test_a_gzip_is_unpacked_as_far_as_its_header_announces(tmp_path):
    path = tmp_path / "bomb.gz"
    with gzip.open(path, "wb", 1) as file:
        file.write(bytes([0, 0, 8, 1]) + struct.pack(">I", 5))
        for _ in range(64):
            file.write(bytes(1 << 20))
    with pytest.raises(DataError, match="at least 6 bytes of data where 5 belong"):
        read_idx(path, 1)


def test_an_honest_idx_file(tmp_path):
    (tmp_path / "x.gz").write_bytes(gzip.compress(bytes([0, 0, 8, 1]) + struct.pack(">I", 3) + b"\1\2\3"))
    assert read_idx(tmp_path / "x.gz", 1).tolist() == [1, 2, 3]


def test_weights_that_a_run_is_just_replacing_are_looked_at_again(tmp_path, monkeypatch):
    """Weights are renamed before their manifest: a reader between the two sees new bytes and an old hash."""
    from paddle_camp.files import sha256_of, write_json
    from paddle_camp.training import checkpoint

    weights, manifest = tmp_path / "best.pdparams", tmp_path / "best.state.json"
    weights.write_bytes(b"new")
    write_json(manifest, {"sha256": {".pdparams": "of the old"}})
    good = {"sha256": {".pdparams": sha256_of(weights)}}
    pauses = []

    def writer(seconds):
        pauses.append(seconds)
        if len(pauses) == 3:
            write_json(manifest, good)

    monkeypatch.setattr(checkpoint.time, "sleep", writer)
    checkpoint.verify_weights(weights)
    assert len(pauses) == 3
    weights.write_bytes(b"damaged")
    with pytest.raises(CheckpointError, match="damaged: these are not the bytes"):
        checkpoint.verify_weights(weights)
