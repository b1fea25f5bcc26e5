"""answer.md and report.html: complete, self-contained, and safe whatever a file is called."""

from __future__ import annotations

import base64
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from paddle_camp.answers.page import markdown_table, write_answer, write_report
from paddle_camp.plots import save

NOTE = "替身数据：程序画的图片，不是 iChallenge-PM"
BODY = """## 回答

在**第 112 步**衰减，用 `PiecewiseDecay`。<script>alert(1)</script>

1. 先训练
2. 再衰减

- 太早
- 太晚

| 方案 | 准确率 |
| --- | ---: |
| 恒定 | 0.93 |

![损失曲线](figures/loss.png)
"""


class Page(HTMLParser):
    """The tags and the text of a page."""

    def __init__(self, path: Path):
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.text = ""
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def sources(self) -> list[str]:
        return [attrs["src"] for _, attrs in self.tags if "src" in attrs]


@pytest.fixture
def figures(tmp_path) -> list[tuple[str, Path]]:
    """Two small PNG files."""
    paths = [tmp_path / "figures" / "loss.png", tmp_path / "figures" / "roc curve.png"]
    for size, path in enumerate(paths, start=1):
        save(Figure(figsize=(size, 1)), path)
    return [("损失曲线", paths[0]), ("ROC <b>.jpg", paths[1])]


def embedded(path: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()


def test_the_first_line_of_an_answer_says_stand_in(tmp_path):
    write_answer(tmp_path / "answer.md", "作业9-1", "正文\n", NOTE + "\n第二行")
    first, _, title, _, body = (tmp_path / "answer.md").read_text("utf-8").splitlines()
    assert NOTE in first and "第二行" in first
    assert (title, body) == ("# 作业9-1", "正文")


def test_an_answer_on_real_data_begins_with_its_title(tmp_path):
    write_answer(tmp_path / "answer.md", "作业9-1", "正文")
    assert (tmp_path / "answer.md").read_bytes() == "# 作业9-1\n\n正文\n".encode()


def test_the_report_holds_everything_and_loads_nothing(tmp_path, figures):
    path = tmp_path / "report.html"
    tables = [("每一类", ["类别", "召回率"], [["PM <i>", 0.93456789]])]
    facts = {"数据": "iChallenge-PM", "版本": {"paddle": "3.3.1", "numpy": "2.4"}, "种子": np.int64(0)}
    write_report(
        path, title="作业9-1", body_markdown=BODY, figures=figures, tables=tables, facts=facts, stand_in_note=NOTE
    )
    page = Page(path)
    assert page.sources() == [embedded(file) for _, file in figures]  # one shown in the text is not repeated
    assert not [tag for tag, attrs in page.tags if tag in {"script", "link", "iframe", "b", "i"} or "href" in attrs]
    style = path.read_text("utf-8")
    assert "url(" not in style and "@import" not in style
    for wanted in ("作业9-1", NOTE, "第 112 步", "<script>alert(1)</script>", "损失曲线", "ROC <b>.jpg", "PM <i>"):
        assert wanted in page.text
    for wanted in ("0.9346", "paddle 3.3.1 · numpy 2.4", "iChallenge-PM", "PiecewiseDecay"):
        assert wanted in page.text
    tags = [tag for tag, _ in page.tags]
    assert {"h2", "strong", "code", "ol", "ul", "table", "img"} <= set(tags)
    assert {"charset": "utf-8"} in [attrs for tag, attrs in page.tags if tag == "meta"]
    assert [file.name for file in tmp_path.iterdir() if file.suffix == ".tmp"] == []


def test_pictures_from_elsewhere_and_bad_links_are_not_loaded(tmp_path):
    body = '![网上的图](https://example.com/x.png) ![没有](figures/none.png) ![x" onerror="y](figures/none.png)\n\n'
    body += "[点我](javascript:alert(1))"
    write_report(tmp_path / "report.html", title="t", body_markdown=body, figures=[("丢了", tmp_path / "lost.png")])
    page = Page(tmp_path / "report.html")
    assert page.sources() == []
    assert not [attrs for _, attrs in page.tags if {"href", "onerror"} & set(attrs)]
    assert "[网上的图]" in page.text and "图片文件不在了" in page.text


def test_a_figure_with_a_space_in_its_name_is_found(tmp_path, figures):
    write_report(tmp_path / "r.html", title="t", body_markdown='![a "b" <c>](figures/roc%20curve.png)')
    page = Page(tmp_path / "r.html")
    assert page.sources() == [embedded(figures[1][1])]
    assert [attrs["alt"] for tag, attrs in page.tags if tag == "img"] == ['a "b" <c>']


def test_markdown_table_aligns_numbers_and_keeps_pipes_in_their_cells(tmp_path):
    table = markdown_table(["name", "步", "accuracy"], [["a|b\nc", None, "0.9300"], ["d", 112, np.float32(0.93)]])
    assert table.splitlines() == [
        "| name | 步 | accuracy |",
        "| --- | ---: | ---: |",
        "| a\\|b c | – | 0.9300 |",
        "| d | 112 | 0.93 |",
    ]
    write_report(tmp_path / "r.html", title="t", body_markdown=table)
    page = Page(tmp_path / "r.html")
    assert [tag for tag, _ in page.tags].count("td") == 6
    assert "a|b c" in page.text


@pytest.mark.parametrize(
    ("value", "text"), [(0.123456, "0.1235"), (1834.52, "1835"), (123456.7, "123457"), (3, "3"), (True, "True")]
)
def test_cells_show_four_significant_digits(value, text):
    assert f"| {text} |" in markdown_table(["x"], [[value]])
