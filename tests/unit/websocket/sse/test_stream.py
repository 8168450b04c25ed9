"""One stream's position, without a server: what comes next, whatever hints and the log do."""

import asyncio
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.db import DatabaseDamaged, DatabaseUnavailable
from app.core.db_backend import Failure
from app.core.principal import Principal
from app.domain.messages import Language
from app.events.event import Event
from app.websocket.sse.stream import PING, EventStream, encode
from app.websocket.state.log_reader import LogPage
from app.websocket.state.state_reader import Snapshot
from tests.support.clock import FakeClock
from tests.support.frames import read_frame

PAGE = 5
WHO = Principal("u", "mei", "user", "s", datetime(2030, 1, 1, tzinfo=UTC))


class Log:
    """A task's log in memory; `pruned` rows are gone. While `down` every read fails."""

    def __init__(self, count=0):
        self.count = count
        self.pruned = set()
        self.down = False
        self.is_damaged = False
        self.reads = 0
        self.exists = True

    def event(self, seq, kind="task_deleted"):
        return Event("t", seq, 1, kind, '{"by":"mei"}', datetime(2026, 1, 1, tzinfo=UTC))

    def kind(self, seq):
        return "task_cancelling" if seq < 1_000 else "task_deleted"

    async def read_page(self, _task, seq):
        self.reads += 1
        if self.is_damaged:
            raise DatabaseDamaged
        if self.down:
            raise DatabaseUnavailable(Failure.UNREACHABLE)
        rows = [s for s in range(seq + 1, self.count + 1) if s not in self.pruned][:PAGE]
        if not rows:
            return LogPage([], self.count + 1 if self.count > seq else 0)
        return LogPage([self.event(s, self.kind(s)) for s in rows], rows[0])

    async def read_snapshot(self, _task, _at_least):
        if self.down:
            raise DatabaseUnavailable(Failure.UNREACHABLE)
        if not self.exists:
            return None
        payload = orjson.dumps({"type": "task_snapshot", "seq": self.count})
        return Snapshot("t", "u", self.count, "running", payload)


def make(log, *, counted=None, read_epoch=lambda: "e", ping_after_s=0.01):
    return EventStream(
        task_id="t",
        principal=WHO,
        address="a",
        language=Language.EN,
        read_epoch=read_epoch,
        read_page=log.read_page,
        read_snapshot=log.read_snapshot,
        clock=FakeClock(),
        ping_after_s=ping_after_s,
        on_events=([] if counted is None else counted).append,
    )


def parse(chunk):
    """(id, payload) of every event; None as id where there is none."""
    found = []
    for block in chunk.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if line and not line.startswith(":"))
        if "data" in fields:
            found.append(
                (int(fields["id"].removeprefix("e:")) if "id" in fields else None, orjson.loads(fields["data"]))
            )
    return found


async def take(stream, count):
    """Events until there are so many; pings and the beginning are left out."""
    found = []
    async with aclosing(stream.chunks()) as chunks:
        async for chunk in chunks:
            found += parse(chunk)
            if len(found) >= count:
                break
    return found


async def test_events_come_from_the_log_page_by_page():
    log, counted = Log(12), []
    stream = make(log, counted=counted)
    stream.start_at(0, 12)
    assert [seq for seq, _ in await take(stream, 12)] == list(range(1, 13))
    assert sum(counted) == 12
    assert log.reads == 3


async def test_bodies_that_come_with_the_hint_need_no_read():
    log = Log(7)
    stream = make(log)
    stream.start_at(5, 5)
    stream.offer(7, [log.event(5, "task_cancelling"), log.event(6, "task_cancelling"), log.event(7, "task_cancelling")])
    assert [seq for seq, _ in await take(stream, 2)] == [6, 7]
    assert log.reads == 0


