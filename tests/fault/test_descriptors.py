"""Whatever ends in whatever way gives its descriptors back: sockets, streams, pipes and processes of scans."""

import asyncio
import os
import signal
import socket
from pathlib import Path

from tests.support.realtime import Stack, open_client, until
from tests.support.scan_backend import is_type, scan_backend, stage_runs
from tests.support.streaming import open_stream, stream_backend

ROUNDS = 60


def count_descriptors():
    """Of this process, in which the server is too."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def settled(before):
    await until(lambda: count_descriptors() <= before, timeout_s=60)


async def test_connections_that_end_in_every_way_leave_no_descriptor(tmp_path):
    limits = {"ws_handshakes_per_s_per_address": 10_000, "ws_max_connections_per_user": 5}
    async with Stack(tmp_path, **limits).serve() as stack:
        user = stack.add_user("a")
        task = await stack.add_task(user)
        async with open_client(stack, user) as client:  # opens what is kept: connections to the database
            await client.follow(task)
        await until(lambda: not len(stack.manager.registry))
        before = count_descriptors()
        for number in range(ROUNDS):
            async with open_client(stack, user) as client:
                await client.follow(task)
                match number % 4:
                    case 0:
                        client.socket.transport.abort()
                    case 1:
                        await client.socket.send(b"binary")
                        await client.until("error")
                    case 2:
                        await stack.manager.disconnect(next(iter(stack.manager.registry.all())))
            half_open = socket.create_connection(("127.0.0.1", stack.port))
            half_open.sendall(b"GET /ws?token=bad HTTP/1.1\r\nHost: x\r\n")
            half_open.close()
        await until(lambda: not len(stack.manager.registry))
        await settled(before)


async def test_event_streams_leave_no_descriptor(tmp_path):
    async with stream_backend(tmp_path, ws_handshakes_per_s_per_address=10_000) as backend:
        user = await backend.sign_in()
        task = await backend.add_task(user)
        async with open_stream(backend, task, user) as reader:
            await reader.event()
        before = count_descriptors()
        for _ in range(ROUNDS):
            async with open_stream(backend, task, user) as reader:
                await reader.event()
        await settled(before)


async def test_scans_that_end_in_every_way_leave_no_descriptor(world, tmp_path):
    world.delay_s = 0.02
    async with scan_backend(tmp_path, max_requeues=0, **world.settings) as backend:
        await backend.finished(await backend.create())
        before = count_descriptors()
        for end in ("complete", "kill", "cancel", "cancel"):
            task_id = await backend.create()
            if end == "kill":
                await backend.until(task_id, is_type("task_started"))
                os.kill(backend.scan_pid(task_id), signal.SIGKILL)
            elif end == "cancel":
                await backend.until(task_id, stage_runs("page_crawl"))
                await backend.cancel(task_id)
            await backend.finished(task_id)
            await until(lambda: not backend.runner._workers, timeout_s=90)
        await asyncio.sleep(0)
        await settled(before)
