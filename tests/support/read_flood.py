"""Asks for many addresses of a server, so many at once, until its input ends: `python -m tests.support.read_flood`.

The input's first line says where, as whom, for what and how much; the output is one line: the answers by status.
"""

import asyncio
import itertools
import json
import sys
from collections import Counter
from contextlib import suppress

ANSWER_S = 120.0
STREAM_S = 1.0  # that one which never ends is read


async def ask(port: int, path: str, headers: str) -> int | None:
    """The status; None: none came."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n".encode())
        async with asyncio.timeout(ANSWER_S):
            head = await reader.readuntil(b"\r\n\r\n")
        with suppress(TimeoutError):
            async with asyncio.timeout(STREAM_S if b"text/event-stream" in head else ANSWER_S):
                while await reader.read(1 << 16):
                    pass
        return int(head.split(b" ", 2)[1])
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        return None
    finally:
        writer.close()


async def flood(port: int, paths: list[str], headers: str, at_once: int) -> Counter[int | None]:
    statuses: Counter[int | None] = Counter()
    turn = itertools.cycle(paths)
    ended = asyncio.Event()

    async def go_on() -> None:
        while not ended.is_set():  # a cancellation alone can be lost in an answer that comes in the same moment
            statuses[await ask(port, next(turn), headers)] += 1

    tasks = [asyncio.create_task(go_on()) for _ in range(at_once)]
    await asyncio.to_thread(sys.stdin.read)
    ended.set()
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    return statuses


if __name__ == "__main__":
    sys.stdout.write(
        json.dumps({str(key): count for key, count in asyncio.run(flood(**json.loads(sys.stdin.readline()))).items()})
    )
