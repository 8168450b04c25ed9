import os
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime

import pytest

from app.captures.folder import FolderStorage
from app.captures.port import ContentMissing
from app.domain.scan_facts import Capture
from app.maintenance.capture_garbage_collector import EVERY_S, SLICE, SOON_S, CaptureGarbageCollector
from app.scanstore.scan_folder import ScanFolder
from app.scanstore.sqlite import SqliteScanStore
from tests.support.contents import contents_in


@pytest.fixture
def folders(tmp_path):
    (tmp_path / "scans").mkdir()
    return tmp_path / "captures", tmp_path / "scans"


@pytest.fixture
def contents(folders):
    return contents_in(folders[0])


@pytest.fixture
def collector(folders, monitored):
    return CaptureGarbageCollector(
        contents=FolderStorage(folders[0]), stores=ScanFolder(folders[1]), clock=monitored.clock
    )


def show(folders, name, *hashes):
    """A scan's file whose captures show these contents."""
    with closing(SqliteScanStore(folders[1] / f"{name}.db")) as store:
        for number, sha256 in enumerate(hashes):
            store.put_capture(Capture("a.test", f"h{number}.a.test", "http://a.test/", "", html_sha256=sha256))


def grow_old(folders):
    then = time.time() - 2 * 86_400
    for path in folders[0].rglob("*.zst"):
        os.utime(path, (then, then))


def now():
    return datetime.now(UTC)


async def test_what_no_scan_shows_any_more_goes_and_what_one_still_shows_stays(folders, contents, collector):
    shared, own, orphan = (contents.put(data) for data in (b"shared", b"own", b"orphan"))
    show(folders, "a-1", shared, own)
    show(folders, "b-1", shared)
    grow_old(folders)
    assert await collector.collect(now()) > 0
    with pytest.raises(ContentMissing):
        contents.get(orphan)
    (folders[1] / "a-1.db").unlink()
    await collector.collect(now())
    assert contents.get(shared) == b"shared"
    with pytest.raises(ContentMissing):
        contents.get(own)
    (folders[1] / "b-1.db").unlink()
    await collector.collect(now())
    assert list(folders[0].rglob("*.zst")) == []


async def test_what_a_scan_is_just_writing_stays_although_nothing_names_it_yet(folders, contents, collector):
    old = contents.put(b"seen by a scan that was deleted")
    grow_old(folders)
    new = contents_in(folders[0])  # of the scan that runs now
    assert new.put(b"seen by a scan that was deleted") == old
    fresh = new.put(b"fresh")
    assert await collector.collect(now()) == 0
    show(folders, "c-1", old, fresh)
    grow_old(folders)
    assert await collector.collect(now()) == 0


async def test_nothing_goes_while_a_scans_file_cannot_be_read(folders, contents, collector):
    contents.put(b"orphan")
    show(folders, "a-1")
    with closing(sqlite3.connect(folders[1] / "a-1.db")) as connection:
        connection.execute("PRAGMA user_version = 99")
    grow_old(folders)
    assert await collector.collect(now()) == 0
    (folders[1] / "a-1.db").write_bytes(b"destroyed" * 1_000)  # shows nothing, now and ever
    assert await collector.collect(now()) > 0


async def test_a_file_that_is_just_made_shows_nothing(folders, contents, collector):
    contents.put(b"orphan")
    (folders[1] / "a-1.db").touch()
    grow_old(folders)
    assert await collector.collect(now()) > 0


async def test_many_contents_are_compared_in_bounded_sets(folders, contents, collector, monkeypatch):
    monkeypatch.setattr("app.maintenance.capture_garbage_collector.MAX_CANDIDATES", 7)
    hashes = [contents.put(f"{n}".encode()) for n in range(60)]
    show(folders, "a-1", *hashes[::2])
    grow_old(folders)
    await collector.collect(now())
    assert {path.name.removesuffix(".zst") for path in folders[0].rglob("*.zst")} == set(hashes[::2])


async def test_it_acts_an_hour_after_a_deletion_and_once_a_day_anyway(monitored, folders, contents, collector):
    async def removes():
        contents.put(b"orphan")
        grow_old(folders)
        await collector.collect_if_due(now())
        return not list(folders[0].rglob("*.zst"))

    assert not await removes()
    monitored.clock.advance(SOON_S)
    assert await removes()
    monitored.clock.advance(EVERY_S - 2 * SOON_S)
    assert not await removes()
    collector.note_deletion()
    assert not await removes()
    monitored.clock.advance(SOON_S)
    assert await removes()


async def test_folders_that_are_not_there_are_no_trouble(monitored, tmp_path):
    assert (
        await CaptureGarbageCollector(
            contents=FolderStorage(tmp_path / "no"), stores=ScanFolder(tmp_path / "nor"), clock=monitored.clock
        ).collect(now())
        == 0
    )


async def test_who_was_replaced_removes_no_further_content(folders, contents, monitored):
    class Replaced(Exception):
        pass

    asked = []

    async def require_lease():
        asked.append(True)
        if len(asked) == 2:
            raise Replaced

    collector = CaptureGarbageCollector(
        contents=FolderStorage(folders[0]),
        stores=ScanFolder(folders[1]),
        clock=monitored.clock,
        require_lease=require_lease,
    )
    for number in range(SLICE + 5):
        contents.put(b"%d" % number)
    grow_old(folders)
    with pytest.raises(Replaced):
        await collector.collect(now())
    assert len(list(folders[0].rglob("*.zst"))) == 5
