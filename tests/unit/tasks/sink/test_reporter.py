import asyncio
import sqlite3
from contextlib import asynccontextmanager
from dataclasses import replace

import orjson
import pytest
from sqlalchemy import delete, event, select

from app.domain.log_entry import LogEntry
from app.domain.rechecks import Recheck, stored_recheck_of
from app.domain.scan_facts import Counts
from app.domain.stages import STAGES, StageKey, StageStatus
from app.domain.violations import Evidence, Layer, RiskLevel, ViolationFact, ViolationKey
from app.engines.ports import ScanStopped
from app.events.tables import outbox
from app.findings.queries import findings
from app.findings.recorder import Recorder
from app.findings.run_findings import RunFindings, read_run_findings, stated_finding
from app.scanstore.errors import StoreUnavailable
from app.tasks.sink import reporter as reporter_module
from app.tasks.sink.line_limit import LineLimit
from app.tasks.sink.progress import ProgressTracker
from app.tasks.sink.reporter import Reporter, StopReason
from app.tasks.sink.writer import RetryingWriter
from tests.support.realtime import until
from tests.support.said import said
from tests.support.violations import assess_unseen

FACT = ViolationFact(
    domain="bad.example",
    violation_key=ViolationKey.GAMBLING,
    confidence_score=0.9,
    description="why",
    evidence=(Evidence(Layer.TEXT, "rule", 0.9, snippet="quote\n\ud800"),),
    needs_review=False,
    url="https://bad.example/?token=abc",
    found_on="https://corp.example/",
)


async def assess(grouped):
    return assess_unseen(grouped)


def told(facts):
    """The findings of a run that has told of these before."""
    found = RunFindings()
    for fact in facts:
        found.tell_stated(fact, RiskLevel.HIGH)
    return found


@asynccontextmanager
async def reporting(backend, *, known=(), attempt=1, limit=None):
    """A claimed task, its reporter, and `run` beside the test."""
    writer = RetryingWriter(backend.event_writer)
    reporter = Reporter(
        recorder=Recorder(task_id="task-1", attempt=attempt, run=1, clock=backend.clock),
        writer=writer,
        clock=backend.clock,
        tracker=ProgressTracker("en"),
        findings=told(known),
        assess=assess,
        line_limit=limit or LineLimit(lines_per_s=10_000, max_bytes=1 << 30),
        texts=backend.texts,
        elapsed_s=lambda: 0.0,
    )
    async with asyncio.TaskGroup() as group:
        running = group.create_task(reporter.run())
        yield reporter
        running.cancel()
    writer.close()


@pytest.fixture(autouse=True)
def claimed(backend):
    backend.create()
    backend.claim()


async def test_a_violation_is_committed_when_the_call_returns(backend):
    async with reporting(backend) as reporter:
        assert await reporter.violation(FACT)
        (finding,) = backend.violations()
    assert (finding.domain, finding.violation_key, finding.run, finding.attempt) == ("bad.example", "gambling", 1, 1)
    assert finding.evidence[0]["snippet"] == "quote\n\\ud800"
    body = backend.events()[-1].body
    assert '"violation_type":"Gambling"' in body
    assert "token=***" in body


async def test_a_violation_that_is_known_is_not_said_again(backend):
    async with reporting(backend, known=[FACT]) as reporter:
        assert not await reporter.violation(FACT)
    assert backend.violations() == []


async def test_a_finding_that_weighs_more_at_the_end_is_told_and_stored_and_one_that_does_not_is_not(backend):
    levels = iter([RiskLevel.HIGH, RiskLevel.CRITICAL, RiskLevel.CRITICAL])

    async def assess(grouped):
        level = next(levels)
        return [stated_finding(one, level) for one in grouped]

    async with reporting(backend) as reporter:
        reporter.assess = assess
        await reporter.violation(FACT)
        for _ in range(2):
            await reporter.reassess()
        await reporter.drain()
    (changed,) = [orjson.loads(event.body) for event in backend.events() if event.type == "finding_changed"]
    assert (changed["finding_id"], changed["risk_level"], changed["score"]) == ("gambling.bad.example", "critical", 75)
    (stored,) = backend.db.read_sync(lambda c: findings.of_run(c, "task-1", 1))
    row = backend.row()
    assert (stored.risk_level, stored.score) == ("critical", 75)
    assert row.finding_counts == row.violation_counts == changed["finding_counts"]
    assert (row.finding_counts["total"], row.finding_counts["critical"], row.finding_counts["high"]) == (1, 1, 0)


