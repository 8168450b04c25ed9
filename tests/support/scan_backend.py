"""Database, embedded runner and monitor as the server has them, around real scan processes."""

import asyncio
import contextlib
import os
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from app.core.clock import SystemClock
from app.core.config import Settings
from app.core.db import Database
from app.core.ids import new_id
from app.core.metrics import Metrics
from app.domain.messages import MessageCatalog
from app.events.bus.memory import MemoryBus
from app.events.event import Event
from app.events.log import read_after
from app.events.tables import scan_tasks
from app.events.writer import EventWriter
from app.findings.tables import violations
from app.identity.tables import users
from app.maintenance.retention import RetentionService
from app.monitor.service import TaskMonitor
from app.scans.lifecycle import Lifecycle
from app.scanstore.files import StoreRemover
from app.tasks import process_tree
from app.tasks.supervisor.embedded_runner import EmbeddedRunner
from tests.support.databases import create_tables
from tests.support.fork_server import shared_starter

POLL_S = 0.02
CANCEL_LIMIT_S = 15.0  # of a busy machine: two are enough; what does not hear a cancel is ended after 20 and more
# Everything that waits in seconds or hours, in tenths of a second: the machine of a test may be busy, so not less.
# For tests of processes that stand still, and of databases that take no writes.
FAST = {
    "heartbeat_interval_s": 0.2,
    "worker_suspect_after_s": 1.0,
    "worker_lost_after_s": 2.0,
    "monitor_interval_s": 0.25,
    "blocked_writes_kill_s": 1.5,
    "cancel_force_after_s": 20.0,
    "recheck_after_s": 0.2,
    "language": "en",
}
# For all others: no process is lost, or said to be suspect, however busy the machine is.
CALM = {**FAST, "worker_suspect_after_s": 200, "worker_lost_after_s": 300, "blocked_writes_kill_s": 100}


