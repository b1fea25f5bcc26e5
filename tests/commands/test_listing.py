"""The list of assignments as a table, and the table behind several runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import homework
from paddle_camp.commands.listing import list_lines
from paddle_camp.errors import CampError
from tools import run_homework

ROOT = Path(__file__).resolve().parents[2]
RECORDS = json.loads((ROOT / "docs" / "results.json").read_text(encoding="utf-8"))["records"]


def test_the_list_has_minutes_where_they_were_measured_and_the_data():
    lines = {line.split()[0]: line for line in list_lines(homework.CATALOGUE)}
    assert "29 min --jobs 2  ichallenge-pm  " in lines["8"] and "69 min --jobs 2  mnist  " in lines["6-2"]
    assert "mnist, dogs-vs-cats  Batch, layer" in lines["norms"] and "built in  " in lines["iris"]
    unmeasured = {name for name in homework.CATALOGUE.assignments if lines[name].split()[1] == "–"}
    assert unmeasured == set(homework.CATALOGUE.assignments) - set(RECORDS)


def test_the_columns_begin_below_each_other():
    head, *lines = list_lines(homework.CATALOGUE)
    for assignment in homework.CATALOGUE.assignments.values():
        (line,) = (each for each in lines if each.startswith(f"  {assignment.id} "))
        assert line[head.index("question") :] == assignment.short_title


@pytest.mark.parametrize(
    ("typed", "meant"), [("9-11", "9-1"), ("cat_and_dogs", "cats-and-dogs"), ("Iris", "iris"), ("pytorh", "pytorch")]
)
def test_a_wrong_id_suggests_the_nearest(typed, meant):
    with pytest.raises(CampError, match=f"no homework '{typed}'; did you mean {meant}[?] there are: 1-1, "):
        homework.CATALOGUE.load(typed)


def replace_run(monkeypatch, name, error):
    def run(settings, context):
        assert context.path.is_dir()
        raise error

    monkeypatch.setattr(homework.CATALOGUE.load(name), "run", run)


def test_several_runs_end_with_a_table_also_behind_one_that_fails(monkeypatch, tmp_path, capsys):
    replace_run(monkeypatch, "3-1", ZeroDivisionError("division by zero"))
    assert run_homework.main(["3-1", "7-1", "--out", str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert "error: division by zero" in said.err
    head, failed, done = (line.split() for line in said.out.splitlines()[-3:])
    assert head == ["ID", "status", "headline", "took", "folder"]
    folders = [str(next((tmp_path / name).glob("2*"))) for name in ("3-1", "7-1")]
    assert (failed[:2], failed[-1]) == (["3-1", "failed"], folders[0])
    assert (done[:2], done[-1]) == (["7-1", "done"], folders[1])


def test_ctrl_c_names_what_has_not_begun_and_stays_130(monkeypatch, tmp_path, capsys):
    replace_run(monkeypatch, "3-1", KeyboardInterrupt())
    assert run_homework.main(["3-1", "7-1", "--out", str(tmp_path)]) == 130
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2].startswith("3-1  interrupted  ") and lines[-1].split() == ["7-1", "not", "begun", *"–––"]


def test_nothing_is_coloured(tmp_path, capsys):
    """So NO_COLOR has nothing to turn off."""
    assert run_homework.main(["7-1", "--out", str(tmp_path)]) == 0
    said = capsys.readouterr()
    assert "\x1b" not in said.out + said.err
