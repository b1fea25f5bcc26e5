"""Runs that were measured on the same samples are tested in pairs; which samples those are."""

from __future__ import annotations

import numpy as np
import pytest

from paddle_camp.collecting.pairs import Marks, paired_tests, read_marks
from paddle_camp.comparisons import mcnemar
from tests.helpers.runs import make_run, predictions_of


def test_the_best_one_is_tested_against_every_other_on_the_same_samples(tmp_path):
    rights = [210, 280, 150]
    folders = [
        make_run(tmp_path / str(n), predictions=predictions_of(300, right, seed=n)) for n, right in enumerate(rights)
    ]
    other = make_run(tmp_path / "other", predictions=predictions_of(299, 280))
    marks = [read_marks(folder) for folder in [*folders, other]]
    (test,) = paired_tests(marks)
    assert (test["count"], test["best"], test["right"]) == (300, 1, 280)
    assert [(row["run"], row["right"]) for row in test["rows"]] == [(0, 210), (2, 150)]
    only = [(marks[1].right & ~marks[n].right).sum() for n in (0, 2)]
    less = [(marks[n].right & ~marks[1].right).sum() for n in (0, 2)]
    assert [row["only_first"] for row in test["rows"]] == only
    smaller = min(mcnemar(int(a), int(b))["p_value"] for a, b in zip(only, less, strict=True))
    assert min(row["p_value"] for row in test["rows"]) == pytest.approx(2 * smaller)  # Holm


def test_the_order_of_the_rows_does_not_matter_and_another_label_is_another_sample(tmp_path):
    folder = make_run(tmp_path / "a", predictions=predictions_of(50, 40))
    before = read_marks(folder)
    head, *rows = (folder / "predictions.csv").read_text("utf-8").splitlines()
    (folder / "predictions.csv").write_text("\n".join([head, *rows[::-1]]), encoding="utf-8")
    after = read_marks(folder)
    assert after.samples == before.samples and (after.right == before.right).all()
    cells = rows[0].split(",")
    changed = ",".join([cells[0], str((int(cells[1]) + 1) % 3), *cells[2:]])
    (folder / "predictions.csv").write_text("\n".join([head, changed, *rows[1:]]), encoding="utf-8")
    assert read_marks(folder).samples != before.samples
    (folder / "predictions.csv").write_text("\n".join([head, *rows, rows[0]]), encoding="utf-8")
    assert read_marks(folder) is None
    (folder / "predictions.csv").write_text("\n".join([head, *rows]), encoding="utf-8")
    assert read_marks(folder, "synthetic").samples != before.samples == read_marks(folder, "real").samples
    assert paired_tests([Marks("x", np.ones(3, bool)), None]) == []
