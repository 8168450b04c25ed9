"""Files of lists: in the folder of one machine, or from the database for all machines."""

import os
import time
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from types import SimpleNamespace

import pytest

from app.core.db import Database
from app.lists.files import MAX_KEPT, PART_BYTES, FileLost, ListFiles, to_remove
from app.lists.tables import list_parts
from tests.support.databases import create_tables


@pytest.fixture
async def db(database_url):
    db = Database(database_url)
    create_tables(db)
    yield db
    await db.close()


def count_parts(connection, name):
    return len(connection.execute(list_parts.select().where(list_parts.c.file_sha256 == name)).all())


def put(files, content):
    files.prepare()
    name = sha256(content).hexdigest()
    (files.folder / name).write_bytes(content)
    return name


def test_another_machine_gets_the_file_out_of_the_database(db, tmp_path):
    here, there = (ListFiles(db=db, data_dir=tmp_path / name, shared=True) for name in ("a", "b"))
    content = os.urandom(1_000) * (PART_BYTES // 1_000 + 100)
    name = put(here, content)
    here.share(name)
    assert db.read_sync(lambda c: count_parts(c, name)) == 2
    assert there.find(name).read_bytes() == content
    assert [entry.name for entry in there.folder.iterdir()] == [name]


def test_on_one_machine_the_database_has_no_files(db, tmp_path):
    files = ListFiles(db=db, data_dir=tmp_path / "a", shared=False)
    name = put(files, b"x")
    files.share(name)
    assert db.read_sync(lambda c: count_parts(c, name)) == 0
    assert files.has_or_shares(name)
    files.find(name).unlink()
    assert not files.has_or_shares(name)
    with pytest.raises(FileLost):
        files.find(name)


def test_a_file_of_which_a_part_is_missing_is_lost(db, tmp_path):
    here, there = (ListFiles(db=db, data_dir=tmp_path / name, shared=True) for name in ("a", "b"))
    name = put(here, bytes(PART_BYTES) + b"x")
    here.share(name)
    db.write_sync(lambda c: c.execute(list_parts.delete().where(list_parts.c.number == 1)))
    with pytest.raises(FileLost):
        there.find(name)
    assert list(there.folder.iterdir()) == []


def test_sharing_again_changes_nothing(db, tmp_path):
    here, there = (ListFiles(db=db, data_dir=tmp_path / name, shared=True) for name in ("a", "b"))
    name = put(here, b"abc")
    here.share(name)
    here.share(name)
    assert there.find(name).read_bytes() == b"abc"


def test_files_of_no_version_go_but_none_that_was_just_made(db, tmp_path):
    files = ListFiles(db=db, data_dir=tmp_path, shared=False)
    kept, old, new = (put(files, content) for content in (b"kept", b"old", b"new"))
    (files.folder / ".new-left").mkdir()
    for name in (kept, old, ".new-left"):
        os.utime(files.folder / name, (1, 1))
    files.remove_but({kept}, time.time())
    assert {entry.name for entry in files.folder.iterdir()} == {kept, new}


def test_what_another_process_removes_meanwhile_stops_no_cleaning(db, tmp_path):
    files = ListFiles(db=db, data_dir=tmp_path, shared=False)
    names = {put(files, content) for content in (b"one", b"two")}
    for name in names:
        os.utime(files.folder / name, (1, 1))

    class Kept(set):
        def __contains__(self, name):  # is asked about the first file: the other process removes both
            for one in names:
                (files.folder / one).unlink(missing_ok=True)
            return False

    files.remove_but(Kept(), time.time())
    assert list(files.folder.iterdir()) == []


def test_a_part_that_is_broken_is_a_lost_file(db, tmp_path):
    here, there = (ListFiles(db=db, data_dir=tmp_path / name, shared=True) for name in ("a", "b"))
    name = put(here, b"abc")
    here.share(name)
    db.write_sync(lambda c: c.execute(list_parts.update().values(data=b"broken")))
    with pytest.raises(FileLost):
        there.find(name)


NOW = datetime(2026, 11, 27, tzinfo=UTC)


def row(number, hours, key="a"):
    return SimpleNamespace(id=number, list_key=key, superseded_at=NOW - timedelta(hours=hours))


def test_versions_go_that_no_scan_can_have_begun_with():
    rows = [row(1, 1), row(2, 3), row(3, 5)]
    assert to_remove(rows, needed_since=NOW - timedelta(hours=4)) == [3]
    assert to_remove(rows, needed_since=NOW) == [1, 2, 3]
    assert to_remove(rows, needed_since=NOW - timedelta(hours=9)) == []


def test_however_long_a_scan_runs_versions_of_a_list_are_bounded():
    rows = [row(number, number) for number in range(1, MAX_KEPT + 3)]
    long_ago = NOW - timedelta(days=9)
    assert to_remove(rows, needed_since=long_ago) == [MAX_KEPT + 1, MAX_KEPT + 2]
    assert to_remove([*rows[:MAX_KEPT], row(99, 100, key="b")], needed_since=long_ago) == []
