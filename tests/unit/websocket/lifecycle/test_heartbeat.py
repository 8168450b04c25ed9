"""Heartbeats, expired tokens and stuck peers, second by second."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest


@pytest.fixture
async def watcher(desk):
    return await desk.connect(desk.stack.add_user("a"))


def at(desk, watcher, seconds):
    """One check that many seconds after the connection opened."""
    start = watcher.transport.last_received
    desk.manager.heartbeat.check(watcher.connection, start + seconds)


async def test_a_connection_that_is_silent_for_60_seconds_is_closed(desk, watcher):
    at(desk, watcher, 59.9)
    assert watcher.transport.closed_with is None
    at(desk, watcher, 60.1)
    assert watcher.transport.closed_with == (4010, "heartbeat_missed")


async def test_a_session_that_waits_for_its_slow_peer_is_not_called_silent(desk, watcher):
    waiter = asyncio.get_running_loop().create_future()
    watcher.connection.drain_waiters.append(waiter)
    at(desk, watcher, 61)
    assert watcher.transport.closed_with is None
    waiter.cancel()


async def test_after_25_seconds_of_silence_there_is_one_control_ping(desk, watcher):
    at(desk, watcher, 24)
    assert watcher.transport.pings == 0
    at(desk, watcher, 26)
    at(desk, watcher, 27)
    assert watcher.transport.pings == 1


async def test_a_ping_frame_comes_when_nothing_else_was_sent_for_25_seconds(desk, watcher):
    at(desk, watcher, 26)
    (frame,) = watcher.frames()
    assert (frame["type"], frame["sequence"]) == ("ping", 1)
    watcher.transport.last_sent = watcher.transport.last_received + 26
    at(desk, watcher, 27)
    assert watcher.frames() == []


async def test_an_expired_token_is_closed_with_4001(desk, watcher):
    past = desk.stack.clock.now() - timedelta(seconds=1)
    watcher.connection.principal = replace(watcher.connection.principal, expires_at=past)
    at(desk, watcher, 1)
    assert watcher.transport.closed_with == (4001, "token_expired")


async def test_a_token_that_ends_within_a_minute_is_announced_once(desk, watcher):
    def expire_in(seconds):
        moment = desk.stack.clock.now() + timedelta(seconds=seconds)
        watcher.connection.principal = replace(watcher.connection.principal, expires_at=moment)

    expire_in(90)
    at(desk, watcher, 1)
    assert watcher.frames() == []
    expire_in(50)
    at(desk, watcher, 2)
    at(desk, watcher, 3)
    assert watcher.kinds() == ["token_expiring"]
    expire_in(40)  # another token
    at(desk, watcher, 4)
    assert watcher.kinds() == ["token_expiring"]


async def test_nothing_is_announced_before_the_welcome(desk, watcher):
    soon = desk.stack.clock.now() + timedelta(seconds=5)
    watcher.connection.principal = replace(watcher.connection.principal, expires_at=soon)
    watcher.connection.ready = False
    at(desk, watcher, 1)
    assert watcher.frames() == []


async def test_a_peer_that_takes_no_byte_for_ten_seconds_is_cut_off(desk, watcher):
    watcher.transport.paused = True
    for seconds in (1, 6, 10.5):
        at(desk, watcher, seconds)
        assert not watcher.transport.aborted
    at(desk, watcher, 11.5)
    assert watcher.transport.aborted
    assert watcher.connection.close_code == 4008


async def test_a_peer_that_takes_some_bytes_stays(desk, watcher):
    class Slow(type(watcher.transport)):
        left = 100

        @property
        def unsent_bytes(self):
            Slow.left -= 1
            return Slow.left

    watcher.transport.__class__ = Slow
    for seconds in range(1, 40):
        at(desk, watcher, seconds)
    assert not watcher.transport.aborted


async def test_a_closed_connection_is_left_alone(desk, watcher):
    watcher.transport.retire()
    at(desk, watcher, 100)
    assert watcher.transport.closed_with is None
    await asyncio.sleep(0)


async def test_a_slow_peer_that_empties_its_transport_again_and_again_is_not_stuck(desk):
    stack = desk.stack
    user = stack.add_user("a")
    watcher = await desk.connect(user)
    connection, check = watcher.connection, desk.manager.heartbeat.check

    class Slow(type(watcher.transport)):
        unsent = 0
        unsent_bytes = property(lambda self: self.unsent)

    watcher.transport.__class__ = Slow
    start = watcher.transport.last_received
    for second in range(1, 30):
        watcher.transport.last_received = start + second  # pings all the time
        watcher.transport.drain()  # takes all that the transport held
        watcher.transport.stalled = True
        connection.send(b'{"type":"pong"}')
        watcher.transport.unsent = 100 + second  # and of the next frame not quite as much as last time
        check(connection, start + second)
    assert not watcher.transport.closed
