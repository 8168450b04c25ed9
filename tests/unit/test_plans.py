"""How SQLite carries out every query: none looks through a table that grows, none sorts more than a page.

Each function that takes a connection is called once (or in each of its shapes), what it sends is recorded, and its plan
is read. A function that is not called here fails the test.
"""

import ast
import importlib
import inspect
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import event

import app
from app.compose.tables import metadata
from app.configuration.queries import configuration, local_readers
from app.core import database_clock, listing
from app.core.db import Database
from app.core.ids import new_id
from app.core.principal import Principal
from app.core.scopes import Scope
from app.domain.assignments import NO_DUE_DATE, Due, ReviewFilter
from app.domain.decisions import DecisionState
from app.domain.findings import NOBODY, FindingFilter, FindingId
from app.domain.messages import Language, MessageCatalog
from app.domain.reputation_lists import ListDefinition
from app.domain.tasks import TaskStatus
from app.domain.verdict import Result
from app.domain.violations import RiskLevel, ViolationKey
from app.events import epoch, log, log_identity
from app.events.epoch import LogEpoch
from app.events.event import NewEvent
from app.events.tables import scan_tasks
from app.events.types import ErrorInfo, Statistics, TaskWarning
from app.findings.queries import (
    assignments,
    bases,
    comments,
    decisions,
    finding_counts,
    findings,
    unconfirmed,
    violations,
)
from app.findings.queries.assignments import AssignmentKey
from app.findings.recorder import Recorder
from app.identity.queries import api_keys, audit, links, sessions, sign_in_counters, tickets, tokens
from app.identity.queries import users as user_rows
from app.identity.queries.audit import AuditFilter
from app.identity.tables import users
from app.inventory.queries import changes, differences, parties, party_totals, services
from app.inventory.queries.party_totals import PartyFilter
from app.inventory.tables import party_changes, site_services
from app.lists import queries as lists
from app.maintenance.queries import notified, partitions, retention
from app.migrations.partitions import EVENTS, Partition
from app.orders import queries as orders
from app.overview import queries as overview
from app.scans.lifecycle import Lifecycle
from app.scans.queries import holds, idempotency, queue, runs, task_filters, tasks, workers
from app.scans.queries.task_filters import TaskFilter
from app.scans.queries.tasks import SORTABLE
from app.scans.queries.workers import WorkerDescription
from app.site_counts import queries as site_counts
from app.sites.queries import plans, sites
from app.sites.queries.sites import SiteFilter
from app.websocket.messages.topics import ALL_TOPICS, topics
from app.websocket.queries import broadcasts, servers
from app.websocket.state.state_reader import StateReader
from tests.support.backend import HandClock
from tests.support.notification_walk import WALK as NOTIFICATIONS
from tests.support.violations import new_violation
from tests.unit.lists.versions import version

SHARED_QUERIES = ("app.core.database_clock", "app.core.listing")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
# Of which `grown.sql` has rows, whenever it is run: for a time without rows PostgreSQL takes any index.
DAY = (datetime.now(UTC) - timedelta(days=46), datetime.now(UTC) - timedelta(days=45))
ID = "0" * 36
ROW = SimpleNamespace(
    id=ID, created_at=NOW, rank=0, turn=3, queued_at=NOW, status="pending", run=3, attempt=3, verdict=None
)
PARTY = {
    **dict.fromkeys(("category", "relation", "page", "script", "outcome", "registrar", "registered_on", "title"), ""),
    "user_id": ID,
    "target_domain": "example.com",
    "domain": "b.test",
    "is_present": True,
    "has_service": False,
    "reference_count": 1,
    "hidden": 0,
    "first_seen_at": NOW,
    "last_seen_at": NOW,
    "task_id": ID,
    "attempt": 1,
    "run": 1,
    "memory": "{}",
    "page_count": 1,
}
SERVICE = {name: PARTY[name] for name in PARTY if name in site_services.c} | {"service": "s"}
CHANGE = {name: PARTY[name] for name in PARTY if name in party_changes.c} | {
    **dict.fromkeys(("section", "aspect", "name", "before", "after", "url"), ""),
    "number": 0,
    "at": NOW,
}
LISTED_RUN = SimpleNamespace(user_id=ID, target_domain="example.com", task_id=ID, attempt=1, run=1, completed_at=NOW)
ENDED = SimpleNamespace(id=ID, user_id=ID, target_domain="example.com", completed_at=NOW)
PARTITION = Partition(EVENTS, NOW)
CLOCK = HandClock()
API_KEY = {"id": "1", "user_id": ID, "name": "n", "digest": "f" * 64, "prefix": "dcsk_abcd", "scopes": "read"} | {
    "created_at": NOW,
    "expires_at": NOW,
    "networks": [],
}
LINK = {"id": "1", "task_id": ID, "user_id": ID, "digest": "f" * 64, "prefix": "dcsl_abcd"} | {
    "created_at": NOW,
    "expires_at": NOW,
}
ADMIN, OWNER = Principal(ID, "wang", "admin"), Principal(ID, "mei", "user")
OF_GROUP = Principal(ID, "mei", "user", key_id=ID, scopes=frozenset(Scope), group="g")
LISTS = [
    {"principal": principal, "wanted": TaskFilter(status, domain, *more), "sort": sort}
    for principal in (ADMIN, OWNER)
    for sort in (*SORTABLE, *(f"-{name}" for name in SORTABLE))
    for status in (None, "running", "completed")
    for domain in (None, "example")
    for more in ((), DAY)
]
FILTERS = {"key": "gambling", "risk": "high", "needs_review": True, "q": "example"}
LIFE = Lifecycle(clock=CLOCK, texts=MessageCatalog("en"))
STATES = StateReader(clock=CLOCK, max_snapshot_bytes=262_144, epoch=LogEpoch(db=SimpleNamespace()))
UPDATE = {"list_key": "0" * 32, "name": "l", "checked_at": NOW, "fault": "status", "detail": "", "took_s": 1.0}
PAIR = differences.Pair(differences.RunKey(ID, 1), differences.RunKey(ID, 2))
KEY = UPDATE["list_key"]
SITE = (ID, "example.com")
SITE_ROW = SimpleNamespace(
    id=ID, user_id=ID, target_domain="example.com", next_run_at=NOW, try_at=NOW, overdue_since=None, created_at=NOW
)
OVERDUE_ROW = SimpleNamespace(id=ID, overdue_since=NOW)
NEW_SITE = {
    "id": "s",
    "user_id": ID,
    "target_domain": "new.example",
    "config": {},
    "scheduled_at": NOW,
    "paused": False,
    "created_at": NOW,
}
MONTH = [datetime.now(UTC).date() - timedelta(days=ago) for ago in range(30)]
FOUND = new_violation("example.com").finding
VERSION = version(ListDefinition("l", "x.txt"), 1, NOW)
WORKER = WorkerDescription("w", "host", "1.0", ("scan",), 2)
WARNING = TaskWarning(code="stalled", message="m")
DECISION = {
    "kinds": ["adult"],
    "state": "confirmed",
    "decided_by": ID,
    "decided_by_name": "u",
    "decided_at": NOW,
}
ASSIGNMENT = {
    "assignee_id": ID,
    "assignee_name": "u",
    "due_on": NO_DUE_DATE,
    "changed_by_name": "u",
    "changed_at": NOW,
}
COMMENT = {"author_name": "u", "created_at": NOW, "text": "c"}
READER = {"made_at": NOW, "data": b"{}", "sha256": "0" * 64, "report": {}, "enabled_at": NOW}
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


