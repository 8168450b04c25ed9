"""How SQLite carries out every query: none looks through a table that grows, none sorts more than a page.

Each function that takes a connection is called once (or in each of its shapes), what it sends is recorded, and its plan
is read. A function that is not called here fails the test.
"""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import event

import app
from app import repositories
from app.core.db import Database
from app.core.ids import new_id
from app.domain.tasks import TaskStatus
from app.events import epoch, log
from app.events.epoch import LogEpoch
from app.events.types import ErrorInfo, NewEvent, Statistics, TaskWarning
from app.models import metadata, scan_tasks, users
from app.repositories import (
    audit,
    idempotency,
    known_addresses,
    listing,
    queue,
    retention,
    sessions,
    tasks,
    violations,
)
from app.repositories import users as user_rows
from app.repositories.tasks import SORTABLE, Viewer
from app.services.lifecycle import Lifecycle
from app.services.recorder import Recorder
from app.services.texts import Texts
from app.websocket.resume import StateReader
from app.websocket.topics import ALL_TOPICS, topics
from tests.support.house import HandClock

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ID = "0" * 36
ROW = SimpleNamespace(id=ID, created_at=NOW, turn=3, queued_at=NOW, status="pending", run=1)
CLOCK = HandClock()
ADMIN, OWNER = Viewer(ID, is_admin=True), Viewer(ID)
LISTS = [
    {"viewer": viewer, "sort": sort, "status": status, "domain": domain}
    for viewer in (ADMIN, OWNER)
    for sort in (*SORTABLE, *(f"-{name}" for name in SORTABLE))
    for status in (None, "running", "completed")
    for domain in (None, "example")
]
FILTERS = {"key": "gambling", "risk": "high", "needs_review": True, "q": "example"}
LIFE = Lifecycle(clock=CLOCK, texts=Texts("en"))
STATES = StateReader(language="en", clock=CLOCK, max_snapshot_bytes=262_144, epoch=LogEpoch(db=SimpleNamespace()))
WARNING = TaskWarning(code="stalled", message="m")
USER = {
    "id": ID,
    "username": "u",
    "email": "e",
    "password_hash": "x",
    "role": "user",
    "is_active": True,
    "token_version": 1,
    "created_at": NOW,
}


def walk_retention(c):
    for has in (retention.has_progress(), retention.has_lines(), retention.has_events()):
        for after in (None, (NOW, ID)):
            retention.finished(c, TaskStatus.COMPLETED, before=NOW, after=after, has=has, limit=10)


def walk_pruning(prune, *more):
    """Of a task that has ended: whole, and a part of it."""

    def walk(c):
        values = {"status": "completed", "completed_at": NOW}
        c.execute(scan_tasks.update().where(scan_tasks.c.id == ID).values(**values))
        for limit in (1, 10_000):
            prune(c, [retention.Place(ID, 5)], NOW + timedelta(days=1), limit, *more)

    return walk


def walk_lines(c):
    tasks.logs_after(c, ID, 5, 10)
    tasks.logs_after(c, ID, 5, 10, levels=["ERROR"], text="x")


def walk_violations(c):
    violations.list_page(c, ID, 1)
    violations.list_page(c, ID, 1, newest_first=True, **FILTERS)


def walk_epoch(c):
    epoch.count_commit(c)
    epoch.read_commits(c)
    epoch.read_identity(c)
    c.exec_driver_sql(epoch.FORGET_FOLDER)
    epoch.has_tasks(c)


def walk_replay(c):
    for wanted in (ALL_TOPICS, topics(frozenset({"logs"}))):
        STATES.replay(c, ID, 0, wanted, epoch=None, max_events=1_000, max_bytes=1 << 20)


def walk_lifecycle(c):
    for unit in (
        LIFE.create(new_id(), user_id=ID, target_domain="example.com", config={}),
        LIFE.warn(ID, 1, WARNING, only_if=(TaskStatus.PENDING,), once_since=1),
        LIFE.claim(ID, 1, "w", "example.com"),
        LIFE.request_cancel(ID, by="u"),
        LIFE.cancelled(ID, 1, Statistics()),
        LIFE.retry(ID, by="u"),
        LIFE.claim(ID, 2, "w", "example.com"),
        LIFE.requeue(ID, 2),
        LIFE.cancel_pending(ID, by="u"),
        LIFE.complete(ID, 3, Statistics()),
        LIFE.fail(ID, 3, ErrorInfo(code="c", message="m", retryable=True), Statistics()),
        LIFE.delete(ID, by="u"),
    ):
        unit(c)


