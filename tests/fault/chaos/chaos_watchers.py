"""Clients of chaos.py: each follows a task through everything, and keeps a story of what it was told.

They read the protocol for themselves (docs/protocol.md, "The rule"), so that a mistake of the product's own client
hides none of the server. What no server may send on a living connection is a fault at once; whether anything is
missing, the oracle says at the end.
"""

import asyncio
import json
import random
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

STYLES: Final = ("steady", "restless", "slow", "fresh", "stream")
SILENT_AFTER_S: Final = 12.0  # the server speaks every 5 s here
ANSWER_S: Final = 10.0
Token = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Told:
    """One entry of a story. `kind`: "snapshot", "dropped" (seq and until are of log lines), or the type of an event."""

    kind: str
    seq: int
    until: int = 0


class Watcher:
    """`style` says how it behaves: never cut by itself; cutting, leaving and resuming at random; reading slowly; coming
    back without a position; over server-sent events.
    """

    def __init__(self, task_id: str, url: str, token: Token, style: str, chance: random.Random) -> None:
        self.task_id = task_id
        self.style = style
        self.story: list[Told] = []
        self.faults: list[str] = []
        self.connections = 0
        self.last: int | None = None
        self.gone = False  # it was told that the task is deleted, or not there
        self._url = url
        self._token = token
        self._chance = chance
        self._epoch: str | None = None
        self._notices: set[tuple[str, int]] = set()  # of this connection
        self._placed = False
        self._in_flight: tuple[str, str] | None = None  # (id, type) of the command without an answer
        self._commands = 0

    async def run(self) -> None:
        """Until cancelled, or the task is gone."""
        while not self.gone:
            with suppress(OSError, TimeoutError, WebSocketException, httpx.HTTPError):
                await (self._stream() if self.style == "stream" else self._connect())
            await asyncio.sleep(self._chance.uniform(0, 1))

    async def _connect(self) -> None:
        address = f"{self._url.replace('http', 'ws', 1)}/api/v1/monitor/ws?token={self._token()}"
        options: dict[str, Any] = {"max_queue": 1, "sock": await self._narrow()} if self.style == "slow" else {}
        async with connect(address, proxy=None, ping_interval=None, close_timeout=1, **options) as link:
            self.connections += 1
            self._notices.clear()
            self._placed, self._in_flight = False, None
            await self._say(link, "subscribe_task")
            while not self.gone:
                async with asyncio.timeout(SILENT_AFTER_S):
                    frame = json.loads(await link.recv())
                self._take(frame)
                if not await self._go_on(link):
                    return

    async def _narrow(self) -> socket.socket:
        """A connection that takes little at once."""
        host, _, port = self._url.removeprefix("http://").partition(":")
        link = socket.socket()
        try:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            link.setblocking(False)
            await asyncio.get_running_loop().sock_connect(link, (host, int(port)))
        except BaseException:
            link.close()
            raise
        return link

    async def _go_on(self, link: Any) -> bool:
        """What this client does of itself. False: it cuts the connection."""
        if self._in_flight is None and not self._placed:
            await asyncio.sleep(0.2)
            await self._say(link, "subscribe_task")
        elif self.style == "slow" and self._chance.random() < 0.1:
            await asyncio.sleep(self._chance.uniform(0.5, 8))
        elif self.style == "restless" and self._in_flight is None:
            fate = self._chance.random()
            if fate < 0.01:
                link.transport.abort()
                return False
            if fate < 0.04 and self.last is not None:
                await self._say(link, self._chance.choice(["resume", "unsubscribe_task", "subscribe_task"]))
        return True

    async def _say(self, link: Any, kind: str) -> None:
        self._commands += 1
        command: dict[str, Any] = {"type": kind, "task_id": self.task_id, "id": f"c{self._commands}"}
        if kind != "unsubscribe_task" and self.last is not None and not (self.style == "fresh" and not self._placed):
            command["last_seq"] = self.last
            if self._epoch is not None:
                command["epoch"] = self._epoch
        self._in_flight = (command["id"], kind)
        await link.send(json.dumps(command))

    def _take(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "error":
            self._refuse(frame)
        elif frame.get("task_id") != self.task_id:
            self._take_notice(frame)
        elif frame["type"] == "subscription_result":
            self._take_result(frame)
        elif self._is_notice(frame):
            self._take_notice(frame)
            if self._placed and self._in_flight is None:
                self._blame("a notice of a task that is followed", frame)
        elif self._placed and self._in_flight is None:
            self._take_followed(frame)

    def _refuse(self, frame: dict[str, Any]) -> None:
        if self._in_flight is not None and frame.get("id") == self._in_flight[0]:
            self._in_flight = None
        else:
            self._blame("an error nobody asked for", frame)

    def _take_result(self, frame: dict[str, Any]) -> None:
        if self._in_flight is None or frame.get("id") != self._in_flight[0]:
            self._blame("a result of no command", frame)
            return
        kind, self._in_flight = self._in_flight[1], None
        if not frame["success"]:
            self.gone = frame["error"]["code"] == "not_found"
            self._placed = self._placed and frame["error"]["code"] != "not_subscribed"
            return
        self._placed = kind != "unsubscribe_task"
        self._epoch = frame.get("epoch", self._epoch)

    def _take_followed(self, frame: dict[str, Any]) -> None:
        seq = frame.get("seq")
        match frame["type"]:
            case "task_snapshot":
                self._epoch = frame.get("epoch", self._epoch)
                if self.last is not None and seq < self.last:
                    self._blame(f"a snapshot before {self.last}", frame)
                self._note("snapshot", seq)
            case "logs_dropped":
                self.story.append(Told("dropped", frame["from_log_seq"], frame["to_log_seq"]))
            case "task_deleted" if seq is None:
                self.gone = True
            case kind:
                if seq <= (self.last or 0):
                    self._blame(f"doubled, after {self.last}", frame)
                    return
                if frame["prev_seq"] != self.last:
                    self._blame(f"a gap after {self.last}", frame)
                self._note(kind, seq)
                self.gone = kind == "task_deleted"

    def _take_notice(self, frame: dict[str, Any]) -> None:
        seq = frame.get("seq")
        if frame["type"] in ("task_snapshot", "logs_dropped", "subscription_result") or "prev_seq" in frame:
            self._blame("something of a task that is not followed", frame)
        elif seq is not None:
            if (frame["task_id"], seq) in self._notices:
                self._blame("a notice twice on one connection", frame)
            self._notices.add((frame["task_id"], seq))

    def _is_notice(self, frame: dict[str, Any]) -> bool:
        return "seq" in frame and "prev_seq" not in frame and frame["type"] != "task_snapshot"

    def _note(self, kind: str, seq: int) -> None:
        self.story.append(Told(kind, seq))
        self.last = seq

    def _blame(self, what: str, frame: dict[str, Any]) -> None:
        shown = {name: frame.get(name) for name in ("type", "task_id", "seq", "prev_seq", "id", "code", "reason")}
        self.faults.append(f"{what}: {shown}")

    # Server-sent events

    async def _stream(self) -> None:
        headers = {"Authorization": f"Bearer {self._token()}"}
        if self.last is not None:
            headers["Last-Event-ID"] = str(self.last) if self._epoch is None else f"{self._epoch}:{self.last}"
        address = f"{self._url}/api/v1/monitor/tasks/{self.task_id}/events"
        timeout = httpx.Timeout(10, read=20)  # it says `: ping` after 15 s
        async with (
            httpx.AsyncClient(timeout=timeout, trust_env=False) as http,
            http.stream("GET", address, headers=headers) as answer,
        ):
            if answer.status_code != 200:
                self.gone = answer.status_code == 404
                return
            self.connections += 1
            place, kind = "", ""
            async for line in answer.aiter_lines():
                name, _, value = line.partition(": ")
                if name == "id":
                    place = value
                elif name == "event":
                    kind = value
                elif name == "data":
                    self._take_streamed(kind, place, json.loads(value))
                    place, kind = "", ""

    def _take_streamed(self, kind: str, place: str, frame: dict[str, Any]) -> None:
        if kind == "task_deleted":
            self.gone = True
        if not place:
            return
        epoch, _, number = place.rpartition(":")
        self._epoch = epoch or self._epoch
        seq = int(number)
        if kind == "task_snapshot":
            self._note("snapshot", seq)
        elif self.last is None or seq != self.last + 1:
            self._blame(f"streamed after {self.last}", frame)
            self.last = seq
        else:
            self._note(kind, seq)
