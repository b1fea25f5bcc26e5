"""One array, or a tuple, list or dict of arrays: the same functions."""

import numpy as np
import pytest

from paddle_camp.nested import count_rows, leaves, map_arrays, take_rows

ONE, TWO = np.arange(6).reshape(3, 2), np.arange(3)


@pytest.mark.parametrize("values", [ONE, (ONE, TWO), [ONE, TWO], {"a": ONE, "b": TWO}, (ONE, {"b": (TWO,)})])
def test_rows_are_taken_of_every_array_in_the_same_structure(values):
    taken = take_rows(values, np.array([2, 0]))
    found = list(leaves(taken))
    assert np.array_equal(found[0], [[4, 5], [0, 1]])
    assert all(np.array_equal(array, [2, 0]) for array in found[1:])
    assert len(found) == len(list(leaves(values))) and count_rows(values) == 3 and count_rows(taken) == 2


def test_the_structure_is_kept_and_lists_become_tuples():
    assert map_arrays(lambda x: x + 1, [1, {"a": 2, "b": [3]}]) == (2, {"a": 3, "b": (4,)})
    assert take_rows({"a": TWO}, slice(1, 3))["a"].tolist() == [1, 2]


def test_nothing_at_all_has_no_rows():
    with pytest.raises(StopIteration):
        count_rows(())