class ScanBackend:
    """One server's life. `stop` and a new backend on the same folder are a restart."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.db = Database(settings.resolved_database_url, busy_timeout_s=settings.database_busy_timeout_s)
        self.bus = MemoryBus()
        self.event_writer = EventWriter(db=self.db, bus=self.bus)
        self.clock, self.texts, metrics = SystemClock(), MessageCatalog(settings.language), Metrics()
        self.lifecycle = Lifecycle(clock=self.clock, texts=self.texts)
        self.verdicts: Counter[str] = Counter()  # pages that the local reader has read, by effect
        self.rechecks: Counter[str] = Counter()  # of scans that came to their end, by outcome
        self.starter = shared_starter()
        self.runner = EmbeddedRunner(
            db=self.db,
            event_writer=self.event_writer,
            bus=self.bus,
            lifecycle=self.lifecycle,
            texts=self.texts,
            clock=self.clock,
            settings=settings,
            is_watched=lambda _: True,
            count_verdicts=lambda effect, count: self.verdicts.update({effect.value: count}),
            count_rechecks=lambda outcome, count: self.rechecks.update({outcome.value: count}),
            starter=self.starter,
        )
        self.monitor = TaskMonitor(
            db=self.db,
            event_writer=self.event_writer,
            lifecycle=self.lifecycle,
            texts=self.texts,
            clock=self.clock,
            settings=settings,
            worker_control=self.runner,
            retention=RetentionService(
                db=self.db,
                clock=self.clock,
                settings=settings,
                remove_files=StoreRemover(settings.data_dir),
            ),
            concurrent_tasks=metrics.concurrent_tasks,
            monitoring_errors=metrics.monitoring_errors,
        )

    async def start(self) -> None:
        self.prepare()
        await self.runner.start()
        await self.monitor.start()

    def prepare(self) -> None:
        """Tables and the one user. May be called twice."""
        create_tables(self.db)
        user = {
            "id": "user",
            "username": "user",
            "email": "user@example.org",
            "password_hash": "x",
            "role": "user",
            "is_active": True,
            "token_version": 0,
            "created_at": datetime.now(UTC),
        }
        if not self.db.read_sync(lambda c: c.execute(select(users.c.id)).first()):
            self.db.write_sync(lambda c: c.execute(insert(users).values(**user)))

    async def stop(self) -> None:
        await self.monitor.stop()
        await self.runner.stop()
        await self.db.close()

    async def create(self, target: str = "corp.example", **config: Any) -> str:
        task_id = new_id()
        options = {"use_passive_sources": False, "screenshots": False, **config}
        await self.event_writer.write(
            self.lifecycle.create(task_id, user_id="user", target_domain=target, config=options)
        )
        self.runner.wake()
        return task_id

    async def cancel(self, task_id: str) -> None:
        row = self.row(task_id)
        if row.status == "pending" and await self.event_writer.write(self.lifecycle.cancel_pending(task_id, by="user")):
            return
        assert await self.event_writer.write(self.lifecycle.request_cancel(task_id, by="user")) is not None
        self.runner.cancel(task_id)

    def row(self, task_id: str) -> Any:
        return self.db.read_sync(lambda c: c.execute(select(scan_tasks).where(scan_tasks.c.id == task_id)).one())

    def events(self, task_id: str) -> list[Event]:
        return self.db.read_sync(lambda c: read_after(c, task_id, 0, limit=100_000))

    def violations(self, task_id: str) -> list[Any]:
        query = select(violations).where(violations.c.task_id == task_id)
        return self.db.read_sync(lambda c: list(c.execute(query)))

    def processes(self, task_id: str) -> list[int]:
        """Living processes of any attempt of the task."""
        attempts = range(1, self.row(task_id).attempt + 1)
        return [pid for attempt in attempts for pid in process_tree.members(process_tree.mark_of(task_id, attempt))]

    def scan_pid(self, task_id: str) -> int:
        """The scan's own process, at work now."""
        process = self.runner._workers[task_id]._process
        assert process is not None
        return process.pid

    async def until(self, task_id: str, wanted: Callable[[Event], bool], *, within_s: float = 200) -> Event:
        """The first event that is wanted."""
        deadline, position = time.monotonic() + within_s, 0
        while time.monotonic() < deadline:
            for event in self.db.read_sync(lambda c: read_after(c, task_id, position, limit=1_000)):  # noqa: B023
                position = event.seq
                if wanted(event):
                    return event
            await asyncio.sleep(POLL_S)
        raise TimeoutError([(event.seq, event.type, event.body[:150]) for event in self.events(task_id)][-25:])

    async def finished(self, task_id: str, *, within_s: float = 200) -> Any:
        """The row once its last attempt has ended."""
        deadline = time.monotonic() + within_s
        while (row := self.row(task_id)).status not in ("completed", "failed", "cancelled"):
            if time.monotonic() > deadline:
                raise TimeoutError([(event.seq, event.type, event.body[:150]) for event in self.events(task_id)][-25:])
            await asyncio.sleep(POLL_S)
        return row

    async def gone(self, task_id: str, *, within_s: float = 60) -> None:
        """Returns when no process of the task is left."""
        deadline = time.monotonic() + within_s
        while pids := self.processes(task_id):
            assert time.monotonic() < deadline, pids
            await asyncio.sleep(POLL_S)

    async def freeze_between_transactions(self, pid: int) -> None:
        """Stop the process where it is most of the time: it holds no write lock, and others can write."""
        while True:
            os.kill(pid, signal.SIGSTOP)
            if self.can_write():
                return
            os.kill(pid, signal.SIGCONT)
            await asyncio.sleep(0.001)

    def can_write(self) -> bool:
        """Whether nobody holds the write lock of the database now."""
        connection = sqlite3.connect(self.settings.data_dir / "compliance.db", timeout=0.02, isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        except sqlite3.OperationalError:
            return False
        finally:
            connection.close()
        return True


@contextlib.asynccontextmanager
async def scan_backend(data_dir: Path, **settings: Any) -> AsyncIterator[ScanBackend]:
    """A server that runs for the length of the block; `settings` go before those of `CALM`."""
    backend = ScanBackend(Settings(data_dir=data_dir, **{**CALM, **settings}))
    await backend.start()
    try:
        yield backend
    finally:
        await backend.stop()


def stage_runs(key: str) -> Callable[[Event], bool]:
    """The stage has begun."""
    return lambda event: event.type == "task_stage" and f'"{key}"' in event.body and '"running"' in event.body


def is_type(kind: str) -> Callable[[Event], bool]:
    return lambda event: event.type == kind


def assert_sound(backend: ScanBackend, task_id: str) -> None:
    """What holds for every task, whatever happened to it."""
    row, events = backend.row(task_id), backend.events(task_id)
    assert [event.seq for event in events] == list(range(1, row.last_seq + 1))
    completions = [event.attempt for event in events if event.type == "task_completed"]
    assert len(completions) == len(set(completions))
    assert completions[-1:] == [row.attempt]
    assert events[-1].type == "task_completed"
    violations = [(finding.run, finding.domain, finding.violation_key) for finding in backend.violations(task_id)]
    assert len(violations) == len(set(violations))
    said = [event.payload() for event in events if event.type == "violation_detected"]
    assert len({(body["violation"]["domain"], body["violation_key"]) for body in said}) == len(said)
    percents = [event.payload()["progress"] for event in events if event.type == "task_progress"]
    assert percents == sorted(percents)
    lines = [line["log_seq"] for event in events if event.type == "task_logs" for line in event.payload()["logs"]]
    assert lines == list(range(1, len(lines) + 1))


def only_waited(backend: ScanBackend, task_ids: Sequence[str]) -> None:
    """Whatever was tried, nothing of it counts: the tasks are where they were."""
    for task_id in task_ids:
        row = backend.row(task_id)
        assert (row.status, row.attempt, row.requeues) == ("pending", 1, 0), (row.status, row.error)


def exists(pid: int) -> bool:
    """Whether such a process is there and no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


async def cancel_in_time(backend: ScanBackend, task_id: str) -> None:
    """Cancel a scan that runs: its end is written and its process gone long before it would be ended by force, and
    nothing comes after it.
    """
    began = time.monotonic()
    await backend.cancel(task_id)
    row = await backend.finished(task_id)
    await backend.gone(task_id)
    assert time.monotonic() - began < CANCEL_LIMIT_S < backend.settings.cancel_force_after_s
    assert row.status == "cancelled"
    last_seq = backend.row(task_id).last_seq
    await asyncio.sleep(0.5)  # whatever was still under way would land now
    assert backend.row(task_id).last_seq == last_seq
    assert_sound(backend, task_id)
