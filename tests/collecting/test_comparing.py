"""Many runs on one page: what it shows, and that nothing of a stranger's folder gets further than its text."""

from __future__ import annotations

import csv
import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from paddle_camp.collecting.finding import find_runs
from paddle_camp.commands import compare as command
from paddle_camp.errors import CampError
from tests.helpers.browser import CHROMIUM, browser
from tests.helpers.runs import add_figure, make_run, predictions_of

ATTACK = '"><img src=x onerror=alert(1)><script>alert(2)</script>{{ 7 * 7 }}'
NEEDS_CHROMIUM = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


def make_class(root: Path) -> Path:
    for number, name in enumerate(("li-lei", "han-meimei", "wang"), start=1):
        runs = root / name / "runs"
        predictions = predictions_of(300, 200 + 30 * number, seed=number)
        make_run(runs / "1-1" / "20261105-101500", "1-1", predictions, seed=number, curve=(2.0 / number, 1, 0.5))
        make_run(runs / "9-9" / "20261105-101500", "9-9")
        (runs / "1-1" / "latest").symlink_to("20261105-101500")
    return root


def compare(toys, tmp_path: Path, *runs: Path) -> tuple[int, str]:
    status = command.main(toys, [*map(str, runs), "--out", str(tmp_path / "page.html")])
    return status, (tmp_path / "page.html").read_text("utf-8") if status == 0 else ""


def test_a_whole_class_is_walked_and_each_run_counted_once(tmp_path):
    found = find_runs([make_class(tmp_path / "class"), tmp_path / "class" / "wang"])
    names = ["han-meimei", "li-lei", "wang"]
    assert [(each.record.homework, each.whose) for each in found] == [(h, n) for h in ("1-1", "9-9") for n in names]
    (single,) = find_runs([tmp_path / "class" / "wang" / "runs" / "1-1" / "latest"])
    assert single.whose == "wang" and single.record.folder.name == "20261105-101500"


def test_two_runs_of_a_student_are_told_apart(tmp_path):
    for time in ("20261105-101500", "20261106-090000"):
        make_run(tmp_path / "li-lei" / "1-1" / time)
    assert [each.whose for each in find_runs([tmp_path])] == [
        f"li-lei · {t}" for t in ("20261105-101500", "20261106-090000")
    ]


def test_students_of_one_name_in_two_classes_are_two(tmp_path):
    for name in ("morning", "evening"):
        make_run(tmp_path / name / "li-lei" / "runs" / "1-1" / "20261105-101500")
    make_run(tmp_path / "morning" / "wang" / "runs" / "1-1" / "20261105-101500")
    found = find_runs([tmp_path / "morning", tmp_path / "evening"])
    assert [each.whose for each in found] == ["evening/li-lei", "morning/li-lei", "wang"]


def test_no_link_is_followed_and_nothing_is_taken_from_within_a_run(tmp_path):
    outside = make_run(tmp_path / "outside")
    run = make_run(tmp_path / "class" / "a")
    make_run(run / "inside")
    (tmp_path / "class" / "b").symlink_to(outside)
    (tmp_path / "class" / "c").mkdir()
    (tmp_path / "class" / "c" / "metrics.json").symlink_to(outside / "metrics.json")
    os.mkfifo(tmp_path / "class" / "metrics.json")
    assert [each.record.folder for each in find_runs([tmp_path / "class"])] == [run]


@pytest.mark.parametrize(
    ("name", "says"),
    [("nowhere", "no such folder"), ("empty", "no run in it"), ("a.zip", "a file, not a folder; unpack it first")],
)
def test_what_holds_no_run_is_one_line(toys, tmp_path, capsys, name, says):
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.zip").write_bytes(b"PK")
    status, _ = compare(toys, tmp_path, tmp_path / name)
    said = capsys.readouterr().err
    assert status == 2 and says in said and len(said.splitlines()) == 1


