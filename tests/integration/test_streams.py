"""Server-sent events on the real application: the same log, each event once, and an end for every stream."""

import asyncio
import random

import pytest
from sqlalchemy import select

from app.events.tables import task_events
from app.events.types import Statistics, TaskProgress
from app.identity.tables import audit_log
from app.maintenance.queries import retention
from app.scans.queries import tasks
from tests.support.frames import Subscriber
from tests.support.realtime import until, warning
from tests.support.streaming import code_of, open_stream, stream_backend

CUTS = 50
FAST = {"ws_handshakes_per_s_per_address": 10_000, "sweep_interval_s": 0.1, "access_recheck_s": 0.2}


@pytest.fixture
async def backend(tmp_path):
    async with stream_backend(tmp_path, **FAST) as running:
        yield running


@pytest.fixture
async def user(backend):
    return (await backend.add_user("mei"))[1]


def progress(percent):
    return TaskProgress(
        progress=percent,
        stage="页面爬取",
        message=f"{percent} pages",
        stage_key="page_crawl",
        stage_index=2,
        stage_progress=percent,
    )


async def logged(backend, task):
    e = task_events.c
    return dict(
        await backend.services.db.read(lambda c: c.execute(select(e.seq, e.type).where(e.task_id == task)).all())
    )


def streams_of(backend):
    return backend.services.manager.streams


async def test_it_begins_with_a_snapshot_and_goes_on_with_what_happens(backend, user):
    task = await backend.add_task(user)
    async with open_stream(backend, task, user) as reader:
        snapshot = await reader.event()
        assert (snapshot["type"], snapshot["status"], reader.last_id) == ("task_snapshot", "running", "0:2")
        await backend.say(task, warning("one"), warning("two"))
        assert [(await reader.event())["message"] for _ in range(2)] == ["one", "two"]
        assert reader.last_id == "0:4"
        assert reader.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert "no-cache" in reader.headers["cache-control"]
        assert reader.headers["x-accel-buffering"] == "no"
        assert 500 <= reader.retry_ms <= 3_000


async def test_each_event_comes_once_over_fifty_cuts_while_a_writer_goes_on(backend, user):
    task = await backend.add_task(user)
    chance = random.Random(7)
    done = asyncio.Event()

    async def write():
        number = 0
        while not done.is_set():
            number += 1
            await backend.say(task, *(warning(f"{number}.{part}") for part in range(chance.randint(1, 4))))
            await asyncio.sleep(chance.random() * 0.01)
        await backend.services.event_writer.write(backend.services.lifecycle.complete(task, 1, Statistics()))

    seen, last_id = [], 0
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        writing = group.create_task(write())
        for _ in range(CUTS):
            async with open_stream(backend, task, user, last_id=last_id) as reader:
                seen += [(await reader.event())["seq"] for _ in range(chance.randint(1, 12))]
                last_id = reader.last_id
        done.set()
        await writing
        async with open_stream(backend, task, user, last_id=last_id) as reader:
            while not seen or (await logged(backend, task))[seen[-1]] != "task_completed":
                seen.append((await reader.event())["seq"])
    assert seen == sorted(await logged(backend, task))


async def test_the_stream_adds_up_to_what_the_socket_shows(backend, user):
    """A client's rule over a stream: the snapshot, then every event in order."""
    task = await backend.add_task(user)
    subscriber = Subscriber()
    async with open_stream(backend, task, user) as reader:
        subscriber.take(await reader.event())
        for percent in range(20):
            await backend.say(task, progress(percent))
        last = await backend.say(task, warning())
        while subscriber.last < last:
            frame = await reader.event()
            subscriber.take({**frame, "prev_seq": frame["seq"] - 1})
    assert sorted(subscriber.events) == list(range(3, last + 1))
    assert (subscriber.gaps, subscriber.duplicates) == (0, 0)


async def test_without_a_header_the_query_says_where_to_go_on_and_the_header_wins(backend, user):
    task = await backend.add_task(user)
    last = await backend.say(task, *(warning(str(number)) for number in range(5)))
    async with open_stream(backend, task, user, query=f"?last_event_id={last - 1}") as reader:
        assert (await reader.event())["seq"] == last
    async with open_stream(backend, task, user, last_id=last - 2, query="?last_event_id=0") as reader:
        assert (await reader.event())["seq"] == last - 1


