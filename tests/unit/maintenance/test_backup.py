"""Backups made beside writers."""

import errno
import json
import sqlite3
import tarfile
import threading
from contextlib import closing

import pytest

from app.captures.contents import Contents, unpack
from app.captures.folder import FolderStorage
from app.core.errors import ConfigurationError
from app.events.event import NewEvent
from app.events.log import append
from app.events.tables import scan_tasks
from app.events.types import TaskWarning
from app.maintenance.backup import Backup, claim_folder, require_space
from tests.support.s3_server import bucket_at
from tests.support.said import refused, said


def backup_of(data):
    return Backup(database=data.path / "compliance.db", data_dir=data.path, captures=data.captures, clock=data.clock)


def names(path):
    with tarfile.open(path) as tar:
        return tar.getnames()


def open_part(path, name, folder):
    with tarfile.open(path) as tar:
        tar.extract(name, folder, filter="data")
    return closing(sqlite3.connect(folder / name))


def test_it_holds_database_results_and_captures_and_nothing_secret(data, tmp_path):
    ended, running = data.add_task(pages=["1"], ended=True), data.add_task(pages=["1", "2"])
    waiting = data.add_task()
    content = data.add_capture()
    (data.path / "secret.key").write_text("x" * 64)
    target = tmp_path / "b.tar"
    done = backup_of(data).write(target)
    assert sorted(names(target)) == sorted(
        [
            "compliance.db",
            f"scans/{ended}-1.db",
            f"scans/{running}-1.db",
            f"captures/{content[:2]}/{content}.zst",
            "manifest.json",
        ]
    )
    assert (done.scans, done.captures, done.missing) == (2, 1, ())
    assert target.stat().st_mode & 0o777 == 0o600
    with tarfile.open(target) as tar:
        manifest = json.load(tar.extractfile("manifest.json"))
    assert manifest["epoch"] == "0"
    with open_part(target, "compliance.db", tmp_path) as connection:
        assert {row[0] for row in connection.execute("SELECT id FROM scan_tasks")} == {ended, running, waiting}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b.tar", "compliance.db", "data"]


def test_a_writer_goes_on_meanwhile_and_the_copy_is_of_one_moment(data, tmp_path):
    task = data.add_task(pages=["1"])
    stop = threading.Event()

    def say(connection):
        event = NewEvent(TaskWarning(code="partial", message="w"))
        return append(connection, task, [event], now=data.clock.now(), where=scan_tasks.c.attempt >= 1)

    def write():
        while not stop.is_set():
            data.event_writer.write_sync(say)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            backup_of(data).write(tmp_path / f"{number}.tar")
    finally:
        stop.set()
        writer.join()
    for number in range(3):
        (tmp_path / str(number)).mkdir()
        with open_part(tmp_path / f"{number}.tar", "compliance.db", tmp_path / str(number)) as connection:
            last_seq, events, newest = connection.execute(
                "SELECT last_seq, count(*), max(seq) FROM scan_tasks JOIN task_events ON task_id = id"
            ).fetchone()
            assert last_seq == events == newest
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_the_file_of_a_running_scan_is_never_newer_than_the_database(data, tmp_path):
    """What the file knows as done is not done again: its findings must be in the database."""
    task = data.add_task(pages=["1"])

    class Late(Backup):
        def _copy_running(self, folder):
            copies = super()._copy_running(folder)
            data.add_pages(task, "2")  # after the copy, before that of the database
            return copies

    Late(database=data.path / "compliance.db", data_dir=data.path, captures=data.captures, clock=data.clock).write(
        tmp_path / "b.tar"
    )
    with open_part(tmp_path / "b.tar", f"scans/{task}-1.db", tmp_path) as connection:
        assert connection.execute("SELECT url FROM pages").fetchall() == [("http://a.org/1",)]


def test_a_scan_that_ends_meanwhile_is_whole(data, tmp_path):
    task = data.add_task(pages=["1"])

    class Late(Backup):
        def _copy_running(self, folder):
            copies = super()._copy_running(folder)
            data.add_pages(task, "2")
            data.end_task(task)
            return copies

    Late(database=data.path / "compliance.db", data_dir=data.path, captures=data.captures, clock=data.clock).write(
        tmp_path / "b.tar"
    )
    with open_part(tmp_path / "b.tar", f"scans/{task}-1.db", tmp_path) as connection:
        assert connection.execute("SELECT count(*) FROM pages").fetchone() == (2,)


