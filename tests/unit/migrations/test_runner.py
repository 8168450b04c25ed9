import json
import re
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from app.core.db import Database, DatabaseUnavailable
from app.core.errors import ConfigurationError
from app.domain.projection import TaskProjection
from app.migrations import runner
from app.migrations.runner import head_revision, migrate, read_revision
from app.models import metadata, scan_runs, scan_tasks, task_events, task_logs, users, violations
from tests.support.backend import HandClock


@pytest.fixture
async def db(tmp_path):
    db = Database(f"sqlite:///{tmp_path / 'main.db'}", busy_timeout_s=0.1)
    yield db
    await db.close()


def schema(path: Path) -> dict[str, list[str]]:
    """Each object's definition, its clauses sorted: the order of a table's constraints means nothing."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return {
        name: sorted(clause.strip() for clause in re.split(r",(?=\s)|\n", sql) if clause.strip())
        for name, sql in rows
        if not name.startswith("alembic")
    }


async def test_the_first_revision_is_what_the_models_say(db, tmp_path):
    assert migrate(db, clock=HandClock()).changed
    fresh = Database(f"sqlite:///{tmp_path / 'fresh.db'}")
    metadata.create_all(fresh.engine)
    await fresh.close()
    assert schema(tmp_path / "main.db") == schema(tmp_path / "fresh.db")


def test_a_second_run_changes_nothing_and_copies_nothing(db, tmp_path):
    first = migrate(db, clock=HandClock())
    assert (first.before, first.after, first.backup) == (None, head_revision(), None)
    again = migrate(db, clock=HandClock())
    assert not again.changed
    assert again.backup is None
    assert not list(tmp_path.glob("*.backup"))


USER = {"password_hash": "x", "role": "user", "is_active": True, "token_version": 1}
OLDER = """
import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {before}
branch_labels = None
depends_on = None


def upgrade() -> None:
    {body}
