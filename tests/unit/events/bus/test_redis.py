"""The bus over a real Redis that restarts, freezes, and drops its connections."""

import asyncio
import contextlib
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import structlog.testing
from redis.asyncio.client import PubSub

from app.core.clock import SystemClock
from app.events.bus.base import AccessHint, TaskHint
from app.events.bus.codec import encode
from app.events.bus.redis import SILENT_AFTER_S, RedisBus
from app.events.bus.signature import MessageSigner
from app.events.event import Event
from tests.support.redis_server import running_redis

pytestmark = pytest.mark.system

KEYS = (b"k" * 32,)
OTHER_KEYS = (b"o" * 32,)

JUNK = (b"", b"{}", b"[1]", b'[1,"x","task",1,2,3,4,5,6]', b'[2,"x","access","u",null]', b"\xff" * 70_000)


@pytest.fixture(scope="module")
def redis_server():
    with running_redis() as server:
        yield server


@contextlib.asynccontextmanager
async def bus_on(server, keys=KEYS):
    bus = RedisBus(server.url, clock=SystemClock(), keys=keys)
    await bus.start()
    try:
        yield bus
    finally:
        await bus.stop()


@contextlib.asynccontextmanager
async def two_processes(server, user="u", *, of_writer=KEYS, of_reader=KEYS):
    """A writer, and a listener that follows the user; each as in a process of its own."""
    async with bus_on(server, of_writer) as writer, bus_on(server, of_reader) as reader:
        heard = []
        reader.subscribe(heard.append)
        reader.follow(user)
        await subscribers(server, user, 1)
        yield writer, reader, heard


async def until(condition, within_s=60.0):
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def subscribers(server, user, count):
    channel = f"compliance:hints:{user}"

    def asked():
        with server.client() as client:
            return client.pubsub_numsub(channel)[0][1] == count

    await until(asked)


def hint(seq, user="u"):
    return TaskHint("t", user, seq, "running", (), 0)


async def test_a_hint_reaches_the_other_process_and_each_listener_once(redis_server):
    async with two_processes(redis_server) as (writer, _reader, heard):
        own = []
        writer.subscribe(own.append)
        writer.follow("u")
        await subscribers(redis_server, "u", 2)
        writer.publish(hint(1))
        writer.publish(AccessHint("u", "s"))
        await until(lambda: len(heard) == 2)
        assert heard == own == [hint(1), AccessHint("u", "s")]


async def test_only_users_that_somebody_here_follows_are_heard(redis_server):
    async with two_processes(redis_server) as (writer, reader, heard):
        writer.publish(hint(1, "stranger"))
        writer.publish(hint(2))
        await until(lambda: heard)
        assert heard == [hint(2)]
        reader.follow("u")
        reader.unfollow("u")
        writer.publish(hint(3))
        await until(lambda: len(heard) == 2)
        reader.unfollow("u")
        await subscribers(redis_server, "u", 0)


async def test_the_number_of_a_commit_is_not_taken_from_redis(redis_server):
    """A stranger who writes there could make every process believe that the log went back."""
    async with two_processes(redis_server) as (writer, _reader, heard):
        writer.publish(replace(hint(1), commits=1 << 60))
        await until(lambda: heard)
        assert heard == [hint(1)]


async def test_bodies_that_are_not_sound_are_left_to_the_log_and_counted(redis_server):
    event = Event("t", 1, 1, "task_deleted", '{"by":"alice"}', datetime.now(UTC))
    async with two_processes(redis_server) as (writer, reader, heard):
        reader._on_refused = (refused := []).append
        writer.publish(replace(hint(1), events=(replace(event, body='{"by":1}'),)))
        writer.publish(replace(hint(1), events=(event,)))
        with redis_server.client() as client:
            client.publish("compliance:hints:u", "junk")
            client.publish("compliance:hints:u", MessageSigner(KEYS).sign("compliance:hints:u", b"junk"))
        await until(lambda: len(heard) == 2 and len(refused) == 3)
        assert heard[0] == hint(1)
        assert [one.body for one in heard[1].events] == [event.body]
        assert sorted(refused) == ["bodies", "message", "signature"]


async def test_what_is_not_a_hint_is_dropped(redis_server):
    async with two_processes(redis_server) as (writer, _reader, heard):
        with redis_server.client() as client:
            for junk in JUNK:
                client.publish("compliance:hints:u", junk)
        writer.publish(hint(1))
        await until(lambda: heard)
        assert heard == [hint(1)]


async def test_after_a_restart_of_redis_hints_arrive_again(redis_server):
    async with two_processes(redis_server) as (writer, reader, heard):
        redis_server.stop()
        writer.publish(hint(1))
        await until(lambda: not writer.healthy)
        redis_server.start()
        await subscribers(redis_server, "u", 1)
        await until(lambda: writer.healthy and reader.healthy)
        writer.publish(hint(2))
        await until(lambda: hint(2) in heard)


async def test_a_connection_that_dies_in_silence_is_noticed_soon(redis_server):
    async with two_processes(redis_server) as (_writer, reader, _heard):
        began = time.monotonic()
        redis_server.freeze()
        try:
            await until(lambda: not reader.healthy)
            # A machine that stands still adds to it; the system alone would never say so.
            assert time.monotonic() - began < SILENT_AFTER_S + 60
        finally:
            redis_server.thaw()
        await until(lambda: reader.healthy, within_s=SILENT_AFTER_S + 20)


