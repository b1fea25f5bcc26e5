"""The notebooks: the two forms of each agree, and they run from top to bottom on a bare machine."""

from __future__ import annotations

from pathlib import Path

import jupytext
import pytest

from tests.helpers.kernel import ROOT, kernel

BOOKS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.py"))
LIGHT = ("digits", "house_prices")  # the others train for minutes
PAGES = {"house_prices": "4-1", "digits": "5-1", "fundus": "9-1", "cats_and_dogs": "transfer", "gan": "gan"}


def cells(name: str, form: str) -> list[tuple[str, str]]:
    """(Kind, text) of each cell."""
    book = jupytext.read(ROOT / "notebooks" / f"{name}.{form}")
    return [(cell.cell_type, cell.source) for cell in book.cells]


def code(name: str, assignment: bool) -> list[str]:
    """The cells of code, with ``quick`` set; perhaps without the last, which runs an assignment."""
    found = [text for kind, text in cells(name, "py") if kind == "code"]
    settings = [number for number, text in enumerate(found) if text.startswith("quick = False")]
    assert len(settings) == 1 and found[-1].startswith("import homework")
    found[settings[0]] = "quick = True"
    return found if assignment else found[:-1]


def run(name: str, folder: Path, assignment: bool) -> list:
    """What each cell shows."""
    with kernel(folder) as running:
        return running.run_all(code(name, assignment))


@pytest.mark.parametrize("name", BOOKS)
def test_both_forms_of_a_notebook_are_the_same(name):
    """After a change: jupytext --sync notebooks/*.ipynb"""
    assert cells(name, "py") == cells(name, "ipynb")
    assert not any(cell.get("outputs") for cell in jupytext.read(ROOT / "notebooks" / f"{name}.ipynb").cells)


@pytest.mark.parametrize("name", LIGHT)
def test_a_notebook_runs_from_top_to_bottom(name, tmp_path):
    shown = run(name, tmp_path, assignment=False)
    printed = "".join(each.streams["stdout"] for each in shown)
    assert "95% 区间" in printed if name == "digits" else "最小二乘：测试误差" in printed
    assert sum(len(each.of("text/html")) + len(each.of("image/png")) for each in shown) >= 3


@pytest.mark.slow
@pytest.mark.parametrize("name", BOOKS)
def test_a_notebook_runs_its_assignment_too(name, tmp_path):
    *_, answered = run(name, tmp_path, assignment=True)
    *_, answer = answered.displays.values()
    assert f"作业{PAGES[name]}" in answer["text/html"] and "data:image/png;base64," in answer["text/html"]
