"""A table that survives a spreadsheet."""

import csv
from io import StringIO

import pytest

from app.core.spreadsheet import COLUMNS, csv_pieces, table_pieces


def rows_of(*items):
    text = b"".join(csv_pieces([items])).decode("utf-8-sig")
    return list(csv.reader(StringIO(text, newline="")))


def item(**values):
    return {**dict.fromkeys(COLUMNS, ""), **values}


@pytest.mark.parametrize(
    "value", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", " =1+1", "＝1", '=HYPERLINK("http://x")']
)
def test_no_cell_is_a_formula(value):
    _, row = rows_of(item(link_text=value))
    assert row[COLUMNS.index("link_text")] == f"'{value}"


@pytest.mark.parametrize("value", ["Casino", '赌场, "x"', "a\nb", "1=1", "https://a.test/?x=-1"])
def test_all_else_comes_back_as_it_was(value):
    _, row = rows_of(item(snippet=value))
    assert row[COLUMNS.index("snippet")] == value


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("a;=1+1", "a;'=1+1"),
        ("a;  @SUM(A1)", "a;'  @SUM(A1)"),
        ('a;"=1+1"', 'a;\'"=1+1"'),
        ("a\t-1\n+1", "a\t'-1\n'+1"),
        (";=1", "';'=1"),
        (";x", "';x"),
        ("a;＝1", "a;'＝1"),
    ],
)
def test_no_part_of_a_cell_is_a_formula_where_semicolons_part_the_cells(value, cell):
    """As in most of Europe, where a spreadsheet takes `;` for the end of a cell."""
    _, row = rows_of(item(snippet=value))
    assert row[COLUMNS.index("snippet")] == cell


def test_who_loaded_something_is_one_cell():
    _, row = rows_of(item(loaded_by=["https://t.test/t.js", "https://a.test/"]))
    assert row[COLUMNS.index("loaded_by")] == "https://t.test/t.js < https://a.test/"


def test_numbers_stay_numbers_and_nothing_is_empty():
    _, row = rows_of(item(depth=-1, page_title=None))
    assert row[COLUMNS.index("depth")] == "-1"
    assert row[COLUMNS.index("page_title")] == ""


def test_the_head_comes_without_any_reference_and_begins_with_a_mark_for_spreadsheets():
    whole = b"".join(csv_pieces([]))
    assert whole.startswith(b"\xef\xbb\xbfreference_id,page_url,")
    assert whole.endswith(b"\r\n")


def test_half_characters_cost_nobody_the_table():
    assert rows_of(item(link_text="\ud800x"))[1][COLUMNS.index("link_text")] == "?x"


def test_any_table_is_as_safe():
    text = b"".join(table_pieces(["=head"], [["=1"], ["\n=1"], [None], [-1]])).decode("utf-8-sig")
    assert list(csv.reader(StringIO(text, newline=""))) == [["'=head"], ["'=1"], ["'\n'=1"], [""], ["-1"]]