def stored_rules(backend):
    (stored,) = backend.db.read_sync(lambda c: findings.with_rules_of_run(c, "task-1", 1))
    return stored.matched_rules


@pytest.mark.parametrize("turned", [False, True])
async def test_a_finding_has_the_matched_rules_of_all_accused_pages_whichever_came_first(backend, turned):
    other = replace(FACT, evidence=(Evidence(Layer.STRUCTURE, "doorway", 0.9),), url="https://bad.example/other")
    async with reporting(backend) as reporter:
        for fact in (other, FACT) if turned else (FACT, other):
            await reporter.violation(fact)
        await reporter.reassess()
        await reporter.drain()
    assert stored_rules(backend) == {"gambling doorway": (), "gambling rule": ()}


async def test_the_rules_of_a_further_page_are_committed_without_an_event_when_the_call_returns(backend):
    other = replace(FACT, evidence=(Evidence(Layer.STRUCTURE, "doorway", 0.9),), url="https://bad.example/other")
    async with reporting(backend) as reporter:
        await reporter.violation(FACT)
        told = backend.types()
        backend.db.write_sync(lambda c: c.execute(delete(outbox)) and None)
        assert not await reporter.violation(other)
        assert set(stored_rules(backend)) == {"gambling doorway", "gambling rule"}
        (noted,) = backend.db.read_sync(lambda c: list(c.execute(select(outbox.c.kind)).scalars()))
        await reporter.reassess()
        await reporter.drain()
    assert (backend.types(), noted) == (told, "found")
    # The next attempt does not read these pages again.
    known = backend.db.read_sync(lambda c: read_run_findings(c, "task-1", 1))
    assert known.note_page(FACT) is known.note_page(other) is None
    (finding,) = known.note_page(replace(FACT, evidence=(Evidence(Layer.TEXT, "more", 0.9),))).findings
    assert set(finding.matched_rules) == {"gambling doorway", "gambling more", "gambling rule"}


DOMAIN, KEY = FACT.domain, FACT.violation_key
LINK = replace(FACT, violation_key=ViolationKey.HIDDEN_LINK)


def rechecks(backend):
    """(level, for a review, state) of each stored finding."""
    rows = backend.db.read_sync(lambda c: findings.of_run(c, "task-1", 1))
    return [(row.risk_level, row.needs_review, stored_recheck_of(row.reasons)) for row in rows]


async def test_a_violation_that_awaits_its_recheck_says_so_until_it_is_upheld(backend):
    async with reporting(backend) as reporter:
        assert await reporter.recheck(DOMAIN, KEY, Recheck.AWAITED)
        await reporter.violation(FACT)
        assert rechecks(backend) == [("high", False, Recheck.AWAITED)]
        assert await reporter.recheck(DOMAIN, KEY, Recheck.AWAITED)
        assert await reporter.recheck(DOMAIN, KEY, Recheck.UPHELD)
        assert not await reporter.recheck(DOMAIN, KEY, Recheck.AWAITED)
        assert not await reporter.recheck(DOMAIN, KEY, Recheck.NOT_CONFIRMED)
        await reporter.drain()
    assert rechecks(backend) == [("high", False, None)]
    assert [event.type for event in backend.events()][-1] == "finding_changed"