def test_a_page_that_is_none_is_one_line(toys, tmp_path, capsys):
    run = make_run(tmp_path / "run")
    for out in ("page.pdf", "page", f"{run}/config.json/page.html"):
        assert command.main(toys, [str(run), "--out", str(tmp_path / out)]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1


def test_no_file_of_others_is_replaced(toys, tmp_path, capsys):
    run = make_run(tmp_path / "run", predictions=predictions_of(20, 10))
    assert command.main(toys, [str(run), "--out", str(run / "history.html")]) == 2
    assert "lies in the folder of a run" in capsys.readouterr().err
    (tmp_path / "page.csv").write_text("name,number\n李雷,1\n", encoding="utf-8")
    assert compare(toys, tmp_path, run)[0] == 2 and not (tmp_path / "page.html").exists()
    said = capsys.readouterr().err
    assert "page.csv: the table beside --out would replace this file" in said and len(said.splitlines()) == 1
    assert "李雷" in (tmp_path / "page.csv").read_text("utf-8")
    (tmp_path / "page.csv").unlink()
    assert [compare(toys, tmp_path, run)[0] for _ in range(2)] == [0, 0]  # its own table is written anew


def test_the_csv_has_a_row_for_each_run(toys, tmp_path, capsys):
    compare(toys, tmp_path, make_class(tmp_path / "class"))
    assert "2 different assignments: their headlines do not compare" in capsys.readouterr().err
    with (tmp_path / "page.csv").open(encoding="utf-8-sig") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["whose"] for row in rows] == ["han-meimei", "li-lei", "wang"] * 2
    first = rows[0]
    assert (first["assignment"], first["headline"], first["minutes"], first["origin"]) == (
        "1-1",
        "accuracy",
        "1.5",
        "real",
    )
    assert float(first["value"]) == pytest.approx(260 / 300) and float(first["low"]) < float(first["value"])
    assert first["differs_from_defaults"] == "" and rows[3]["value"] == ""


def test_stand_ins_are_tested_among_themselves_and_the_page_says_so(toys, tmp_path):
    for number, origin in enumerate(("real", "real", "synthetic", "synthetic")):
        make_run(tmp_path / "class" / str(number), predictions=predictions_of(60, 30 + number), origin=origin)
    _, page = compare(toys, tmp_path, tmp_path / "class")
    assert page.count("60 个相同的样本，2 次运行。") == 2
    assert page.count('<p><b class="warm">替代数据</b>，60 个相同的样本，2 次运行。') == 1


def test_runs_without_predictions_unfinished_damaged_and_foreign_have_their_rows(toys, tmp_path, capsys):
    root = make_class(tmp_path / "class")
    lei, mei = root / "li-lei" / "runs" / "1-1" / "latest", root / "han-meimei" / "runs" / "1-1" / "latest"
    metrics = json.loads((lei / "metrics.json").read_text("utf-8"))
    (lei / "metrics.json").write_text(json.dumps(metrics | {"status": "interrupted", "headline": None}))
    (mei / "metrics.json").write_text("{")
    (mei / "predictions.csv").write_text("sample")
    status, page = compare(toys, tmp_path, root)
    said = capsys.readouterr().err
    assert status == 0 and "1-1, li-lei: not finished (interrupted)" in said
    assert "han-meimei: metrics.json: damaged (not JSON)" in said
    assert "han-meimei: predictions.csv: its columns are not sample, label" in said
    assert page.count("<tr data-group=") == 6 and "没有比较" in page


def test_settings_nested_very_deep_do_not_end_the_page_of_a_class(toys, tmp_path, capsys):
    root = make_class(tmp_path / "class")
    deep = '{"homework": "1-1", "settings": {"rate": ' + "[" * 900 + "]" * 900 + "}}"
    (root / "wang" / "runs" / "1-1" / "latest" / "config.json").write_text(deep, encoding="utf-8")
    status, page = compare(toys, tmp_path, root)
    assert status == 0 and page.count("<tr data-group=") == 6
    assert "wang: config.json: damaged (nested more than 50 deep)" in capsys.readouterr().err


def attack(root: Path) -> None:
    """Runs whose every text is an attack, with checksums and all."""
    predictions = predictions_of(30, 20)
    for number in range(2):
        run = make_run(
            root / f"<img src=x onerror=alert({number})>" / "r", ATTACK, predictions, {ATTACK: ATTACK, "b": [ATTACK]}
        )
        metrics = json.loads((run / "metrics.json").read_text("utf-8"))
        metrics["headline"] |= {"name": ATTACK, "split": ATTACK}
        metrics |= {"data": {"name": ATTACK, "origin": ATTACK, ATTACK: 3}, "device": ATTACK, "error": ATTACK}
        (run / "metrics.json").write_text(json.dumps(metrics | {"status": ATTACK}), encoding="utf-8")
        (run / "env.json").write_text(json.dumps({"cpu": ATTACK}), encoding="utf-8")
        text = (run / "history.csv").read_text("utf-8").replace("net,", '"' + ATTACK.replace('"', '""') + '",')
        (run / "history.csv").write_text(text, encoding="utf-8")
        add_figure(run, "<img src=x onerror=alert(3)>.png".replace("/", ""))


