"""A client that follows one task through every fault: it comes back, to another server, with its position."""

import asyncio
import random
import ssl
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus, WebSocketException

from app.client.reconnect import Backoff
from tests.support.frames import Subscriber, read_frame


class Watcher:
    """`addresses`: of the servers, the first one first. What it was told stands in `subscriber` and `told_at`.

    It waits before it comes back as our own client does.
    """

    def __init__(self, addresses: Sequence[str], token: str, task: str, *, trust: ssl.SSLContext | None = None) -> None:
        self.subscriber = Subscriber()
        self.told_at: dict[int, float] = {}  # seconds of the wall clock, by seq
        self.begun: int | None = None  # where its first snapshot stood
        self.covered: list[tuple[int, int]] = []  # (above, up to) of the seqs that a snapshot has told all of
        self.cuts = 0
        self.refusals: Counter[int] = Counter()  # answers instead of a connection, by status
        self.back_at: list[float] = []  # when it was welcomed again; seconds of the wall clock
        self.asked_at: list[float] = []  # when it began the connection of that welcome
        self._began_at = 0.0
        self.away_s = 0.0  # the longest time without a connection
        self._cut_at: float | None = None  # when its last connection ended
        self._trust = trust
        self._backoff = Backoff(random=random.random)
        self._token = token
        self._addresses = self._sockets(addresses)
        self.task = task
        self._epoch: str | None = None
        self._link: Any = None  # while it is connected
        self._may_connect = asyncio.Event()
        self._may_connect.set()

    @property
    def last(self) -> int | None:
        return self.subscriber.last

    def move_to(self, addresses: Sequence[str]) -> None:
        """From the next connection on."""
        self._addresses = self._sockets(addresses)

    def _sockets(self, addresses: Sequence[str]) -> list[str]:
        return [f"{url.replace('http', 'ws', 1)}/api/v1/monitor/ws?token={self._token}" for url in addresses]

    async def run(self) -> None:
        """Until cancelled."""
        turn = 0
        while True:
            if not self._may_connect.is_set():
                await self._may_connect.wait()
                self._cut_at = time.monotonic()  # it was away because it wanted to
            try:
                address = self._addresses[turn % len(self._addresses)]
                self._began_at = time.time()
                async with connect(address, proxy=None, ssl=self._trust, open_timeout=20) as link:
                    await self._stay(link)
            except InvalidStatus as refused:
                self.refusals[refused.response.status_code] += 1
            except (OSError, TimeoutError, WebSocketException):
                pass  # `_stay` has noted it, if it was open
            turn += 1
            await asyncio.sleep(self._backoff.next_delay_s())

    async def _stay(self, link: Any) -> None:
        """From the welcome to the end of the connection."""
        await link.recv()
        welcomed_at = time.monotonic()
        if self._cut_at is not None:
            self.away_s = max(self.away_s, welcomed_at - self._cut_at)
            self.asked_at.append(self._began_at)
            self.back_at.append(time.time())
        try:
            await self._follow(link)
        finally:
            self._cut_at = time.monotonic()
            self._backoff.was_connected(self._cut_at - welcomed_at)
            self.cuts += 1

    async def pause(self) -> None:
        """Go away, and stay away until `go_on`."""
        self._may_connect.clear()
        if self._link is not None:
            await self._link.close()

    async def go_on(self) -> None:
        self._may_connect.set()

    async def _follow(self, link: Any) -> None:
        self._link = link
        position = "" if self.last is None else f', "last_seq": {self.last}'
        position += "" if self._epoch is None else f', "epoch": "{self._epoch}"'
        await link.send(f'{{"type": "subscribe_task", "task_id": "{self.task}"{position}}}')
        async for message in link:
            frame = read_frame(message)
            if frame["type"] == "error" or (frame["type"] == "subscription_result" and not frame["success"]):
                return  # the database is away: it comes back, as after a cut
            if frame["type"] == "reconnect_advice":
                self._backoff.advise(frame["delay_min_ms"] / 1_000, frame["delay_max_ms"] / 1_000)
            elif frame.get("task_id") == self.task:
                self._take(frame)

    def _take(self, frame: dict[str, Any]) -> None:
        self._epoch = frame.get("epoch", self._epoch)
        before = self.last
        self.subscriber.take(frame)
        if frame["type"] == "task_snapshot":
            self.covered.append((before or 0, frame["seq"]))
        if self.begun is None:
            self.begun = self.last
        if "prev_seq" in frame:
            self.told_at.setdefault(frame["seq"], time.time())
