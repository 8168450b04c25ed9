"""What one event costs on a database that has grown: when it is written, and when it is read and encoded."""

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final

from app.core.clock import SystemClock
from app.core.db import Database
from app.domain.log_entry import LogEntry
from app.events.bus.memory import MemoryBus
from app.events.event import Event, NewEvent, PendingLogs
from app.events.log import read_after
from app.events.types import TaskProgress
from app.events.writer import EventWriter
from app.findings.recorder import Recorder
from app.scans.queries import tasks
from app.websocket.messages.encoded_event import EncodedEvent

RUNS: Final = 200
BATCH: Final = 50  # events of one transaction, as a busy scan writes them
PAGE: Final = 200  # events of one read
WRITERS: Final = 4
LINE: Final = "captured https://some-third-party.example/with/a/path?and=query: 200, 14 references, 3 of them hidden"


def measured(db: Database, long_task: str) -> Iterator[tuple[str, float]]:
    """Yield (what, microseconds per event)."""
    writer = EventWriter(db=db, bus=MemoryBus())
    recorder = Recorder(task_id=long_task, attempt=1, run=1, clock=SystemClock())
    yield "append: alone", median_us(lambda: writer.write_sync(recorder.record([event(0)])))
    yield f"append: {BATCH} together", median_us(lambda: writer.write_sync(recorder.record(events(BATCH)))) / BATCH
    yield f"append: alone, {WRITERS} writers at once", together_us(db)

    def read() -> list[Event]:
        return db.read_sync(lambda c: read_after(c, long_task, 1_000, limit=PAGE))

    page = read()
    yield f"replay: {PAGE} read", median_us(read) / PAGE
    yield "replay: encoded", median_us(lambda: [EncodedEvent(item).followed(item.seq - 1) for item in page]) / PAGE


def event(number: int) -> NewEvent:
    if number % 5 == 4:
        return NewEvent(PendingLogs((LogEntry("INFO", "content_capture", LINE, datetime.now(UTC)),)))
    message = f"{number} of 40 known URLs crawled"
    progress = {"stage": "crawl", "stage_key": "page_crawl", "stage_index": 2, "stage_progress": 30}
    return NewEvent(TaskProgress(progress=12, message=message, counts={"pages": 12, "third_parties": 4}, **progress))


def events(number: int) -> list[NewEvent]:
    return [event(item) for item in range(number)]


def median_us(work: Callable[[], object]) -> float:
    work()
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1e6


def together_us(db: Database) -> float:
    """Of writers that each have a task of their own, all events by all the time."""
    rows = db.read_sync(lambda c: tasks.active(c)[:WRITERS])
    recorders = [Recorder(task_id=row.id, attempt=row.attempt, run=row.run, clock=SystemClock()) for row in rows]
    writer = EventWriter(db=db, bus=MemoryBus())

    def write(recorder: Recorder) -> None:
        for _ in range(RUNS):
            writer.write_sync(recorder.record([event(0)]))

    threads = [threading.Thread(target=write, args=(recorder,)) for recorder in recorders]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return (time.perf_counter() - began) / (RUNS * len(threads)) * 1e6