async def test_payloads_are_frames_of_the_contract_without_prev_seq():
    log = Log(1)
    stream = make(log)
    stream.start_at(0, 1)
    ((_, payload),) = await take(stream, 1)
    assert "prev_seq" not in read_frame(orjson.dumps(payload))


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 6)), max_size=12))
async def test_doubled_late_and_reordered_hints_change_nothing(hints):
    """Each hint says a seq and brings the last few bodies before it."""
    log = Log(40)
    stream = make(log)
    stream.start_at(0, 0)
    for seq, bodies in hints:
        stream.offer(seq, [log.event(s, "task_cancelling") for s in range(max(1, seq - bodies), seq + 1)])
    stream.offer(40)
    assert [seq for seq, _ in await take(stream, 40)] == list(range(1, 41))


@pytest.mark.parametrize("pruned", [{4}, {4, 5, 6}, set(range(4, 11)), {7}])
async def test_a_hole_in_the_log_brings_a_snapshot_and_events_again_behind_it(pruned):
    log = Log(10)
    log.pruned = pruned
    stream = make(log)
    stream.start_at(3, 10)
    found = await take(stream, 1 if 4 in pruned else 4)
    assert [seq for seq, _ in found[:-1]] == list(range(4, min(pruned)))
    assert found[-1][1] == {"type": "task_snapshot", "seq": 10}
    assert stream.cursor == 10
    log.count = 11
    stream.offer(11)
    ((seq, event),) = await take(stream, 1)
    assert (seq, event["type"]) == (11, "task_cancelling")


async def test_a_log_that_went_back_brings_a_snapshot_and_goes_on_there():
    log = Log(9)
    stream = make(log)
    stream.start_at(9, 9)
    log.count = 4
    stream.restart()
    assert [seq for seq, _ in await take(stream, 1)] == [4]
    log.count = 5
    stream.offer(5)
    assert [seq for seq, _ in await take(stream, 1)] == [5]


async def test_while_the_database_is_away_nothing_is_lost():
    log = Log(3)
    log.down = True
    stream = make(log)
    stream.start_at(0, 3)
    async with aclosing(stream.chunks()) as chunks:
        seen = [await anext(chunks) for _ in range(3)]
        assert seen[1:] == [b": ping\n\n"] * 2
        log.down = False
        stream.offer(3)  # the sweep
        assert [seq for seq, _ in parse(await anext(chunks))] == [1, 2, 3]


@asynccontextmanager
async def sweeping(stream, head, *, every_s):
    """Tell the stream again and again where the log ends, as the sweep does."""

    async def sweep():
        while True:
            stream.offer(head)
            await asyncio.sleep(every_s)

    sweeper = asyncio.create_task(sweep())
    try:
        yield
    finally:
        sweeper.cancel()
        await asyncio.wait([sweeper])


async def test_a_sweep_that_finds_nothing_new_does_not_put_off_the_ping():
    """The sweep comes every 2 s, the ping is due after 15 s."""
    log = Log(3)
    stream = make(log, ping_after_s=0.15)
    stream.start_at(3, 3)
    async with asyncio.timeout(30), aclosing(stream.chunks()) as chunks, sweeping(stream, 3, every_s=0.02):
        await anext(chunks)  # how long to wait before a reconnection
        assert [await anext(chunks) for _ in range(3)] == [PING] * 3
        log.count = 4
        stream.offer(4)
        assert [seq for seq, _ in parse(await anext(chunks))] == [4]


async def test_reads_that_fail_slowly_do_not_put_off_the_ping():
    log = Log(3)
    log.down = True
    stream = make(log, ping_after_s=0.05)

    async def read_page(task, seq):
        await asyncio.sleep(0.02)  # as long as the database makes its readers wait
        return await log.read_page(task, seq)

    stream.read_page = read_page
    stream.start_at(0, 3)
    async with asyncio.timeout(30), aclosing(stream.chunks()) as chunks, sweeping(stream, 3, every_s=0.001):
        await anext(chunks)
        assert await anext(chunks) == PING


