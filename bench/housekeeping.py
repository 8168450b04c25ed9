"""What it costs the others that old things are removed, on a database that has grown.

    .venv/bin/python bench/housekeeping.py [--tasks 50000] [--events 2000000] [--large 200000] [--seconds 240]

A database is made with so many finished tasks and events, half of them old enough for each kind of retention, and one
deleted task with `--large` events. Then the purge of the product runs beside an empty write every 20 ms, as the server
makes them, and a timer of the loop. Printed: the chunks by kind (how long each held the write lock), what the writes
waited, how late the timer was, and what a round costs when nothing is due. After so many seconds the purge is ended.
"""

import argparse
import asyncio
import gc
import random
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.core.clock import SystemClock
from app.core.config import Settings
from app.core.db import Database
from app.core.ids import new_id
from app.domain.projection import TaskProjection
from app.events.tables import scan_tasks
from app.identity.tables import users
from app.maintenance.retention import RetentionService
from app.migrations.runner import migrate

WRITE_EVERY_S = 0.02
EVENT = "task_id, seq, attempt, type, event_id, body, created_at"
LINE = "task_id, log_seq, attempt, level, module, message, created_at"
BODY = '{"progress":12,"stage":"page_crawl","message":"https://corp.example/some/page","stage_key":"page_crawl"}'
TYPES = ("task_progress",) * 6 + ("task_logs", "task_stage", "task_warning", "violation_detected")


