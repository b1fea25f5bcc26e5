"""Data that are always there: what is said of them, and what a table of classes refuses."""

from __future__ import annotations

import numpy as np
import pytest

from paddle_camp.data.built_in import LabelledTable, describe_built_in
from paddle_camp.errors import DataError


def table(inputs, labels):
    inputs, labels = np.array(inputs, np.float64), np.array(labels)
    info = describe_built_in("two columns", "auto", __file__, {"train": len(labels)}, inputs, labels)
    return LabelledTable(inputs, labels, ("a", "b"), ("no", "yes"), info)


def test_that_there_is_no_stand_in_is_one_line_and_the_data_stay_real(capsys):
    row = np.arange(2.0)
    said = {data: describe_built_in("six people", data, __file__, {"train": 6}, row) for data in ("auto", "synthetic")}
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["--data synthetic: six people has no stand-in, since the data are always there; they are used"]
    assert said["auto"] == said["synthetic"] and said["auto"].origin == "real" and said["auto"].stand_in is None
    assert (
        describe_built_in("six people", "auto", __file__, {"train": 6}, row + 1).fingerprint != said["auto"].fingerprint
    )


@pytest.mark.parametrize(
    ("inputs", "labels", "says"),
    [
        ([[1, 2], [3, np.nan]], [0, 1], "two columns, row 2: b is not a number; mend that row"),
        ([[np.inf, 2], [3, 4]], [0, 1], "row 1: a is not a number"),
        ([[1, 2], [3, 4]], [1, 1], "all 2 rows are of one class"),
    ],
)
def test_a_table_that_cannot_be_learned_is_one_line(inputs, labels, says):
    with pytest.raises(DataError, match=says) as caught:
        table(inputs, labels)
    assert "\n" not in str(caught.value)


def test_it_shows_itself():
    assert (
        repr(table([[1, 2], [3, 4], [5, 6]], [0, 1, 1])) == "LabelledTable(two columns, float64 [3, 2]; no: 1, yes: 2)"
    )