"""


@pytest.fixture
def history(tmp_path, monkeypatch):
    """A history of its own, to which revisions can be added."""
    (tmp_path / "history" / "versions").mkdir(parents=True)
    monkeypatch.setattr(runner, "HERE", tmp_path / "history")

    def add(revision: str, before: str | None, body: str) -> None:
        content = OLDER.format(revision=revision, before=repr(before), body=body)
        (tmp_path / "history" / "versions" / f"{revision}.py").write_text(content)
        runner._scripts.cache_clear()  # a program of another version is another process

    add("a1", None, 'op.create_table("notes", sa.Column("id", sa.Integer, primary_key=True))')
    return add


def test_an_older_database_is_copied_before_it_is_changed(db, tmp_path, history):
    migrate(db, clock=HandClock())
    db.write_sync(lambda c: c.execute(text("INSERT INTO notes (id) VALUES (7)")))
    history("b2", "a1", 'op.add_column("notes", sa.Column("more", sa.Integer))')
    done = migrate(db, clock=HandClock())
    assert (done.before, done.after) == ("a1", "b2")
    assert done.backup == tmp_path / "main.db.a1.20260101T000000Z.backup"
    assert done.backup.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(done.backup)) as copy:
        assert copy.execute("SELECT * FROM notes").fetchall() == [(7,)]
        assert copy.execute("SELECT version_num FROM alembic_version").fetchall() == [("a1",)]
    assert db.read_sync(lambda c: c.execute(text("SELECT id, more FROM notes")).all()) == [(7, None)]


def test_an_upgrade_that_fails_has_not_begun(db, history):
    migrate(db, clock=HandClock())
    history("b2", "a1", 'op.create_table("half", sa.Column("id", sa.Integer)); raise ValueError("no")')
    with pytest.raises(ValueError, match="no"):
        migrate(db, clock=HandClock())
    assert read_revision(db) == "a1"
    assert db.read_sync(lambda c: c.execute(text("SELECT name FROM sqlite_master WHERE name = 'half'")).all()) == []


def test_a_newer_database_refuses_to_start(db):
    migrate(db, clock=HandClock())
    db.write_sync(lambda c: c.execute(text("UPDATE alembic_version SET version_num = 'ffff'")))
    with pytest.raises(ConfigurationError, match="newer version"):
        migrate(db, clock=HandClock())


def test_tables_that_are_not_ours_refuse_to_start(db):
    metadata.create_all(db.engine)
    with pytest.raises(ConfigurationError, match="choose another"):
        migrate(db, clock=HandClock())


def test_a_database_that_somebody_holds_is_not_half_made(db):
    with db.engine.connect() as holder, holder.begin(), pytest.raises(DatabaseUnavailable):
        migrate(db, clock=HandClock())
    assert migrate(db, clock=HandClock()).changed


def test_what_the_first_version_kept_is_there_after_the_second(db, tmp_path, monkeypatch):
    """The real first revision, with a user in it, then all that followed."""
    real = runner.HERE
    past = tmp_path / "past"
    (past / "versions").mkdir(parents=True)
    shutil.copy(real / "versions" / "0001_first_tables.py", past / "versions")
    monkeypatch.setattr(runner, "HERE", past)
    assert migrate(db, clock=HandClock()).after == "0001"
    row = "'u1', 'mei', 'mei@example.com', 'x', 'user', 1, 1, '2026-01-01 00:00:00'"
    columns = "id, username, email, password_hash, role, is_active, token_version, created_at"
    db.write_sync(lambda c: c.execute(text(f"INSERT INTO users ({columns}) VALUES ({row})")))
    monkeypatch.setattr(runner, "HERE", real)
    done = migrate(db, clock=HandClock())
    assert (done.before, done.after) == ("0001", head_revision())
    assert done.backup is not None
    assert db.read_sync(lambda c: c.execute(text("SELECT username FROM users")).all()) == [("mei",)]
    assert db.read_sync(lambda c: c.execute(text("SELECT * FROM idempotency_keys")).all()) == []


def past_of(real: Path, folder: Path, last: str) -> Path:
    """The real history up to a revision."""
    (folder / "versions").mkdir(parents=True)
    for path in (real / "versions").glob("0*.py"):
        if path.name[:4] <= last:
            shutil.copy(path, folder / "versions")
    return folder


def test_runs_that_ended_before_there_was_a_table_of_them_are_made_of_rows_and_log(db, tmp_path, monkeypatch):
    """Attempts 1 and 2 are one run (a process was lost), cancelled; attempt 3 is the newest run, which failed."""
    real = runner.HERE
    monkeypatch.setattr(runner, "HERE", past_of(real, tmp_path / "past", "0010"))
    assert migrate(db, clock=HandClock()).after == "0010"
    at = datetime(2026, 1, 1, tzinfo=UTC)
    running = [{"key": "page_crawl", "status": "running", "progress": 40, "started_at": None, "finished_at": None}]
    db.write_sync(lambda c: insert_past(c, at, running))
    monkeypatch.setattr(runner, "HERE", real)
    migrate(db, clock=HandClock())
    rows = db.read_sync(lambda c: c.execute(select(scan_runs).order_by(scan_runs.c.run)).all())
    first, second = rows
    assert (first.run, first.attempt, first.status, first.cancel_by) == (1, 2, "cancelled", "mei")
    assert (first.last_seq, first.last_log_seq, first.log_counts) == (8, 2, {"INFO": 2})
    assert first.violation_counts == {"total": 1, "high": 1, "needs_review": 1}
    assert first.statistics["total_pages_crawled"] == 9
    assert [stage["status"] for stage in first.stages] == ["completed", "cancelled", "pending", "pending", "pending"]
    assert (first.queued_at, first.started_at) == (at, at + timedelta(seconds=5))
    assert (second.run, second.status, second.error, second.capture_bytes) == (3, "failed", {"code": "x"}, 77)
    assert [stage["status"] for stage in second.stages] == ["failed"]
    assert (first.conclusive, second.conclusive) == (False, False)


def insert_past(connection, at, stages):
    """A task with its log, as revision 0010 wrote them."""
    statistics = {"total_pages_crawled": 9, "execution_duration": 3}
    connection.execute(users.insert().values(id="u", username="u", email="e", **USER, created_at=at))
    row = {**TaskProjection(stages=()).to_columns(), "stages": stages, "error": {"code": "x"}, "last_log_seq": 2}
    ends = {"created_at": at, "queued_at": at, "last_seq": 10, "min_seq": 1, "heartbeat": 0, "requeues": 0}
    task = {"id": "t", "user_id": "u", "target_domain": "d", "config": {}, "status": "failed", "attempt": 3, "run": 3}
    connection.execute(scan_tasks.insert().values(**task, **row, **ends, running_s=1.0, capture_bytes=77))
    log = [
        (1, "task_created", {}),
        (1, "task_started", {}),
        (1, "task_stage", {"stage_key": "subdomain_discovery", "status": "completed"}),
        (1, "task_retrying", {"by": "system", "reason": "worker_lost", "next_attempt": 2}),
        (2, "task_stage", {"stage_key": "page_crawl", "status": "running"}),
        (2, "task_started", {}),
        (2, "task_cancelling", {"by": "mei"}),
        (2, "task_completed", {"status": "cancelled", "statistics": statistics}),
        (2, "task_retrying", {"by": "mei", "next_attempt": 3}),
        (3, "task_completed", {"status": "failed", "statistics": statistics}),
    ]
    events = [
        {
            "task_id": "t",
            "seq": seq,
            "attempt": attempt,
            "type": kind,
            "event_id": str(seq),
            "body": json.dumps(body),
            "created_at": at + timedelta(seconds=seq - 1),
        }
        for seq, (attempt, kind, body) in enumerate(log, start=1)
    ]
    connection.execute(task_events.insert(), events)
    line = {"task_id": "t", "level": "INFO", "module": "m", "message": "x", "created_at": at}
    connection.execute(task_logs.insert(), [{**line, "log_seq": n, "attempt": n} for n in (1, 2)])
    found = {
        "id": "v",
        "task_id": "t",
        "run": 1,
        "attempt": 2,
        "domain": "d",
        "violation_key": "adult",
        "description": "",
    }
    more = {
        "risk_level": "high",
        "confidence_score": 0.6,
        "evidence": [],
        "needs_review": True,
        "url": "",
        "found_on": "",
    }
    connection.execute(violations.insert().values(**found, **more, dismissed=False, created_at=at))