def test_results_that_are_missing_are_named(data, tmp_path):
    task = data.add_task(pages=["1"], ended=True)
    data.store_of(task).unlink()
    assert backup_of(data).write(tmp_path / "b.tar").missing == (f"scans/{task}-1.db",)


def test_a_file_that_is_there_is_not_touched(data, tmp_path):
    (tmp_path / "b.tar").write_text("mine")
    with pytest.raises(ConfigurationError, match="already exists"):
        backup_of(data).write(tmp_path / "b.tar")
    assert (tmp_path / "b.tar").read_text() == "mine"


def refuse_links(_part, _target):
    """As a memory stick does: FAT has no hard links."""
    raise PermissionError(errno.EPERM, "Operation not permitted")


def test_a_disk_without_hard_links_takes_a_backup_too(data, tmp_path):
    target = tmp_path / "b.tar"
    backup = Backup(
        database=data.path / "compliance.db",
        data_dir=data.path,
        captures=data.captures,
        clock=data.clock,
        link=refuse_links,
    )
    assert backup.write(target).path == target
    assert "compliance.db" in names(target)
    assert list(tmp_path.glob(".b.tar*")) == []


def test_a_file_that_has_come_to_be_meanwhile_is_not_touched(data, tmp_path):
    target = tmp_path / "b.tar"

    def link(part, target):
        target.write_text("somebody's")
        refuse_links(part, target)

    backup = Backup(
        database=data.path / "compliance.db", data_dir=data.path, captures=data.captures, clock=data.clock, link=link
    )
    with pytest.raises(ConfigurationError, match="it already exists"):
        backup.write(target)
    assert target.read_text() == "somebody's"


def test_what_a_killed_backup_has_left_is_removed_and_one_under_way_is_not(data, tmp_path):
    left = tmp_path / ".b.tar.partial"
    left.mkdir()
    (left / "archive").write_text("half")
    with (
        claim_folder(left, ConfigurationError()),
        pytest.raises(ConfigurationError, match="in progress"),
    ):
        backup_of(data).write(tmp_path / "b.tar")
    backup_of(data).write(tmp_path / "b.tar")
    assert not left.exists()


def test_where_there_is_no_room_it_says_so(tmp_path):
    with pytest.raises(ConfigurationError, match="MiB free, but up to"):
        require_space(tmp_path, 1 << 60)


def test_without_a_database_there_is_nothing_to_copy(tmp_path):
    backup = Backup(
        database=tmp_path / "compliance.db", data_dir=tmp_path, captures=FolderStorage(tmp_path), clock=None
    )
    with pytest.raises(ConfigurationError, match=f"no database at {tmp_path}"):
        backup.write(tmp_path / "b.tar")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_database_is_named(data, tmp_path):
    damaged = tmp_path / "bad.db"
    damaged.write_bytes(b"no database" * 1_000)
    backup = Backup(database=damaged, data_dir=data.path, captures=data.captures, clock=data.clock)
    with refused("backup_not_read", path=damaged, reason=said("system.no_database")):
        backup.write(tmp_path / "b.tar")


def test_captures_are_read_through_their_storage_wherever_it_is(data, tmp_path, s3):
    storage = bucket_at(s3.url)
    digest = Contents(storage).put(b"page" * 100)
    target = tmp_path / "b.tar"
    backup = Backup(database=data.path / "compliance.db", data_dir=data.path, captures=storage, clock=data.clock)
    assert backup.write(target).captures == 1
    with tarfile.open(target) as tar:
        packed = tar.extractfile(f"captures/{digest[:2]}/{digest}.zst").read()
    assert unpack(digest, packed) == b"page" * 100


def test_a_storage_that_is_away_makes_no_backup_without_captures(data, tmp_path):
    storage = bucket_at("http://127.0.0.1:9")
    backup = Backup(database=data.path / "compliance.db", data_dir=data.path, captures=storage, clock=data.clock)
    with pytest.raises(ConfigurationError, match="does not respond"):
        backup.write(tmp_path / "b.tar")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith((".b", "b"))] == []
