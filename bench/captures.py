"""Captures per second of eight workers on pages that differ, and what putting one content costs the event loop.

    .venv/bin/python bench/captures.py [--pages 600]

The pages come from a server in this process on 127.64.0.9, so that the number says what a change costs and not what a
network gives. Contents go to a folder; parsing happens in its processes, as in a scan.
"""

import argparse
import asyncio
import os
import tempfile
import time
from pathlib import Path

import uvloop
from aiohttp import web

from app.captures.folder import FolderStorage
from app.engines.capture.capturer import Capturer
from app.engines.capture.scan_contents import ScanContents
from app.engines.model import NetworkConfig
from app.engines.pipeline.network_stack import open_network_stack

ADDRESS, PORT, HOST = "127.64.0.9", 18998, "bench.test"
WORKERS = 8
PUTS = 400
PUT_BYTES = 200_000  # of a picture, which cannot be packed any further


def page(number: int) -> bytes:
    words = " ".join(f"word{(number * 7919 + place) % 4_001}" for place in range(3_000))
    return f"<!doctype html><title>Page {number}</title><h1>{number}</h1><p>{words}".encode()


async def answer(request: web.BaseRequest) -> web.Response:
    return web.Response(body=page(int(request.path.strip("/") or 0)), content_type="text/html", charset="utf-8")


async def capture_all(pages: int, folder: Path) -> tuple[float, float]:
    """(captures per second, milliseconds of this process's processor time for each)."""
    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, ADDRESS, PORT).start()
    config = NetworkConfig(
        allow_networks=("127.64.0.0/10",),
        static_hosts={HOST: (ADDRESS, None)},
        port_map={80: PORT},
        connections_per_address=WORKERS,
    )
    contents = ScanContents(FolderStorage(folder))
    async with open_network_stack(config, target=HOST) as network:
        capturer = Capturer(
            fetcher=network.fetcher(),
            resolver=network.resolver,
            policy=network.policy,
            config=config,
            contents=contents,
            parser=network.parser,
        )
        waiting = list(range(pages))
        await capturer.capture(HOST, HOST, f"http://{HOST}/{pages}")  # the processes are there
        began, computed = time.perf_counter(), time.process_time()

        async def work() -> None:
            while waiting:
                await capturer.capture(HOST, HOST, f"http://{HOST}/{waiting.pop()}")

        async with asyncio.TaskGroup() as group:
            for _ in range(WORKERS):
                group.create_task(work())
        taken, computed = time.perf_counter() - began, time.process_time() - computed
    contents.close()
    await runner.cleanup()
    return pages / taken, computed * 1_000 / pages


async def put_all(folder: Path) -> tuple[float, float]:
    """(contents per second, the longest time in ms for which the loop was held)."""
    contents = ScanContents(FolderStorage(folder))
    data = [os.urandom(PUT_BYTES) for _ in range(PUTS)]
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, time.perf_counter() - before - 0.001)

    watching = asyncio.create_task(watch())
    began = time.perf_counter()

    async def work() -> None:
        while data:
            await contents.put(data.pop())

    async with asyncio.TaskGroup() as group:
        for _ in range(WORKERS):
            group.create_task(work())
    taken = time.perf_counter() - began
    watching.cancel()
    contents.close()
    return PUTS / taken, longest * 1_000


async def measure(pages: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        captures, computed_ms = await capture_all(pages, Path(folder) / "captures")
        puts, held_ms = await put_all(Path(folder) / "puts")
    print(f"captures/s: {captures:.0f}, {computed_ms:.1f} ms of the processor each (server and client)")
    print(f"puts/s of {PUT_BYTES // 1_000} kB: {puts:.0f}, the loop held {held_ms:.1f} ms at most")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--pages", type=int, default=600)
    uvloop.run(measure(arguments.parse_args().pages))
