import asyncio
import sqlite3
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import event

from app.domain.stages import STAGES, StageKey, StageStatus
from app.domain.violations import RiskLevel, ViolationKey
from app.engines.model import Counts, Evidence, Layer, ViolationFact
from app.engines.ports import ScanStopped
from app.services.recorder import Recorder
from app.tasks.line_limit import LineLimit
from app.tasks.progress import ProgressTracker
from app.tasks.reporter import Reporter, StopReason
from app.tasks.writer import UnitWriter

FACT = ViolationFact(
    domain="bad.example",
    key=ViolationKey.GAMBLING,
    risk=RiskLevel.HIGH,
    confidence=0.9,
    description="why",
    evidence=(Evidence(Layer.TEXT, "rule", 0.9, snippet="quote\n\ud800"),),
    needs_review=False,
    url="https://bad.example/?token=abc",
    found_on="https://corp.example/",
)


@asynccontextmanager
async def reporting(house, *, known=frozenset(), attempt=1, limit=None):
    """A claimed task, its reporter, and `run` beside the test."""
    writer = UnitWriter(house.journal)
    reporter = Reporter(
        recorder=Recorder(task_id="task-1", attempt=attempt, run=1, clock=house.clock),
        writer=writer,
        clock=house.clock,
        progress=ProgressTracker("en"),
        known=set(known),
        line_limit=limit or LineLimit(lines_per_s=10_000, max_bytes=1 << 30),
        texts=house.texts,
    )
    async with asyncio.TaskGroup() as group:
        running = group.create_task(reporter.run())
        yield reporter
        running.cancel()
    writer.close()


@pytest.fixture(autouse=True)
def claimed(house):
    house.create()
    house.claim()


async def test_a_violation_is_committed_when_the_call_returns(house):
    async with reporting(house) as reporter:
        assert await reporter.violation(FACT)
        (finding,) = house.findings()
    assert (finding.domain, finding.violation_key, finding.run, finding.attempt) == ("bad.example", "gambling", 1, 1)
    assert finding.evidence[0]["snippet"] == "quote\n\\ud800"
    body = house.events()[-1].body
    assert '"violation_type":"Gambling"' in body
    assert "token=***" in body


async def test_a_violation_that_is_known_is_not_said_again(house):
    async with reporting(house, known={("bad.example", "gambling")}) as reporter:
        assert not await reporter.violation(FACT)
    assert house.findings() == []


async def test_all_that_was_reported_is_in_the_log_in_order_after_a_drain(house):
    async with reporting(house) as reporter:
        await reporter.log("INFO", "page_crawl", "first")
        await reporter.stage(StageKey.SUBDOMAIN_DISCOVERY, StageStatus.RUNNING)
        await reporter.log("NOISE", "page_crawl", "second")
        await reporter.warning("partial", "once")
        await reporter.warning("partial", "once")
        await reporter.progress(StageKey.SUBDOMAIN_DISCOVERY, 0.5, "half", Counts(subdomains=3))
        await reporter.drain()
        types = house.types()[2:]
    assert types == ["task_logs", "task_stage", "task_progress", "task_logs", "task_warning", "task_progress"]
    assert [(line.level, line.message) for line in house.lines()] == [("INFO", "first"), ("INFO", "second")]
    assert house.row().statistics["total_subdomains"] == 3


async def test_a_stage_that_ends_names_the_next_one_at_once(house):
    async with reporting(house) as reporter:
        for spec in STAGES:
            await reporter.stage(spec.key, StageStatus.RUNNING)
            await reporter.stage(spec.key, StageStatus.COMPLETED, duration_ms=5)
        await reporter.drain()
    row = house.row()
    assert row.progress == 100
    assert {stage["status"] for stage in row.stages} == {"completed"}
    assert house.events()[-1].type == "task_progress"


async def test_progress_is_persisted_at_most_once_a_second(house):
    async with reporting(house) as reporter:
        for percent in range(100):
            await reporter.progress(StageKey.PAGE_CRAWL, percent / 100, "", Counts())
            await asyncio.sleep(0)
        await reporter.violation(FACT)
    assert house.types().count("task_progress") <= 1


