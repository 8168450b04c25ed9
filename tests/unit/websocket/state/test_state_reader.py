"""What it costs to know whether a position can be served."""

import pytest
from sqlalchemy import insert, update

from app.core.ids import new_id
from app.core.principal import Principal
from app.domain.messages import Language
from app.events.tables import scan_tasks, task_events
from app.websocket.messages.codes import SnapshotReason
from app.websocket.messages.topics import ALL_TOPICS, topics
from app.websocket.state.state_reader import MAX_SPAN, NoReplay, Replay
from tests.support.realtime import Stack

LIMIT = 100
QUIET = topics(frozenset())


@pytest.fixture
async def long_log(tmp_path):
    """A task with many events, and a way to measure what `replay` makes the database do."""
    stack = Stack(tmp_path)
    task = await stack.add_task(stack.add_user("a"))

    def grow(to):
        def work(connection):
            connection.execute(insert(task_events), [event(seq) for seq in range(grow.head + 1, to + 1)])
            connection.execute(update(scan_tasks).values(last_seq=to))

        def event(seq):
            kind = "task_progress" if seq % 50 else "task_warning"
            row = {"task_id": task, "seq": seq, "attempt": 1, "type": kind, "event_id": new_id()}
            return {**row, "body": '{"code":"stalled","message":"m"}', "created_at": stack.clock.now()}

        stack.db.write_sync(work)
        grow.head = to

    grow.head = 2  # created and started

    def replay(after, wanted=ALL_TOPICS):
        steps = []

        def work(connection):
            raw = connection.connection.driver_connection
            raw.set_progress_handler(lambda: steps.append(1) and 0, 100)
            try:
                return stack.manager.reader.replay(
                    connection, task, after, wanted, epoch=None, max_events=LIMIT, max_bytes=1 << 20
                )
            finally:
                raw.set_progress_handler(None, 0)

        return stack.db.read_sync(work), len(steps)

    yield grow, replay
    await stack.db.close()


def test_a_log_that_is_far_too_long_is_not_counted_to_its_end(long_log):
    """In steps of SQLite's machine, which are the same on every computer."""
    grow, replay = long_log
    grow(LIMIT * 3)
    refused, few = replay(0)
    grow(LIMIT * 15)
    again, more = replay(0)
    assert isinstance(refused, NoReplay)
    assert isinstance(again, NoReplay)
    assert refused.reason is again.reason is SnapshotReason.TOO_MUCH
    assert more <= few * 1.5


def test_what_is_hidden_does_not_count_but_is_not_read_without_end(long_log):
    grow, replay = long_log
    grow(LIMIT * MAX_SPAN)
    served, _ = replay(0, QUIET)
    assert isinstance(served, Replay)
    assert served.count == LIMIT * MAX_SPAN // 50 + 2  # with its beginning
    grow(LIMIT * MAX_SPAN + 1)
    refused, steps = replay(0, QUIET)
    assert isinstance(refused, NoReplay)
    assert refused.reason is SnapshotReason.TOO_MUCH
    assert steps < 50
    assert isinstance(replay(1, QUIET)[0], Replay)


async def test_who_cancelled_it_is_said_but_to_readers_outside_of_the_organisation(tmp_path):
    stack = Stack(tmp_path)
    owner = stack.add_user("mei")
    task = await stack.add_task(owner)
    changes = {"status": "cancelled", "cancel_by": "mei"}
    stack.db.write_sync(lambda c: c.execute(update(scan_tasks).values(changes)))

    def ended_by(**more):
        principal = Principal(owner, "mei", "user", **more)
        state = stack.db.read_sync(lambda c: stack.manager.reader.state(c, task, Language("en"), principal))
        return state.model_dump().get("ended_by")

    assert ended_by() == "mei"
    assert ended_by(link_id="a", task_id=task) is None
    await stack.db.close()
