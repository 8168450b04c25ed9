"""Readers that take no bytes: bounded, cut off, and complete when they come back. And nothing secret in the log."""

import asyncio

import pytest

from app.websocket.sse.registry import PAGE
from tests.support.logs import captured_log
from tests.support.realtime import until, warning
from tests.support.streaming import open_stream, stream_backend

LINE = "x" * 2_000
EVENTS = 600  # with LINE some 1.3 MB, more than all buffers on the way hold
LIMITS = {"ws_handshakes_per_s_per_address": 1_000, "sweep_interval_s": 0.1, "ws_send_buffer_bytes": 4_096}


async def fill(backend, task):
    for _ in range(EVENTS // 20):
        await backend.say(task, *(warning(LINE) for _ in range(20)))


async def test_a_stuck_reader_holds_one_page_is_cut_off_and_comes_back_complete(tmp_path):
    async with stream_backend(tmp_path, ws_stuck_after_s=3, replay_max_bytes=1 << 24, **LIMITS) as backend:
        user = await backend.sign_in()
        task = await backend.add_task(user)
        async with open_stream(backend, task, user, receive_buffer=4_096) as stuck:
            first = await stuck.event()
            (slow,) = backend.services.manager.streams
            async with open_stream(backend, task, user) as well, asyncio.TaskGroup() as group:
                await well.event()
                group.create_task(fill(backend, task))
                await well.until_seq(first["seq"] + EVENTS)  # everything at once, beside the stuck one
                assert slow.cursor < EVENTS / 2
                assert len(slow._pending) <= PAGE
                await until(lambda: slow.ended == "too_slow", timeout_s=60)
            await until(lambda: len(backend.services.manager.streams) == 0)
            seen = [event["seq"] for event in await stuck.until_end()]  # whole pieces alone: perhaps none
            assert len(seen) < EVENTS
        assert backend.services.metrics.stream_closes.labels("too_slow")._value.get() == 1
        async with open_stream(backend, task, user, last_id=stuck.seq) as reader:
            while len(seen) < EVENTS:
                seen.append((await reader.event())["seq"])
        assert seen == list(range(first["seq"] + 1, first["seq"] + EVENTS + 1))


async def test_a_slow_reader_that_reads_is_served_to_the_end(tmp_path):
    async with stream_backend(tmp_path, ws_stuck_after_s=1, **LIMITS) as backend:
        user = await backend.sign_in()
        task = await backend.add_task(user)
        streaming = open_stream(backend, task, user, receive_buffer=4_096)
        async with streaming as reader, asyncio.TaskGroup() as group:
            first = await reader.event()
            group.create_task(fill(backend, task))  # beside it: while it reads nothing, a slow disk makes it stuck
            seen = []
            while len(seen) < EVENTS:
                seen.append((await reader.event())["seq"])
                await asyncio.sleep(0.002)  # slower than the server, never stuck
            assert seen == list(range(first["seq"] + 1, first["seq"] + EVENTS + 1))


@pytest.mark.parametrize("end", ["logout", "stop"])
async def test_a_stuck_reader_holds_up_no_end(tmp_path, end):
    async with stream_backend(tmp_path, ws_stuck_after_s=600, **LIMITS) as backend:
        user = await backend.sign_in()
        task = await backend.add_task(user)
        async with open_stream(backend, task, user, receive_buffer=4_096) as stuck, asyncio.timeout(200):
            await stuck.event()
            await fill(backend, task)
            (stream,) = backend.services.manager.streams
            await until(lambda: stream.abort is not None)
            if end == "stop":
                await backend.services.manager.stop()
            else:
                await backend.services.auth.logout(stream.principal)
            # Before the reader is stuck for too long, which would end it as well.
            await until(lambda: len(backend.services.manager.streams) == 0, timeout_s=30)


@pytest.fixture
def log():
    with captured_log() as stream:
        yield stream


async def test_no_token_of_an_address_gets_into_the_log_and_no_traceback(tmp_path, log):
    async with stream_backend(tmp_path, **LIMITS) as backend:
        user = await backend.sign_in()
        task = await backend.add_task(user)
        async with open_stream(backend, task, None, query=f"?token={user}") as reader:
            await reader.event()
        async with open_stream(backend, task, None, query=f"?token={user}x") as refused:
            assert refused.status == 401
        await until(lambda: len(backend.services.manager.streams) == 0)
    said = log.getvalue()
    assert "stream_closed" in said
    assert user not in said
    assert user.split(".")[1] not in said
    assert "Traceback" not in said
    assert "[error" not in said
