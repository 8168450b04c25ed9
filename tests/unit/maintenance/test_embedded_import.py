import asyncio
import shutil
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import psycopg
import pytest
from sqlalchemy import select, text

from app.captures.contents import Contents
from app.captures.folder import FolderStorage
from app.configuration.queries import local_readers
from app.core.clock import SystemClock
from app.core.db import Database, DatabaseUnavailable
from app.core.errors import ConfigurationError
from app.core.ids import first_id_of, new_id
from app.domain.log_entry import LogEntry
from app.domain.messages import MessageCatalog
from app.domain.scan_facts import HostFact
from app.events.bus.memory import MemoryBus
from app.events.epoch import LogEpoch
from app.events.event import NewEvent, PendingLogs
from app.events.log import read_after
from app.events.log_identity import FIRST_EPOCH
from app.events.types import Statistics
from app.events.writer import EventWriter
from app.findings.recorder import Recorder
from app.identity.queries import api_keys, audit, links
from app.identity.tables import audit_log, users
from app.maintenance import embedded_import
from app.maintenance.embedded_import import TABLES, EmbeddedImport, TableRefused
from app.migrations.runner import migrate
from app.scans.lifecycle import Lifecycle
from app.scans.queries import tasks
from app.scanstore.files import captures_dir
from app.scanstore.postgres.file_import import CountsDiffer
from app.scanstore.postgres.stores import PostgresScanStores
from app.scanstore.sqlite import SqliteScanStore
from tests.support.rows import add_user

pytestmark = pytest.mark.system
OLD = datetime(2026, 3, 3, tzinfo=UTC)


@pytest.fixture
def url(postgres):
    with postgres.new_database() as url:
        yield url


@pytest.fixture
def folder(tmp_path, ended):
    return shutil.copytree(ended, tmp_path / "embedded")


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """Of a service that has ended: two users, a scan that is complete, one that waits, captures and audit rows."""
    folder = tmp_path_factory.mktemp("ended") / "embedded"
    (folder / "scans").mkdir(parents=True)
    with opened(f"sqlite:///{folder}/compliance.db") as db:
        migrate(db, clock=SystemClock())
        writer, clock = EventWriter(db=db, bus=MemoryBus()), SystemClock()
        life = Lifecycle(clock=clock, texts=MessageCatalog("en"))
        for number, name in enumerate(("mei", "li")):
            task_id = new_id() if number else f"{first_id_of(OLD)}-7000-8000-000000000001"
            user_id = add_user(db, clock, name)
            writer.write_sync(life.create(task_id, user_id=user_id, target_domain="a.test", config={"x": "\u4e2d"}))
            token = {"user_id": user_id, "prefix": "dcs", "created_at": OLD, "expires_at": OLD}
            key = {**token, "id": new_id(), "name": "k", "digest": name, "scopes": "read", "networks": ["192.0.2.1"]}
            db.write_sync(lambda c, key=key: api_keys.add(c, key))
            link = {**token, "id": new_id(), "task_id": task_id, "digest": name}
            db.write_sync(lambda c, link=link: links.add(c, link))
            if number:
                continue
            writer.write_sync(life.claim(task_id, 1, "worker", "a.test"))
            line = PendingLogs((LogEntry("INFO", "m", "back\\slash, tab\t and \u4e2d\u6587", clock.now()),))
            recorder = Recorder(task_id=task_id, attempt=1, run=1, clock=clock)
            writer.write_sync(recorder.record([NewEvent(line)]))
            writer.write_sync(life.complete(task_id, 1, Statistics()))
            with closing(SqliteScanStore(folder / "scans" / f"{task_id}-1.db")) as store:
                store.put_host(HostFact("www.a.test", ("page",), ("192.0.2.1",), http_alive=True))
                store.flush()
        row = {"at": OLD, "action": "x", "outcome": "ok", "detail": {"code": 1}}
        db.write_sync(lambda c: audit.add_all(c, [row] * 5))
        reader = {"made_at": OLD, "data": b"\x00\xff\\{}", "sha256": "0" * 64, "report": {"clean": 30}}
        db.write_sync(lambda c: local_readers.add(c, reader))
    Contents(FolderStorage(captures_dir(folder))).put(b"a page")
    return folder


@contextmanager
def opened(url):
    db = Database(url, busy_timeout_s=2)
    try:
        yield db
    finally:
        asyncio.run(db.close())


@contextmanager
def moving(folder, url, tmp_path):
    with opened(f"sqlite:///{folder}/compliance.db") as source, opened(url) as target:
        yield EmbeddedImport(
            data_dir=folder,
            source=source,
            target=target,
            captures_from=FolderStorage(captures_dir(folder)),
            captures_to=FolderStorage(captures_dir(tmp_path / "new")),
            clock=SystemClock(),
        )


def contents_of(db, table):
    """All rows, whatever order they come in."""
    return sorted(map(repr, db.read_sync(lambda c: c.execute(select(table)).all())))