def walk_recorder(c):
    recorder = Recorder(task_id=ID, attempt=1, run=1, clock=CLOCK)
    recorder.record([NewEvent(WARNING)])(c)
    recorder.heartbeat(c, 1.0)


# By the function's full name. The first argument is the connection, which is rolled back afterwards.
WALK: dict[str, Callable] = {
    "audit.add_all": lambda c: audit.add_all(c, [{"at": NOW, "action": "a", "outcome": "ok", "detail": {}}]),
    "audit.newest": lambda c: (audit.newest(c, 10), audit.newest(c, 10, action="auth.login")),
    "audit.prove_writable": lambda c: audit.prove_writable(c, NOW),
    "idempotency.find": lambda c: idempotency.find(c, ID, "k", since=NOW),
    "idempotency.add": lambda c: idempotency.add(c, ID, "k", fingerprint="f", response="{}", now=NOW),
    "known_addresses.knows": lambda c: known_addresses.knows(c, "u", "a"),
    "known_addresses.remember": lambda c: known_addresses.remember(c, ID, "a", now=NOW),
    "listing.count_up_to": lambda c: listing.count_up_to(c, scan_tasks.select().where(scan_tasks.c.id == ID)),
    "listing.in_order": lambda c: listing.in_order(c, scan_tasks, [ID]),
    "retention.finished": walk_retention,
    "retention.prune_events": walk_pruning(retention.prune_events, ("task_progress",)),
    "retention.prune_lines": walk_pruning(retention.prune_lines),
    "retention.tombstones": lambda c: (
        retention.tombstones(c, NOW, 10),
        retention.tombstones(c, NOW, 10, besides=[ID, ID]),
    ),
    "retention.purge_task": lambda c: retention.purge_task(c, ID, 10),
    "retention.purge_tasks": lambda c: retention.purge_tasks(c, [ID, ID], 10),
    "retention.has_old_keys": lambda c: retention.has_old_keys(c, NOW),
    "retention.prune_keys": lambda c: retention.prune_keys(c, NOW, 10),
    "retention.has_old_audit": lambda c: retention.has_old_audit(c, NOW),
    "retention.prune_audit": lambda c: retention.prune_audit(c, NOW, 10),
    "retention.last_seen": retention.last_seen,
    "retention.set_last_seen": lambda c: retention.set_last_seen(c, NOW),
    "retention.doubt": retention.doubt,
    "retention.set_doubt": lambda c: retention.set_doubt(c, NOW, NOW),
    "sessions.find_with_user": lambda c: sessions.find_with_user(c, ID),
    "sessions.list_with_users": lambda c: sessions.list_with_users(c, [ID, ID]),
    "sessions.add": lambda c: sessions.add(c, session_id=ID, user_id=ID, now=NOW, expires_at=NOW, refresh_jti="j"),
    "sessions.rotate": lambda c: sessions.rotate(c, ID, old_jti="a", new_jti="b", expires_at=NOW),
    "sessions.revoke": lambda c: sessions.revoke(c, ID, now=NOW),
    "sessions.revoke_all": lambda c: sessions.revoke_all(c, ID, now=NOW),
    "tasks.find": lambda c: (tasks.find(c, ID), tasks.find(c, ID, OWNER)),
    "tasks.list_page": lambda c: [tasks.list_page(c, offset=50, limit=50, **one) for one in LISTS],
    "tasks.heads": lambda c: tasks.heads(c, [ID, ID], [ID, ID]),
    "tasks.last_retry_seq": lambda c: tasks.last_retry_seq(c, ID),
    "queue.position": lambda c: queue.position(c, ROW),
    "queue.positions": lambda c: queue.positions(c, [ROW, ROW]),
    "queue.pending": lambda c: (queue.pending(c, 10), queue.pending(c, 10, besides=[ID])),
    "queue.next_turn": lambda c: queue.next_turn(c, ID),
    "tasks.active": tasks.active,
    "tasks.capture_usage": lambda c: tasks.capture_usage(c, ID),
    "tasks.count_unfinished": lambda c: tasks.count_unfinished(c, ID),
    "tasks.runs_after": lambda c: tasks.runs_after(c, ID, 1_000),
    "tasks.log_tail": lambda c: tasks.log_tail(c, ID, 200),
    "tasks.log_bytes": lambda c: tasks.log_bytes(c, ID),
    "tasks.logs_after": walk_lines,
    "tasks.touch_active": tasks.touch_active,
    "tasks.mark_worker": lambda c: tasks.mark_worker(c, ID, 1, "alive"),
    "users.find": lambda c: user_rows.find(c, ID),
    "users.find_by_name": lambda c: user_rows.find_by_name(c, "u"),
    "users.taken": lambda c: user_rows.taken(c, username="x", email="y"),
    "users.list_page": lambda c: user_rows.list_page(c, offset=50, limit=50),
    "users.add": lambda c: user_rows.add(c, {**USER, "id": "1", "username": "v", "email": "f"}),
    "users.change": lambda c: user_rows.change(c, ID, {"role": "user"}),
    "users.remove": lambda c: user_rows.remove(c, ID),
    "users.count_other_admins": lambda c: user_rows.count_other_admins(c, ID),
    "users.bury_waiting": lambda c: user_rows.bury_waiting(c, ID, NOW),
    "users.bury_some": lambda c: user_rows.bury_some(c, ID, NOW, 10),
    "users.any_exists": user_rows.any_exists,
    "violations.list_page": walk_violations,
    "violations.newest": lambda c: violations.newest(c, ID, 1, 50),
    "violations.chunk_after": lambda c: (violations.chunk_after(c, ID, 1, None), violations.chunk_after(c, ID, 1, ROW)),
    "violations.risks": lambda c: (violations.risks(c, ID, 1), violations.risks(c, ID, 1, among=["a", "b"])),
    "violations.known_findings": lambda c: violations.known_findings(c, ID, 1),
}
# Beside the repositories: whose statements are walked by whom.
ELSEWHERE: dict[str, Callable] = {
    "app.events.epoch": walk_epoch,
    "app.events.log": lambda c: log.read_after(c, ID, 5, limit=50),
    "app.services.lifecycle": walk_lifecycle,
    "app.services.recorder": walk_recorder,
    "app.websocket.resume": lambda c: (STATES.snapshot(c, ID, 200), STATES.state(c, ID), walk_replay(c)),
}
# What may be sorted although it is no page, and why that stays small.
SORTED = {
    "known_addresses.remember": "the addresses of one user, at most KEPT and one",
    "app.services.lifecycle": "the events of one batch, found by their ids",
    "app.services.recorder": "the events of one batch, found by their ids",
}
# What goes through the whole log of a task, and why it may.
WHOLE_LOGS = {
    "retention.prune_events": "of tasks that are pruned whole because they are short",
    "retention.prune_lines": "of tasks that are pruned whole because they are short",
    "retention.purge_tasks": "the foreign keys of a row: its logs are empty by then",
    "retention.purge_task": "the foreign keys of a row: its logs are empty by then",
    "tasks.log_bytes": "once for an attempt, in the scan's own process",
}
# A partial index over so few rows that it may be looked through.
FEW = (
    "ix_users_admins",
    "ix_scan_tasks_captured",  # a number for each task that has captures still, read in the scan's own process
)
# Statements that change nothing that exists: their plan is empty.
INSERTS = ("INSERT",)


