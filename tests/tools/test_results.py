"""The table of results: drawn from its records alone, filled from run folders; its sentences follow the numbers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import homework
import paddle_camp
from paddle_camp.files import read_json, write_json, write_text
from tools import results
from tools.results_in_words import SENTENCES

CAMP = [name for name, assignment in homework.CATALOGUE.assignments.items() if assignment.course == "camp"]
OPERATIONS = {"totals": [{"operations": [867_041_280, 867_041_280]}]}


def run_folder(folder: Path, name: str = "7-1", found: dict | None = None, options: dict | None = None, **more) -> Path:
    """A run's three files as a run of today writes them."""
    metrics = {"homework": name, "status": "done", "data": {}, "seed": 3, "device": "cpu", "seconds": 12.3}
    write_json(folder / "metrics.json", metrics | {"results": OPERATIONS if found is None else found} | more)
    write_json(folder / "config.json", {"homework": name, "settings": {}, "options": {"jobs": None} | (options or {})})
    versions = {"paddle_camp": "0.2.0", "numpy": "2.0.0", "paddlepaddle": "3.9.9"}
    machine = {"cpu": "Some CPU", "gpu": None, "physical_cores": 4, "versions": versions}
    write_json(folder / "env.json", machine | {"peak_memory": 3 * 2**29})
    return folder


def test_the_page_is_what_its_records_say():
    content = read_json(results.DOCS / "results.json")
    known = list(homework.CATALOGUE.assignments)
    assert list(content["records"]) == [name for name in known if name in CAMP or name in content["records"]]
    page = (results.DOCS / "results.md").read_text(encoding="utf-8")
    assert page == results.render(content), "draw it again: python tools/results.py"


def test_every_assignment_of_the_camp_has_a_sentence():
    assert list(SENTENCES) == CAMP
    assert set(results.SENTENCES) == set(homework.CATALOGUE.assignments)


def test_a_recorded_run_shows_up_with_its_numbers(tmp_path):
    folder = run_folder(tmp_path / "run", options={"jobs": 2, "amp": True})
    write_text(folder / "steps.csv", "run,epoch,seconds\na,0,0.5\na,0,0.7\na,1,1.2\nb,0,30\n")
    assert results.main([str(folder)], docs=tmp_path) == 0
    page = (tmp_path / "results.md").read_text(encoding="utf-8")
    (row,) = [line for line in page.splitlines() if line.startswith("| 7-1 |")]
    cells = [cell.strip() for cell in row.split("|")[3:-1]]
    version = paddle_camp.__version__
    assert cells == ["12 s with `--jobs 2 --amp`", "1 s to 30 s; 1.5 GiB", "867,041,280 of each", version]
    assert f"- {version}, paddlepaddle 3.9.9, seed 3, 4 cores, Some CPU: 7-1\n" in page
    assert results.main([], docs=tmp_path) == 0  # drawn again, from the records alone
    assert (tmp_path / "results.md").read_text(encoding="utf-8") == page


def test_steps_that_count_no_epochs_give_no_time_of_one(tmp_path):
    folder = run_folder(tmp_path / "run")
    write_text(folder / "steps.csv", "run,step,loss,seconds\nlinear,1,0.1,0.0001\n")  # as 4-2 has them
    assert results.main([str(folder)], docs=tmp_path) == 0
    assert "| –; 1.5 GiB |" in (tmp_path / "results.md").read_text(encoding="utf-8")


def test_a_title_without_a_number_is_the_question_as_it_stands(tmp_path):
    folder = run_folder(tmp_path / "run", "iris", {})
    assert results.main([str(folder)], docs=tmp_path) == 0
    (row,) = [line for line in (tmp_path / "results.md").read_text(encoding="utf-8").splitlines() if "| iris |" in line]
    assert row.startswith("| iris | Iris with a small network")


def test_a_new_record_takes_the_place_of_the_old_one_and_of_its_note(tmp_path):
    old = {"question": "How many?", "measured_by": "0.1.0", "time": "3 s", "epoch": "–", "memory": "0.4 GiB"}
    old |= {"cpu": "Old CPU", "cores": 2, "versions": {}, "seed": 0, "result": "some", "note": "an old remark"}
    write_json(tmp_path / "results.json", {"records": {"7-1": old, "7-2": old}, "notes": ["On all."]})
    assert results.main([], docs=tmp_path) == 0
    page = (tmp_path / "results.md").read_text(encoding="utf-8")
    assert "| 7-1 | How many? | 3 s | –; 0.4 GiB | some | 0.1.0 |" in page and "7-1: an old remark" in page
    assert results.main([str(run_folder(tmp_path / "run"))], docs=tmp_path) == 0
    page = (tmp_path / "results.md").read_text(encoding="utf-8")
    assert "| 7-1 | How many? | 12 s |" in page and "7-1: an old remark" not in page
    assert "7-2: an old remark" in page and page.endswith("On all.\n")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"options": {"quick": True}}, "was made with --quick"),
        ({"options": {"overrides": ["image_size=32"]}}, "was made with -o"),
        ({"status": "failed"}, "is not done: its status is failed"),
        ({"data": {"origin": "synthetic"}}, "was made on stand-in data"),
        ({"name": "8-8"}, "is a run of '8-8', which is no assignment"),
    ],
)
def test_a_run_that_is_none_is_refused_in_one_line(tmp_path, capsys, change, says):
    good, bad = run_folder(tmp_path / "good"), run_folder(tmp_path / "bad", **change)
    assert results.main([str(good), str(bad)], docs=tmp_path) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ") and says in line
    assert not (tmp_path / "results.json").exists()  # all or none


def test_a_folder_without_a_run_is_refused(tmp_path, capsys):
    assert results.main([str(tmp_path)], docs=tmp_path) == 2
    assert "is no run folder" in capsys.readouterr().err


def test_an_older_record_has_a_dash_for_what_it_does_not_say(tmp_path):
    folder = run_folder(tmp_path / "run", "9-1", found={"plateau": {}}, data={"origin": "real"})
    assert results.main([str(folder)], docs=tmp_path) == 0
    assert json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["records"]["9-1"]["result"] == "–"