def test_everything_arrives_as_it_was(folder, url, tmp_path):
    with moving(folder, url, tmp_path) as one:
        done = one.run()
        for table in TABLES:
            assert contents_of(one.target, table) == contents_of(one.source, table), table.name
        assert (done.rows["users"], done.rows["audit_log"], done.stores, done.captures) == (2, 5, 1, 1)
        assert (done.rows["local_readers"], done.rows["api_keys"], done.rows["scan_links"]) == (1, 2, 2)
        old = one.target.read_sync(lambda c: tasks.runs_after(c, ("",), 1))[0][0]
        assert len(one.target.read_sync(lambda c: read_after(c, old, 0, limit=99))) == 4
    with closing(PostgresScanStores(url)) as stores, closing(stores.reader(old, 1)) as reader:
        assert [host.name for host in reader.subdomains_after("", limit=9)] == ["www.a.test"]
    assert list(FolderStorage(captures_dir(tmp_path / "new")).list_all())


def test_rows_of_the_past_lie_in_partitions_and_the_audit_log_goes_on_behind_the_last(folder, url, tmp_path):
    with moving(folder, url, tmp_path) as one:
        one.run()
        partitions = text("SELECT DISTINCT tableoid::regclass::text FROM task_events ORDER BY 1")
        assert one.target.read_sync(lambda c: list(c.execute(partitions).scalars()))[0] == "task_events_20260301"
        row = {"at": one.clock.now(), "action": "next", "outcome": "ok", "detail": {}}
        one.target.write_sync(lambda c: audit.add_all(c, [row]))
        newest = one.target.read_sync(lambda c: audit.newest(c, 1))[0]
        assert (newest.id, newest.action) == (6, "next")


def test_positions_of_before_are_void(folder, url, tmp_path):
    with moving(folder, url, tmp_path) as one:
        one.run()
        epoch = LogEpoch(db=one.target)
        epoch.open()
        assert epoch.value != FIRST_EPOCH


def test_a_database_that_is_used_is_refused_and_stays_as_it_is(folder, url, tmp_path):
    with moving(folder, url, tmp_path) as one:
        one.run()
        before = contents_of(one.target, users)
        with pytest.raises(ConfigurationError):
            one.run()
        assert contents_of(one.target, users) == before


def test_a_database_of_another_version_is_not_moved(folder, url, tmp_path):
    with closing(sqlite3.connect(folder / "compliance.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0012'")
    with moving(folder, url, tmp_path) as one, pytest.raises(ConfigurationError):
        one.run()


def test_after_an_interruption_the_same_call_ends_well(folder, url, tmp_path, monkeypatch):
    with moving(folder, url, tmp_path) as one:
        with monkeypatch.context() as patch:
            patch.setattr(embedded_import, "_NEXT_AUDIT_ID", "SELECT 1 / 0")  # at the end of the last transaction
            with pytest.raises(Exception, match="division by zero"):
                one.run()
        assert all(contents_of(one.target, table) == [] for table in TABLES)
        one.run()
        assert contents_of(one.target, users) == contents_of(one.source, users)


def test_when_a_row_is_lost_on_the_way_nothing_is_moved(folder, url, tmp_path, monkeypatch):
    rows_of = embedded_import._rows_of

    def without_one(source, table):
        return list(rows_of(source, table))[table is audit_log :]

    monkeypatch.setattr(embedded_import, "_rows_of", without_one)
    with moving(folder, url, tmp_path) as one:
        with pytest.raises(CountsDiffer):
            one.run()
        assert contents_of(one.target, audit_log) == []


def test_a_row_that_postgresql_does_not_take_is_said_and_nothing_is_moved(folder, url, tmp_path):
    with moving(folder, url, tmp_path) as one:
        too_long = users.update().values(password_hash="x" * 300)  # which SQLite never looked at
        one.source.write_sync(lambda c: c.execute(too_long) and None)
        with pytest.raises(TableRefused, match=r"^users: value too long") as caught:
            one.run()
        assert (caught.value.table, "xxx" in str(caught.value)) == ("users", False)
        assert contents_of(one.target, users) == []


def test_a_server_that_goes_away_in_between_is_said_and_the_same_call_ends_well(folder, url, tmp_path, monkeypatch):
    rows_of = embedded_import._rows_of

    def cut(source, table):
        if table is audit_log:
            with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as other:
                other.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
        yield from rows_of(source, table)

    with moving(folder, url, tmp_path) as one:
        with monkeypatch.context() as patched:
            patched.setattr(embedded_import, "_rows_of", cut)
            with pytest.raises(DatabaseUnavailable):
                one.run()
        assert contents_of(one.target, users) == []
        assert replace(one).run().rows["users"] == 2


def test_a_file_that_cannot_be_read_stops_the_import_before_the_tables(folder, url, tmp_path):
    broken = folder / "scans" / f"{new_id()}-1.db"
    broken.write_bytes(b"no database" * 1_000)
    with moving(folder, url, tmp_path) as one:
        with pytest.raises(Exception, match="database"):
            one.run()
        assert contents_of(one.target, users) == []
        broken.unlink()
        assert replace(one).run().stores == 1
    shutil.rmtree(folder)
