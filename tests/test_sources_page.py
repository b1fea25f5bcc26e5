"""docs/sources.md: every assignment under its course, and called reconstructed where its page says so."""

from __future__ import annotations

import re
from pathlib import Path

import homework
from paddle_camp.running.catalogue import COURSES

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "sources.md").read_text(encoding="utf-8")


def rows() -> dict[str, tuple[str, str]]:
    """Assignment -> (course, what is said of its question)."""
    found = {}
    for part in PAGE.split("\n## ")[1:]:
        course = part.partition(":")[0]
        assert part.startswith(f"{course}: {COURSES[course]}\n")
        for name, said in re.findall(r"^\| [^|]+ \| ([\w-]+) \| ([^|]+) \|$", part, re.MULTILINE):
            found[name] = (course, said)
    return {name: each for name, each in found.items() if name != "Assignment"}


def test_every_assignment_stands_under_its_course():
    expected = {name: each.course for name, each in homework.CATALOGUE.assignments.items()}
    assert {name: course for name, (course, _) in rows().items()} == expected


def test_a_question_is_called_reconstructed_where_its_page_says_so():
    for name, (_, said) in rows().items():
        page = (homework.CATALOGUE.assignments[name].folder / "experiment.py").read_text(encoding="utf-8")
        header = page.split('"""')[1]
        assert ("reconstructed" in said) == ("reconstructed" in header), name
        assert ("blank" in said) == bool(re.search(r"left blank|leaves the table blank", header)), name