@pytest.mark.parametrize("position", ["x", "-1", str(2**53)])
async def test_a_position_that_is_none_is_said(backend, user, position):
    task = await backend.add_task(user)
    async with open_stream(backend, task, user, last_id=position) as reader:
        assert (reader.status, code_of(await reader.body())) == (422, "invalid_input")


async def test_foreign_and_missing_tasks_look_the_same(backend, user):
    theirs = await backend.add_task(await backend.sign_in())
    for task in (theirs, "no-such-task"):
        async with open_stream(backend, task, user) as reader:
            assert (reader.status, code_of(await reader.body())) == (404, "not_found")
    assert len(streams_of(backend)) == 0
    await backend.services.audit.flush()  # what was counted as one more of a kind, too
    rows = await until_audited(backend, "stream.open", 2)
    assert {(row.outcome, row.object_id) for row in rows} == {("denied", None)}


async def until_audited(backend, action, count):
    query = select(audit_log).where(audit_log.c.action == action)
    async with asyncio.timeout(30):
        while True:
            rows = await backend.services.db.read(lambda c: c.execute(query).all())
            if len(rows) >= count:
                return rows
            await asyncio.sleep(0.05)


async def test_an_administrator_follows_anybody_s_task(backend, user):
    task = await backend.add_task(user)
    async with open_stream(backend, task, await backend.sign_in()) as reader:
        assert (await reader.event())["type"] == "task_snapshot"


@pytest.mark.parametrize(
    ("header", "query", "code"),
    [(None, "", "missing_token"), ("bad", "", "invalid_token"), (None, "?token=bad", "invalid_token")],
)
async def test_without_a_good_token_it_is_401(backend, user, header, query, code):
    task = await backend.add_task(user)
    async with open_stream(backend, task, header, query=query) as reader:
        assert (reader.status, code_of(await reader.body())) == (401, code)
        assert reader.headers["www-authenticate"] == "Bearer"


async def test_a_ticket_opens_one_stream(backend, user):
    task = await backend.add_task(user)
    ticket = (await backend.services.auth.issue_ticket(await backend.services.auth.authenticate(user))).ticket
    async with open_stream(backend, task, user, query=f"?ticket={ticket}") as reader:
        assert reader.status == 200  # the header counts, and the ticket is still good
    async with open_stream(backend, task, None, query=f"?ticket={ticket}&token=bad") as reader:
        assert (await reader.event())["type"] == "task_snapshot"
    for query in (f"?ticket={ticket}", f"?ticket={ticket}&token={user}", "?ticket="):
        async with open_stream(backend, task, None, query=query) as reader:
            assert (reader.status, code_of(await reader.body())) == (401, "invalid_token")


async def test_a_stream_by_ticket_ends_with_the_session_behind_it(backend):
    _, token = await backend.add_user("mei")
    task = await backend.add_task(token)
    auth = backend.services.auth
    principal = await auth.authenticate(token)
    ticket = (await auth.issue_ticket(principal)).ticket
    async with open_stream(backend, task, None, query=f"?ticket={ticket}") as reader:
        await reader.event()
        await auth.logout(principal)
        await reader.until_end()
        assert reader.comments[-1] == "logged_out"


async def test_the_token_of_the_query_serves_where_no_header_can_be_sent(backend, user):
    task = await backend.add_task(user)
    async with open_stream(backend, task, None, query=f"?token={user}") as reader:
        assert (await reader.event())["type"] == "task_snapshot"
    async with open_stream(backend, task, "bad", query=f"?token={user}") as reader:
        assert reader.status == 401


async def test_a_position_that_was_pruned_brings_a_snapshot(backend, user):
    task = await backend.add_task(user)
    await backend.say(task, progress(10), warning(), progress(20))
    await backend.services.event_writer.write(backend.services.lifecycle.complete(task, 1, Statistics()))
    row = await backend.services.db.read(lambda c: tasks.find(c, task))
    cursors = [retention.PendingPrune(task, row.last_seq, 100)]
    prune = retention.prune_events
    assert await backend.services.db.write(lambda c: prune(c, cursors, 200, retention.PROGRESS)) == []
    async with open_stream(backend, task, user, last_id=3) as reader:
        snapshot = await reader.event()
        assert (snapshot["type"], reader.last_id) == ("task_snapshot", f"0:{snapshot['seq']}")
    async with open_stream(backend, task, user, last_id=snapshot["seq"]) as reader:
        await backend.services.event_writer.write(backend.services.lifecycle.retry(task, by="mei"))
        assert (await reader.event())["type"] == "task_retrying"