async def test_a_locked_database_delays_and_loses_nothing(house, database_path):
    other = sqlite3.connect(database_path, isolation_level=None)
    async with reporting(house) as reporter:
        other.execute("BEGIN IMMEDIATE")
        async with asyncio.TaskGroup() as group:
            violation = group.create_task(reporter.violation(FACT))
            await reporter.log("INFO", "page_crawl", "while locked")
            await asyncio.sleep(0.5)  # longer than the busy timeout: the unit has failed at least once
            assert not violation.done()
            other.execute("ROLLBACK")
        await reporter.drain()
    other.close()
    assert len(house.findings()) == 1
    assert [line.message for line in house.lines()] == ["while locked"]
    assert [event.seq for event in house.events()] == list(range(1, house.row().last_seq + 1))


async def test_a_full_disk_delays_and_loses_nothing(house):
    pages = house.db.read_sync(lambda c: c.exec_driver_sql("PRAGMA page_count").scalar_one())
    limits = [pages]
    event.listen(house.db.engine, "begin", lambda c: c.exec_driver_sql(f"PRAGMA max_page_count = {limits[-1]}"))
    async with reporting(house) as reporter:
        async with asyncio.TaskGroup() as group:
            for number in range(200):
                await reporter.log("INFO", "page_crawl", f"{number} " + "x" * 500)
            violation = group.create_task(reporter.violation(FACT))
            await asyncio.sleep(0.3)
            assert not violation.done()
            limits.append(1_000_000)
        await reporter.drain()
    assert len(house.lines()) == 200
    assert len(house.findings()) == 1
    assert [entry.seq for entry in house.events()] == list(range(1, house.row().last_seq + 1))


async def test_a_stale_attempt_stops_everywhere_and_writes_nothing(house):
    house.write(house.lifecycle.requeue("task-1", 1))
    before = house.types()
    async with reporting(house) as reporter:
        with pytest.raises(ScanStopped):
            await reporter.violation(FACT)
        assert reporter.stop_reason is StopReason.LOST
        for call in (
            reporter.log("INFO", "x", "y"),
            reporter.progress(StageKey.PAGE_CRAWL, 0.1, "", Counts()),
            reporter.stage(StageKey.PAGE_CRAWL, StageStatus.RUNNING),
            reporter.warning("partial", "x"),
        ):
            with pytest.raises(ScanStopped):
                await call
    assert house.types() == before
    assert house.findings() == []


async def test_a_flood_of_lines_waits_for_the_database_and_none_is_lost(house):
    async with reporting(house) as reporter:
        async with asyncio.timeout(30):
            for number in range(3_000):
                await reporter.log("DEBUG", "page_crawl", f"{number} " + "x" * 2_000)
            await reporter.drain()
    assert [int(line.message.split()[0]) for line in house.lines()] == list(range(3_000))


async def test_what_was_not_written_at_a_stop_is_left_for_the_last_transaction(house):
    async with reporting(house) as reporter:
        await reporter.log("INFO", "page_crawl", "last words")
        reporter.stop(StopReason.CANCELLED)
        reporter.stop(StopReason.LOST)
    assert reporter.stop_reason is StopReason.CANCELLED
    (entry,) = reporter.leftover()
    assert entry.event.body.lines[0].message == "last words"


async def test_a_flood_of_lines_is_cut_and_counted(house):
    async with reporting(house, limit=LineLimit(lines_per_s=5, max_bytes=1 << 20)) as reporter:
        for number in range(1_000):
            await reporter.log("INFO", "page_crawl", f"line {number}")
        await reporter.drain()
        lines = house.lines()
    messages = [line.message for line in lines]
    remarks = [message for message in messages if "left out" in message]
    kept = [message for message in messages if message not in remarks]
    assert [line.log_seq for line in lines] == list(range(1, len(lines) + 1))
    assert sum(int(remark.split()[0]) for remark in remarks) + len(kept) == 1_000
    assert len(kept) < 100


async def test_a_full_log_ends_with_the_number_of_what_is_missing(house):
    async with reporting(house, limit=LineLimit(lines_per_s=10_000, max_bytes=1_000)) as reporter:
        for _ in range(200):
            await reporter.log("INFO", "page_crawl", "x" * 90)
        await reporter.drain()
        messages = [line.message for line in house.lines()]
    assert messages == ["x" * 90] * 10 + [
        "The log of the task is full: no further line is kept",
        "190 log lines were left out here",
    ]


async def test_a_drain_of_a_full_log_with_nothing_new_ends(house):
    full = LineLimit(lines_per_s=10_000, max_bytes=1_000, used_bytes=1_000)
    async with reporting(house, limit=full) as reporter, asyncio.timeout(5):
        await reporter.log("INFO", "page_crawl", "nobody keeps it")
        await reporter.drain()
        await reporter.drain()
        assert [line.message for line in house.lines()] == ["1 log lines were left out here"]