@pytest.fixture
async def db(tmp_path):
    db = Database(f"sqlite:///{tmp_path / 'main.db'}")
    metadata.create_all(db.engine)  # as the migrations have it, which is tested elsewhere
    db.write_sync(lambda c: c.execute(users.insert().values(**USER)) and None)
    db.write_sync(lambda c: LIFE.create(ID, user_id=ID, target_domain="example.com", config={})(c) and None)
    yield db
    await db.close()


class Undo(Exception):
    """Leaves a transaction without its changes."""


def plans_of(db, work):
    """(statement, lines of its plan) of everything that `work` sends."""
    sent = []

    def note(_connection, _cursor, statement, parameters, _context, executemany):
        if not executemany and not statement.startswith(INSERTS):
            sent.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        db.write_sync(lambda c: undone(c, work))
    except Undo:
        pass  # as intended: the next walk finds the same rows
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    statements = [(statement, parameters) for statement, parameters in sent if not statement.startswith("BEGIN")]

    def explain(connection):
        return [
            (statement, [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)])
            for statement, parameters in statements
        ]

    return db.read_sync(explain)


def undone(connection, work):
    work(connection)
    raise Undo


def faults_of(statement, plan):
    """What is wrong with a plan."""
    bounded = "LIMIT" in statement
    for line in plan:
        if line.startswith("SCAN ") and line.split()[1] in metadata.tables:
            # In the order of an index or of its keys, a page and a bounded count end where their limit is.
            in_order = " USING " in line or "WHERE" not in statement
            if not (bounded and in_order) and not line.endswith(FEW):
                yield line
        whole_log = line.endswith("PRIMARY KEY (task_id=?)") and (".type" in statement or not bounded)
        if whole_log or "TEMP B-TREE" in line or "AUTOMATIC" in line:
            yield line


