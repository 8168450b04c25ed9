"""Revisions on PostgreSQL, beside programs that are at work."""

import ast
import asyncio
import re
import threading
import time
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from app.compose.tables import metadata
from app.core.clock import SystemClock
from app.core.db import Database, DatabaseUnavailable
from app.core.errors import ConfigurationError
from app.migrations import runner
from app.migrations.collation import compare_bytes
from app.migrations.runner import head_revision, migrate, read_revision
from tests.support.backend import HandClock
from tests.support.databases import with_one_more_revision

VERSIONS = Path(runner.HERE) / "versions"
FIRST = "0042"
FIRST_SCHEMA = "fcca102de6da1f608cbdc014786dad1f82ed92b39f2f1fcbf623f291e4047b1f"
CONTRACTING = {"drop_table", "drop_column", "rename_table"}


@pytest.fixture
def url(postgres):
    with postgres.new_database() as url:
        yield url


@pytest.fixture
def db(url):
    db = Database(url, busy_timeout_s=2)
    yield db
    asyncio.run(db.close())


def with_fresh(url, work, busy_timeout_s=2):
    db = Database(url, busy_timeout_s=busy_timeout_s)
    try:
        return work(db)
    finally:
        asyncio.run(db.close())


@pytest.mark.system
def test_the_tables_are_what_the_models_say(db):
    migrate(db, clock=SystemClock())
    found = db.read_sync(lambda c: {name: inspect(c).get_columns(name) for name in inspect(c).get_table_names()})
    for table in metadata.tables.values():
        columns = {column["name"]: column for column in found[table.name]}
        assert set(columns) == {column.name for column in table.columns}
        for column in table.columns:
            found_type = columns[column.name]["type"].compile(db.engine.dialect).split(" COLLATE")[0]
            asked = column.type.compile(db.engine.dialect).replace("FLOAT", "DOUBLE PRECISION")
            assert (found_type, columns[column.name]["nullable"]) == (asked, column.nullable), column


# What is the same on all versions of PostgreSQL. Partitions by time are left out, whose names are those of months.
COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
    (SELECT collname FROM pg_collation WHERE oid = a.attcollation), pg_get_expr(d.adbin, d.adrelid),
    pg_get_partkeydef(c.oid), pg_get_expr(c.relpartbound, c.oid), c.reloptions
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY c.relname, a.attname
"""
CONSTRAINTS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND contype IN ('p', 'u', 'f') ORDER BY 1, 2
"""
INDEXES = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2"
CASTS = re.compile(r"::[a-z ]+(\[\])?|[()]")  # the same condition has others when a column had another collation


def schema(connection):
    return [
        [CASTS.sub("", str(value)) for value in row]
        for query in (COLUMNS, CONSTRAINTS, INDEXES)
        for row in connection.exec_driver_sql(query)
        if not row[0].startswith("alembic")
    ]


@pytest.mark.system
def test_the_first_revision_makes_what_the_databases_at_it_have(db):
    """They were made by 36 smaller revisions, which had this digest: the first revision is never changed."""
    scripts = runner._scripts(runner.HERE)
    db.write_sync(lambda connection: runner._upgrade(connection, scripts, FIRST))
    db.write_sync(compare_bytes)
    assert sha256(repr(db.read_sync(schema)).encode()).hexdigest() == FIRST_SCHEMA


@pytest.mark.system
def test_of_many_that_migrate_at_once_one_does_and_all_end_well(url):
    done, failed = [], []

    def run():
        try:
            done.append(with_fresh(url, lambda db: migrate(db, clock=SystemClock())))
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            failed.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert [one.changed for one in done].count(True) == 1
    assert {one.after for one in done} == {head_revision()}


@pytest.fixture
def head():
    """Ours, whatever a test puts on top of it. Numbers are no order: revisions are written side by side."""
    return head_revision()


@pytest.fixture
def behind(db, head, tmp_path, monkeypatch):
    """A database that lacks one revision, which adds a column to the tasks."""
    migrate(db, clock=SystemClock())
    monkeypatch.setattr(runner, "HERE", with_one_more_revision(tmp_path, head))
    return db


@pytest.mark.system
def test_an_upgrade_beside_a_long_reader_lets_others_through_and_ends_when_it_can(behind, head, url):
    """Who waits for a table stops all that come later: so it does not wait, but comes again."""
    waits, writer = [], Database(url, busy_timeout_s=60)
    with behind.engine.connect() as reader:
        reader.begin()
        reader.execute(text("SELECT id FROM scan_tasks"))
        # One that waited would wait for 20 s, and the writer behind it: longer than any machine delays a write.
        upgrade = threading.Thread(target=with_fresh, args=(url, lambda db: migrate(db, clock=SystemClock()), 20))
        upgrade.start()
        until = time.monotonic() + 2
        while time.monotonic() < until:
            began = time.monotonic()
            writer.write_sync(lambda c: c.execute(text("UPDATE scan_tasks SET heartbeat = 0")) and None)
            waits.append(time.monotonic() - began)
        assert read_revision(behind) == head
        reader.rollback()
    upgrade.join()
    asyncio.run(writer.close())
    assert read_revision(behind) == "9999"
    assert max(waits) < 10


@pytest.mark.system
def test_an_upgrade_gives_up_when_a_lock_is_never_let_go_and_nothing_has_changed(behind, head, url, monkeypatch):
    monkeypatch.setattr(runner, "PATIENCE_S", 1.0)
    with behind.engine.connect() as reader:
        reader.begin()
        reader.execute(text("SELECT id FROM scan_tasks"))
        with pytest.raises(DatabaseUnavailable, match="busy"):
            with_fresh(url, lambda db: migrate(db, clock=SystemClock()))
    assert read_revision(behind) == head


@pytest.mark.system
def test_a_newer_database_is_refused(db):
    migrate(db, clock=SystemClock())
    db.write_sync(lambda c: c.execute(text("UPDATE alembic_version SET version_num = 'ffff'")) and None)
    with pytest.raises(ConfigurationError, match="newer version"):
        migrate(db, clock=SystemClock())


@pytest.mark.system
def test_tables_that_are_not_ours_are_refused(db):
    metadata.tables["marks"].create(db.engine)
    with pytest.raises(ConfigurationError, match="Choose another"):
        migrate(db, clock=HandClock())


@pytest.mark.parametrize("path", sorted(VERSIONS.glob("0*.py")), ids=lambda p: p.name)
def test_a_revision_that_takes_something_away_says_so(path):
    tree = ast.parse(path.read_text("utf-8"))
    called = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    says = any(
        isinstance(node, ast.Assign) and ast.unparse(node) == "contracts = True" for node in ast.iter_child_nodes(tree)
    )
    assert says or not called & CONTRACTING