async def test_what_is_not_confirmed_is_low_and_for_a_review_in_all_rows_and_counts(backend):
    async with reporting(backend) as reporter:
        await reporter.recheck(DOMAIN, KEY, Recheck.AWAITED)
        await reporter.violation(FACT)
        assert await reporter.recheck(DOMAIN, KEY, Recheck.NOT_CONFIRMED)
        await reporter.reassess()
        await reporter.drain()
    assert rechecks(backend) == [("low", True, Recheck.NOT_CONFIRMED)]
    row = backend.row()
    assert (row.finding_counts["low"], row.finding_counts["high"], row.finding_counts["needs_review"]) == (1, 0, 1)
    assert row.violation_counts == row.finding_counts
    assert [one.needs_review for one in backend.violations()] == [True]
    known = backend.db.read_sync(lambda c: read_run_findings(c, "task-1", 1))
    assert known.recheck_of(DOMAIN, KEY) is Recheck.NOT_CONFIRMED
    assert known.counts == row.finding_counts
    assert known.violation_counts == row.violation_counts


async def test_what_is_refuted_before_it_was_told_is_for_a_review_in_the_end(backend):
    async with reporting(backend) as reporter:
        await reporter.recheck(DOMAIN, KEY, Recheck.AWAITED)
        await reporter.recheck(DOMAIN, KEY, Recheck.NOT_CONFIRMED)
        await reporter.violation(FACT)
        await reporter.reassess()
        await reporter.drain()
    assert rechecks(backend) == [("low", True, Recheck.NOT_CONFIRMED)]
    assert [one.needs_review for one in backend.violations()] == [True]
    assert backend.row().violation_counts["needs_review"] == 1


async def test_what_was_reported_before_is_not_looked_at_again(backend):
    async with reporting(backend) as reporter:
        await reporter.violation(FACT)
        assert not await reporter.recheck(DOMAIN, KEY, Recheck.AWAITED)
        assert not await reporter.recheck(DOMAIN, KEY, Recheck.NOT_CONFIRMED)
    assert rechecks(backend) == [("high", False, None)]


async def test_a_later_attempt_goes_on_waiting_for_what_the_first_one_was_waiting_for(backend):
    async with reporting(backend) as reporter:
        await reporter.recheck(DOMAIN, KEY, Recheck.AWAITED)
        await reporter.violation(FACT)
    known = backend.db.read_sync(lambda c: read_run_findings(c, "task-1", 1))
    async with reporting(backend) as reporter:
        reporter.findings, reporter._known = known, known.keys
        assert await reporter.recheck(DOMAIN, KEY, Recheck.AWAITED)
        assert await reporter.recheck(DOMAIN, KEY, Recheck.NOT_CONFIRMED)
        await reporter.drain()
    assert rechecks(backend) == [("low", True, Recheck.NOT_CONFIRMED)]


async def test_what_nobody_has_looked_at_again_by_the_end_counts_as_it_is(backend):
    async with reporting(backend) as reporter:
        await reporter.recheck(DOMAIN, KEY, Recheck.AWAITED)
        await reporter.violation(FACT)
        await reporter.reassess()
        await reporter.drain()
    assert rechecks(backend) == [("high", False, None)]


async def test_what_a_hidden_link_leads_to_counts_whatever_it_shows(backend):
    async with reporting(backend) as reporter:
        await reporter.recheck(DOMAIN, KEY, Recheck.AWAITED)
        await reporter.violation(FACT)
        await reporter.violation(LINK)
        assert rechecks(backend) == [("high", False, None)]
        await reporter.recheck(DOMAIN, KEY, Recheck.NOT_CONFIRMED)
        await reporter.drain()
    assert rechecks(backend) == [("high", True, None)]


@pytest.mark.parametrize("trouble", [StoreUnavailable("full"), asyncio.CancelledError()], ids=["store", "cancelled"])
async def test_a_violation_that_could_not_be_assessed_is_reported_when_it_is_found_again(backend, trouble):
    async def fails(grouped):
        raise trouble

    async with reporting(backend) as reporter:
        reporter.assess = fails
        with pytest.raises(type(trouble)):
            await reporter.violation(FACT)
        assert reporter.violations == 0
        reporter.assess = assess
        assert await reporter.violation(FACT)
        assert len(backend.violations()) == 1


