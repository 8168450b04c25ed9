"""Events of the bench's tasks: real rows of the log, handed to the production fan-out as if just committed."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, insert, update

from app.cli.in_process import local_admin
from app.compose.services import Services
from app.core.ids import new_id
from app.domain.messages import MessageCatalog
from app.events.bus.base import TaskHint
from app.events.event import Event
from app.events.tables import scan_tasks, task_events
from app.websocket.delivery.dispatcher import Dispatcher

TASK: Final = "bench"
MANY: Final = 200
PADDING: Final = "x" * 28  # makes a frame of about 200 bytes
# How far `last_seq` is ahead of what is handed over, when it goes as fast as it can: so many turns, and so many events.
TURNS_AHEAD, EVENTS_AHEAD = 64, 16_384
TICK_S: Final = 0.001


@dataclass(slots=True)
class BenchTask:
    """A task of the log. `seq` is the last that was handed over."""

    task_id: str
    user_id: str
    seq: int = 0
    waiting: list[Event] = field(default_factory=list)  # to be handed over as they were written

    def take(self, count: int) -> tuple[Event, ...]:
        """The next ones."""
        events = self.waiting[:count] or [self.make(self.seq + number) for number in range(1, count + 1)]
        del self.waiting[:count]
        self.seq += count
        return tuple(events)

    def make(self, seq: int) -> Event:
        """As the recorder would have written it, with the moment in its message."""
        body = f'{{"code":"partial","message":"{PADDING} @t={time.monotonic_ns()}"}}'
        return Event(self.task_id, seq, 1, "task_warning", body, datetime.now(UTC))


class Publisher:
    """Hands events to the production fan-out as the bus does after a commit."""

    def __init__(self, services: Services) -> None:
        self._services = services
        manager: Any = services.manager  # the hub is the manager
        self._dispatcher: Dispatcher = manager.dispatcher
        self._tasks: dict[str, BenchTask] = {}
        self._one_at_a_time = asyncio.Lock()

    async def prepare(self) -> None:
        """Running tasks of the administrator's."""
        admin = await local_admin(self._services, MessageCatalog(self._services.settings.language))
        names = [TASK, *(f"{TASK}-{number}" for number in range(MANY))]
        create, claim = self._services.lifecycle.create, self._services.lifecycle.claim
        units = [
            unit
            for name in names
            for unit in (
                create(name, user_id=admin.user_id, target_domain="bench.example", config={}),
                claim(name, 1, "bench", "bench.example"),
            )
        ]

        def write(connection: Connection) -> None:
            for unit in units:
                result = unit(connection)
                assert result is not None
                self._tasks[result.task_id] = BenchTask(result.task_id, result.user_id, result.last_seq)

        await self._services.db.write(write)

    async def publish(self, m: int, rate: float, k: int, tasks: int, *, commit: bool) -> dict[str, Any]:
        names = [f"{TASK}-{number}" for number in range(tasks)] if tasks else [TASK]
        chosen = [self._tasks[name] for name in names]
        async with self._one_at_a_time:
            if rate <= 0:
                await self._write(chosen, m, rows=True, end=0)
            # The loop's own processor time: on a busy machine it says more than the time that passed.
            started, cpu = time.monotonic(), time.thread_time()
            if rate > 0:
                await self._publish_paced(chosen, m, rate, k, commit=commit)
            else:
                await self._publish_at_once(chosen, m, k)
            seconds, cpu = time.monotonic() - started, time.thread_time() - cpu
            return {"m": m, "tasks": len(chosen), "seconds": seconds, "cpu_s": cpu, "seq": chosen[0].seq}

    async def _publish_paced(self, tasks: list[BenchTask], m: int, rate: float, k: int, *, commit: bool) -> None:
        started, done = time.monotonic(), 0
        while done < m:
            due = min(m, int((time.monotonic() - started) * rate) + 1)
            if due == done:
                await asyncio.sleep(TICK_S)
                continue
            written = await self._write(tasks, due - done, rows=True, end=due - done)
            for task in tasks:
                task.waiting = [event for event in written if event.task_id == task.task_id] if commit else []
            for turn in _turns(tasks, due - done, k):
                self._hand_over(turn)
                await asyncio.sleep(0)  # the end of the loop's turn
            done = due

    async def _publish_at_once(self, tasks: list[BenchTask], m: int, k: int) -> None:
        step = max(1, max(TURNS_AHEAD * k, EVENTS_AHEAD) // len(tasks))
        for done in range(0, m, step):
            count = min(step, m - done)
            await self._write(tasks, 0, rows=False, end=count)
            for turn in _turns(tasks, count, k):
                self._hand_over(turn)
                await asyncio.sleep(0)
                await self._wait_drained(turn)

    def _hand_over(self, turn: "Turn") -> None:
        for task, count in turn:
            events = task.take(count)
            self._dispatcher.on_hint(TaskHint(task.task_id, task.user_id, task.seq, "running", events))

    async def _wait_drained(self, turn: "Turn") -> None:
        """Until no subscriber of these is set aside by its socket."""
        for task, _ in turn:
            channel = self._dispatcher.channels.get(task.task_id)
            # Those in an in-sync group are drained, and the rest are few: nobody looks at thousands of them every turn.
            aside: Any = () if channel is None else channel._out_of_sync  # noqa: SLF001 - what a bench may know
            while aside and any(not item.connection.drained for item in list(aside)):  # noqa: ASYNC110 - foreign state
                await asyncio.sleep(0)

    async def _write(self, tasks: list[BenchTask], count: int, *, rows: bool, end: int) -> list[Event]:
        """The rows of `count` more events of each task; `last_seq` goes `end` beyond what was handed over."""
        now = datetime.now(UTC)
        events = [task.make(task.seq + number) for task in tasks for number in range(1, count + 1)] if rows else []
        ends = {task.task_id: task.seq + end for task in tasks}

        def write(connection: Connection) -> None:
            if events:
                connection.execute(insert(task_events), [_row(event, now) for event in events])
            for task_id, seq in ends.items():
                connection.execute(update(scan_tasks).where(scan_tasks.c.id == task_id).values(last_seq=seq))

        await self._services.db.write(write)
        return events


Turn = list[tuple[BenchTask, int]]


def _turns(tasks: list[BenchTask], count: int, k: int) -> Iterator[Turn]:
    """`count` events of each task, `k` in a turn, round after round."""
    at_once = max(1, min(count, k // len(tasks)))  # of one task in a turn
    for done in range(0, count, at_once):
        some = min(at_once, count - done)
        for first in range(0, len(tasks), k):
            yield [(task, some) for task in tasks[first : first + k]]


def _row(event: Event, now: datetime) -> dict[str, Any]:
    return {
        "task_id": event.task_id,
        "seq": event.seq,
        "attempt": event.attempt,
        "type": event.type,
        "event_id": new_id(),
        "body": event.body,
        "created_at": now,
    }