def test_a_folder_that_may_not_be_read_is_named_and_the_others_are_compared(toys, tmp_path, capsys, monkeypatch):
    root = make_class(tmp_path / "class")
    add_figure(root / "li-lei" / "runs" / "1-1" / "20261105-101500")
    # Root may read everything, so that the answers of the system are given here.
    access, scandir = os.access, os.scandir

    def refusing(path):
        if Path(path).name == "figures":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "wang" and access(path, mode))
    monkeypatch.setattr(os, "scandir", refusing)
    status, page = compare(toys, tmp_path, root)
    said = capsys.readouterr().err
    assert status == 0 and page.count("<tr data-group=") == 4 and "data:image" not in page
    assert f"{root / 'wang'}: may not be read, left out" in said
    assert compare(toys, tmp_path, root / "wang")[0] == 2
    assert "may not be read; ask its owner" in capsys.readouterr().err


def test_texts_of_a_stranger_are_shown_and_not_obeyed(toys, tmp_path):
    attack(tmp_path / "class")
    status, page = compare(toys, tmp_path, tmp_path / "class")
    assert (
        status == 0 and page.count("<script>") == 1 and "<img src=x" not in page and "alert(2)&lt;/script&gt;" in page
    )
    assert "{{ 7 * 7 }}" in page  # a template's words are words, too
    assert re.search(r"script-src 'sha256-[\w+/]+=*'\"", page) and "default-src 'none'" in page


@NEEDS_CHROMIUM
def test_the_page_opens_sorts_and_filters_at_both_widths_without_a_word_in_the_console(toys, tmp_path):
    attack(tmp_path / "class" / "x")
    for run in make_class(tmp_path / "class").rglob("20261105-101500"):
        add_figure(run)
    compare(toys, tmp_path, tmp_path / "class")
    column = "[...document.querySelectorAll('#runs tbody tr:not([hidden])')].map(r => r.cells[1].textContent.trim())"
    with browser() as tab:
        for width in (1280, 390):
            tab.open(tmp_path / "page.html", width)
            assert tab.evaluate("document.documentElement.scrollWidth") <= width
            assert tab.evaluate("document.querySelectorAll('img[src=x]').length") == 0
            tab.evaluate("document.querySelector('#homework').value = '1-1'; filter()")
            assert tab.evaluate(column) == ["han-meimei", "li-lei", "wang"]
            for order in (["wang", "han-meimei", "li-lei"], ["li-lei", "han-meimei", "wang"]):
                tab.evaluate("document.querySelectorAll('#runs th button')[3].click()")
                assert tab.evaluate(column) == order
            tab.evaluate("document.querySelector('#search').value = 'LEI'; filter()")
            assert tab.evaluate(column) == ["li-lei"]
            tab.evaluate("document.querySelector('.legend button').click()")
            assert tab.evaluate("document.querySelectorAll('section.chosen polyline.on').length") == 2
            tab.photograph(tmp_path / f"{width}.png")
            assert np.asarray(Image.open(tmp_path / f"{width}.png")).std() > 5
        assert tab.console == []
        assert set(tab.requests) == {(tmp_path / "page.html").as_uri()}


@NEEDS_CHROMIUM
def test_the_browser_would_refuse_a_script_that_got_through(toys, tmp_path):
    """What the page's policy is worth, and that the test above would see it."""
    _, page = compare(toys, tmp_path, make_run(tmp_path / "run"))
    (tmp_path / "page.html").write_text(page.replace("</main>", "<script>document.title = 'x'</script></main>"))
    with browser() as tab:
        tab.open(tmp_path / "page.html", 1280)
        assert tab.evaluate("document.title") == "作业对比"
        assert any("Content Security Policy" in line for line in tab.console)


def test_more_runs_than_a_page_can_hold_are_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr("paddle_camp.collecting.finding.MOST_RUNS", 5)
    with pytest.raises(CampError, match="more than 5 runs; compare fewer at a time"):
        find_runs([make_class(tmp_path / "class")])
