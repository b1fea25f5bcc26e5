"""The cache takes arrays of any plain type and checks what it reads."""

import logging

import numpy as np
import pytest

from paddle_camp.data.finding.cache import cached_array


@pytest.mark.parametrize("dtype", ["uint8", "bool", "int64", "float32", "float16", "float64", "complex64", ">i2"])
def test_arrays_come_back_as_they_were_made(tmp_path, dtype):
    array = (np.arange(6).reshape(2, 3) % 2).astype(dtype)
    for make in (lambda: array, lambda: pytest.fail("made again")):
        found = cached_array(tmp_path / "x.npz", (2, 3), make, dtype)
        assert found.dtype == np.dtype(dtype) and np.array_equal(found, array)


@pytest.mark.parametrize("stored", [np.zeros((2, 3), np.float64), np.zeros((3, 2), np.float32), np.zeros((2, 3), bool)])
def test_another_type_or_shape_is_made_again(tmp_path, caplog, stored):
    np.savez(tmp_path / "x.npz", array=stored)
    with caplog.at_level(logging.WARNING):
        found = cached_array(tmp_path / "x.npz", (2, 3), lambda: np.ones((2, 3), np.float32), np.float32)
    assert found.dtype == np.float32 and found.all()
    assert f"holds {stored.dtype} {stored.shape}; it is made again" in caplog.text


@pytest.mark.parametrize("dtype", [object, "U3", "S2", "datetime64[s]", [("a", "i4")]])
def test_types_that_are_no_numbers_are_refused(tmp_path, dtype):
    with pytest.raises(ValueError, match="holds numbers and booleans, not"):
        cached_array(tmp_path / "x.npz", (1,), lambda: np.zeros(1, dtype), dtype)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("made", [np.zeros((2, 2), np.uint8), np.zeros((2, 3), np.float32)])
def test_what_is_made_must_be_what_was_announced(tmp_path, made):
    with pytest.raises(ValueError, match=r"x.npz: .* was made where uint8 \(2, 3\) belongs"):
        cached_array(tmp_path / "x.npz", (2, 3), lambda: made)
    assert not list(tmp_path.iterdir())
