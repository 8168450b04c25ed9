"""Slow and stuck clients on real sockets (protocol.md, section 7): coalesced, thinned out, cut off, complete after."""

import asyncio
import socket

import pytest

from app.events.types import TaskProgress
from app.transport import websocket as transport
from app.transport.port import SocketState
from tests.support.frames import Subscriber, read_frame
from tests.support.realtime import Stack, open_client, until, warning


class RawClient:
    """A WebSocket client that reads only when told to, with a small receive buffer."""

    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer
        self.read_bytes = 0  # of text frames

    @classmethod
    async def open(cls, stack, token):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", stack.port))
        # A small limit: asyncio itself would read ahead otherwise.
        reader, writer = await asyncio.open_connection(sock=sock, limit=2_048)
        writer.write(
            f"GET /ws?token={token} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        await reader.readuntil(b"\r\n\r\n")
        return cls(reader, writer)

    async def send(self, text):
        payload = text.encode()
        self.writer.write(bytes((0x81, 0x80 | len(payload))) + bytes(4) + payload)  # mask of zeros
        await self.writer.drain()

    async def receive(self):
        """The next text frame, or None when the stream ends."""
        while True:
            try:
                head = await self.reader.readexactly(2)
                size = head[1] & 0x7F
                if size == 126:
                    size = int.from_bytes(await self.reader.readexactly(2))
                elif size == 127:
                    size = int.from_bytes(await self.reader.readexactly(8))
                payload = await self.reader.readexactly(size)
            except (asyncio.IncompleteReadError, ConnectionError):
                return None
            if head[0] & 0x0F == 1:
                self.read_bytes += 2 + {126: 2, 127: 8}.get(head[1] & 0x7F, 0) + len(payload)
                return read_frame(payload)

    async def close(self):
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except ConnectionError:
            return


def progress(percent, padding=3_000):
    return TaskProgress(
        progress=percent,
        stage="页面爬取",
        message="x" * padding,
        stage_key="page_crawl",
        stage_index=2,
        stage_progress=percent,
    )


async def fill(stack, task, connection, limit=400):
    """Say things until the connection's transport holds bytes."""
    for number in range(limit):
        if not connection.drained:
            return
        await stack.say(task, warning(f"{number:>4000}"))
    raise AssertionError("the socket took everything")


async def follow_and_stop_reading(stack, user, task):
    client = await RawClient.open(stack, user)
    await client.send(f'{{"type":"subscribe_task","task_id":"{task}","log_tail":0}}')
    subscriber = Subscriber()
    while not subscriber.snapshots:
        subscriber.take(await client.receive())
    (connection,) = stack.manager.registry.of_user(user)
    await fill(stack, task, connection)
    return client, subscriber, connection


async def test_progress_is_coalesced_and_old_logs_give_way_for_a_client_that_stops_reading(tmp_path):
    async with Stack(tmp_path, ws_backlog_frames=40).serve() as stack:
        user = stack.add_user("slow")
        task = await stack.add_task(user)
        client, subscriber, connection = await follow_and_stop_reading(stack, user, task)
        for number in range(30):
            last = await stack.say(task, progress(number, 10), stack.lines(f"line {number}"))
        last = await stack.say(task, warning("the end"))
        await until(lambda: connection.outbox.coalesced == 0 and len(connection.outbox) > 1)
        assert len(connection.outbox) <= 40
        while (subscriber.last or 0) < last:
            subscriber.take(await client.receive())
        assert subscriber.gaps == 0
        kinds = [event["type"] for event in subscriber.events.values()]
        assert kinds.count("task_progress") < 30
        assert max(e["progress"] for e in subscriber.events.values() if e["type"] == "task_progress") == 29
        assert subscriber.dropped_logs
        got = {line["log_seq"] for e in subscriber.events.values() if e["type"] == "task_logs" for line in e["logs"]}
        gone = {n for first, final in subscriber.dropped_logs for n in range(first, final + 1)}
        assert got | gone == set(range(1, 31))
        assert not got & gone
        await client.close()


async def test_a_client_above_the_limit_is_cut_off_and_complete_after_its_resume(tmp_path):
    async with Stack(tmp_path, ws_backlog_frames=20).serve() as stack:
        user = stack.add_user("stuck")
        task = await stack.add_task(user)
        client, subscriber, connection = await follow_and_stop_reading(stack, user, task)
        for number in range(60):
            last = await stack.say(task, warning(f"w{number}"))
        await until(lambda: not len(stack.manager.registry))
        assert connection.close_code == 4008
        while (frame := await client.receive()) is not None:  # what the kernel still held
            subscriber.take(frame)
        await client.close()
        async with open_client(stack, user) as again:
            again.tasks[task] = subscriber
            await again.follow(task, last_seq=subscriber.last)
            await again.until_seq(task, last)
        assert sorted(subscriber.events) == list(range(3, last + 1))
        assert (subscriber.gaps, subscriber.duplicates) == (0, 0)


async def test_the_bytes_that_may_wait_are_a_setting(tmp_path):
    async with Stack(tmp_path, ws_backlog_bytes=4_096).serve() as stack:
        user = stack.add_user("stuck")
        task = await stack.add_task(user)
        client, _, connection = await follow_and_stop_reading(stack, user, task)
        for _ in range(5):
            await stack.say(task, warning("x" * 1_000))
        await until(lambda: not len(stack.manager.registry))
        assert connection.close_code == 4008
        await client.close()


async def test_a_peer_that_takes_no_byte_is_cut_off_after_a_while(tmp_path):
    timings = {"ws_stuck_after_s": 0.5, "ws_check_interval_s": 0.05}
    async with Stack(tmp_path, **timings).serve() as stack:
        user = stack.add_user("stuck")
        task = await stack.add_task(user)
        client, _, connection = await follow_and_stop_reading(stack, user, task)
        await until(lambda: not len(stack.manager.registry))
        assert connection.close_code == 4008
        await client.close()


@pytest.mark.parametrize("drain", ["close", "half_close", "nonsense"])
async def test_a_stuck_client_that_says_good_bye_keeps_no_socket_open(tmp_path, monkeypatch, drain):
    """Nobody watches it any more, and closing would wait for ever until it has read what was sent before."""
    monkeypatch.setattr(transport, "ABORT_AFTER_S", 0.2)
    async with Stack(tmp_path, ws_stuck_after_s=60).serve() as stack:
        user = stack.add_user("stuck")
        client, _, connection = await follow_and_stop_reading(stack, user, await stack.add_task(user))
        if drain == "half_close":
            client.writer.write_eof()
        else:
            client.writer.write(b"\x88\x80\0\0\0\0" if drain == "close" else b"\xff" * 16)
        await until(lambda: len(stack.manager.registry) == 0)
        await until(lambda: connection.transport.state is SocketState.CLOSED)
        await client.close()


async def test_a_stuck_client_does_not_hold_up_the_end_of_the_server(tmp_path):
    loop = asyncio.get_running_loop()
    async with Stack(tmp_path, ws_stuck_after_s=60).serve() as stack:
        user = stack.add_user("stuck")
        client, _, _ = await follow_and_stop_reading(stack, user, await stack.add_task(user))
        began = loop.time()
    assert loop.time() - began < 4.5  # without an end of its own: the whole grace period of 5 s
    await client.close()


async def test_a_slow_client_costs_the_others_nothing(tmp_path):
    async with Stack(tmp_path, sweep_interval_s=60).serve() as stack:
        user, other = stack.add_user("slow"), stack.add_user("healthy")
        task = await stack.add_task(user)
        slow, _, connection = await follow_and_stop_reading(stack, user, task)
        async with open_client(stack, f"admin:{other}") as healthy:
            await healthy.follow(task)
            for number in range(20):
                last = await stack.say(task, warning(str(number)))
                await healthy.until_seq(task, last, timeout_s=30)  # before the sweep comes
        assert not connection.transport.closed
        await slow.close()


async def test_a_snapshot_is_pulled_only_when_the_socket_has_drained(tmp_path):
    async with Stack(tmp_path).serve() as stack:
        user = stack.add_user("slow")
        task, second = await stack.add_task(user), await stack.add_task(user)
        client, subscriber, connection = await follow_and_stop_reading(stack, user, task)
        await client.send(f'{{"type":"subscribe_task","task_id":"{second}","id":"s"}}')
        with pytest.raises(TimeoutError):
            await until(lambda: second in connection.followed, timeout_s=0.3)
        while True:
            frame = await client.receive()
            if frame.get("id") == "s":
                assert frame["success"] is True
                break
            subscriber.take(frame)
        assert subscriber.gaps == 0
        await client.close()


async def test_two_hundred_cuts_without_a_close_frame_lose_nothing(tmp_path):
    """A writer goes on all the time; the client is cut at any moment and comes back with its last seq."""
    async with Stack(tmp_path, ws_handshakes_per_s_per_address=1_000).serve() as stack:
        await cut_two_hundred_times(stack)


async def cut_two_hundred_times(stack):
    user = stack.add_user("cut")
    tasks = [await stack.add_task(user) for _ in range(2)]
    subscribers = {task: Subscriber() for task in tasks}
    done = asyncio.Event()
    last: dict[str, int] = {}

    async def write():
        number = 0
        while not done.is_set():
            number += 1
            for task in tasks:
                last[task] = await stack.say(task, warning(str(number)), stack.lines(f"line {number}"))
            await asyncio.sleep(0.002)

    async def watch_and_cut(round_number):
        async with open_client(stack, user) as client:
            for task in tasks:
                client.tasks[task] = subscribers[task]
                known = subscribers[task].last
                await client.follow(task, **({} if known is None else {"last_seq": known}))
            for _ in range(round_number % 7):
                await client.receive()
            client.socket.transport.abort()

    async with asyncio.TaskGroup() as group:
        group.create_task(write())
        for number in range(200):
            await watch_and_cut(number)
        done.set()
    async with open_client(stack, user) as client:
        for task in tasks:
            client.tasks[task] = subscribers[task]
            await client.follow(task, last_seq=subscribers[task].last)
            await client.until_seq(task, last[task])
    for task in tasks:
        first = subscribers[task].snapshots[0]["seq"]
        covered = set(subscribers[task].events) | set(range(first + 1))
        for snapshot in subscribers[task].snapshots[1:]:
            covered |= set(range(snapshot["seq"] + 1))
        assert set(range(1, last[task] + 1)) <= covered
        assert (subscribers[task].gaps, subscribers[task].duplicates) == (0, 0)


async def test_the_audit_of_a_close_counts_the_bytes_of_whoever_was_slow_and_in_sync_again(tmp_path):
    async with Stack(tmp_path).serve() as stack:
        user = stack.add_user("slow")
        task = await stack.add_task(user)
        client, subscriber, connection = await follow_and_stop_reading(stack, user, task)
        last = await stack.say(task, warning("waits"))
        while (subscriber.last or 0) < last:
            subscriber.take(await client.receive())
        await until(lambda: connection.followed[task].group is not None)
        for number in range(5):  # straight to the descriptor
            last = await stack.say(task, warning(f"level {number}"))
        while (subscriber.last or 0) < last:
            subscriber.take(await client.receive())
        await client.close()
        await until(lambda: not len(stack.manager.registry))
        (closed,) = [row for row in stack.audit.rows if row["action"] == "ws.close"]
        assert closed["detail"]["bytes_out"] == client.read_bytes
        assert closed["detail"]["bytes_in"] > 200  # its request and its command


async def test_sweep_lag_and_backlog_bytes_are_gauges(tmp_path):
    async with Stack(tmp_path, ws_check_interval_s=0.05).serve() as stack:
        user = stack.add_user("slow")
        task = await stack.add_task(user)
        client, _, connection = await follow_and_stop_reading(stack, user, task)
        await stack.say(task, warning("x" * 5_000))
        metrics = stack.metrics
        await until(lambda: metrics.backlog_bytes._value.get() == connection.backlog_bytes > 5_000)
        await until(lambda: metrics.registry.get_sample_value("websocket_sweep_lag_seconds") > 0)
        stack.manager.sweep._swept_at -= 100
        assert metrics.registry.get_sample_value("websocket_sweep_lag_seconds") > 100
        await client.close()
        await until(lambda: metrics.backlog_bytes._value.get() == 0)