async def test_connections_that_are_killed_again_and_again_end_no_loop(redis_server):
    async with two_processes(redis_server) as (writer, _reader, heard):
        with redis_server.client() as client:
            for _ in range(10):
                client.client_kill_filter(_type="pubsub")
                await asyncio.sleep(0.1)
        await subscribers(redis_server, "u", 1)
        writer.publish(hint(9))
        await until(lambda: hint(9) in heard)


async def test_a_redis_that_was_never_there_stops_neither_start_nor_publish():
    bus = RedisBus("redis://127.0.0.1:1/0", clock=SystemClock(), keys=KEYS)
    heard = []
    bus.subscribe(heard.append)
    await bus.start()
    bus.publish(hint(1))
    await until(lambda: heard and not bus.healthy)
    await bus.stop()


async def test_where_nothing_is_sent_nothing_is_called_sent():
    """A moment after a try that failed nothing waits any more, and the bus said that it sends again."""
    bus = RedisBus("redis://127.0.0.1:1/0", clock=SystemClock(), keys=KEYS)
    await bus.start()
    await until(lambda: not bus.healthy)
    with structlog.testing.capture_logs() as logs:
        for _ in range(100):
            await asyncio.sleep(0.01)
            assert not bus.healthy
    await bus.stop()
    assert len([entry for entry in logs if entry["event"] == "bus_connection_lost"]) <= 1  # in ten seconds


async def test_a_thread_may_publish(redis_server):
    async with two_processes(redis_server) as (writer, _reader, heard):
        await asyncio.to_thread(writer.publish, hint(1))
        await until(lambda: heard == [hint(1)])


async def test_it_can_be_stopped_at_any_moment_of_its_start(redis_server):
    """The Redis client loses a cancellation that meets it while it connects."""
    for turns in range(40):
        bus = RedisBus(redis_server.url, clock=SystemClock(), keys=KEYS)
        await bus.start()
        for _ in range(turns):
            await asyncio.sleep(0)
        async with asyncio.timeout(30):
            await bus.stop()


async def test_whoever_is_followed_while_the_connection_is_made_is_heard(redis_server, monkeypatch):
    subscribe = PubSub.subscribe

    async def subscribe_slowly(pubsub, *channels):
        await subscribe(pubsub, *channels)
        if bus._pubsub is None:  # the first time, by the one who connects
            bus.follow("late")
            await asyncio.sleep(0.1)

    monkeypatch.setattr(PubSub, "subscribe", subscribe_slowly)
    bus = RedisBus(redis_server.url, clock=SystemClock(), keys=KEYS)
    await bus.start()
    try:
        await subscribers(redis_server, "late", 1)
    finally:
        await bus.stop()


@pytest.mark.parametrize("method", ["get_message", "subscribe"])
async def test_an_error_that_nobody_expects_ends_neither_listening_nor_following(redis_server, monkeypatch, method):
    """As when two read from one connection that is being made anew."""
    async with two_processes(redis_server) as (writer, reader, heard):
        original, failed = getattr(PubSub, method), []

        async def fail_once(pubsub, *args, **kwargs):
            if not failed:
                failed.append(pubsub)
                raise RuntimeError("called while another coroutine is already waiting")
            return await original(pubsub, *args, **kwargs)

        monkeypatch.setattr(PubSub, method, fail_once)
        reader.follow("other")
        await until(lambda: failed)
        await subscribers(redis_server, "other", 1)
        await subscribers(redis_server, "u", 1)
        writer.publish(hint(7))
        await until(lambda: [hint.seq for hint in heard] == [7])
        assert reader.healthy


COMPLETED = Event("t", 2, 1, "task_completed", "{}", datetime(2026, 1, 1, tzinfo=UTC))


async def test_nobody_without_the_key_makes_others_believe_anything(redis_server):
    """As who can write to Redis sees it: what was sent without a key, with another one, or to somebody else."""
    channel, forged = "compliance:hints:u", encode(replace(hint(2), events=(COMPLETED,)), sender="stranger")
    async with two_processes(redis_server) as (writer, reader, heard):
        reader._on_refused = (refused := []).append
        with structlog.testing.capture_logs() as logs, redis_server.client() as client:
            for message in (
                forged,
                bytes(32) + forged,
                MessageSigner(OTHER_KEYS).sign(channel, forged),
                MessageSigner(KEYS).sign("compliance:hints:somebody-else", forged),
            ):
                client.publish(channel, message)
            await until(lambda: len(refused) == 4)
            writer.publish(hint(1))
            await until(lambda: heard)
        assert heard == [hint(1)]
        assert refused == ["signature"] * 4
        assert [entry["event"] for entry in logs] == ["bus_message_refused"]  # a flood writes no line for each


async def test_while_the_key_is_changed_what_the_one_before_has_signed_is_taken(redis_server):
    async with two_processes(redis_server, of_writer=KEYS, of_reader=(*OTHER_KEYS, *KEYS)) as (writer, _reader, heard):
        writer.publish(hint(1))
        await until(lambda: heard == [hint(1)])


async def test_a_process_without_a_key_tells_nothing_and_believes_nothing(redis_server):
    async with two_processes(redis_server, of_reader=()) as (writer, reader, heard):
        writer.publish(hint(1))
        reader.publish(hint(2))
        await until(lambda: heard)
        async with bus_on(redis_server) as third:  # what comes after it has come through
            third.follow("u")
            await subscribers(redis_server, "u", 2)
            writer.publish(hint(3))
        assert heard == [hint(2)]  # its own, within the process
        assert reader.healthy
