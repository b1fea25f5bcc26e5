"""The Markdown pages: the flags they name and the links between them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from paddle_camp.commands import compare, export, predict, run, try_page, verify

ROOT = Path(__file__).resolve().parents[1]
PAGES = (
    "README.md",
    "README.zh-CN.md",
    *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")),
)
FLAG = re.compile(r"(?<![\w-])--[a-z][\w-]*")


@pytest.mark.parametrize("page", PAGES)
def test_the_readme_shows_the_flags_that_exist(page):
    """Those of both READMEs and of docs/: each is ours, or one of another program's."""
    known = set(
        FLAG.findall(
            "".join(each.build_parser().format_help() for each in (compare, predict, run, try_page, verify, export))
        )
    )
    known |= {"--extra-index-url"}  # pip's
    known |= {"--nproc_per_node", "--devices", "--nnodes", "--rank", "--master", "--log_dir"}  # Paddle's launcher's
    known |= {"--logdir"}  # VisualDL's
    known |= {"--rounds"}  # tools/benchmark.py's
    named = set(FLAG.findall((ROOT / page).read_text(encoding="utf-8")))
    assert named <= known, f"{page} names {', '.join(sorted(named - known))}"


@pytest.mark.parametrize("page", (*PAGES, "data/README.md"))
def test_the_links_of_the_pages_lead_somewhere(page):
    text = re.sub(r"^```.*?^```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.M | re.S)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"https?:", link):
            name, _, heading = link.partition("#")
            target = (ROOT / page).parent / name if name else ROOT / page
            assert target.exists(), f"{page} links to {link}"
            titles = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE) if heading else []
            assert not heading or heading in [title.lower().replace(" ", "-") for title in titles], link


def test_the_goals_in_chinese_have_the_numbers_of_the_english_page():
    """Whoever measures anew changes both."""
    english = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    goals = english.split("\n## ")[1]
    chinese = (ROOT / "docs" / "zh" / "performance.md").read_text(encoding="utf-8")
    cells = [cell for line in chinese.splitlines() if line.startswith("| ") for cell in line.split(" | ")[1:]]
    numbers = re.findall(r"(?<![\d.])\d\.\d\d(?![\d.])", " ".join(cells))
    assert len(numbers) > 30 and [number for number in numbers if number not in goals] == []
    assert [name for name in ("Python 3.11.7", "paddlepaddle 3.3.1", "PyTorch 2.13.0") if name not in chinese] == []


def test_every_page_of_docs_is_in_the_table_of_needs():
    table = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = [path.removeprefix("docs/") for path in PAGES if path.startswith("docs/")]
    assert [page for page in pages if f"]({page})" not in table and page != "README.md"] == []
