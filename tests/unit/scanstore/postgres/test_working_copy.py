"""The URLs beside the process that crawls them."""

from contextlib import closing

import pytest

from app.scanstore.errors import StoreUnavailable
from app.scanstore.postgres.working_copy import WorkingCopy

ROW = (1, "https://a.test/", "key", "a.test", 0, "a.test/w", 0, "pending", None, 0, None)


def test_a_row_is_found_with_the_links_of_today(tmp_path):
    with closing(WorkingCopy(tmp_path)) as copy:
        copy.add([ROW])
        copy.set_links(1, b"1234")
        copy.add([ROW])
        assert copy.find(1) == (*ROW[:-1], b"1234")
        assert copy.find(2) is None


def test_it_has_no_name_so_that_nothing_is_left_of_it(tmp_path):
    with closing(WorkingCopy(tmp_path)) as copy:
        copy.add((number, *ROW[1:]) for number in range(1, 1_000))
        assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_an_error_of_the_store(tmp_path):
    with pytest.raises(StoreUnavailable):
        WorkingCopy(tmp_path / "none")


def test_a_full_disk_is_an_error_of_the_store(tmp_path):
    with closing(WorkingCopy(tmp_path)) as copy:
        copy._db.execute("PRAGMA max_page_count = 2")
        with pytest.raises(StoreUnavailable, match="full"):
            copy.add((number, "x" * 5_000, *ROW[2:]) for number in range(1, 10))
        copy.close()
        with pytest.raises(StoreUnavailable):
            copy.find(1)
