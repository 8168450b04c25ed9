"""Rows of a run out of its file."""

from contextlib import closing

import pytest

from app.scanstore.errors import StoreUnavailable
from app.scanstore.file_rows import FileRows
from app.scanstore.sqlite import SqliteScanStore


def test_a_missing_file_has_no_rows_and_is_not_made(path):
    rows = FileRows(path)
    assert not rows.present
    assert rows.read("SELECT count(*) FROM pages") == []
    assert not path.exists()


def test_what_is_asked_is_answered_until_it_is_closed(path):
    SqliteScanStore(path).close()
    rows = FileRows(path)
    assert rows.present
    assert rows.read("SELECT ? + count(*) FROM pages", (1,)) == [(1,)]
    rows.close()
    rows.close()
    assert rows.read("SELECT 1") == []


def test_what_sqlite_refuses_is_an_error_of_the_store(path):
    SqliteScanStore(path).close()
    with closing(FileRows(path)) as rows, pytest.raises(StoreUnavailable):
        rows.read("SELECT 1 FROM nowhere")
