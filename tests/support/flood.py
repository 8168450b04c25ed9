"""Asks a server for many things, so many at once, until its input ends: `python -m tests.support.flood`.

The input's first line is an `Order` as JSON. The output is a line when as many were answered as are asked at once, and
at the end the answers, by operation and status.
"""

import asyncio
import itertools
import json
import re
import sys
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any, Final

from app.core.ids import new_id

ANSWER_S: Final = 120.0
STREAM_S: Final = 1.0  # that one which never ends is read
ADDRESS: Final = "127.0.0.2"  # of the attacker: limits of addresses are not those of others
SLOW: Final = 5
MOST_KEPT: Final = 1_000  # ids of what was made
NUMBER: Final = "{number}"  # in a body: another one each time
OWN_PAGE: Final = f"Origin: http://localhost\r\nX-Compliance-Page: {'k' * 43}\r\n"  # as if it were the page
SIGN_IN: Final = "/api/v1/auth/login"


@dataclass(frozen=True)
class Operation:
    """What is asked for. `{kind}` in the path is, for reads and until there is another, what `known` has for it; else
    the id of what an operation with `makes=kind` has made last. One that `takes` it has it for itself, or an id that
    nothing has.

    `signs_out`: the session is over after it, so it is asked with one of its own, of another account of the attacker.
    `is_slow`: its answer waits for a password to be hashed.
    """

    name: str
    method: str
    path: str
    body: str | None = None
    makes: str | None = None
    takes: str | None = None
    signs_out: bool = False
    is_slow: bool = False


@dataclass(frozen=True)
class Order:
    """Where, as whom, what, and how much. `second`: the body of the sign-in of the attacker's other account."""

    port: int
    token: str
    second: str
    at_once: int
    known: dict[str, str]
    operations: list[dict[str, Any]]

    def to_line(self) -> str:
        return json.dumps(asdict(self)) + "\n"


class Flood:
    """One in `SLOW` asks for what is slow alone, and the others never do: all would soon wait for that."""

    def __init__(self, order: Order) -> None:
        self._order = order
        operations = [Operation(**one) for one in order.operations]
        slow = [operation for operation in operations if operation.is_slow]
        fast = [operation for operation in operations if not operation.is_slow]
        self._slow, self._fast = itertools.cycle(slow or fast), itertools.cycle(fast or slow)
        self._made: defaultdict[str, deque[str]] = defaultdict(lambda: deque(maxlen=MOST_KEPT))
        self._numbers = itertools.count(1)
        self.statuses: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.is_under_way = asyncio.Event()

    async def go_on(self, number: int, ended: asyncio.Event) -> None:
        turn = self._fast if number % SLOW else self._slow
        while not ended.is_set():  # a cancellation alone can be lost in an answer that comes in the same moment
            operation = next(turn)
            status = await self._ask_once(operation)
            self.statuses[operation.name][str(status)] += 1
            if sum(counter.total() for counter in self.statuses.values()) >= self._order.at_once:
                self.is_under_way.set()

    async def _ask_once(self, operation: Operation) -> int | None:
        """The status; None: none came."""
        token, address = self._order.token, ADDRESS
        if operation.signs_out:
            number = next(self._numbers)
            address = f"127.{number % 200 + 3}.{number // 200 % 200}.1"  # a sign-in from a network of its own
            answer = await self._send("POST", SIGN_IN, self._order.second, "", address)
            if answer is None or answer[0] != 200:
                return None if answer is None else answer[0]
            token = json.loads(answer[1])["access_token"]
        path = re.sub(r"\{(\w+)\}", lambda found: self._id_of(found[1], operation), operation.path)
        body = operation.body and operation.body.replace(NUMBER, str(next(self._numbers)))
        answer = await self._send(operation.method, path, body, token, address)
        if answer is not None and operation.makes is not None and answer[0] == 201:
            self._made[operation.makes].append(json.loads(answer[1])["id"])
        return None if answer is None else answer[0]

    def _id_of(self, kind: str, operation: Operation) -> str:
        made = self._made[kind]
        if operation.takes == kind:
            return made.popleft() if made else new_id()
        return made[-1] if made and operation.method != "GET" else self._order.known[kind]

    async def _send(
        self, method: str, path: str, body: str | None, token: str, address: str
    ) -> tuple[int, bytes] | None:
        """Status and body; None: no answer."""
        content = (body or "").encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        head += OWN_PAGE if "/cookie/" in path else ""
        if token:
            head += f"Authorization: Bearer {token}\r\n"
        if body is not None or method != "GET":
            head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
        try:
            async with asyncio.timeout(ANSWER_S):
                reader, writer = await asyncio.open_connection("127.0.0.1", self._order.port, local_addr=(address, 0))
        except (OSError, TimeoutError):
            return None
        try:
            writer.write(f"{head}\r\n".encode() + content)
            return await self._read(reader)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            return None
        finally:
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> tuple[int, bytes]:
        async with asyncio.timeout(ANSWER_S):
            head = await reader.readuntil(b"\r\n\r\n")
        said = b""
        with suppress(TimeoutError):
            async with asyncio.timeout(STREAM_S if b"text/event-stream" in head else ANSWER_S):
                while data := await reader.read(1 << 16):
                    said += data
        return int(head.split(b" ", 2)[1]), said


async def flood(
    order: Order, *, when_under_way: Callable[[], object], until_over: Callable[[], object]
) -> dict[str, Counter[str]]:
    flooding = Flood(order)
    ended = asyncio.Event()
    tasks = [asyncio.create_task(flooding.go_on(number, ended)) for number in range(order.at_once)]
    under_way = asyncio.create_task(flooding.is_under_way.wait())
    await asyncio.wait([under_way, *tasks], return_when=asyncio.FIRST_COMPLETED)  # a task ends early only if it broke
    if under_way.done():
        when_under_way()
        await asyncio.to_thread(until_over)
    under_way.cancel()
    ended.set()
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    for task in tasks:
        if not task.cancelled() and task.exception() is not None:
            raise RuntimeError("the flood itself broke") from task.exception()
    return flooding.statuses


def _say_so() -> None:
    sys.stdout.write("under way\n")
    sys.stdout.flush()


if __name__ == "__main__":
    ordered = Order(**json.loads(sys.stdin.readline()))
    sys.stdout.write(json.dumps(asyncio.run(flood(ordered, when_under_way=_say_so, until_over=sys.stdin.read))))