def walk_review(c):
    for unassigned in (True, False):
        for undated in (True, False):
            only = assignments.lacks(ID, "example.com", is_unassigned=unassigned, is_undated=undated)
            for after in (None, (0.7, ID)):
                findings.to_review(c, ID, 1, state=DecisionState.OPEN, after=after, limit=100, only=only)


def walk_due(c):
    after = AssignmentKey(NOW.date(), ID, "a.example", "b.example", "adult")
    for principal in (ADMIN, OWNER):
        for wanted in (
            ReviewFilter(is_by_due=True),
            ReviewFilter(assignee_id=ID),
            ReviewFilter(is_unassigned=True, is_by_due=True),
            ReviewFilter(assignee_id=ID, due=Due.OVERDUE),
            ReviewFilter(due=Due.WEEK),
        ):
            for behind in (None, after):
                assignments.list_due(c, principal, wanted, NOW.date(), after=behind, limit=100)


def walk_retention(c):
    conditions = (retention.has_progress, retention.has_lines, retention.has_events, retention.has_old_results)
    for has in conditions:
        for after in (None, (NOW, ID, 1)):
            retention.ended(c, before=NOW, after=after, has=has(), limit=10)


def walk_pruning(prune, *more):
    """Of a run that has ended: whole, and a part of it."""

    def walk(c):
        for limit in (1, 10_000):
            prune(c, [retention.PendingPrune(ID, 5, 5)], limit, *more)

    return walk


def walk_lines(c):
    tasks.logs_after(c, ID, 5, 10, upto=9)
    tasks.logs_after(c, ID, 5, 10, upto=9, levels=["ERROR"], module="page_crawl", text="x")


def walk_violations(c):
    violations.list_page(c, ID, 1)
    violations.list_page(c, ID, 1, newest_first=True, **FILTERS)


def walk_epoch(c):
    log_identity.count_commit(c)
    log_identity.read_commits(c)
    log_identity.write_identity(c, log_identity.read_identity(c, lock=True))
    c.exec_driver_sql(log_identity.FORGET_FOLDER)


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