def build(db: Database, tasks: int, events: int, large: int) -> None:
    began = time.perf_counter()
    now = datetime.now(UTC)
    with db.engine.begin() as connection:
        connection.execute(users.insert().values(**owner(now)))
        ids = [new_id() for _ in range(tasks + 1)]
        seqs = {task_id: max(1, events // tasks) for task_id in ids[:-1]} | {ids[-1]: large}
        ages = {task_id: timedelta(days=random.uniform(0, 60)) for task_id in ids}
        ages[ids[0]] = timedelta()  # a clock that is days ahead of all that there is would not be trusted
        rows = [task_row(task_id, now - ages[task_id], seqs[task_id]) for task_id in ids]
        rows[-1]["deleted_at"] = now - timedelta(hours=1)
        for start in range(0, len(rows), 5_000):
            connection.execute(scan_tasks.insert(), rows[start : start + 5_000])
    path = db.url.removeprefix("sqlite:///")
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA synchronous = OFF")
        raw.executemany(f"INSERT INTO task_events ({EVENT}) VALUES (?,?,?,?,?,?,?)", event_rows(seqs, now))
        raw.executemany(f"INSERT INTO task_logs ({LINE}) VALUES (?,?,?,?,?,?,?)", line_rows(seqs, now))
    raw.close()
    size = Path(path).stat().st_size
    print(f"{tasks} tasks, {sum(seqs.values())} events, {size >> 20} MiB, made in {time.perf_counter() - began:.0f} s")


def owner(now: datetime) -> dict[str, object]:
    return {
        "id": "user",
        "username": "user",
        "email": "user@example.org",
        "password_hash": "x",
        "role": "user",
        "is_active": True,
        "token_version": 0,
        "created_at": now,
    }


def task_row(task_id: str, moment: datetime, last_seq: int) -> dict[str, object]:
    return {
        **TaskProjection().to_columns(),
        "id": task_id,
        "user_id": "user",
        "target_domain": "corp.example",
        "config": {},
        "status": random.choice(["completed"] * 8 + ["failed", "cancelled"]),
        "attempt": 1,
        "run": 1,
        "last_seq": last_seq,
        "min_seq": 1,
        "last_log_seq": 10,
        "heartbeat": 1,
        "requeues": 0,
        "running_s": 100.0,
        "created_at": moment,
        "queued_at": moment,
        "completed_at": moment,
        "deleted_at": None,
    }


def event_rows(seqs: dict[str, int], now: datetime) -> Iterator[tuple[object, ...]]:
    moment = now.replace(tzinfo=None).isoformat(" ")
    for task_id, last_seq in seqs.items():
        for seq in range(1, last_seq + 1):
            yield (task_id, seq, 1, TYPES[seq % len(TYPES)], f"{task_id}-{seq:08}"[-36:], BODY, moment)


def line_rows(seqs: dict[str, int], now: datetime) -> Iterator[tuple[object, ...]]:
    moment = now.replace(tzinfo=None).isoformat(" ")
    for task_id, last_seq in seqs.items():
        for log_seq in range(1, last_seq // 4 + 1):
            yield (task_id, log_seq, 1, "INFO", "page_crawl", BODY, moment)


@asynccontextmanager
async def observed(db: Database) -> AsyncIterator[dict[str, list[float]]]:
    """What an empty write waits, and how late a timer is, while the block runs."""
    seen: dict[str, list[float]] = {"write": [], "timer": []}

    async def write() -> None:
        while True:
            began = time.perf_counter()
            await db.write(lambda _: None)
            seen["write"].append(time.perf_counter() - began)
            await asyncio.sleep(WRITE_EVERY_S)

    async def tick() -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.01)
            seen["timer"].append(time.perf_counter() - began - 0.01)

    tasks = [asyncio.create_task(write()), asyncio.create_task(tick())]
    try:
        yield seen
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def measured(purge: RetentionService) -> dict[str, list[float]]:
    """Times for which each chunk held the write lock, by kind; filled while the purge runs."""
    held: dict[str, list[float]] = {}
    for kind in ("tasks", "events", "lines", "keys", "audit"):
        chunks, times = purge.chunks[kind], held.setdefault(kind, [])
        learn = chunks.learn
        chunks.learn = lambda hold, times=times, learn=learn: (times.append(hold.all_s), learn(hold))
    return held


def row(name: str, times: list[float]) -> None:
    if times:
        ordered = sorted(times)
        p50, p99 = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
        print(f"{name:32} {len(ordered):7} {p50 * 1e3:8.1f} {p99 * 1e3:8.1f} {ordered[-1] * 1e3:8.1f} ms")


async def purge_for(purge: RetentionService, seconds: float) -> str:
    began = time.perf_counter()
    try:
        async with asyncio.timeout(seconds):
            await purge.purge_all()
    except TimeoutError:
        return f"ended after {seconds:.0f} s"
    return f"everything that was due, gone in {time.perf_counter() - began:.0f} s"


async def run(folder: Path, tasks: int, events: int, large: int, seconds: float) -> None:
    settings = Settings(data_dir=folder, event_retention_days=45)
    db = Database(settings.resolved_database_url)
    migrate(db, clock=SystemClock())
    build(db, tasks, events, large)
    gc.collect()
    gc.freeze()  # as the server does: a full collection would go through all that was built here
    print(f"{'':32} {'count':>7} {'p50':>8} {'p99':>8} {'longest':>8}")
    async with observed(db) as seen:
        await asyncio.sleep(3)
    row("before: a write waits", seen["write"])
    row("before: the timer is late", seen["timer"])
    purge = RetentionService(db=db, clock=SystemClock(), settings=settings, remove_files=lambda *_, **__: None)
    held = measured(purge)
    async with observed(db) as seen:
        outcome = await purge_for(purge, seconds)
    left = db.read_sync(lambda c: c.exec_driver_sql("SELECT count(*) FROM task_events").scalar_one())
    print(f"{outcome}; {left} events are left")
    for kind, times in held.items():
        row(f"a chunk of {kind} holds the lock", times)
    row("beside it: a write waits", seen["write"])
    row("beside it: the timer is late", seen["timer"])
    if not outcome.startswith("ended"):
        began = time.perf_counter()
        await purge.purge_all()
        print(f"a round with nothing due: {(time.perf_counter() - began) * 1e3:.1f} ms, of it under the lock: one row")
    await db.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=50_000)
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--large", type=int, default=200_000)
    parser.add_argument("--seconds", type=float, default=240)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder), options.tasks, options.events, options.large, options.seconds))


if __name__ == "__main__":
    main()
