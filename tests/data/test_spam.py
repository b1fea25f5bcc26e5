"""The SMS Spam Collection: the forms in which it is found, mended characters, and what is said of a damaged file."""

from __future__ import annotations

import numpy as np
import pytest

from paddle_camp.data import spam
from paddle_camp.data.finding import downloads
from paddle_camp.errors import DataError

PLAIN = [("ham", "Ok lar, see u"), ("spam", "WIN £1000! Ü call"), ("ham", 'He said "no"'), ("ham", "it’s ok")]
# What became of the pound sign, the u-umlaut and the apostrophe when UTF-8 was taken for Windows' and for Mac's.
TWICE = {"£": "å£", "Ü": "ÌÏ", "’": "‰Ûª"}


def rows_of(header: str, twice: bool = True) -> str:
    lines = [header] if header else []
    for label, text in PLAIN:
        for meant, found in TWICE.items() if twice else ():
            text = text.replace(meant, found)
        quoted = '"' + text.replace('"', '""') + '"' if set('",') & set(text) else text
        lines.append(f"{label},{quoted},,,")
    return "\r\n".join(lines) + "\r\n"


def found_in(tmp_path, content: bytes, name: str = "spam.csv") -> spam.Messages:
    folder = tmp_path / "spam"
    folder.mkdir()
    (folder / name).write_bytes(content)
    return spam.load_spam("real", str(tmp_path)).train


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (rows_of("label,masseges,,,").encode(), "spam.csv"),
        (rows_of("v1,v2,,,").encode("cp1252"), "spam.csv"),
        (rows_of("").encode(), "spam.csv"),
        (rows_of("", twice=False).encode("utf-8-sig"), "spam.csv"),
        (rows_of("Category,Message", twice=False).encode(), "spam.csv"),
        ("".join(f"{label}\t{text}\n" for label, text in PLAIN).encode(), "SMSSpamCollection"),
        (rows_of("", twice=False).encode().decode("cp1252").encode(), "spam.csv"),  # the plain way to encode twice
    ],
)
def test_every_form_gives_the_same_messages(tmp_path, content, name):
    messages = found_in(tmp_path, content, name)
    assert messages.texts == tuple(text for _, text in PLAIN)
    assert messages.labels.tolist() == [0, 1, 0, 0] and messages.labels.dtype == np.int64


def test_a_message_in_several_cells_is_joined_and_a_lost_byte_stays(tmp_path):
    text = "ham,then the second, and a third,,\nspam,so Ì_ pay,,,\nham,caf\u00e9,,,\n"
    assert found_in(tmp_path, text.encode()).texts == ("then the second, and a third", "so Ì_ pay", "café")


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-16", "utf-8", "utf-8-sig"])
@pytest.mark.parametrize("form", ["label,text\n{0}ham,{1}\nspam,{2}\n", "label\ttext\nham\t{1}\nspam\t{2}\n"])
def test_chinese_messages_as_excel_saves_them(tmp_path, encoding, form):
    texts = ("今晚八点在老地方见面吧", "恭喜您中奖了！请点击链接领取。")
    messages = found_in(tmp_path, form.format("", *texts).encode(encoding))
    assert messages.texts == texts and messages.labels.tolist() == [0, 1]


GOOD = "label,text\nham,one\nspam,two\n"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (GOOD + "ham,\n", "spam.csv, line 4: the message is empty"),
        (GOOD + 'ham,"  "\n', "line 4: the message is empty"),
        (GOOD + "ham\n", "line 4: the message is empty"),
        (GOOD + "\nspan,three\n", "line 5: the label is 'span', neither ham nor spam"),
        ("labels,text\nham,one\nspam,two\n", "line 1: the label is 'labels'"),
        (GOOD + 'ham,"three\n', "line 4: a quotation mark in the message that begins here is not closed"),
        (GOOD + 'ham,"three\nspam,four\nham,"five"\n', "line 4: a quotation mark"),
        (GOOD + 'ham,"three" four\n', "line 4: a quotation mark"),
        (GOOD + 'ham,"three\nspam,four"\nham,five\n', r"line 4: a quotation mark.*runs on into the next message"),
        ("ham,one\nham,two\n", "all 2 messages are ham; both"),
        ("spam\tone\n", "all 1 messages are spam; both"),
        ("label,text\n", "there are no messages in it"),
        ("", "there are no messages in it"),
        ("ham\tone\nspam\t\n", "line 2: the message is empty"),
        ("ham\tone\nspam two\n", "line 2: the label is 'spam two'"),
        (GOOD + "ham,\0\n", "line 4: has the byte 0x00, so it is no text"),
        ("\x89PNG\r\n\x1a\n", "line 2: has the byte 0x1a, so it is no text"),
    ],
)
def test_a_damaged_file_is_one_clear_line(tmp_path, content, says):
    with pytest.raises(DataError, match=says) as caught:
        found_in(tmp_path, content.encode("latin-1"))
    assert "\n" not in str(caught.value) and str(tmp_path) in str(caught.value)


def test_a_file_that_is_none(tmp_path):
    (tmp_path / "spam.csv").mkdir()
    with pytest.raises(DataError, match="spam.csv: cannot be read"):
        spam.load_spam(data_dir=str(tmp_path))
    with pytest.raises(DataError, match="holds nothing of spam: no spam, spam.csv, SMSSpamCollection"):
        spam.load_spam(data_dir=str(tmp_path.parent))


def test_copies_are_exact_and_groups_take_case_and_spaces_for_nothing():
    texts = ("Call me", "call  ME ", "Call me", "Call you")
    messages = spam.Messages(texts, np.array([0, 0, 0, 1]))
    assert messages.num_copies == 1
    assert messages.groups.tolist() == [0, 0, 0, 1]
    taken = messages.take(np.array([3, 0]))
    assert taken.texts == ("Call you", "Call me") and taken.labels.tolist() == [1, 0]


def test_the_stand_in_is_said_loudly_and_is_always_the_same(monkeypatch):
    monkeypatch.setattr(downloads, "find", lambda *arguments: None)
    data, again = spam.load_spam(), spam.load_spam("synthetic")
    assert data.origin == "synthetic" and data.info == again.info
    assert "not SMS Spam Collection" in data.info.stand_in and "替代数据" in data.info.stand_in_zh
    assert 0.1 < data.train.labels.mean() < 0.25 and data.train.num_copies > 20
    with pytest.raises(DataError, match="SMS Spam Collection was not found; get the SMS Spam Collection from UCI"):
        spam.load_spam("real")


def test_the_real_messages(real_data):
    if not (real_data / "spam").is_dir():
        pytest.skip(f"no spam/ in {real_data}")
    data = spam.load_spam("real", str(real_data))
    assert (len(data.train), int(data.train.labels.sum()), data.train.num_copies) == (5572, 747, 403)
    assert "selected to receivea £900 prize reward" in data.train.texts[8]
    assert sum("£" in text for text in data.train.texts) > 250 and not any("å" in text for text in data.train.texts)
    assert repr(data).startswith("SpamData(train 5,572; real,") and "<table>" in data._repr_html_()
