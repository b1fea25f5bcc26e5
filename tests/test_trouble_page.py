"""docs/trouble-shooting.md: the traps are there, their cures run, and what the project says it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "trouble-shooting.md").read_text(encoding="utf-8")
PADDLE, MACHINES, SAID = PAGE.split("\n## ")[1:]


def rows(part: str) -> list[list[str]]:
    return [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("| ")][1:]


def codes(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


@pytest.fixture
def names(tmp_path, monkeypatch):
    """What the page's code begins with."""
    (prelude,) = re.findall(r"```python\n(.*?)```", PADDLE, re.DOTALL)
    names: dict = {}
    exec(prelude, names)
    return names


def test_every_trap_is_there_and_every_cure_runs(names):
    assert len(rows(PADDLE)) >= 12
    for trap, happens, cure in rows(PADDLE):
        (line,) = codes(trap)
        error = re.match(r"`(\w+Error)`", happens)
        if error:
            with pytest.raises(Exception) as caught:
                exec(line, names)
            assert caught.type.__name__ == error[1], line
        else:
            exec(line, names)
        for code in codes(cure):
            exec(code, names)


def test_the_project_says_what_is_quoted():
    sources = " ".join(path.read_text(encoding="utf-8") for path in ROOT.glob("paddle_camp/**/*.py"))
    joined = re.sub(r'"\s*\n\s*f?"', "", sources)  # texts that go on in the next line
    quotes = [codes(said)[0] for said, _ in rows(SAID)]
    assert len(quotes) >= 8 and [quote for quote in quotes if quote not in joined] == []


def test_every_row_has_a_cure():
    assert [row for row in rows(MACHINES) if len(row) != 2 or not codes(row[1])] == []
