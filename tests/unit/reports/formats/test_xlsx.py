"""The workbook, read back by a library."""

import re
from datetime import date, datetime
from io import BytesIO
from zipfile import ZipFile

import openpyxl
import pytest

from app.core.spreadsheet import Percentage
from app.reports.formats.tables import Sheet
from app.reports.formats.xlsx import MAX_CELL, xlsx_pieces

FORMULAS = ['=HYPERLINK("http://evil.test","x")', "+1+1", "-1", "@SUM(A1)", "\t=1", "=cmd|' /C calc'!A0"]


def written(*sheets):
    return b"".join(xlsx_pieces(sheets))


def read(*sheets):
    return openpyxl.load_workbook(BytesIO(written(*sheets)), read_only=True)


def rows(rows):
    return list(read(Sheet("s", ["head"], [[value] for value in rows])).worksheets[0].iter_rows())[1:]


def test_sheets_have_their_names_heads_and_values():
    book = read(Sheet("问题/一览", ["a", "b"], [["x", 1], [None, 0.5]]), Sheet("y" * 50, ["c"], []))
    assert book.sheetnames == ["1 问题 一览", "2 " + "y" * 29]
    first, second = book.worksheets
    assert list(first.iter_rows(values_only=True)) == [("a", "b"), ("x", 1), (None, 0.5)]
    assert list(second.iter_rows(values_only=True)) == [("c",)]


@pytest.mark.parametrize("text", FORMULAS)
def test_nothing_that_a_page_says_is_calculated(text):
    (((cell,),)) = (rows([text])[0],)
    assert cell.data_type in ("s", "inlineStr")
    assert cell.value == text
    with ZipFile(BytesIO(written(Sheet("s", ["h"], [[text]])))) as found:
        assert b"<f" not in found.read("xl/worksheets/sheet1.xml")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<script>&\"'", "<script>&\"'"),
        ("a\x00b\x1b[31m\ufffe", "a\ufffdb\ufffd[31m\ufffd"),
        ("half \ud83d pair", "half \ufffd pair"),
        ("_x0041_", "_x0041_"),
        ("line\nline", "line\nline"),
        ("x" * (MAX_CELL + 5), "x" * MAX_CELL),
    ],
)
def test_hostile_texts_stay_texts(text, shown):
    (cell,) = rows([text])[0]
    assert re.sub(r"_x005F_", "_", cell.value) == shown


def test_rows_are_read_as_they_are_written():
    asked = []

    def endless():
        while True:
            asked.append(1)
            yield ["x" * 500]

    pieces = xlsx_pieces([Sheet("s", ["h"], endless())])
    for _ in range(20):
        next(pieces)
    assert len(asked) < 50_000


def test_dates_and_percentages_are_numbers_that_a_spreadsheet_shows_as_such():
    values = [datetime(2026, 12, 3, 7, 25, 16), date(2026, 12, 3), Percentage(0.97)]  # noqa: DTZ001 - as sheets have it
    moment, day, share = (row[0] for row in rows(values))
    assert (moment.value, day.value.date(), share.value) == (values[0], values[1], 0.97)
    assert (moment.number_format, day.number_format, share.number_format) == (
        r"yyyy\-mm\-dd\ hh:mm:ss",
        r"yyyy\-mm\-dd",
        "0%",
    )


def test_a_sheet_has_filters_where_it_says_so():
    values = [["x"] * 28, ["y"] * 28]
    book = openpyxl.load_workbook(
        BytesIO(written(Sheet("s", ["h"] * 28, values, is_filtered=True), Sheet("t", ["h"], [])))
    )
    assert [sheet.auto_filter.ref for sheet in book.worksheets] == ["A1:AB3", None]


def test_columns_are_as_wide_as_their_content():
    sheet = Sheet("s", ["a", "b", "c", "d"], [["x", "y" * 30, "z" * 500, "汉" * 10]])
    found = openpyxl.load_workbook(BytesIO(written(sheet))).worksheets[0].column_dimensions
    assert [found[name].width for name in "ABCD"] == [8, 34, 60, 24]