async def test_all_findings_are_assessed_anew_however_many_there_are(backend, monkeypatch):
    monkeypatch.setattr(reporter_module, "REASSESSED_AT_ONCE", 2)
    facts = [replace(FACT, domain=f"bad-{number}.example") for number in range(5)]
    asked = []

    async def assess_higher(grouped):
        asked.append([one.id.domain for one in grouped])
        return [stated_finding(one, RiskLevel.CRITICAL) for one in grouped]

    async with reporting(backend) as reporter:
        for fact in facts:
            await reporter.violation(fact)
        reporter.assess = assess_higher
        await reporter.reassess()
        await reporter.drain()
    assert asked == [[fact.domain for fact in facts[first : first + 2]] for first in (0, 2, 4)]
    stored = backend.db.read_sync(lambda c: findings.of_run(c, "task-1", 1))
    assert {row.risk_level for row in stored} == {"critical"}
    assert backend.row().finding_counts["critical"] == 5


async def test_all_that_was_reported_is_in_the_log_in_order_after_a_drain(backend):
    async with reporting(backend) as reporter:
        await reporter.log(LogEntry("INFO", "page_crawl", "first"))
        await reporter.stage(StageKey.SUBDOMAIN_DISCOVERY, StageStatus.RUNNING)
        await reporter.log(LogEntry("INFO", "page_crawl", "second"))
        await reporter.warning("partial", "once")
        await reporter.warning("partial", "once")
        await reporter.progress(StageKey.SUBDOMAIN_DISCOVERY, 0.5, "half", Counts(subdomains=3))
        await reporter.drain()
        types = backend.types()[2:]
    assert types == ["task_logs", "task_stage", "task_progress", "task_logs", "task_warning", "task_progress"]
    assert [(line.level, line.message) for line in backend.lines()] == [("INFO", "first"), ("INFO", "second")]
    assert backend.row().statistics["total_subdomains"] == 3


async def test_a_stage_that_ends_names_the_next_one_at_once(backend):
    async with reporting(backend) as reporter:
        for spec in STAGES:
            await reporter.stage(spec.key, StageStatus.RUNNING)
            await reporter.stage(spec.key, StageStatus.COMPLETED, duration_ms=5)
        await reporter.drain()
    row = backend.row()
    assert row.progress == 100
    assert {stage["status"] for stage in row.stages} == {"completed"}
    assert backend.events()[-1].type == "task_progress"


async def test_progress_is_persisted_at_most_once_a_second(backend, clock):
    backend.clock = clock  # on a slow disk two commits can be a second apart
    async with reporting(backend) as reporter:
        for percent in range(100):
            await reporter.progress(StageKey.PAGE_CRAWL, percent / 100, "", Counts())
            await asyncio.sleep(0)
        await reporter.violation(FACT)
        assert backend.types().count("task_progress") == 1
        clock.advance(1)
        await reporter.progress(StageKey.PAGE_CRAWL, 1.0, "", Counts())
        await until(lambda: backend.types().count("task_progress") == 2)


async def test_a_locked_database_delays_and_loses_nothing(backend, database_path):
    other = sqlite3.connect(database_path, isolation_level=None)
    async with reporting(backend) as reporter:
        other.execute("BEGIN IMMEDIATE")
        async with asyncio.TaskGroup() as group:
            violation = group.create_task(reporter.violation(FACT))
            await reporter.log(LogEntry("INFO", "page_crawl", "while locked"))
            await asyncio.sleep(0.5)  # longer than the busy timeout: the unit has failed at least once
            assert not violation.done()
            other.execute("ROLLBACK")
        await reporter.drain()
    other.close()
    assert len(backend.violations()) == 1
    assert [line.message for line in backend.lines()] == ["while locked"]
    assert [event.seq for event in backend.events()] == list(range(1, backend.row().last_seq + 1))