async def test_a_position_beyond_the_log_brings_a_snapshot(backend, user):
    task = await backend.add_task(user)
    async with open_stream(backend, task, user, last_id=1_000) as reader:
        assert (await reader.event())["type"] == "task_snapshot"
        await backend.say(task, warning())
        assert (await reader.event())["seq"] == 3


async def test_more_than_a_replay_may_hold_brings_a_snapshot(tmp_path):
    async with stream_backend(tmp_path, replay_max_events=5) as backend:
        user = await backend.sign_in()
        task = await backend.add_task(user)
        await backend.say(task, *(warning() for _ in range(5)))
        async with open_stream(backend, task, user, last_id=1) as reader:
            assert (await reader.event())["type"] == "task_snapshot"
        async with open_stream(backend, task, user, last_id=2) as reader:
            assert (await reader.event())["seq"] == 3


async def test_with_a_dead_bus_the_sweep_delivers(backend, user, monkeypatch):
    task = await backend.add_task(user)
    async with open_stream(backend, task, user) as reader:
        await reader.event()
        monkeypatch.setattr(backend.services.bus, "publish", lambda hint: None)
        seq = await backend.say(task, warning("unheard of"))
        assert (await reader.event())["seq"] == seq


async def test_silence_is_filled_with_pings(tmp_path):
    async with stream_backend(tmp_path, sse_ping_after_s=0.05) as backend:
        user = await backend.sign_in()
        task = await backend.add_task(user)
        async with open_stream(backend, task, user) as reader:
            await reader.event()
            await reader.until_pings(3)


async def test_it_goes_on_after_the_end_of_an_attempt_and_ends_with_the_task(backend, user):
    task = await backend.add_task(user)
    event_writer, lifecycle = backend.services.event_writer, backend.services.lifecycle
    async with open_stream(backend, task, user) as reader:
        await reader.until("task_snapshot")
        await event_writer.write(lifecycle.complete(task, 1, Statistics()))
        await reader.until("task_completed")
        await event_writer.write(lifecycle.retry(task, by="mei"))
        await reader.until("task_retrying")
        await event_writer.write(lifecycle.cancel_pending(task, by="mei"))
        await reader.until("task_completed")
        await event_writer.write(lifecycle.delete(task, by="mei"))
        assert [event["type"] for event in await reader.until_end()] == ["task_deleted"]
        assert reader.comments[-1] == "deleted"
    async with open_stream(backend, task, user, last_id=reader.last_id) as reader:
        assert reader.status == 404
    await until(lambda: len(streams_of(backend)) == 0)


async def test_a_task_whose_row_is_gone_is_reported_as_deleted(backend, user):
    task = await backend.add_task(user)
    event_writer, lifecycle = backend.services.event_writer, backend.services.lifecycle
    await event_writer.write(lifecycle.complete(task, 1, Statistics()))
    async with open_stream(backend, task, user) as reader:
        await reader.event()

        def purge(connection):
            assert lifecycle.delete(task, by="mei")(connection)
            while not retention.purge_tasks(connection, [task], 10):
                continue

        await backend.services.db.write(purge)
        assert [(event["type"], event.get("seq")) for event in await reader.until_end()] == [("task_deleted", None)]


@pytest.mark.parametrize(
    ("ending", "reason"),
    [("logout", "logged_out"), ("password", "logged_out"), ("disable", "user_disabled"), ("role", "role_changed")],
)
async def test_it_ends_when_the_right_ends(backend, ending, reason):
    user_id, token = await backend.add_user("mei")
    task = await backend.add_task(token)
    services = backend.services
    async with open_stream(backend, task, token) as reader:
        await reader.event()
        match ending:
            case "logout":
                await services.auth.logout(await services.auth.authenticate(token))
            case "password":
                await services.auth.set_password(user_id, "another good password")
            case "disable":
                await services.users.update(user_id, {"is_active": False}, by="test")
            case "role":
                await services.users.update(user_id, {"role": "admin"}, by="test")
        assert await reader.until_end() == []
        assert reader.comments[-1] == reason
    await until(lambda: len(streams_of(backend)) == 0)


