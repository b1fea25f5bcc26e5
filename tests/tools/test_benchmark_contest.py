"""The benchmark's turns and arithmetic with faked measurements, and how one contender is measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.fake_bench import PYTHON
from tools.benchmarks import contest
from tools.benchmarks.contest import Contender, spread, values_of
from tools.benchmarks.tables import Column, Table, against, show_number

ROOT = Path(__file__).resolve().parents[2]


def contenders(*names: str) -> list[Contender]:
    return [Contender(name, ("measured by a fake",)) for name in names]


# --- turns and arithmetic -------------------------------------------------------------------------------------------


def test_contenders_take_turns_in_the_same_order_every_round():
    seen = []
    contest.contest(contenders("A", "B", "C"), 3, lambda contender: seen.append(contender.name) or {})
    assert "".join(seen) == "ABCABCABC"


def test_a_contender_that_fails_is_not_tried_again_and_the_others_go_on():
    seen = []

    def measure(contender):
        seen.append(contender.name)
        return {"error": "out of memory"} if contender.name == "B" else {"seconds": 1.0}

    results = contest.contest(contenders("A", "B"), 3, measure)
    assert "".join(seen) == "ABAA"
    assert results == {"A": [{"seconds": 1.0}] * 3, "B": [{"error": "out of memory"}]}


def test_a_ratio_is_taken_within_each_round():
    times = {"A": iter([10.0, 40.0, 30.0]), "B": iter([5.0, 10.0, 60.0])}
    results = contest.contest(contenders("A", "B"), 3, lambda one: {"seconds": next(times[one.name])})
    ratios = values_of(results, "A", "seconds", over="B")
    assert ratios == [2.0, 4.0, 0.5]
    found = spread(ratios)
    assert (found.median, found.low, found.high) == (2.0, 0.5, 4.0)  # the ratio of the medians would be 3
    assert Column("", "A", "seconds", over="B").show(results) == "2.00 (0.500 to 4.00)"
    assert Column("", "A", "seconds", scale=0.1).show(results) == "3.00 (1.00 to 4.00)"


@pytest.mark.parametrize(
    ("number", "shown"),
    [(0.0, "0"), (0.00001234, "1.2e-05"), (0.012345, "0.0123"), (1.5, "1.50"), (99.94, "99.9"), (12345.6, "12,346")],
)
def test_numbers_have_three_figures_and_no_exponent(number, shown):
    assert show_number(number) == shown


def test_a_missing_result_is_a_dash_and_a_line_that_says_why_and_where():
    failed = [{"error": "No module named 'torch'"}]
    columns = [Column("ours", "ours", "seconds"), Column("PyTorch", "PyTorch", "seconds")]
    columns.append(Column("ratio", "ours", "seconds", over="PyTorch"))
    table = Table("Steps", "", "network", columns)
    table.rows = [(name, {"ours": [{"seconds": 2.0}], "PyTorch": failed}) for name in ("lenet", "vgg16")]
    table.rows.append(("mlp", {"ours": [{"seconds": 2.0}]}))
    text = table.markdown()
    assert "| lenet | 2.00 | - | - |" in text
    assert "| mlp | 2.00 | - | - |" in text
    assert text.endswith("- PyTorch (lenet, vgg16): No module named 'torch'")


def test_a_table_against_one_contender():
    rows = against({"A": [{"s": 6.0}], "B": [{"s": 3.0}]}, "A")
    ratio = Column("", "base", "s", over="it")
    assert [(name, ratio.show(results)) for name, results in rows] == [("A", "1.00"), ("B", "2.00")]


# --- one measurement ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ((PYTHON, "-c", "import no_such_peer"), "ModuleNotFoundError: No module named 'no_such_peer'"),
        (("/no/such/python", "-c", ""), "/no/such/python cannot be run: No such file or directory"),
        ((PYTHON, "-c", "import os; os.kill(os.getpid(), 9)"), "killed by SIGKILL (out of memory?)"),
        ((PYTHON, "-c", "import sys; sys.exit('error: no data')"), "error: no data"),
        ((PYTHON, "-c", "import sys; sys.exit(3)"), "exit status 3"),
    ],
)
def test_what_cannot_run_says_why(command, why):
    assert contest.measure(Contender("it", command)) == {"error": why}


def test_the_last_line_is_the_result():
    found = contest.measure(Contender("it", (PYTHON, "-c", "print('noise'); print('{\"seconds\": 0.5}')")))
    assert found["seconds"] == 0.5
    assert found["wall_seconds"] > 0


def test_a_contender_inherits_no_tuning(monkeypatch):
    monkeypatch.setattr(contest, "AS_GIVEN", {"OMP_NUM_THREADS": "7", "MKL_DEBUG_CPU_TYPE": "5", "HOME": "/home/me"})
    assert contest.surroundings(contest.STOCK) == {"HOME": "/home/me", "PYTHONPATH": str(ROOT), "PADDLE_CAMP_TUNE": "0"}