async def test_a_full_disk_delays_and_loses_nothing(backend):
    pages = backend.db.read_sync(lambda c: c.exec_driver_sql("PRAGMA page_count").scalar_one())
    limits = [pages]
    event.listen(backend.db.engine, "begin", lambda c: c.exec_driver_sql(f"PRAGMA max_page_count = {limits[-1]}"))
    async with reporting(backend) as reporter:
        async with asyncio.TaskGroup() as group:
            for number in range(200):
                await reporter.log(LogEntry("INFO", "page_crawl", f"{number} " + "x" * 500))
            violation = group.create_task(reporter.violation(FACT))
            await asyncio.sleep(0.3)
            assert not violation.done()
            limits.append(1_000_000)
        await reporter.drain()
    assert len(backend.lines()) == 200
    assert len(backend.violations()) == 1
    assert [entry.seq for entry in backend.events()] == list(range(1, backend.row().last_seq + 1))


async def test_a_stale_attempt_stops_everywhere_and_writes_nothing(backend):
    backend.write(backend.lifecycle.requeue("task-1", 1))
    before = backend.types()
    async with reporting(backend) as reporter:
        with pytest.raises(ScanStopped):
            await reporter.violation(FACT)
        assert reporter.stop_reason is StopReason.LOST
        for call in (
            reporter.log(LogEntry("INFO", "x", "y")),
            reporter.progress(StageKey.PAGE_CRAWL, 0.1, "", Counts()),
            reporter.stage(StageKey.PAGE_CRAWL, StageStatus.RUNNING),
            reporter.warning("partial", "x"),
        ):
            with pytest.raises(ScanStopped):
                await call
    assert backend.types() == before
    assert backend.violations() == []


async def test_a_flood_of_lines_waits_for_the_database_and_none_is_lost(backend):
    async with reporting(backend) as reporter:
        async with asyncio.timeout(30):
            for number in range(3_000):
                await reporter.log(LogEntry("DEBUG", "page_crawl", f"{number} " + "x" * 2_000))
            await reporter.drain()
    assert [int(line.message.split()[0]) for line in backend.lines()] == list(range(3_000))


async def test_what_was_not_written_at_a_stop_is_left_for_the_last_transaction(backend):
    async with reporting(backend) as reporter:
        await reporter.log(LogEntry("INFO", "page_crawl", "last words"))
        reporter.stop(StopReason.CANCELLED)
        reporter.stop(StopReason.LOST)
    assert reporter.stop_reason is StopReason.CANCELLED
    (event,) = reporter.leftover()
    assert event.body.lines[0].message == "last words"


async def test_a_flood_of_lines_is_cut_and_counted(backend):
    async with reporting(backend, limit=LineLimit(lines_per_s=5, max_bytes=1 << 20)) as reporter:
        for number in range(1_000):
            await reporter.log(LogEntry("INFO", "page_crawl", f"line {number}"))
        await reporter.drain()
        lines = backend.lines()
    messages = [line.message for line in lines]
    remarks = [message for message in messages if not message.startswith("line ")]
    kept = [message for message in messages if message not in remarks]
    assert [line.log_seq for line in lines] == list(range(1, len(lines) + 1))
    assert sum(int(remark.split()[0]) for remark in remarks) + len(kept) == 1_000
    assert len(kept) < 100


async def test_a_full_log_ends_with_the_number_of_what_is_missing(backend):
    async with reporting(backend, limit=LineLimit(lines_per_s=10_000, max_bytes=1_000)) as reporter:
        for _ in range(200):
            await reporter.log(LogEntry("INFO", "page_crawl", "x" * 90))
        await reporter.drain()
        messages = [line.message for line in backend.lines()]
    assert messages == ["x" * 90] * 10 + [
        said("log_full"),
        said("log_lines_dropped", count=190),
    ]


async def test_a_drain_of_a_full_log_with_nothing_new_ends(backend):
    full = LineLimit(lines_per_s=10_000, max_bytes=1_000, used_bytes=1_000)
    async with reporting(backend, limit=full) as reporter, asyncio.timeout(30):
        await reporter.log(LogEntry("INFO", "page_crawl", "nobody keeps it"))
        await reporter.drain()
        await reporter.drain()
        assert [line.message for line in backend.lines()] == [said("log_lines_dropped", count=1)]
