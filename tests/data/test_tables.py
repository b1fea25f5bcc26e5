"""Text in the encodings that people's programs write, and tables with what can be wrong in them."""

import re
from zipfile import ZipFile

import openpyxl
import pytest

from paddle_camp.data.finding.tables import is_finite, read_table, read_text
from paddle_camp.errors import DataError

CHINESE = "图片,标签\n甲乙丙.jpg,眼底正常\nb.jpg,病理性近视\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030", "gbk"])
@pytest.mark.parametrize("text", [CHINESE, "plain,ascii\n1,2\n", "é,ü\n", "一览\n联通\n", ""])
def test_the_encoding_is_found(tmp_path, encoding, text):
    (tmp_path / "a.csv").write_bytes(text.encode(encoding))
    assert read_text(tmp_path / "a.csv") == text


def test_utf_16_of_either_byte_order(tmp_path):
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        (tmp_path / "a.csv").write_bytes(mark + CHINESE.encode(encoding))
        assert read_text(tmp_path / "a.csv") == CHINESE


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (CHINESE.encode()[:-2] + b"\xff\n" + "很好\n".encode(), "line 3: is not UTF-8 text"),  # damaged, not GB18030
        ("a,b\nna\xefve,1\n".encode("latin-1"), "line 2: is not UTF-8 text"),
        ("a\nb\n".encode("utf-16-le"), "line 1: has zero bytes: it is no text, or UTF-16"),
        (b"a,b\n1,2\n\0\0\0", "line 3: has zero bytes"),
        (b"\xff\xfe" + "a\nb".encode("utf-16-le") + b"x", "line 2: is not UTF-16-LE text"),
        (b"\xef\xbb\xbfa\n\xff", "line 2: is not UTF-8 text"),
    ],
)
def test_what_is_no_text_is_one_line_with_its_place(tmp_path, content, says):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(DataError, match=rf"a\.csv, {says}.*; save the file as UTF-8 text") as caught:
        read_text(tmp_path / "a.csv")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_or_a_folder(tmp_path):
    for path in (tmp_path / "no.csv", tmp_path):
        with pytest.raises(DataError, match="cannot be read .*check that it is there"):
            read_text(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_a_table_in_any_of_them(tmp_path, encoding):
    (tmp_path / "a.csv").write_text(CHINESE + "\n", encoding=encoding, newline="\r\n")
    assert read_table(tmp_path / "a.csv", ("标签", "图片")) == [
        (2, ("眼底正常", "甲乙丙.jpg")),
        (3, ("病理性近视", "b.jpg")),
    ]


def test_cells_that_are_separated_by_something_else(tmp_path):
    (tmp_path / "a.csv").write_text("name;size\na,b;3\n")
    assert read_table(tmp_path / "a.csv", ("size", "name"), separator=";") == [(2, ("3", "a,b"))]
    (tmp_path / "a.csv").write_text("name,size\na,3\n")
    with pytest.raises(
        DataError, match=r"a\.csv: its cells are separated by commas, not by semicolons; save it as CSV"
    ):
        read_table(tmp_path / "a.csv", ("size",), separator=";")


def test_quotes_spaces_empty_rows_and_other_columns(tmp_path):
    (tmp_path / "a.csv").write_text('ID, Name ,x\n1,"a, b",2\n\n,,\n2, c ,3\n')
    assert read_table(tmp_path / "a.csv", ("name",)) == [(2, ("a, b",)), (5, ("c",))]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name;label\na;1\n", "its cells are separated by semicolons, not by commas"),
        ("name|label\na|1\n", "its cells are separated by bars, not by commas"),
        ("name,label\na,1\nb\n", "row 3 has 1 cells where the header row has 2"),
        ("name,label\na,1\nb,2,3\n", "row 3 has 3 cells where the header row has 2"),
        ("name,class\na,1\n", "no column label in the header row, which has name, class"),
        ("", "no column name and label in the header row, which has nothing"),
        ('name,label\n"a,1\n', "row 2 has 1 cells"),
    ],
)
def test_a_damaged_table_is_one_line(tmp_path, text, says):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(DataError, match=rf"a\.csv: {says}") as caught:
        read_table(tmp_path / "a.csv", ("name", "label"))
    assert "\n" not in str(caught.value)


def test_empty_cells_at_the_end_of_a_sheets_rows_are_there(tmp_path):
    book = openpyxl.Workbook()
    for row in (["name", "label", "note"], ["a", 1, "x"], ["b", 2], ["c", 3, None]):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    assert read_table(tmp_path / "a.xlsx", ("name", "note")) == [(2, ("a", "x")), (3, ("b", "")), (4, ("c", ""))]


@pytest.mark.parametrize("dimension", ["A1", "A1:C2", "A1:A3", "A1:ZZ900000", None])
def test_a_sheet_is_read_to_its_end_whatever_it_says_of_its_size(tmp_path, dimension):
    book = openpyxl.Workbook()
    rows = [(f"V{i:04d}.jpg", i % 2) for i in range(12)]
    for row in [("imgName", "Label"), *rows]:
        book.active.append(row)
    book.save(tmp_path / "right.xlsx")
    written = "" if dimension is None else f'<dimension ref="{dimension}"/>'
    with ZipFile(tmp_path / "right.xlsx") as right, ZipFile(tmp_path / "a.xlsx", "w") as wrong:
        for name in right.namelist():
            content = right.read(name)
            if name == "xl/worksheets/sheet1.xml":
                content, count = re.subn(rb"<dimension[^>]*/>", written.encode(), content)
                assert count == 1
            wrong.writestr(name, content)
    found = read_table(tmp_path / "a.xlsx", ("imgName", "Label"))
    assert found == [(number, (name, str(label))) for number, (name, label) in enumerate(rows, start=2)]


def test_the_unicode_text_of_excel(tmp_path):
    """Tabs in UTF-16; also where commas stand in the cells."""
    (tmp_path / "a.csv").write_text("图片\t标签\n甲,乙.jpg\t1\n", encoding="utf-16", newline="\r\n")
    assert read_table(tmp_path / "a.csv", ("标签", "图片")) == [(2, ("1", "甲,乙.jpg"))]


@pytest.mark.parametrize("cell", ["3", "3.", ".5", "-3.25", "+1e5", "1E-05", " 7 ", "0"])
def test_a_number(cell):
    assert is_finite(cell)


@pytest.mark.parametrize(
    "cell", ["", ".", "3_6.20", "٣٦", "１２", "1,5", "0x1p3", "nan", "inf", "1e999", "1e", "--1", "1 2"]
)
def test_no_number(cell):
    assert not is_finite(cell)


def test_columns_that_may_be_missing_are_empty(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("a,B\n1,2\n")
    assert read_table(path, ("a",), optional=("b", "c")) == [(2, ("1", "2", ""))]
    assert read_table(path, ("a",), others=(), optional=("b",)) == [(2, ("1", "2"))]


def test_a_table_without_a_header_row_is_told_its_columns(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("1,2\n\n3,4\n")
    assert read_table(path, ("b",), header=("a", "b")) == [(1, ("2",)), (3, ("4",))]
    path.write_text("1,2\n3\n")
    with pytest.raises(DataError, match=r"row 2 has 1 cells where 2 are usual; correct the table"):
        read_table(path, ("b",), header=("a", "b"))
