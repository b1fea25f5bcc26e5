"""Which assignments there are: by the names of folders and the headers of pages, and what is said of a wrong one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import homework
from paddle_camp.errors import CampError
from paddle_camp.running.catalogue import COURSES, Catalogue

PAGE = '''"""{title}

{header}
"""
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    rate: float = 0.1


QUICK = Settings(0.2)


def run(settings, context):
    raise AssertionError("listing runs nothing")
'''


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An empty package of assignments, importable for the while of a test."""
    folder = tmp_path / "my_course"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "my_course"]:
        del sys.modules[name]


def add(package: Path, name: str, title: str = "A title", header: str = "", page: str = PAGE) -> Path:
    folder = package / name
    folder.mkdir()
    (folder / "experiment.py").write_text(page.format(title=title, header=header), encoding="utf-8")
    return folder


def test_ids_come_from_the_folders_names_and_are_listed_course_by_course(package):
    for name in ("hw10_1_late", "hw2_1_early", "hw8_middle", "hw2_2_next"):
        add(package, name)
    add(package, "cats_and_dogs", "Which one is it?", "Course: pytorch")
    add(package, "car_buyers", "Who buys?", "Course: keras")
    (package / "notes").mkdir()  # no page in it: nobody's business
    catalogue = Catalogue("my_course", package)
    found = {name: assignment.course for name, assignment in catalogue.assignments.items()}
    assert list(found) == ["2-1", "2-2", "8", "10-1", "car-buyers", "cats-and-dogs"]
    assert list(found.values()) == ["camp"] * 4 + ["keras", "pytorch"]
    assert catalogue.assignments["cats-and-dogs"].title == "Which one is it?"
    assert catalogue.faults == []


def test_a_courses_name_stands_for_its_assignments_and_all_for_the_camps(package):
    for name in ("hw1_1_a", "hw1_2_b"):
        add(package, name)
    add(package, "car_buyers", header="Course: keras")
    catalogue = Catalogue("my_course", package)
    assert catalogue.expand(["all"]) == catalogue.expand(["camp"]) == ["1-1", "1-2"]
    assert catalogue.expand(["keras", "1-2", "camp"]) == ["car-buyers", "1-2", "1-1"]
    assert catalogue.expand(["9-9", "keras"]) == ["9-9", "car-buyers"]  # an unknown ID is for load() to refuse
    with pytest.raises(CampError, match="book: no assignment of a book is here yet; see --list"):
        catalogue.expand(["1-1", "book"])
    camp = [each.id for each in homework.CATALOGUE.assignments.values() if each.course == "camp"]
    assert homework.CATALOGUE.expand(["all"]) == camp and camp[0] == "1-1" and camp[-1] == "9-2"
    assert set(COURSES) == {"camp", "keras", "pytorch", "summer", "book"}


@pytest.mark.parametrize(
    ("name", "title", "header", "says"),
    [
        ("hw9resnet", "A title", "", "misnamed: an assignment's folder is called hw9_1_resnet_decay"),
        ("HW9_1_resnet", "A title", "", "misnamed"),
        ("cats-and-dogs", "A title", "Course: book", "misnamed"),
        ("car_buyers", "A title", "", "no line Course: camp | keras"),
        ("car_buyers", "A title", "Course: java", "no line Course: camp | keras"),
        ("hw9_1_decay", "", "", "does not begin with a docstring"),
    ],
)
def test_a_folder_that_is_no_assignment_is_one_line(package, name, title, header, says):
    add(package, "hw1_1_good")
    folder = add(package, name, title, header)
    catalogue = Catalogue("my_course", package)
    assert list(catalogue.assignments) == ["1-1"]  # the others still run
    (fault,) = catalogue.faults
    assert fault.startswith(str(folder)) and says in fault and "\n" not in fault
    assert catalogue.load("1-1").QUICK.rate == 0.2
    with pytest.raises(CampError, match="there are: 1-1 .*" + says.split(":")[0]):
        catalogue.load("9-1")


def test_two_folders_of_one_id_are_a_fault(package):
    add(package, "hw9_1_decay")
    add(package, "hw9_1_other")
    (fault,) = Catalogue("my_course", package).faults
    assert "hw9_1_decay has the same ID 9-1; rename one" in fault


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("QUICK = Settings(0.2)", "", "the page has no QUICK"),
        ("QUICK = Settings(0.2)", "QUICK = 0.2", "the page has no QUICK, an instance of its Settings"),
        ("@dataclass(frozen=True)", "@dataclass", "the page has no Settings, a frozen dataclass"),
        ("def run(settings, context)", "def run(settings)", "the page has no run(settings, context)"),
        ("QUICK = Settings(0.2)", "QUICK = Settings(0.2)\nIS_SWEEP = 'yes'", "IS_SWEEP is True or False"),
    ],
)
def test_a_page_without_a_part_is_one_line_when_it_is_loaded(package, before, after, says):
    assert before in PAGE
    folder = add(package, "hw9_1_decay", page=PAGE.replace(before, after))
    catalogue = Catalogue("my_course", package)
    assert list(catalogue.assignments) == ["9-1"]  # listing reads headers only
    with pytest.raises(CampError) as caught:
        catalogue.load("9-1")
    assert str(caught.value).startswith(str(folder / "experiment.py")) and says in str(caught.value)


def test_the_list_says_what_is_wrong_and_ends_with_status_2(package, capsys):
    from paddle_camp.commands import run

    add(package, "hw1_1_good", "作业1-1 Good")
    assert run.main(Catalogue("my_course", package), ["--list"]) == 0
    add(package, "hw9resnet")
    assert run.main(Catalogue("my_course", package), ["--list"]) == 2
    said = capsys.readouterr()
    assert said.out.splitlines()[-1].split() == ["1-1", "–", "–", "Good"]
    assert said.err.startswith("error: ") and "misnamed" in said.err