async def test_the_ping_is_due_after_the_last_bytes_that_were_taken():
    log = Log(4)
    stream = make(log, ping_after_s=0.1)
    stream.start_at(3, 4)
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(30), aclosing(stream.chunks()) as chunks:
        await anext(chunks)
        assert [seq for seq, _ in parse(await anext(chunks))] == [4]
        await asyncio.sleep(0.05)  # so slowly the reader takes it
        taken_at = loop.time()
        assert await anext(chunks) == PING
        assert loop.time() - taken_at >= 0.1


async def test_the_snapshot_waits_for_the_database_too():
    log = Log(3)
    log.down = True
    stream = make(log)
    stream.restart()
    async with aclosing(stream.chunks()) as chunks:
        await anext(chunks)
        assert await anext(chunks) == b": ping\n\n"
        log.down = False
        stream.offer(3)
        assert [seq for seq, _ in parse(await anext(chunks))] == [3]


async def test_it_ends_after_the_deletion_and_says_why():
    log = Log(1_000)
    stream = make(log)
    stream.start_at(998, 1_000)
    chunks = [chunk async for chunk in stream.chunks()]
    assert [payload["type"] for _, payload in parse(chunks[1])] == ["task_cancelling", "task_deleted"]
    assert chunks[2:] == [b": deleted\n\n"]


@pytest.mark.parametrize("how", ["lose", "snapshot"])
async def test_a_deletion_is_made_up_when_the_row_is_gone(how):
    log = Log(3)
    log.exists = False
    stream = make(log)
    (stream.lose if how == "lose" else stream.restart)()
    ((seq, payload),) = parse(b"".join([chunk async for chunk in stream.chunks()]))
    assert seq is None
    assert read_frame(orjson.dumps(payload))["by"] == "system"


async def test_the_first_reason_stands_and_nothing_comes_after_it():
    stream = make(Log(5))
    stream.start_at(0, 5)
    stream.end("logged_out")
    stream.end("restart")
    assert b"".join([chunk async for chunk in stream.chunks()]).endswith(b": logged_out\n\n")
    assert stream.cursor == 0


def test_an_event_is_an_id_a_name_and_one_line():
    assert encode("task_warning", b'{"a":"\\n"}', "0:7") == b'id: 0:7\nevent: task_warning\ndata: {"a":"\\n"}\n\n'
    assert encode("task_deleted", b"{}") == b"event: task_deleted\ndata: {}\n\n"


async def test_a_snapshot_of_before_a_restore_does_not_bear_the_epoch_after_it():
    """Its position would be taken for one of the new history, and what that had before it would be missed."""
    epochs = ["old"]

    class Restored(Log):
        async def read_snapshot(self, task, at_least):
            found = await super().read_snapshot(task, at_least)
            epochs.append("new")
            return found

    log = Restored(40)
    stream = make(log, read_epoch=lambda: epochs[-1])
    stream.restart()
    async with aclosing(stream.chunks()) as chunks:
        await anext(chunks)  # how long to wait before a reconnection
        assert (await anext(chunks)).startswith(b"id: old:40\n")
    assert stream.epoch == "old"


async def test_a_stream_that_needs_what_is_damaged_is_not_begun():
    log = Log(3)
    log.is_damaged = True
    stream = make(log)
    stream.start_at(1, 3)
    with pytest.raises(DatabaseDamaged):
        await stream.prepare()


async def test_a_stream_ends_where_what_comes_next_is_damaged_and_says_so():
    log = Log(3)
    stream = make(log)
    stream.start_at(1, 3)
    await stream.prepare()
    async with aclosing(stream.chunks()) as chunks:
        assert (await anext(chunks)).startswith(b"retry: ")
        assert [seq for seq, _ in parse(await anext(chunks))] == [2, 3]
        log.is_damaged, log.count = True, 4
        stream.offer(4)
        assert await anext(chunks) == b": database_damaged\n\n"
        with pytest.raises(StopAsyncIteration):
            await anext(chunks)
