"""How long the server's writes wait while scans report, beside programs that use all the processor they get.

    .venv/bin/python bench/writelock.py [--seconds 15] [--scans 2] [--hogs 2]

Each scan is a process that has stepped back as a scan does and reports through the product's reporter, recorder and
writer into one database, as fast as that takes it: log lines up to their limit, progress, and one violation after the
other with its evidence. The hogs only count. The server's side is the product's database: a small write every 20 ms.
Measured is each from the call to the commit, and how long it took to get the lock.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import structlog

from app.core.clock import SystemClock
from app.core.config import Settings
from app.core.db import Database
from app.core.ids import new_id
from app.domain.findings import AssessedFinding
from app.domain.log_entry import LogEntry
from app.domain.messages import MessageCatalog
from app.domain.scan_facts import Counts
from app.domain.stages import StageKey, StageStatus
from app.domain.violations import Evidence, Layer, RiskLevel, ViolationFact, ViolationKey
from app.events.bus.memory import MemoryBus
from app.events.writer import EventWriter
from app.findings.recorder import Recorder
from app.findings.run_findings import Grouped, RunFindings, stated_finding
from app.identity.tables import users
from app.migrations.runner import migrate
from app.scans.lifecycle import Lifecycle
from app.scans.queries import tasks
from app.tasks.sink.line_limit import LineLimit
from app.tasks.sink.progress import ProgressTracker
from app.tasks.sink.reporter import Reporter
from app.tasks.sink.writer import RetryingWriter
from app.tasks.worker.priority import ThreadSpawner, lower_priority

WRITE_EVERY_S = 0.02
LINE = "https://corp.example/a/page/with/a/long/name.html answers 200, 48 references, 12 of them to other hosts " * 3
HOG = "while True: pass"


def fact(number: int) -> ViolationFact:
    evidence = tuple(
        Evidence(layer=Layer.TEXT, rule=f"rule-{n}", score=0.9, snippet="线上娱乐城 注册送彩金 " * 12) for n in range(8)
    )
    return ViolationFact(
        domain=f"bets-{number}.example",
        violation_key=ViolationKey.GAMBLING,
        confidence_score=0.93,
        description="百家乐 " * 20,
        needs_review=False,
        evidence=evidence,
        url=f"http://bets-{number}.example/",
        found_on="https://corp.example/",
    )


async def assess(grouped: Grouped) -> list[AssessedFinding]:
    return [stated_finding(item, RiskLevel.HIGH) for item in grouped]


async def scan(folder: Path, task_id: str, spawner: ThreadSpawner) -> None:
    """Until it is killed."""
    settings = Settings(data_dir=folder)
    db = Database(settings.resolved_database_url, busy_timeout_s=60)
    clock, texts = SystemClock(), MessageCatalog("en")
    writer = RetryingWriter(EventWriter(db=db, bus=MemoryBus()), spawner.call)
    lifecycle = Lifecycle(clock=clock, texts=texts)
    await writer.write(lifecycle.claim(task_id, 1, "bench", "corp.example"), asyncio.Event())
    reporter = Reporter(
        recorder=Recorder(task_id=task_id, attempt=1, run=1, clock=clock),
        writer=writer,
        clock=clock,
        tracker=ProgressTracker("en"),
        findings=RunFindings(),
        assess=assess,
        line_limit=LineLimit(lines_per_s=settings.scan_log_lines_per_s, max_bytes=1 << 40, used_bytes=0),
        texts=texts,
        elapsed_s=lambda: 0.0,
    )
    reporter.set_watched(watched=True)
    await reporter.stage(StageKey.PAGE_CRAWL, StageStatus.RUNNING)
    async with asyncio.TaskGroup() as group:
        group.create_task(reporter.run())
        group.create_task(say_lines(reporter))
        for start in range(0, 80, 10):
            group.create_task(find(reporter, start * 1_000_000))


async def say_lines(reporter: Reporter) -> None:
    number = 0
    while True:
        for _ in range(20):
            number += 1
            await reporter.log(LogEntry("INFO", "page_crawl", f"{number} {LINE}"))
        counts = Counts(subdomains=3, pages=number, third_parties=9)
        await reporter.progress(StageKey.PAGE_CRAWL, 0.5, f"{number} pages", counts)
        await asyncio.sleep(0.02)


async def find(reporter: Reporter, start: int) -> None:
    number = start
    while True:
        number += 1
        await reporter.violation(fact(number))


@contextmanager
def others(folder: Path, task_ids: list[str], hogs: int) -> Iterator[None]:
    commands = [[sys.executable, __file__, "--as-scan", str(folder), task_id] for task_id in task_ids]
    commands += [[sys.executable, "-c", HOG]] * hogs
    running = [subprocess.Popen(command, start_new_session=True) for command in commands]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


async def measure(db: Database, seconds: float) -> tuple[list[float], list[float]]:
    locked: list[float] = []
    done: list[float] = []
    ends = time.perf_counter() + seconds
    while time.perf_counter() < ends:
        began = time.perf_counter()

        def work(connection, began=began):
            locked.append(time.perf_counter() - began)
            tasks.touch_active(connection)

        await db.write(work)
        done.append(time.perf_counter() - began)
        await asyncio.sleep(WRITE_EVERY_S)
    return locked, done


def row(name: str, times: list[float]) -> None:
    ordered = sorted(times)
    p50, p99 = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
    print(f"{name:44} {len(ordered):6} {p50 * 1e3:8.1f} {p99 * 1e3:8.1f} {ordered[-1] * 1e3:8.1f} ms", flush=True)


async def run(folder: Path, seconds: float, scans: int, hogs: int) -> None:
    settings = Settings(data_dir=folder)
    db = Database(settings.resolved_database_url, busy_timeout_s=60)
    migrate(db, clock=SystemClock())
    user = {"id": "user", "username": "user", "email": "user@example.org", "password_hash": "x", "role": "user"}
    user |= {"is_active": True, "token_version": 0, "created_at": datetime.now(UTC)}
    await db.write(lambda c: c.execute(users.insert().values(**user)))
    event_writer = EventWriter(db=db, bus=MemoryBus())
    lifecycle = Lifecycle(clock=SystemClock(), texts=MessageCatalog("en"))
    print(f"{'':44} {'count':>6} {'p50':>8} {'p99':>8} {'longest':>8}")
    for name, some, hog in (("nothing", 0, 0), ("scans", scans, 0), ("hogs", 0, hogs), ("scans and hogs", scans, hogs)):
        task_ids = [new_id() for _ in range(some)]
        for task_id in task_ids:
            await event_writer.write(
                lifecycle.create(task_id, user_id="user", target_domain="corp.example", config={"max_pages": 1})
            )
        with others(folder, task_ids, hog):
            await asyncio.sleep(6 if some else 1)  # they import and claim
            before = [head(db, task_id) for task_id in task_ids]
            locked, done = await measure(db, seconds)
            events = sum(head(db, task_id) for task_id in task_ids) - sum(before)
        row(f"beside {name}: the lock is had after", locked)
        row(f"beside {name}: committed after", done)
        if some:
            print(f"  (the scans committed {events / seconds:.0f} events/s)")
    await db.close()


def head(db: Database, task_id: str) -> int:
    found = db.read_sync(lambda c: tasks.find(c, task_id))
    return 0 if found is None else int(found.last_seq)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--scans", type=int, default=2)
    parser.add_argument("--hogs", type=int, default=2)
    parser.add_argument("--as-scan", nargs=2, metavar=("FOLDER", "TASK"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    if options.as_scan:
        spawner = ThreadSpawner()
        lower_priority()
        asyncio.run(scan(Path(options.as_scan[0]), options.as_scan[1], spawner))
        return
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder), options.seconds, options.scans, options.hogs))


if __name__ == "__main__":
    main()