# All filters at once.
NARROW = FindingFilter(RiskLevel.HIGH, FOUND.id.cause, True, DecisionState.OPEN, True, q="a")
# By the function's full name. The first argument is the connection, which is rolled back afterwards.
WALK: dict[str, Callable] = {
    "audit.add_all": lambda c: audit.add_all(c, [{"at": NOW, "action": "a", "outcome": "ok", "detail": {}}]),
    "audit.newest": lambda c: (audit.newest(c, 10), audit.newest(c, 10, action="auth.login")),
    "audit.page": lambda c: [
        audit.page(c, AuditFilter(user_id, action, since, until), after=after, limit=50)
        for user_id in (None, ID)
        for action in (None, "auth.login")
        for since in (None, NOW)
        for until in (None, NOW)
        for after in (None, (NOW, 5))
    ],
    "audit.names_of": lambda c: audit.names_of(c, [ID, ID]),
    "audit.prove_writable": lambda c: audit.prove_writable(c, NOW),
    "decisions.of_target": lambda c: decisions.of_target(c, ID, "example.com"),
    "decisions.of_domains": lambda c: decisions.of_domains(c, ID, "example.com", ["a", "b"]),
    "decisions.find": lambda c: decisions.find(c, ID, "example.com", FindingId(ViolationKey.ADULT, "a")),
    "decisions.chunk_after": lambda c: [
        decisions.chunk_after(c, after, limit=100) for after in (None, (ID, "example.com", "a", "adult"))
    ],
    "decisions.scans_of_target": lambda c: decisions.scans_of_target(c, ID, "example.com", limit=5),
    "decisions.expired": lambda c: decisions.expired(c, NOW.date(), limit=100),
    "decisions.expired_of_target": lambda c: decisions.expired_of_target(c, ID, "example.com", NOW.date()),
    "decisions.mark_expired": lambda c: decisions.mark_expired(
        c, (ID, "example.com"), FindingId(ViolationKey.ADULT, "a"), 1, NOW
    ),
    "decisions.looks": lambda c: decisions.looks(c, limit=100),
    "decisions.put": lambda c: [
        decisions.put(c, ID, "example.com", FindingId(ViolationKey.ADULT, "a"), DECISION, version=version)
        for version in (0, 1)
    ],
    "database_clock.database_time": database_clock.database_time,
    "broadcasts.open_ids": lambda c: broadcasts.open_ids(c, NOW),
    "broadcasts.with_ids": lambda c: broadcasts.with_ids(c, [ID, ID]),
    "broadcasts.kept": lambda c: broadcasts.kept(c, NOW),
    "broadcasts.add": lambda c: broadcasts.add(
        c, {"id": "b", "frame": "{}", "size": 2, "is_kept": True, "ends_at": NOW}
    ),
    "broadcasts.forget_ended": lambda c: broadcasts.forget_ended(c, NOW),
    "local_readers.add": lambda c: local_readers.add(c, READER),
    "local_readers.find": lambda c: local_readers.find(c, 1),
    "local_readers.find_enabled": lambda c: (local_readers.add(c, READER), local_readers.find_enabled(c)),
    "local_readers.list_all": local_readers.list_all,
    "local_readers.note_reported": lambda c: local_readers.note_reported(c, 1, NOW),
    "local_readers.enable": lambda c: local_readers.enable(c, 1, NOW),
    "local_readers.disable": local_readers.disable,
    "configuration.newest_mark": configuration.newest_mark,
    "configuration.newest": configuration.newest,
    "configuration.find": lambda c: configuration.find(c, 3),
    "configuration.page": lambda c: configuration.page(c, offset=50, limit=50),
    "configuration.add": lambda c: configuration.add(
        c, {"version": 1, "mark": ID, "at": NOW, "username": "u", "stored": {}, "changes": []}
    ),
    "idempotency.find": lambda c: idempotency.find(c, ID, "k", since=NOW),
    "idempotency.add": lambda c: idempotency.add(c, ID, "k", fingerprint="f", response="{}", now=NOW, since=NOW),
    "users.knows_address": lambda c: user_rows.knows_address(c, "u", "a"),
    "users.remember_address": lambda c: user_rows.remember_address(c, ID, "a", now=NOW),
    "listing.count_up_to": lambda c: listing.count_up_to(c, scan_tasks.select().where(scan_tasks.c.id == ID)),
    "listing.in_order": lambda c: listing.in_order(c, scan_tasks, [ID]),
    "retention.ended": walk_retention,
    "retention.prune_events": walk_pruning(retention.prune_events, ("task_progress",)),
    "retention.prune_lines": walk_pruning(retention.prune_lines),
    "retention.prune_violations": lambda c: retention.prune_violations(c, ID, 1, 10),
    "retention.tombstones": lambda c: (
        retention.tombstones(c, NOW, 10),
        retention.tombstones(c, NOW, 10, besides=[ID, ID]),
    ),
    "retention.purge_tasks": lambda c: retention.purge_tasks(c, [ID, ID], 10),
    "retention.has_old_keys": lambda c: retention.has_old_keys(c, NOW),
    "retention.prune_keys": lambda c: retention.prune_keys(c, NOW, 10),
    "retention.has_old_audit": lambda c: retention.has_old_audit(c, NOW),
    "retention.prune_audit": lambda c: retention.prune_audit(c, NOW, 10),
    "notified.has_old_notifications": lambda c: notified.has_old_notifications(c, NOW),
    "notified.purge_notifications": lambda c: notified.purge_notifications(c, ID, 100),
    "retention.prune_differences": lambda c: retention.prune_differences(c, ID, 1, 100),
    "notified.prune_notifications": lambda c: notified.prune_notifications(c, NOW, 10),
    "retention.trusted_time": retention.trusted_time,
    "retention.set_trusted_time": lambda c: retention.set_trusted_time(c, NOW),
    "retention.untrusted_span": retention.untrusted_span,
    "retention.set_untrusted_span": lambda c: retention.set_untrusted_span(c, NOW, NOW),
    "partitions.is_due": lambda c: partitions.is_due(c, PARTITION, datetime(2027, 1, 1, tzinfo=UTC)),
    "partitions.raise_min_seqs": lambda c: partitions.raise_min_seqs(c, PARTITION, 500),
    "partitions.has_log": lambda c: partitions.has_log(c, PARTITION),
    "overview.targets_with": lambda c: [overview.targets_with(c, who, "a", 9) for who in (ADMIN, OWNER)],
    "overview.findings_with": lambda c: [overview.findings_with(c, who, "a", 9) for who in (ADMIN, OWNER)],
    "sessions.find_with_user": lambda c: sessions.find_with_user(c, ID),
    "sessions.list_with_users": lambda c: sessions.list_with_users(c, [ID, ID]),
    "sessions.add": lambda c: sessions.add(c, session_id=ID, user_id=ID, now=NOW, expires_at=NOW, refresh_jti="j"),
    "sessions.is_open": lambda c: sessions.is_open(c, OWNER, now=NOW),
    "sessions.open_of": lambda c: sessions.open_of(c, ID, now=NOW),
    "sessions.revoke_some": lambda c: (
        sessions.revoke_some(c, ID, now=NOW, session_id=ID),
        sessions.revoke_some(c, ID, now=NOW, besides=ID),
    ),
    "sessions.rotate": lambda c: sessions.rotate(c, ID, old_jti="a", new_jti="b", now=NOW, expires_at=NOW),
    "sessions.revoke": lambda c: sessions.revoke(c, ID, now=NOW),
    "sessions.revoke_all": lambda c: sessions.revoke_all(c, ID, now=NOW),
    "site_counts.waiting_scans": lambda c: [
        site_counts.waiting_scans(c, principal, upto=upto, limit=500)
        for principal in (ADMIN, OWNER)
        for upto in (None, (NOW, ID))
    ],
    "site_counts.lock": lambda c: site_counts.lock(c, SITE),
    "site_counts.counts_of": lambda c: (site_counts.lock(c, SITE), site_counts.counts_of(c, SITE)),
    "site_counts.changes_of": lambda c: site_counts.changes_of(c, SITE),
    "site_counts.ended_runs": lambda c: site_counts.ended_runs(c, SITE),
    "site_counts.waiting_scan": lambda c: site_counts.waiting_scan(c, SITE),
    "site_counts.write": lambda c: site_counts.write(c, SITE, {"total": 1}),
    "site_counts.remove": lambda c: site_counts.remove(c, SITE),
    "site_counts.replace_changes": lambda c: site_counts.replace_changes(c, SITE, {NOW.date(): {"total": 1}}),
    "site_counts.add_counts": lambda c: site_counts.add_counts(c, ID, {NOW.date(): {"total": 1}}),
    "site_counts.forget_user": lambda c: site_counts.forget_user(c, ID),
    "site_counts.totals": lambda c: [site_counts.totals(c, who, MONTH) for who in (ADMIN, OWNER)],
    "site_counts.worst": lambda c: [site_counts.worst(c, who, 50) for who in (ADMIN, OWNER)],
    "site_counts.filled_until": site_counts.filled_until,
    "site_counts.is_all_counted": site_counts.is_all_counted,
    "site_counts.note_filled": lambda c: site_counts.note_filled(c, NOW),
    "site_counts.ended_after": lambda c: site_counts.ended_after(c, (NOW, ID, 1), 100),
    "site_counts.standings": lambda c: site_counts.standings(c, [SITE, SITE]),
    "site_counts.changes_since": lambda c: site_counts.changes_since(c, [SITE, SITE], MONTH[-1]),
    "sites.find": lambda c: [sites.find(c, ID, who) for who in (ADMIN, OWNER, OF_GROUP)],
    "sites.known_targets": lambda c: sites.known_targets(c, ID, ["example.com", "example.org"]),
    "sites.count": lambda c: sites.count(c, ID, 5_000),
    "sites.list_page": lambda c: [
        sites.list_page(c, who, wanted, offset=50, limit=50)
        for who in (ADMIN, OWNER, OF_GROUP)
        for wanted in (
            SiteFilter(),
            SiteFilter(group="g", tag="t", q="example", overdue=True),
            SiteFilter(group="g"),
            SiteFilter(tag="t"),
            SiteFilter(target="example.com"),
            SiteFilter(overdue=True),
        )
    ],
    "sites.in_group": lambda c: sites.in_group(c, ID, "g", 501),
    "sites.after": lambda c: sites.after(c, ID, 100),
    "sites.count_overdue": sites.count_overdue,
    "sites.groups": lambda c: [sites.groups(c, who) for who in (ADMIN, OWNER)],
    "sites.tags": lambda c: [sites.tags(c, who) for who in (ADMIN, OWNER)],
    "sites.tags_of": lambda c: sites.tags_of(c, [ID, ID]),
    "sites.add": lambda c: sites.add(c, NEW_SITE, ["a", "b"]),
    "sites.change": lambda c: (sites.add(c, NEW_SITE, []), sites.change(c, "s", {"paused": True}, ["a"])),
    "sites.remove": lambda c: sites.remove(c, ID),
    "sites.forget_user": lambda c: sites.forget_user(c, ID),
    "sites.scans": lambda c: sites.scans(c, SITE, offset=50, limit=50),
    "sites.unfinished": lambda c: sites.unfinished(c, [SITE, SITE]),
    "sites.has_unfinished": lambda c: sites.has_unfinished(c, SITE, besides=ID),
    "plans.due": lambda c: plans.due(c, NOW, 20),
    "plans.move_on": lambda c: plans.move_on(c, SITE_ROW, {"try_at": NOW}),
    "plans.put_off": lambda c: plans.put_off(c, ID, now=NOW, until=NOW, reason="task_limit"),
    "plans.note_overdue": lambda c: [
        plans.note_overdue(c, row, NOW, conclusive_at=NOW, now=NOW) for row in (SITE_ROW, OVERDUE_ROW)
    ],
    "runs.keep": lambda c: runs.keep(c, ID, conclusive=True),
    "runs.containing": lambda c: runs.containing(c, ROW, 1),
    "runs.page": lambda c: runs.page(c, ROW, offset=50, limit=50),
    "runs.shown_attempts": lambda c: runs.shown_attempts(c, [ROW, ROW]),
    "runs.begun_after": lambda c: runs.begun_after(c, (ID, 1), 1_000),
    "runs.mark_removal_done": lambda c: runs.mark_removal_done(c, ID, 1),
    "runs.mark_results_removed": lambda c: runs.mark_results_removed(c, ID, 1, NOW),
    "runs.first_log_seq": lambda c: runs.first_log_seq(c, ROW),
    "tasks.find": lambda c: (tasks.find(c, ID), tasks.find(c, ID, OWNER), tasks.find(c, ID, OF_GROUP)),
    "tasks.find_all": lambda c: (tasks.find_all(c, [ID, "b"], OWNER), tasks.find_all(c, [ID, "b"], OF_GROUP)),
    "tasks.out_of_group": lambda c: tasks.out_of_group(c, [ID, "b"], OF_GROUP),
    "tasks.may_order": lambda c: tasks.may_order(c, OF_GROUP, "example.com"),
    "tasks.list_page": lambda c: [tasks.list_page(c, offset=50, limit=50, **one) for one in LISTS],
    "task_filters.kept": lambda c: [
        (task_filters.kept(c, [ID, ID], wanted), tasks.list_page(c, who, wanted, offset=0, limit=50))
        for wanted in (TaskFilter(risk=RiskLevel.HIGH), TaskFilter(verdict=Result.INCONCLUSIVE))
        for who in (ADMIN, OWNER)
    ],
    "tasks.newest_id": tasks.newest_id,
    "tasks.newest_ended": lambda c: tasks.newest_ended(c, 100),
    "tasks.heads": lambda c: tasks.heads(c, [ID, ID], [ID, ID]),
    "tasks.last_retry_seq": lambda c: tasks.last_retry_seq(c, ID),
    "queue.position": lambda c: queue.position(c, ROW),
    "queue.positions": lambda c: queue.positions(c, [ROW, ROW]),
    "queue.count": lambda c: queue.count(c, [TaskStatus.PENDING, TaskStatus.RUNNING]),
    "queue.pending": lambda c: (queue.pending(c, 10), queue.pending(c, 10, besides=[ID])),
    "queue.rank_of_new": lambda c: queue.rank_of_new(c, ID),
    "queue.set_rank": lambda c: queue.set_rank(c, ID, -10),
    "holds.lock_free": lambda c: holds.lock_free(c, [ID, ID]),
    "holds.place": lambda c: holds.place(c, ID, at=NOW, by="admin", reason="x"),
    "holds.release": lambda c: holds.release(c, ID),
    "holds.has_held": lambda c: (holds.has_held(c, ID), holds.has_held(c, ID, "example.com")),
    "queue.change_ranks": lambda c: queue.change_ranks(c, ID, 0, -10),
    "queue.next_turn": lambda c: queue.next_turn(c, ID),
    "queue.users_at_limit": lambda c: queue.users_at_limit(c, 2),
    "queue.count_served": lambda c: queue.count_served(c, ID),
    "orders.add": lambda c: orders.add(c, {"id": "o", "user_id": ID, "config": {}, "size": 1, "created_at": NOW}, [ID]),
    "orders.find": lambda c: [orders.find(c, ID, who) for who in (ADMIN, OWNER)],
    "orders.list_page": lambda c: [orders.list_page(c, who, offset=50, limit=50) for who in (ADMIN, OWNER)],
    "orders.tasks_of": lambda c: orders.tasks_of(c, ID),
    "orders.status_counts": lambda c: orders.status_counts(c, [ID, ID]),
    "orders.remove_if_empty": lambda c: orders.remove_if_empty(c, ID),
    "tasks.active": tasks.active,
    "tasks.capture_usage": lambda c: tasks.capture_usage(c, ID),
    "tasks.completed_durations": lambda c: tasks.completed_durations(c, 50),
    "tasks.count_unfinished": lambda c: tasks.count_unfinished(c, ID, besides=ID),
    "tasks.is_at_work": lambda c: tasks.is_at_work(c, ID, 1, "worker"),
    "tasks.has_active": lambda c: tasks.has_active(c, ID),
    "tasks.runs_after": lambda c: tasks.runs_after(c, (ID,), 1_000),
    "tasks.log_tail": lambda c: tasks.log_tail(c, ID, 200),
    "tasks.log_bytes": lambda c: tasks.log_bytes(c, ID),
    "tasks.logs_after": walk_lines,
    "tasks.touch_active": tasks.touch_active,
    "tasks.mark_worker": lambda c: tasks.mark_worker(c, ID, 1, "alive"),
    "servers.beat": lambda c: servers.beat(c, ID, {"host": "h", "version": "1", "numbers": {}}, NOW),
    "servers.leave": lambda c: servers.leave(c, ID),
    "servers.known": servers.known,
    "servers.forget_silent": lambda c: servers.forget_silent(c, [ID, ID], NOW),
    "servers.open_ids": lambda c: servers.open_ids(c, ID),
    "servers.to_close": lambda c: servers.to_close(c, ID),
    "servers.add": lambda c: servers.add(
        c, ID, [{"id": ID, "user_id": ID, "network": "n", "is_stream": False, "opened_at": NOW}]
    ),
    "servers.remove": lambda c: servers.remove(c, [ID, ID]),
    "servers.mark_excess": lambda c: servers.mark_excess(c, [ID, ID], 10),
    "servers.sockets_of_peers": lambda c: servers.sockets_of_peers(c, ID),
    "servers.mark_socket": lambda c: servers.mark_socket(c, ID),
    "servers.count_networks": lambda c: servers.count_networks(c, ["n", "m"], [ID, ID]),
    "servers.count_streams": lambda c: servers.count_streams(c, [ID, ID], [ID, ID]),
    "sign_in_counters.find": lambda c: sign_in_counters.find(c, "d"),
    "sign_in_counters.keep": lambda c: sign_in_counters.keep(c, "d", 1, at_s=0, ends_s=1, is_new=False),
    "sign_in_counters.remove": lambda c: sign_in_counters.remove(c, "d"),
    "sign_in_counters.forget_ended": lambda c: sign_in_counters.forget_ended(c, limit=10),
    "api_keys.list_by_digest": lambda c: api_keys.list_by_digest(c, ["d", "e"]),
    "api_keys.list_by_id": lambda c: api_keys.list_by_id(c, [ID, "1"]),
    "api_keys.list_of_user": lambda c: api_keys.list_of_user(c, ID),
    "api_keys.count_open": lambda c: api_keys.count_open(c, ID, now=NOW),
    "api_keys.add": lambda c: api_keys.add(c, API_KEY),
    "api_keys.revoke": lambda c: [api_keys.revoke(c, ID, now=NOW, key_id=key_id) for key_id in (None, ID)],
    "api_keys.note_use": lambda c: api_keys.note_use(c, ID, at=NOW, networks=["192.0.2.7"]),
    "links.list_by_digest": lambda c: links.list_by_digest(c, ["d", "e"]),
    "links.list_of_task": lambda c: links.list_of_task(c, ID, now=NOW, limit=50),
    "links.count_open": lambda c: links.count_open(c, ID, now=NOW),
    "links.add": lambda c: links.add(c, LINK),
    "links.revoke": lambda c: links.revoke(c, ID, ID, now=NOW),
    "links.revoke_of_user": lambda c: links.revoke_of_user(c, ID, now=NOW),
    "links.note_use": lambda c: links.note_use(c, ID, at=NOW, requests=3),
    "tokens.revoke_tokens": lambda c: tokens.revoke_tokens(c, ID, now=NOW),
    "retention.has_dead_tokens": lambda c: retention.has_dead_tokens(c, NOW),
    "retention.prune_tokens": lambda c: retention.prune_tokens(c, NOW, 100),
    "tickets.add": lambda c: tickets.add(c, "d", OWNER, ttl_s=60),
    "tickets.take": lambda c: tickets.take(c, "d"),
    "tickets.forget_expired": tickets.forget_expired,
    "tickets.forget_oldest": lambda c: tickets.forget_oldest(c, ID, keep=50),
    "tickets.are_as_many": lambda c: tickets.are_as_many(c, 20_000),
    "users.find": lambda c: user_rows.find(c, ID),
    "users.find_by_name": lambda c: user_rows.find_by_name(c, "u"),
    "users.taken": lambda c: user_rows.taken(c, username="x", email="y"),
    "users.list_page": lambda c: [
        user_rows.list_page(c, wanted, offset=0, limit=50)
        for wanted in (user_rows.ALL, user_rows.UserFilter("u"), user_rows.UserFilter("u", is_assignable=True))
    ],
    "users.add": lambda c: user_rows.add(c, {**USER, "id": "1", "username": "v", "email": "f"}),
    "users.change": lambda c: user_rows.change(c, ID, {"role": "user"}),
    "users.lock": lambda c: user_rows.lock(c, ID),
    "users.is_active": lambda c: user_rows.is_active(c, ID),
    "users.lock_admins": user_rows.lock_admins,
    "users.roles_of_active": lambda c: user_rows.roles_of_active(c, [ID, ID]),
    "users.remove": lambda c: user_rows.remove(c, ID),
    "users.count_other_admins": lambda c: user_rows.count_other_admins(c, ID),
    "retention.mark_deleted_unfinished": lambda c: retention.mark_deleted_unfinished(c, ID, NOW),
    "retention.mark_deleted_some": lambda c: retention.mark_deleted_some(c, ID, NOW, 10),
    "users.any_exists": user_rows.any_exists,
    "violations.list_page": walk_violations,
    "violations.newest": lambda c: violations.newest(c, ID, 1, 50),
    "violations.chunk_after": lambda c: (violations.chunk_after(c, ID, 1, None), violations.chunk_after(c, ID, 1, ROW)),
    "violations.names_at": lambda c: violations.names_at(c, ID, 1, ["a", "b"]),
    "violations.name_causes": lambda c: violations.name_causes(c, ID, 1, [FOUND]),
    "violations.mark_for_review": lambda c: violations.mark_for_review(c, [ID]),
    "findings.put": lambda c: findings.put(c, ID, 1, [FOUND], NOW),
    "findings.remove": lambda c: findings.remove(c, ID, 1, [FOUND.id]),
    "findings.decide": lambda c: findings.decide(c, ID, "example.com", FOUND.id, NOW.date()),
    "finding_counts.open_sums": lambda c: finding_counts.open_sums(c, SimpleNamespace(id=ID, run=1, finding_counts={})),
    "finding_counts.read": lambda c: finding_counts.read(c, ID, 1, (ID, "example.com"), FindingFilter(q="a")),
    "findings.list_page": lambda c: [
        findings.list_page(c, ID, 1, (ID, "example.com"), replace(wanted, assignee=who), offset=0, limit=50)
        for who in (None, NOBODY, ID)
        for wanted in (
            FindingFilter(),
            NARROW,
        )
    ],
    "findings.of_run": lambda c: findings.of_run(c, ID, 1),
    "findings.open_of_run": lambda c: findings.open_of_run(c, ID, 1, limit=100),
    "findings.target_of": lambda c: findings.target_of(c, ID),
    "findings.with_rules_of_run": lambda c: findings.with_rules_of_run(c, ID, 1),
    "bases.bases_at": lambda c: bases.bases_at(c, ID, 1, ["a", "b"]),
    "bases.texts_at": lambda c: list(bases.texts_at(c, ID, 1, ["a", "b"])),
    "bases.decided_for": lambda c: bases.decided_for(c, ID, ["a", "b"]),
    "findings.of_domains": lambda c: findings.of_domains(c, ID, 1, ["a", "b"]),
    "findings.find": lambda c: findings.find(c, ID, 1, FOUND.id),
    "findings.open_levels_at": lambda c: findings.open_levels_at(c, "example.com", [(ID, 1), (ID, 2)]),
    "findings.levels_of": lambda c: (findings.levels_of(c, ID, 1), findings.levels_of(c, ID, 1, ["a"])),
    "findings.decided_of_runs": lambda c: findings.decided_of_runs(c, [(ID, 1), (ID, 2)], 100),
    "findings.to_review": walk_review,
    "findings.risks_of": lambda c: findings.risks_of(c, ID, 1),
    "findings.find_exactly": lambda c: findings.find_exactly(c, ID, 1, FOUND.id),
    "comments.of_target": lambda c: comments.of_target(c, ID, "example.com"),
    "comments.of_domains": lambda c: comments.of_domains(c, ID, "example.com", ["a", "b"]),
    "comments.of_finding": lambda c: comments.of_finding(c, (ID, "example.com", "example.com", "adult")),
    "comments.keep_notes": lambda c: comments.keep_notes(
        c, assignments.a.user_id == ID, assignments.a.target_domain == "example.com"
    ),
    "comments.add": lambda c: comments.add(c, (ID, "example.com", "example.com", "adult"), COMMENT),
    "assignments.of_target": lambda c: assignments.of_target(c, ID, "example.com"),
    "assignments.of_domains": lambda c: assignments.of_domains(c, ID, "example.com", ["a", "b"]),
    "assignments.find": lambda c: assignments.find(c, ID, "example.com", FOUND.id),
    "assignments.put": lambda c: [
        assignments.put(c, ID, "example.com", FOUND.id, ASSIGNMENT, version=version) for version in (0, 1)
    ],
    "assignments.unassign": lambda c: [assignments.unassign(c, ID, NOW, only_foreign=only) for only in (True, False)],
    "assignments.list_due": walk_due,
    "users.find_active": lambda c: user_rows.find_active(c, ID),
    "violations.of_domain": lambda c: violations.of_domain(c, ID, 1, "example.com"),
    "violations.known_violations": lambda c: violations.known_violations(c, ID, 1),
    "differences.predecessor": lambda c: differences.predecessor(c, ENDED),
    "differences.earlier_runs": lambda c: differences.earlier_runs(c, ENDED, NOW),
    "unconfirmed.unconfirmed_at": lambda c: unconfirmed.unconfirmed_at(c, [(ID, 1), (ID, 2)]),
    "differences.find": lambda c: differences.find(c, PAIR, 1),
    "differences.compared": lambda c: (
        differences.put(c, PAIR, 1, at=NOW, counts={}, body=b"x"),
        differences.compared(c, ID, "example.com", 1, 100),
    ),
    "differences.put": lambda c: differences.put(c, PAIR, 1, at=NOW, counts={}, body=b"x"),
    "party_totals.list_page": lambda c: [
        party_totals.list_page(
            c,
            who,
            PartyFilter(q=q, category=category, service=service, risk=risk),
            sort=sort,
            offset=0,
            limit=50,
        )
        for who in (ADMIN, OWNER)
        for q, category in (("", None), ("a", "ads"))
        for service in (None, "s", party_totals.NO_SERVICE)
        for risk in (None, "high", party_totals.ANY_RISK, party_totals.NO_RISK)
        for sort in party_totals.SORTABLE
    ],
    "party_totals.levels_of": lambda c: [
        party_totals.levels_of(c, who, ["b.test", "c.test"]) for who in (ADMIN, OWNER)
    ],
    "services.list_page": lambda c: [
        services.list_page(c, who, q=q, category=category, sort=sort, offset=0, limit=50)
        for who in (ADMIN, OWNER)
        for q, category in (("", None), ("a", "ads"))
        for sort in services.SORTABLE
    ],
    "services.count_unknown": lambda c: [services.count_unknown(c, who) for who in (ADMIN, OWNER)],
    "services.names_at": lambda c: [services.names_at(c, who, ["b.test", "c.test"]) for who in (ADMIN, OWNER)],
    "services.sites_with": lambda c: [
        services.sites_with(c, who, "s", q=q, offset=0, limit=50) for who in (ADMIN, OWNER) for q in ("", "a")
    ],
    "services.put": lambda c: services.put(c, [SERVICE]),
    "services.absent": lambda c: services.absent(c, SITE, (ID, 1)),
    "services.note_absent": lambda c: services.note_absent(c, SITE, [("b.test", "s"), ("c.test", "s")]),
    "services.remove_some": lambda c: (services.put(c, [SERVICE]), services.remove_some(c, SITE, 100)),
    "changes.newest": lambda c: [changes.newest(c, who, "b.test", 100) for who in (ADMIN, OWNER)],
    "changes.put": lambda c: changes.put(c, [CHANGE]),
    "changes.remove_some": lambda c: (changes.put(c, [CHANGE]), changes.remove_some(c, SITE, 100)),
    "parties.sites_with": lambda c: [
        parties.sites_with(c, who, "b.test", q=q, offset=0, limit=50) for who in (ADMIN, OWNER) for q in ("", "a")
    ],
    "parties.facts_of": lambda c: [parties.facts_of(c, who, "b.test") for who in (ADMIN, OWNER)],
    "parties.seen_times": lambda c: parties.seen_times(c, SITE, ["b.test", "c.test"]),
    "parties.stale": lambda c: [parties.stale(c, after) for after in (None, SITE)],
    "parties.remembered": lambda c: parties.remembered(c, SITE, ["b.test", "c.test"]),
    "parties.known_before": lambda c: parties.known_before(c, SITE, ["b.test", "c.test"], NOW),
    "parties.listed_of": lambda c: parties.listed_of(c, SITE, ["b.test", "c.test"]),
    "parties.memories": lambda c: parties.memories(c, SITE, ["b.test", "c.test"]),
    "parties.put_memories": lambda c: parties.put_memories(c, SITE, {"b.test": "{}"}),
    "parties.shown_before": lambda c: parties.shown_before(c, SITE, 100),
    "parties.put": lambda c: parties.put(c, [PARTY]),
    "parties.interrupted": lambda c: parties.interrupted(c, ENDED),
    "parties.absent": lambda c: parties.absent(c, SITE, (ID, 1)),
    "parties.note_absent": lambda c: parties.note_absent(c, SITE, ["b.test", "c.test"]),
    "parties.forgettable": lambda c: parties.forgettable(c, SITE, (ID, 1), -1),
    "parties.forget": lambda c: parties.forget(c, SITE, ["b.test", "c.test"]),
    "parties.note_begun": lambda c: parties.note_begun(c, SITE, (ID, 1), NOW),
    "parties.note_listed": lambda c: parties.note_listed(c, LISTED_RUN),
    "parties.listed_after": lambda c: [parties.listed_after(c, after) for after in (None, SITE)],
    "parties.remove_some": lambda c: parties.remove_some(c, SITE, 100),
    "site_counts.site_runs": lambda c: [site_counts.site_runs(c, after, 100) for after in (None, SITE)],
    "site_counts.existing_sites": lambda c: site_counts.existing_sites(c, [SITE]),
    "lists.in_effect": lambda c: lists.in_effect(c, [KEY]),
    "lists.states": lambda c: lists.states(c, [KEY]),
    "lists.note_update": lambda c: [lists.note_update(c, UPDATE) for _ in range(2)],
    "lists.take_shrunk": lambda c: lists.take_shrunk(c, KEY, 7),
    "lists.add_version": lambda c: lists.add_version(c, VERSION),
    "lists.note_validators": lambda c: lists.note_validators(c, ID, "e", "m"),
    "lists.drop_others": lambda c: lists.drop_others(c, [KEY], NOW),
    "lists.superseded": lists.superseded,
    "lists.oldest_begun": lists.oldest_begun,
    "lists.remove": lambda c: lists.remove(c, [ID]),
    "lists.files": lists.files,
    "lists.add_part": lambda c: lists.add_part(c, "0" * 64, 0, b"x"),
    "lists.part": lambda c: lists.part(c, "0" * 64, 0),
    "workers.beat": lambda c: (workers.beat(c, WORKER, None), workers.beat(c, WORKER, NOW)),
    "workers.leave": lambda c: workers.leave(c, "w"),
    "workers.known": workers.known,
    "workers.silence": lambda c: workers.silence(c, "scan"),
    "workers.forget_silent": lambda c: workers.forget_silent(c, 600),
    **NOTIFICATIONS,
}
# Beside the repositories: whose statements are walked by whom.
ELSEWHERE: dict[str, Callable] = {
    "app.core.group_filter": lambda c: tasks.find(c, ID, OF_GROUP),
    "app.events.epoch": epoch.has_tasks,
    "app.events.log_identity": walk_epoch,
    "app.events.log": lambda c: log.read_after(c, ID, 5, limit=50),
    "app.scans.lifecycle": walk_lifecycle,
    "app.findings.recorder": walk_recorder,
    "app.websocket.state.state_reader": lambda c: (
        STATES.snapshot(c, ID, 200, Language.EN),
        STATES.state(c, ID, Language.EN),
        walk_replay(c),
    ),
}
# What may be sorted although it is no page, and why that stays small.
SORTED = {
    "party_totals.list_page": "third parties of all sites by their number of sites, from an index that has all of it",
    "party_totals.levels_of": "the open findings of the current results of all sites, from an index that has all of it",
    "parties.sites_with": "the sites of one third party",
    "parties.facts_of": "the sites of one third party",
    "parties.interrupted": "third parties of one site that a list which was interrupted has: mostly none",
    "parties.forgettable": "absent third parties of one site, only if there are too many, in a read transaction",
    "services.list_page": "services of all sites, of which there are some thousands, from an index that has all of it",
    "services.sites_with": "the sites of one service",
    "services.names_at": "the services of a page of third parties",
    "changes.newest": "at most LOOKED_AT changes of one third party",
    "differences.compared": "stored comparisons of one site's scans, once after an upgrade",
    "differences.predecessor": "the conclusive runs of fifty tasks",
    "finding_counts.read": "the findings of one run, which are counted",
    "finding_counts.open_sums": "the domains of one run's findings, which are counted",
    "findings.list_page": "the domains of one run's findings, which are counted",
    "orders.status_counts": "the tasks of a page of orders, of which each has a greatest number",
    "sites.groups": "those of at most MAX_LABELLED sites",
    "sites.tags": "the same",
    "servers.mark_excess": "the connections of users who have just come, of which each has a greatest number",
    "servers.count_streams": "the streams of users who ask for one, of which each has a greatest number",
    "users.remember_address": "the addresses of one user, at most KEPT_ADDRESSES and one",
    "tickets.forget_oldest": "the open tickets of one user, of which there is a greatest number",
    "api_keys.list_of_user": "the keys of one user, of which there is a greatest number",
    "links.list_of_task": "the links to one scan, of which there is a greatest number",
    "lists.superseded": "thirteen versions of each of sixteen lists",
    "lists.files": "the same",
    "app.scans.lifecycle": "the events of one batch, found by their ids",
    "app.findings.recorder": "the events of one batch, found by their ids",
}
# What goes through the whole log of a task, and why it may.
WHOLE_LOGS = {
    "retention.prune_events": "of tasks that are pruned whole because they are short",
    "retention.prune_lines": "of tasks that are pruned whole because they are short",
    "retention.purge_tasks": "the foreign keys of a row: its logs are empty by then",
    "tasks.log_bytes": "once for an attempt, in the scan's own process",
}
# What reads whole tables, and why it may.
WHOLE_TABLES = {"app.maintenance.embedded_import": "moves all rows there are, once, for nobody who waits"}
# A partial index over so few rows that it may be looked through.
FEW = (
    "ix_users_admins",
    "ix_users_assignable",
    "ix_managed_sites_overdue",  # sites that somebody has to look after
    # Thirteen versions of each of sixteen lists. The bytes of files lie elsewhere, and on SQLite there are none.
    "list_versions",
    "list_states",
    "list_parts",
    "ix_notification_rules_all",  # rules of administrators about everybody's scans
    "ix_channels_due",  # channels with something to send, once at the start of the only process
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


def modules_of_queries():
    """Each by the name under which `WALK` has its functions: its own, or that of its subject."""
    root = Path(app.__path__[0])
    for path in root.rglob("*.py"):
        parts = path.relative_to(root).with_suffix("").parts
        name = ".".join(("app", *parts))
        is_queries = "repositories" in parts or "queries" in parts or name in SHARED_QUERIES
        if is_queries and parts[-1] != "__init__":
            yield (parts[-2] if parts[-1] == "queries" else parts[-1]), name


def functions_of_queries():
    for short, name in modules_of_queries():
        for function_name, function in vars(importlib.import_module(name)).items():
            is_ours = inspect.isfunction(function) and function.__module__ == name
            if is_ours and not function_name.startswith("_") and "connection" in inspect.signature(function).parameters:
                yield f"{short}.{function_name}"


def test_every_function_that_asks_the_database_is_walked():
    assert sorted(WALK) == sorted(functions_of_queries())


def test_statements_are_made_in_the_queries_and_the_modules_that_are_walked():
    root = Path(app.__path__[0])
    makers = set()
    for path in root.rglob("*.py"):
        name = ".".join(("app", *path.relative_to(root).with_suffix("").parts))
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            found = node.names if isinstance(node, ast.ImportFrom) and node.module == "sqlalchemy" else ()
            if {"select", "insert", "update", "delete"} & {alias.name for alias in found}:
                makers.add(name)
    inside = {name for _, name in modules_of_queries()}
    outside = {name for name in makers - inside if not name.startswith("app.migrations.")}
    assert outside == {*ELSEWHERE, *WHOLE_TABLES}


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
    """Only the rows of the page are looked up, by their keys: others may be long."""
    for statement, plan in plans_of(db, WALK[name]):
        reads = [line for line in plan if line.startswith(("SCAN ", "SEARCH ")) and line.split()[1] in metadata.tables]
        looked_up = [line for line in reads if "COVERING" not in line]
        by_key = ("(id=?)", "(task_id=? AND domain=? AND cause=? AND run=?)")
        assert all(line.endswith(by_key) for line in looked_up), (plan, statement)


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
