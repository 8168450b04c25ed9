from datetime import UTC, datetime

import pytest

from app.core.db import OutcomeUnknown
from app.events.event import Event
from app.events.log import AlreadyCommitted, AppendResult
from app.events.writer import MAX_AGAIN, MAX_INLINE_BYTES, EventWriter, hint_of


class Bus:
    def __init__(self):
        self.hints = []

    def publish(self, hint):
        self.hints.append(hint)


def result(*bodies):
    events = tuple(
        Event("t1", seq, 1, "task_logs", body, datetime(2026, 1, 2, tzinfo=UTC)) for seq, body in enumerate(bodies, 1)
    )
    return AppendResult("t1", "u1", len(bodies), "running", events, 1)


@pytest.fixture
def bus():
    return Bus()


@pytest.fixture
def writer(db, bus):
    return EventWriter(db=db, bus=bus)


async def test_the_hint_leaves_after_the_unit_has_committed(writer, bus):
    def unit(_connection):
        assert bus.hints == []
        return result("{}")

    assert await writer.write(unit) == result("{}")
    (hint,) = bus.hints
    assert (hint.task_id, hint.seq, hint.events) == ("t1", 1, result("{}").events)


async def test_a_guard_that_did_not_match_tells_nobody(writer, bus):
    assert await writer.write(lambda _connection: None) is None
    assert writer.write_sync(lambda _connection: None) is None
    assert bus.hints == []


async def test_what_had_been_committed_already_is_told_again(writer, bus):
    def unit(_connection):
        raise AlreadyCommitted(result("{}"))

    assert await writer.write(unit) == result("{}")
    assert writer.write_sync(unit) == result("{}")
    assert [hint.seq for hint in bus.hints] == [1, 1]


class Forgetful:
    """A database that commits, and does not tell so for some times."""

    def __init__(self, db, times):
        self._db = db
        self._times = times

    async def write(self, unit):
        return self.write_sync(unit)

    def write_sync(self, unit):
        value = self._db.write_sync(unit)
        self._times -= 1
        if self._times >= 0:
            raise OutcomeUnknown
        return value


class KnownToTheLog:
    """As one that finds itself in the log from its second run on."""

    def __init__(self):
        self.runs = 0

    def __call__(self, _connection):
        self.runs += 1
        if self.runs > 1:
            raise AlreadyCommitted(result("{}"))
        return result("{}")


async def test_a_commit_with_unknown_outcome_is_found_out_by_the_unit_itself(db, bus):
    assert await EventWriter(db=Forgetful(db, 1), bus=bus).write(KnownToTheLog()) == result("{}")
    assert EventWriter(db=Forgetful(db, 1), bus=bus).write_sync(KnownToTheLog()) == result("{}")
    assert [hint.seq for hint in bus.hints] == [1, 1]


async def test_a_database_that_never_tells_is_away(db, bus):
    runs = []

    def unit(_connection):
        runs.append(1)
        return result("{}")

    with pytest.raises(OutcomeUnknown):
        await EventWriter(db=Forgetful(db, 99), bus=bus).write(unit)
    with pytest.raises(OutcomeUnknown):
        EventWriter(db=Forgetful(db, 99), bus=bus).write_sync(unit)
    assert len(runs) == 2 * (MAX_AGAIN + 1)
    assert bus.hints == []


async def test_a_unit_that_fails_tells_nobody(writer, bus):
    def unit(_connection):
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError):
        await writer.write(unit)
    with pytest.raises(RuntimeError):
        writer.write_sync(unit)
    assert bus.hints == []


def test_large_bodies_are_read_from_the_log_and_do_not_travel():
    assert hint_of(result("x" * MAX_INLINE_BYTES)).events != ()
    assert hint_of(result("x" * MAX_INLINE_BYTES, "y")).events == ()
