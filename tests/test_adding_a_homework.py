"""docs/adding-a-homework.md, followed to the letter."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from paddle_camp.running.catalogue import Catalogue
from paddle_camp.running.options import Options
from paddle_camp.running.runner import run_assignment
from tests.test_architecture import faults

GUIDE = Path(__file__).resolve().parents[1] / "docs" / "adding-a-homework.md"


def listings() -> dict[str, str]:
    """File name, from the line before a listing, to what is in it."""
    return dict(re.findall(r"^`([\w/.]+)`:\n\n```\w+\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.M | re.S))


@pytest.fixture
def catalogue(tmp_path, monkeypatch):
    """The assignments of a new project that holds what the guide lists."""
    for name, content in listings().items():
        path = tmp_path / name.replace("homework/", "my_homework/", 1)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content.replace("from homework.", "from my_homework."), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield Catalogue("my_homework", tmp_path / "my_homework")
    for name in [name for name in sys.modules if name.partition(".")[0] == "my_homework"]:
        del sys.modules[name]


def test_the_guide_lists_a_page_an_answer_and_a_test():
    assert [Path(name).name for name in listings()] == ["experiment.py", "answer.md.j2", "test_coin_flips.py"]


def test_what_it_lists_keeps_the_rules_of_the_house():
    pages = {name: source for name, source in listings().items() if name.endswith(".py")}
    assert [fault for name, source in pages.items() for fault in faults(name, source)] == []


@pytest.mark.parametrize(("bias", "says"), [("0.9", "这枚硬币不公平"), ("0.5", "看不出这枚硬币不公平")])
def test_what_it_makes_runs_and_comes_out_either_way(catalogue, tmp_path, bias, says):
    (assignment,) = catalogue.assignments.values()
    assert (assignment.id, assignment.course, catalogue.faults) == ("coin-flips", "book", [])
    options = Options(quick=True, out=str(tmp_path / "runs"), overrides=(f"bias={bias}",))
    answer, run = run_assignment(catalogue, "coin-flips", options)
    assert f"**{says}**" in answer.text
    assert json.loads((run / "metrics.json").read_text(encoding="utf-8"))["status"] == "done"
    figure = (run / "figures" / "share.png").read_bytes()
    assert figure.startswith(b"\x89PNG") and "figures/share.png" in (run / "answer.md").read_text(encoding="utf-8")
    names = ["answer.md", "answer.json", "report.html", "config.json", "env.json", "steps.csv", "history.csv"]
    assert [name for name in names if not (run / name).is_file()] == []


def test_its_test_passes(catalogue, tmp_path):
    (test,) = tmp_path.glob("tests/**/test_coin_flips.py")
    names: dict = {}
    exec(compile(test.read_text(encoding="utf-8"), str(test), "exec"), names)
    names["test_the_standard_error_of_a_hundred_flips"]()