async def test_a_lost_hint_ends_it_at_the_next_look(backend, monkeypatch):
    _, token = await backend.add_user("mei")
    task = await backend.add_task(token)
    async with open_stream(backend, task, token) as reader:
        await reader.event()
        monkeypatch.setattr(backend.services.bus, "publish", lambda hint: None)
        await backend.services.auth.logout(await backend.services.auth.authenticate(token))
        assert await reader.until_end() == []
        assert reader.comments[-1] == "logged_out"


@pytest.mark.parametrize("way", ["authenticate", "redeem"])
async def test_a_session_that_ends_while_its_stream_opens_has_no_stream(backend, way):
    """The principal was looked up before the logout, and the hint of it came before there was a stream."""
    _, token = await backend.add_user("mei")
    task = await backend.add_task(token)
    auth, recent = backend.services.auth, backend.services.manager.revocation.recent
    ticket = (await auth.issue_ticket(await auth.authenticate(token))).ticket
    look_up = getattr(auth, way)

    async def and_log_out(secret):
        principal = await look_up(secret)
        await auth.logout(principal)
        await until(lambda: recent.noted_since(principal.user_id, 0))
        return principal

    setattr(auth, way, and_log_out)
    query = f"?token={token}" if way == "authenticate" else f"?ticket={ticket}"
    async with open_stream(backend, task, None, query=query) as reader:
        assert reader.status == 200
        await reader.until_end()
        assert reader.comments[-1] == "logged_out"


async def test_a_stop_of_the_server_ends_it_and_says_when_to_come_back(tmp_path):
    async with stream_backend(tmp_path) as backend:
        user = await backend.sign_in()
        task = await backend.add_task(user)
        async with open_stream(backend, task, user) as reader, asyncio.timeout(30):
            await reader.event()
            await backend.services.manager.stop()
            (advice,) = await reader.until_end()
            assert (advice["type"], advice["reason"]) == ("reconnect_advice", "restart")
            assert advice["delay_min_ms"] <= reader.retry_ms <= advice["delay_max_ms"]
        async with open_stream(backend, task, user) as refused:
            assert (refused.status, code_of(await refused.body())) == (503, "unavailable")


async def test_whoever_leaves_leaves_nothing_behind(backend, user):
    task = await backend.add_task(user)
    for _ in range(20):
        async with open_stream(backend, task, user) as reader:
            await reader.event()
            assert len(streams_of(backend)) >= 1
    await until(lambda: len(streams_of(backend)) == 0)
    metrics = backend.services.metrics
    assert metrics.open_streams._value.get() == 0
    assert metrics.stream_closes.labels("gone")._value.get() == 20


async def test_events_are_counted_exactly(backend, user):
    task = await backend.add_task(user)
    async with open_stream(backend, task, user) as reader:
        await reader.event()
        await reader.until_seq(await backend.say(task, warning(), warning(), progress(3)))
    assert backend.services.metrics.stream_events._value.get() == 3


async def test_a_user_has_so_many_streams_and_no_more(tmp_path):
    async with stream_backend(tmp_path, sse_max_streams_per_user=2, **FAST) as backend:
        user = await backend.sign_in()
        task = await backend.add_task(user)
        async with open_stream(backend, task, user) as first, open_stream(backend, task, user):
            async with open_stream(backend, task, user) as third:
                assert (third.status, code_of(await third.body())) == (429, "stream_limit")
                assert int(third.headers["retry-after"]) > 0
            first.cut()
            await until(lambda: len(streams_of(backend)) == 1)
            async with open_stream(backend, task, user) as fourth:
                assert fourth.status == 200


@pytest.mark.parametrize(
    ("limit", "status", "code"),
    [("ws_max_connections_per_address", 429, "rate_limited"), ("ws_max_connections", 503, "unavailable")],
)
async def test_streams_count_toward_the_limits_of_addresses_and_of_the_process(tmp_path, limit, status, code):
    async with stream_backend(tmp_path, **{**FAST, limit: 1}) as backend:
        user = await backend.sign_in()
        task = await backend.add_task(user)
        async with open_stream(backend, task, user), open_stream(backend, task, user) as second:
            assert (second.status, code_of(await second.body())) == (status, code)
            assert int(second.headers["retry-after"]) > 0
