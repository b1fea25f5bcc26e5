"""Figures in Chinese where a font has it, and nothing of a stranger's name as a box."""

from __future__ import annotations

import shutil

import pytest
from matplotlib import font_manager
from matplotlib.text import Text

from paddle_camp import plots
from paddle_camp.plots import language
from paddle_camp.plots.language import columns_of, readable, words, wrapped


@pytest.fixture
def chinese(monkeypatch):
    """As if a Chinese font were installed; Matplotlib's own serif font stands for it."""
    monkeypatch.setattr(language, "chinese_font", lambda: "DejaVu Serif")
    monkeypatch.delenv("PADDLE_CAMP_FIGURES")


def test_chinese_where_there_is_a_font(chinese, monkeypatch):
    assert words("step", "步") == "步"
    monkeypatch.setenv("PADDLE_CAMP_FIGURES", "en")
    assert words("step", "步") == "step"


def test_english_without_a_font(monkeypatch):
    monkeypatch.delenv("PADDLE_CAMP_FIGURES")
    monkeypatch.setattr(language, "chinese_font", lambda: None)
    assert words("step", "步") == "step" and language.families() == ["DejaVu Sans"]


def test_an_installed_font_is_found_by_its_file_and_known_to_matplotlib(monkeypatch, tmp_path):
    file = tmp_path / "NotoSansCJK-Regular.ttf"
    shutil.copyfile(font_manager.findfont("DejaVu Serif"), file)
    monkeypatch.setattr(language, "_installed", lambda: ("/fonts/Arial.ttf", str(file)))
    assert language.chinese_font.__wrapped__() == "DejaVu Serif"
    assert any(font.fname == str(file) for font in font_manager.fontManager.ttflist)
    font_manager.fontManager.ttflist = [f for f in font_manager.fontManager.ttflist if f.fname != str(file)]
    monkeypatch.setattr(language, "_installed", lambda: ("/fonts/Arial.ttf",))
    assert language.chinese_font.__wrapped__() is None


def test_of_the_faces_in_a_file_the_mainlands_is_taken_and_of_the_files_the_regular_one(monkeypatch):
    known = font_manager.fontManager
    faces = [f"Noto Sans{mono} CJK {country}" for mono in ("", " Mono") for country in ("JP", "SC", "HK")]
    add = lambda path: known.ttflist.extend(font_manager.FontEntry(fname=path, name=name) for name in faces)  # noqa: E731
    monkeypatch.setattr(known, "ttflist", list(known.ttflist))
    monkeypatch.setattr(known, "addfont", add)
    files = tuple(f"/fonts/NotoSansCJK-{weight}.ttc" for weight in ("Bold", "Regular"))
    monkeypatch.setattr(language, "_installed", lambda: files)
    assert language.chinese_font.__wrapped__() == "Noto Sans CJK SC"
    assert known.ttflist[-1].fname == files[1]


@pytest.mark.filterwarnings("ignore:Glyph")  # which the font that stands for a Chinese one lacks
def test_every_text_of_a_figure_falls_back_on_the_chinese_font(chinese, tmp_path):
    figure = plots.loss_curves({"甲": [{"step": 1, "loss": 1.0}, {"step": 2, "loss": 0.5}]})
    plots.save(figure, tmp_path / "loss.png")
    families = {tuple(text.get_fontfamily()) for text in figure.findobj(Text) if text.get_text()}
    assert families == {("DejaVu Sans", "DejaVu Serif")}
    assert "训练 loss" in {text.get_text() for text in figure.findobj(Text)}


def test_what_no_font_has_is_written_as_its_code(monkeypatch):
    monkeypatch.setattr(language, "chinese_font", lambda: None)
    assert readable("眼_1.jpg\nα") == "\\u773c_1.jpg\nα"


@pytest.mark.parametrize(("text", "columns"), [("abc", 3), ("学习率", 6), ("训练 loss（1）", 14)])
def test_a_chinese_character_takes_the_room_of_two(text, columns):
    assert columns_of(text) == columns


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("when to decay the rate", 12, ["when to", "decay the", "rate"]),
        ("学习率在哪里衰减", 8, ["学习率在", "哪里衰减"]),
        ("训练 ResNet 的 loss", 11, ["训练 ResNet", "的 loss"]),
        ("行是优化算法（列是学习率）", 14, ["行是优化算法", "（列是学习率）"]),
        ("准确率，loss、时间", 6, ["准确", "率，", "loss、", "时间"]),
        ("unbreakable", 4, ["unbreakable"]),
        ("", 10, [""]),
    ],
)
def test_long_titles_are_broken(text, width, lines):
    assert wrapped(text, width).split("\n") == lines
