import asyncio

import pytest

from app.core.db import Database, DatabaseUnavailable
from app.core.db_backend import Failure
from app.identity.audit import WARN_AFTER_S, AuditTrail
from app.identity.queries import audit
from tests.support.backend import HandClock
from tests.support.databases import create_tables
from tests.support.logs import captured_log


class MoodyDatabase(Database):
    """Refuses while told to; counts its write transactions; can be held inside one."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.refuses = False
        self.writes = 0
        self.gate: asyncio.Event | None = None  # a write waits for it after its commit
        self.committed = asyncio.Event()

    async def write(self, work):
        if self.refuses:
            raise DatabaseUnavailable(Failure.BUSY)
        self.writes += 1
        value = await super().write(work)
        self.committed.set()
        if self.gate is not None:
            await self.gate.wait()
        return value


@pytest.fixture
async def db(database_url):
    db = MoodyDatabase(database_url)
    create_tables(db)
    yield db
    await db.close()


async def rows(db: Database) -> list[tuple[str, str, dict]]:
    found = await db.read(lambda c: audit.newest(c, 100_000))
    return [(row.action, row.outcome, row.detail) for row in reversed(found)]


async def test_rows_are_written_in_batches_in_their_order(db):
    trail = AuditTrail(db=db, clock=HandClock())
    for number in range(1_200):
        trail.record("test", detail={"n": number})
    assert await rows(db) == []
    await trail.flush()
    assert [detail["n"] for _, _, detail in await rows(db)] == list(range(1_200))
    assert db.writes == 3


async def test_a_full_queue_loses_its_oldest_rows_and_says_how_many(db):
    trail = AuditTrail(db=db, clock=HandClock(), max_waiting=10)
    for number in range(25):
        trail.record("test", detail={"n": number})
    assert trail.dropped == 15
    await trail.flush()
    written = await rows(db)
    assert [detail["n"] for action, _, detail in written if action == "test"] == list(range(15, 25))
    assert written[-1] == ("audit.dropped", "failed", {"count": 15})
    trail.record("test")
    await trail.flush()
    assert len(await rows(db)) == 12  # said once


async def test_the_background_writes_without_being_asked(db):
    trail = AuditTrail(db=db, clock=HandClock())
    await trail.start()
    trail.record("login", user_id="u", address="192.0.2.1", object_id="s")
    async with asyncio.timeout(30):
        await db.committed.wait()
    await trail.stop()
    assert await rows(db) == [("login", "ok", {})]


async def test_what_a_busy_database_refused_waits_in_its_order(db):
    trail = AuditTrail(db=db, clock=HandClock())
    trail.record("one")
    db.refuses = True
    with pytest.raises(DatabaseUnavailable):
        await trail.flush()
    trail.record("two")
    db.refuses = False
    await trail.flush()
    assert [action for action, _, _ in await rows(db)] == ["one", "two"]


@pytest.mark.parametrize(("busy_s", "warnings"), [(10, 0), (WARN_AFTER_S + 20, 1)])
async def test_the_background_survives_a_busy_database_and_warns_once_when_that_lasts(db, busy_s, warnings):
    class Patient(HandClock):
        async def sleep(self, seconds: float) -> None:
            await super().sleep(seconds)
            if self.seconds > busy_s:
                db.refuses = False
            await asyncio.sleep(0)

    db.refuses = True
    trail = AuditTrail(db=db, clock=Patient())
    with captured_log("INFO") as log:
        await trail.start()
        trail.record("one")
        async with asyncio.timeout(30):
            await db.committed.wait()
        await trail.stop()
    assert [action for action, _, _ in await rows(db)] == ["one"]
    assert log.getvalue().count("audit_waits") == warnings


async def test_a_stop_writes_what_waits_and_nothing_twice(db):
    trail = AuditTrail(db=db, clock=HandClock())
    db.gate = asyncio.Event()
    await trail.start()
    trail.record("one")
    async with asyncio.timeout(30):
        await db.committed.wait()
    trail.record("two")
    async with asyncio.TaskGroup() as group:
        group.create_task(trail.stop())
        await asyncio.sleep(0)
        db.gate.set()
    assert [action for action, _, _ in await rows(db)] == ["one", "two"]


async def test_a_stop_without_a_database_ends_all_the_same(db):
    trail = AuditTrail(db=db, clock=HandClock())
    await trail.start()
    db.refuses = True
    trail.record("lost")
    await trail.stop()
    await trail.stop()
    assert await rows(db) == []


async def test_a_flush_waits_for_the_batch_that_somebody_else_is_writing(db):
    trail = AuditTrail(db=db, clock=HandClock())
    trail.record("test")
    db.gate = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        first = group.create_task(trail.flush())
        await db.committed.wait()
        second = group.create_task(trail.flush())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not first.done()
        assert not second.done()
        db.gate.set()
    assert len(await rows(db)) == 1


async def test_of_flushes_that_waited_for_the_same_batch_each_waits_for_the_next_one_too(db):
    trail = AuditTrail(db=db, clock=HandClock())
    db.gate = asyncio.Event()
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        trail.record("first")
        group.create_task(trail.flush())
        await db.committed.wait()
        trail.record("second")
        # Both wait for the first batch; the first flush then begins the second.
        others = [group.create_task(trail.flush()) for _ in range(2)]
        await asyncio.sleep(0)
        db.committed.clear()
        held, db.gate = db.gate, asyncio.Event()
        held.set()
        await db.committed.wait()
        early = [flush.done() for flush in others]
        db.gate.set()
    assert early == [False, False]
    assert [action for action, _, _ in await rows(db)] == ["first", "second"]


async def test_ten_thousand_refusals_from_one_address_are_two_rows(db):
    trail = AuditTrail(db=db, clock=HandClock())
    for _ in range(10_000):
        trail.record("auth.refresh", "denied", address="192.0.2.7", detail={"code": "invalid_token"})
    await trail.flush()
    assert await rows(db) == [
        ("auth.refresh", "denied", {"code": "invalid_token"}),
        ("auth.refresh", "denied", {"code": "invalid_token", "count": 9_999}),
    ]


async def test_counts_are_written_when_their_minute_is_over(db):
    clock = HandClock()
    trail = AuditTrail(db=db, clock=clock)
    for _ in range(3):
        trail.record("ws.connect", "denied", address="192.0.2.7", detail={"reason": "origin_not_allowed"})
    await trail.start()
    async with asyncio.timeout(30):
        for _ in range(2):
            await db.committed.wait()
            db.committed.clear()
    assert clock.seconds >= 60
    assert (await rows(db))[-1] == ("ws.connect", "denied", {"reason": "origin_not_allowed", "count": 2})
    assert trail.record("ws.connect", "denied", address="192.0.2.7", detail={"reason": "origin_not_allowed"})
    await trail.stop()


async def test_what_was_allowed_is_never_added_up(db):
    trail = AuditTrail(db=db, clock=HandClock())
    for _ in range(5):
        trail.record("auth.login", user_id="u", address="192.0.2.7")
    await trail.flush()
    assert len(await rows(db)) == 5


async def test_an_error_that_nobody_has_thought_of_ends_the_trail_for_a_moment_and_not_for_good(db, monkeypatch):
    failed, write = [], db.write
    trail = AuditTrail(db=db, clock=HandClock(), on_failure=failed.append)

    async def fail_once(_work):
        monkeypatch.setattr(db, "write", write)
        raise RuntimeError("unheard of")

    monkeypatch.setattr(db, "write", fail_once)
    await trail.start()
    trail.record("kept")
    async with asyncio.timeout(30):
        await db.committed.wait()
    await trail.stop()
    assert [action for action, _, _ in await rows(db)] == ["kept"]
    assert failed == ["audit-trail"]
