"""Which versions of lists a scan uses, at first and when it goes on."""

import os
from datetime import timedelta
from hashlib import sha256

import pytest

from app.core.db import Database
from app.domain.reputation_lists import read_definition
from app.lists import queries as lists
from app.lists.files import ListFiles
from app.lists.scan_lists import ScanListFinder
from tests.support.clock import FakeClock
from tests.support.databases import create_tables
from tests.unit.lists.versions import version

FEED, ALLOW = "feed=https://lists.example/a.txt", "fine=fine.txt kind=allow"


@pytest.fixture
async def db(database_url):
    db = Database(database_url)
    create_tables(db)
    yield db
    await db.close()


@pytest.fixture
def files(db, tmp_path):
    files = ListFiles(db=db, data_dir=tmp_path, shared=False)
    files.prepare()
    return files


@pytest.fixture
def finder(db, files):
    return ScanListFinder((FEED, ALLOW), db, files)


CLOCK = FakeClock()


def add(db, files, entry, number):
    """Put a version into effect whose file says its number."""
    row = version(read_definition(entry), number, CLOCK.now() + timedelta(hours=number))
    (files.folder / row["file_sha256"]).write_text(f"{number}")
    db.write_sync(lambda c: lists.add_version(c, row))
    return row


def test_a_scan_begins_with_what_is_in_effect_in_the_order_of_the_setting(db, files, finder):
    add(db, files, FEED, 1)
    allow, feed = add(db, files, ALLOW, 2), add(db, files, FEED, 3)
    found = finder(None)
    assert [(used.name, used.version_id) for used, _ in found.files] == [("feed", feed["id"]), ("fine", allow["id"])]
    assert [path.read_text() for _, path in found.files] == ["3", "2"]
    assert (found.replaced, found.missing) == ([], [])


def test_a_list_that_was_never_fetched_is_missing(db, files, finder):
    add(db, files, FEED, 1)
    assert finder(None).missing == ["fine"]


def test_a_scan_that_goes_on_keeps_its_versions(db, files, finder):
    add(db, files, FEED, 1)
    add(db, files, ALLOW, 2)
    before = [used for used, _ in finder(None).files]
    add(db, files, FEED, 3)
    again = finder(before)
    assert [used for used, _ in again.files] == before
    assert again.replaced == []
    assert finder([]).files == []


def test_a_version_that_is_gone_is_replaced_and_that_is_said(db, files, finder):
    first = add(db, files, FEED, 1)
    add(db, files, ALLOW, 2)
    before = [used for used, _ in finder(None).files]
    third = add(db, files, FEED, 3)
    (files.folder / first["file_sha256"]).unlink()
    again = finder(before)
    assert next(used.version_id for used, _ in again.files) == third["id"]
    assert again.replaced == ["feed"]
    (files.folder / third["file_sha256"]).unlink()
    lost = finder(before)
    assert (lost.replaced, lost.missing) == ([], ["feed"])
    assert [used.name for used, _ in lost.files] == ["fine"]


def test_a_machine_of_several_gets_files_and_removes_those_of_no_version(db, tmp_path):
    server, machine = (ListFiles(db=db, data_dir=tmp_path / name, shared=True) for name in ("server", "machine"))
    server.prepare()
    machine.prepare()
    content = b"bad.example\t00000001\tfraud\t0.9\n"
    name = sha256(content).hexdigest()
    (server.folder / name).write_bytes(content)
    server.share(name)
    row = {**version(read_definition(FEED), 1, CLOCK.now()), "file_sha256": name}
    db.write_sync(lambda c: lists.add_version(c, row))
    old = machine.folder / ("9" * 64)
    old.write_bytes(b"old")
    os.utime(old, (1, 1))
    found = ScanListFinder((FEED,), db, machine)(None)
    assert [path.read_bytes() for _, path in found.files] == [content]
    assert [entry.name for entry in machine.folder.iterdir()] == [name]


def test_a_database_that_does_not_answer_fails_no_scan(db, files, tmp_path):
    add(db, files, FEED, 1)
    before = [used for used, _ in ScanListFinder((FEED, ALLOW), db, files)(None).files]
    nowhere = Database(f"sqlite:///{tmp_path / 'no' / 'such.db'}")
    for shared in (False, True):
        away = ScanListFinder((FEED, ALLOW), nowhere, ListFiles(db=nowhere, data_dir=tmp_path, shared=shared))
        assert away(None).missing == ["feed", "fine"]
        assert [used for used, _ in away(before).files] == before