def functions_of_repositories():
    for module in pkgutil.iter_modules(repositories.__path__):
        members = vars(importlib.import_module(f"{repositories.__name__}.{module.name}"))
        for name, function in members.items():
            is_ours = inspect.isfunction(function) and function.__module__.endswith(f".{module.name}")
            if is_ours and not name.startswith("_") and "connection" in inspect.signature(function).parameters:
                yield f"{module.name}.{name}"


def test_every_function_that_asks_the_database_is_walked():
    assert sorted(WALK) == sorted(functions_of_repositories())


def test_statements_are_made_in_the_repositories_and_the_modules_that_are_walked():
    root = Path(app.__path__[0])
    makers = set()
    for path in root.rglob("*.py"):
        name = ".".join(("app", *path.relative_to(root).with_suffix("").parts))
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            found = node.names if isinstance(node, ast.ImportFrom) and node.module == "sqlalchemy" else ()
            if {"select", "insert", "update", "delete"} & {alias.name for alias in found}:
                makers.add(name)
    outside = {name for name in makers if not name.startswith(("app.repositories.", "app.migrations."))}
    assert outside == set(ELSEWHERE)


@pytest.mark.parametrize("name", [*WALK, *ELSEWHERE])
def test_no_query_looks_through_a_table_that_grows_and_none_sorts_more_than_a_page(db, name):
    found = plans_of(db, {**WALK, **ELSEWHERE}[name])
    faults = [(line, statement) for statement, plan in found for line in faults_of(statement, plan)]
    if name in SORTED:
        faults = [fault for fault in faults if "TEMP B-TREE" not in fault[0]]
    if name in WHOLE_LOGS:
        faults = [fault for fault in faults if "(task_id=?)" not in fault[0]]
    assert not faults


@pytest.mark.parametrize("name", ["tasks.list_page", "violations.list_page"])
def test_a_page_and_its_total_are_read_from_indexes_alone(db, name):
    """Only the rows of the page are looked up, by their ids: others may be long."""
    for statement, plan in plans_of(db, WALK[name]):
        reads = [line for line in plan if line.startswith(("SCAN ", "SEARCH ")) and line.split()[1] in metadata.tables]
        looked_up = [line for line in reads if "COVERING" not in line]
        assert all(line.endswith("(id=?)") for line in looked_up), (plan, statement)


def test_what_hangs_on_a_row_is_found_by_an_index_when_it_is_removed():
    """SQLite says nothing of foreign keys in its plans."""
    for table in metadata.tables.values():
        led = {
            next(iter(index.columns)).name
            for index in table.indexes
            if not index.dialect_kwargs["sqlite_where"] is not None
        }
        led.add(next(iter(table.primary_key.columns)).name)
        for key in table.foreign_keys:
            assert key.parent.name in led, key
